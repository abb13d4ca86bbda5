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

/* What the totals do not have, of a thread that lives. */
struct live_proc {
	uint64_t minflt, majflt; /* since its start */
	char state;              /* as ps(1) shows it */
};
typedef int (*live_proc_fn)(void *ctx, uint32_t tgid, uint32_t tid, struct live_proc *p);

struct live_opts {
	live_proc_fn proc;     /* NULL: no faults, no states */
	void *proc_ctx;
	unsigned int proc_max; /* tasks asked for in an interval: those that ran most */
};

struct live;

int live_new(const struct live_opts *o, struct live **out);
void live_free(struct live *l);
/* An mmt_row_fn: ctx is the struct live. A row of the mark table ends an interval. */
int live_row(void *ctx, const struct mmt_type *type, const struct mmt_cell *cells);
/* Intervals so far; the time before the first mark is none. */
uint64_t live_intervals(const struct live *l);

/* --------------------------------------------------------------- the last interval */

enum live_sort { LIVE_CPU, LIVE_WAIT, LIVE_SWITCHES, LIVE_MIGRATIONS, LIVE_FAULTS, LIVE_N_SORTS };

/* Value of the faults column: -1 where nothing is known. The one place that a better source replaces. */
struct live_faults { uint64_t minor, major; bool known; };

struct live_line {
	struct model_group g;
	struct live_faults faults;
	const uint64_t *node_ns; /* run time by node, n_nodes of them; NULL: not known */
	char state;              /* 0: not known; X: ended in the interval */
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
	size_t n_unread;           /* tasks that ran and were not asked for their faults */
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

#endif
