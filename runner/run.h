/* SPDX-License-Identifier: GPL-2.0-only */
/* The run loop: benchmarks x iterations x arms, traced, into a tree of results. */
#ifndef MMT_RUN_H
#define MMT_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../collector/session.h"
#include "bench.h"
#include "conf.h"
#include "events.h"
#include "vm_opts.h"
#include "results.h"

struct run_opts {
	const char *dir;          /* of all results */
	const char *names;        /* -n */
	const char **configs; size_t n_configs;
	const char **arms; size_t n_arms;   /* --arm */
	const char **sets; size_t n_sets;   /* --set section.key=value */
	const char *only;         /* -b: patterns of benchmarks */
	char **command;           /* after --, or NULL */
	const char *line;         /* how we were called */
	const char *profile, *scope, *probe;
	struct events events; bool events_said; /* -e */
	int freq;            /* -F; 0: not said */
	struct vm_opts *vms; /* --vm, --vm-match */
	bool bundle;
	int iterations, warmup;   /* -1: as the configs say */
	bool force, append, no_trace, verify, dry;
	int verbose;
};

/* A config to load, and the benchmark of it that is wanted (NULL: all). */
struct run_source { char *path, *bench; };

struct run_arm {
	char *name;               /* of the directory of results */
	struct conf_arm arm;
	struct conf **confs;
	size_t n_confs;
	struct benches benches;
	char *path;               /* DIR/NAME */
	unsigned int first;       /* iteration of this call */
	bool made;                /* the directory is this call's own */
	json_t *json;             /* run.json */
};

struct run {
	const struct run_opts *o;
	struct run_source *sources;
	size_t n_sources;
	struct run_arm *arms;
	size_t n_arms;
	struct conf_pairs facts;
	int sig_fd;
	int stop;                 /* the signal that ends us, 0 */
	char ctl[64];
	bool tty;                 /* progress is shown */
	/* progress */
	unsigned int done, total;
	double begin, last;       /* when the first began, when the last one ended */
	char now[160];            /* what is running */
	/* sums */
	struct mmt_session_stats sum;
	double elapsed;           /* of the commands */
	uint64_t cpu_ns;          /* the collector's while they ran */
	bool started;             /* a command has run: there is something to keep */
	unsigned int ok, failed, unread;
	int status;               /* the first bad exit status */
};

enum run_outcome { RUN_OK, RUN_FAILED, RUN_INTERRUPTED };

struct run_exec { /* one execution of one benchmark by one arm */
	struct run_arm *arm;
	const struct bench *bench;
	unsigned int iteration, order;
	bool warmup;
	char *iter_dir, *dir, *logs;
	/* outcome */
	enum run_outcome outcome;
	int status;               /* exit status as a shell has it */
	bool unread;              /* metrics were missing from the output */
	struct run_usage usage;   /* sum of the parts */
	struct run_usage *part;   /* of each */
	struct mmt_session_stats trace;
	uint64_t cpu_ns;          /* the collector's while commands ran */
	double at;                /* CLOCK_REALTIME, s */
};

/* run_plan.c: what is to be run; says what is wrong; 0 or an exit status */
int run_plan(struct run *r);
void run_plan_free(struct run *r);

/* run_dirs.c: the tree of results; -errno, said */
int run_dirs_prepare(struct run *r);
void run_dirs_undo(const struct run *r);   /* remove what this call created */
int run_dirs_exec(struct run_exec *x);     /* paths and directories of one execution */
void run_dirs_exec_free(struct run_exec *x);
int run_stamp(const struct run_exec *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* run_json.c */
int run_json_open(struct run *r, struct run_arm *a);
int run_json_begin(struct run *r, struct run_exec *x); /* an execution of status "running" */
int run_json_end(struct run *r, struct run_exec *x);   /* its outcome */

/* run_exec.c: 0, or the exit status that ends the whole run (said) */
int run_exec(struct run *r, struct run_exec *x);
/* run_results.c: results.tsv and metrics.tsv from the logs of an execution */
int run_results(struct run *r, struct run_exec *x, const off_t *from);

/* run.c: the whole; returns the exit status */
int run_all(const struct run_opts *o);
double run_clock(void);
void run_progress(struct run *r);          /* draw the line again */
void run_progress_clear(struct run *r);    /* before anything else is printed */
void run_log(void *ctx, enum mmt_log_level level, const char *msg); /* ctx: struct run */

#endif
