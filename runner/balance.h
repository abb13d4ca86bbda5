/* SPDX-License-Identifier: GPL-2.0-only */
/* mmt-trace balance: the host as it is measured, and steps made on it. What to do is decided in analyzer/balance/. */
#ifndef MMT_RUNNER_BALANCE_H
#define MMT_RUNNER_BALANCE_H

#include <signal.h>

#include "../analyzer/balance/balance.h"
#include "../analyzer/table.h"
#include "../collector/cpulist.h"
#include "../collector/journal.h"
#include "../collector/topology.h"

struct mmt_load;
struct mmt_placer;

/* A VM or a cgroup. */
struct subject {
	char name[192];
	char dir[2048];         /* of its cgroup; "" none of its own */
	uint64_t id;            /* of that directory */
	uint32_t pid;           /* of a VM; 0: a cgroup */
	unsigned int vcpus;
	bool told;              /* it may be moved */
	bool seen;              /* in this round */
	bool is_new, placed;
	bool gave_up, shared, pinned;
	double peak;            /* highest demand so far */
	double moved_at;        /* 0: we did not move its CPUs, or its memory has followed */
	double memory_at;       /* when that was measured; 0: never */
	bool bound_known, bound;
	struct mmt_cpuset above; /* CPUs that the cgroup above it has */
	struct bal_group g;
};

struct thread {
	uint32_t tid;
	uint64_t run, wait;     /* ns, of its life */
	double at;              /* when that was read */
};

struct host_opts {
	const char *vms;        /* name, "all"; NULL */
	const char *vm_match;   /* extended regular expression */
	const char *const *cgroups; /* directories, or patterns of such */
	size_t n_cgroups;
	bool apply;
	double interval;        /* s */
};

struct host {
	struct host_opts o;
	struct mmt_topology topo;
	struct mmt_cpuset node_cpus[BAL_NODES];
	struct bal_node node[BAL_NODES];
	unsigned int n_nodes;
	struct mmt_load *load;  /* NULL: not available, load_why says why */
	char load_why[160];
	struct mmt_placer *placer;
	char mount[256];        /* of the unified hierarchy; "" none */
	char cpuset_why[256];   /* why cpusets of it cannot be used; "" they can */
	struct subject *v;
	size_t n, cap;
	struct thread *threads, *old_threads;
	size_t n_threads, cap_threads, n_old, cap_old;
	struct looked { uint32_t pid, times; } *pids; /* of the round before, sorted */
	size_t n_pids;
	unsigned int round, samples;
	double started, measured_at, cost_s; /* cost: CPU time of the measuring, of the round */
	bool no_wait;           /* the kernel does not tell waiting times */
	double said_imbalance, said_exposure; /* what the steps of the round before should have come to; NaN: there were none */
	struct bal_group *groups; /* of those that are seen, for bal_decide() */
	size_t *subject_of;
	size_t n_groups;
	volatile sig_atomic_t *stop;
};

double host_now(void);
/* Nodes, and whether there are cpusets; then what is measured begins. 0 or -errno, said. */
int host_open(struct host *h, const struct host_opts *o, volatile sig_atomic_t *stop);
int host_start(struct host *h);
/* Measure for an interval; -EINTR when *stop came. */
int host_round(struct host *h);
void host_close(struct host *h);

/* ---------------------------------------------------------------- parts of it */

/* Which groups there are now (balance_groups.c). */
int groups_find(struct host *h);
/* What their cgroups let them have, whether they can be moved. */
void groups_state(struct host *h, struct subject *s);
/* Its threads or processes, also of cgroups below; n is how many, -errno. */
int groups_ids(const struct host *h, const struct subject *s, bool threads, uint32_t **ids, size_t *n);
/* Some of its threads may not run on all that its cgroup has. */
bool groups_pinned(const struct host *h, const struct subject *s);
/* Most of its memory has policies of its own; costs a walk. */
bool groups_bound(const struct host *h, const struct subject *s);
void groups_memory(struct host *h, struct subject *s);
/* Nodes as the kernel writes them. */
void nodes_text(uint64_t set, char *buf, size_t size);

/* ---------------------------------------------------------------- steps */

struct step_done {
	int err;
	double ms;       /* that the writes took */
	uint64_t pages;  /* that the kernel moved meanwhile, on the whole machine */
	bool made;
};

/* Of all rounds. */
struct step_sum {
	unsigned int cpus, memory, failed; /* steps; those of both are memory's */
	double cpus_ms, memory_ms;
	uint64_t pages;
};

/* Memory that steps count on is looked at first; true: some of it is bound, decide again. */
bool apply_bound(struct host *h, const struct bal_plan *p);
void apply_step(struct host *h, struct mmt_journal *j, const struct bal_step *s, const char *socket, struct step_done *done);

/* ---------------------------------------------------------------- words */

void balance_show_head(const struct host *h, FILE *f);
void balance_show_round(const struct host *h, const struct bal_plan *p, const struct step_done *done,
			const struct table_out *o, FILE *f);
void balance_show_json(const struct host *h, const struct bal_plan *p, const struct step_done *done, bool pretty, FILE *f);
/* The steps, for CSV. */
struct table *balance_show_steps(const struct host *h, const struct bal_plan *p, const struct step_done *done);

#endif
