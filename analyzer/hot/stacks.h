/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call paths as pictures and other tools want them: root first, by function, with a group
 * (the task or what it belongs to) at the root, and a weight of each run of one or two arms.
 *
 *   stacks_new(); stacks_add_hot() or stacks_add() ...; stacks_finish()    stacks.c
 *   stacks_of_diff()                                                       stacks_diff.c
 *
 * The same input gives the same order, whatever order it came in.
 */
#ifndef MMT_HOT_STACKS_H
#define MMT_HOT_STACKS_H

#include "diff.h"
#include "hot.h"

#define STACKS_ARMS 2

enum stacks_by { STACKS_BY_NONE, STACKS_BY_COMM, STACKS_BY_PROCESS, STACKS_BY_TASK, STACKS_BY_CGROUP };

struct stacks_fn { /* a function (or a place without a name), each once */
	const char *name, *module;
	const char *file; /* source of its heaviest line; NULL not known */
	uint32_t line;
	uint32_t n_lines; /* different ones that are known */
	uint32_t flags;   /* HOT_* */
	double heaviest;  /* weight of that line */
};

struct stacks_line { /* each once; by group, then by functions */
	uint32_t group;
	uint32_t n;
	const uint32_t *fn; /* root first; what is missing at the root is a function of its own: "[truncated]" */
	double *w;          /* by run */
	double variance[STACKS_ARMS]; /* of the sums over an arm's runs, by sampling */
};

struct stacks {
	enum hot_kind kind;
	enum stacks_by by;
	const char *unit;   /* of weights: "faults", "ns"; with " a second" for rates */
	size_t n_runs;
	size_t *arm;        /* by run: 0 or 1 */
	size_t of_arm[STACKS_ARMS]; /* runs */
	struct stacks_fn *fn; size_t n_fns, cap_fns;     /* by name after stacks_finish() */
	struct stacks_line *line; size_t n_lines, cap_lines;
	const char **group; size_t n_groups, cap_groups; /* likewise */
	double *total;      /* by run, what the exact totals say; NaN not known */
	double *weight;     /* by run, sum over lines */
	bool no_idle;       /* kernel threads that wait for work are left out of HOT_BLOCKED: set it before adding */
	double *idle;       /* by run, what they weigh then */
	uint64_t count;     /* samples or periods, of all runs; 0 not known */
	/*
	 * Of differences: p of n rows of weights by run, adjusted; *how: by what test and what of, for people.
	 * NULL: Welch's test, each run a unit.
	 */
	int (*test)(const struct stacks *s, const double *w, size_t n, double *p, const char **how);
	const struct hot_diff *diff;  /* that it is of; NULL */
	struct cmp_opts compare;      /* how to decide */
	size_t *iter;                 /* of each run, its number in diff */
	struct stacks_int *priv;
};

/* arm[i] for each run. NULL without memory. */
struct stacks *stacks_new(enum hot_kind kind, enum stacks_by by, const size_t *arm, size_t n_runs);
void stacks_free(struct stacks *s);
/* Failures stick; stacks_finish() returns them. */
void stacks_add(struct stacks *s, size_t run, const char *group, const struct hot_frame *frame, const struct hot_path *path,
		double weight, double variance);
void stacks_add_hot(struct stacks *s, size_t run, const struct hot *h);
int stacks_finish(struct stacks *s);

/*
 * Both arms of a difference, which must outlive it, by d->per; -ENODATA where no run of either has the kind.
 * by: NONE or COMM.
 */
int stacks_of_diff(const struct hot_diff *d, enum hot_kind kind, enum stacks_by by, bool no_idle, const struct cmp_opts *how,
		   struct stacks **out);

/* Mean over an arm's runs; 0 where it has none. */
double stacks_mean(const struct stacks *s, const double *w, size_t arm);

#endif
