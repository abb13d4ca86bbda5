/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Totals while they are made: rows of a recorder, as they come, cut into intervals by its
 * marks; of the last whole interval, what each task, process, name or cgroup did in it.
 *
 * Memory does not grow with time: of one interval to the next, the live tasks are kept.
 */
#ifndef MMT_LIVE_H
#define MMT_LIVE_H

#include <regex.h>

#include "../model.h"

struct live;

int live_new(struct live **out);
void live_free(struct live *l);
/* An mmt_row_fn: ctx is the struct live. A row of the mark table ends an interval. */
int live_row(void *ctx, const struct mmt_type *type, const struct mmt_cell *cells);
/* Intervals so far; the time before the first mark is none. */
uint64_t live_intervals(const struct live *l);

/* --------------------------------------------------------------- the last interval */

enum live_sort { LIVE_CPU, LIVE_WAIT, LIVE_SWITCHES, LIVE_MIGRATIONS, LIVE_FAULTS, LIVE_N_SORTS };

struct live_faults { uint64_t minor, major; bool known; }; /* of rows of fault_totals; known: the recorder writes them */

struct live_line {
	struct model_group g;
	struct live_faults faults;
	const uint64_t *node_ns; /* run time by node, n_nodes of them; NULL: not known */
	uint32_t pid, tid;       /* whose state is its state; 0: nobody's */
	char state;              /* as ps(1) shows it; 0: not asked for; X: ended in the interval */
	const char *name;        /* command, or path of the cgroup; any bytes */
	double sort_wait;        /* set where lines are sorted by it */
};

struct live_view {
	double seconds;
	uint64_t real_ns;          /* CLOCK_REALTIME of the end; 0: not known */
	enum model_by by;
	struct live_line *lines;
	size_t n;                  /* sorted */
	size_t n_hidden;           /* that the regular expression left out */
	struct model_group all;    /* of all tasks, hidden or not */
	uint64_t cpu[MC_N];        /* of all CPUs */
	unsigned int n_cpus, n_nodes;
	bool has_class[4];         /* migrations that this machine can have: smt, llc, node, cross */
	size_t n_live;             /* tasks that live, as far as they were seen */
	struct live_faults faults; /* of the machine */
	bool have_own;
	double own_cpu;            /* of the tool: share of a CPU */
	uint64_t own_rss_kb, own_map_kb;
	uint64_t *nodes;
};

struct live_view_opts {
	enum model_by by;
	enum live_sort sort;
	bool reverse;
	const regex_t *filter; /* names; NULL: all */
};

/* -ENODATA before the first interval has ended. */
int live_view(const struct live *l, const struct live_view_opts *o, struct live_view *v);
void live_view_free(struct live_view *v);

/* State of a thread that lives; 0: not known. */
typedef char (*live_state_fn)(uint32_t pid, uint32_t tid);
/* Ask for the states of n lines from first on. */
void live_states(struct live_view *v, size_t first, size_t n, live_state_fn fn);

#endif
