/* SPDX-License-Identifier: GPL-2.0-only */
/* Task epochs: who they are (from the rare records) and what they did (from their slots). */
#ifndef MMT_TASKS_H
#define MMT_TASKS_H

#include "probe.h"
#include "cgroup.h"

/* What of a slot has been written already. */
struct mmt_counts {
	uint64_t run_ns, wait_ns, off_ns, wait_max, off_max;
	uint32_t nvcsw, nivcsw, wait_n, off_n, wakeups, mig[MMT_N_MIG];
};

struct mmt_epoch {
	uint64_t id;
	uint32_t slot, tid, tgid, ppid, flags, exit_code;
	uint64_t start, first, last, cgroup;
	uint64_t exec; /* when it last executed a program; 0 not since first */
	uint64_t k_nvcsw, k_nivcsw, k_run_ns, k_migrations, k_minflt, k_majflt; /* at death; faults: when it was cut, too */
	char comm[MMT_COMM_LEN];
	uint64_t leader; /* epoch of its process's leader, once it was asked for and found */
	struct mmt_counts done;
	uint64_t *place_done; /* by place */
	struct mmt_hists *hist_done; /* NULL until it has histograms */
	uint32_t live_at; /* index in tasks->live */
};

/* What a record told of a task. CUT: its cgroup, or whether it is wanted, is about to change: what it did until now is of before. */
enum mmt_task_news { MMT_TASK_NEW, MMT_TASK_EXEC, MMT_TASK_NAME, MMT_TASK_MOVED, MMT_TASK_CUT };

/* A task that has not run yet under our eyes, and has its number already. */
struct mmt_known {
	uint64_t id, start;
	uint32_t tid, tgid;
};

struct mmt_tasks {
	struct mmt_probe *bpf;
	struct mmt_writer *w;
	const struct mmt_log *log;
	struct mmt_cgroup_names cgroups;
	struct mmt_epoch **by_slot; /* n_slots */
	struct mmt_epoch **live;
	struct mmt_slot *snap; /* of live, as last read */
	size_t n_live, live_size;
	uint64_t n_epochs, n_execs;
	uint64_t segment;
	uint64_t *known_cgroups;
	size_t n_cgroups, cgroups_size;
	/* before a slot is given back: families write what they have of the task */
	int (*on_end)(void *ctx, const struct mmt_epoch *e, uint64_t now);
	int (*on_news)(void *ctx, const struct mmt_epoch *e, enum mmt_task_news what);
	void *end_ctx; /* of both */
	struct mmt_known *known;
	size_t n_known, known_size;
	uint64_t rec_lost_seen;
	uint32_t *odd;            /* by slot: the task in it of which a record was missing at the last look, lost or late */
	bool any_odd;
	struct mmt_counts sum;    /* of all rows written */
	struct mmt_counts others; /* of the rows of epoch 0 */
	uint64_t self; /* epoch id of the collector's main thread, 0 not seen yet */
	bool all_deaths; /* rows of ended tasks that the filters leave out, too: who keeps all tasks can forget them */
	int err;       /* sticky: a record could not be kept */
	uint8_t *buf;  /* packing */
	size_t buf_size;
};

int mmt_tasks__init(struct mmt_tasks *t, struct mmt_probe *bpf, const char *cgroup_dir, const struct mmt_log *log);
void mmt_tasks__set_writer(struct mmt_tasks *t, struct mmt_writer *w);
/* An mmt_rec_fn; ctx is the struct mmt_tasks. */
int mmt_tasks__on_rec(void *ctx, void *data, size_t size);
/* Read the slots of all live tasks, quickly, for the next flush. */
int mmt_tasks__read(struct mmt_tasks *t);
/* Records were lost since the last reading: what they were about is found at the second one from now. */
bool mmt_tasks__lost(const struct mmt_tasks *t);
/* Rows of what every live task did until the last reading; full: with places, maxima and histograms. */
int mmt_tasks__flush(struct mmt_tasks *t, uint64_t now, bool full);
/* A mark: maxima start anew, rows belong to the new segment. */
void mmt_tasks__new_segment(struct mmt_tasks *t, uint64_t segment);
/* The epoch of the leader of the task's process; 0: not known. */
uint64_t mmt_tasks__leader(const struct mmt_tasks *t, const struct mmt_epoch *e);
/* The live epoch of a thread; NULL: it has none yet. */
struct mmt_epoch *mmt_tasks__find(const struct mmt_tasks *t, uint32_t tid);
/*
 * The number that a thread's epoch has or, where it has not run since the start, will have:
 * who it is is then told from /proc. 0: it is gone, or its record is on the way.
 */
uint64_t mmt_tasks__number(struct mmt_tasks *t, uint32_t tgid, uint32_t tid);
/* From now on the filters let it through, or no more. */
int mmt_tasks__want(struct mmt_tasks *t, struct mmt_epoch *e, bool want, uint64_t now);
/* Migrations of the collector's own thread so far. */
uint64_t mmt_tasks__self_migrations(const struct mmt_tasks *t);
/* The live epochs that switched most, at most n; for the kernel's own per-task counters. */
size_t mmt_tasks__busiest(const struct mmt_tasks *t, const struct mmt_epoch **out, size_t n);
void mmt_tasks__free(struct mmt_tasks *t);

#endif
