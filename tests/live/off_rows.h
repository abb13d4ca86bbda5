/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of off_cpu and waker with the names of their stacks, straight from the reader: independent of the analyzer. */
#ifndef OFF_ROWS_H
#define OFF_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct off_trace;

/* Which rows; 0 or NULL: any. Of functions, the beginning of the name of any frame. */
struct off_want {
	pid_t tid;
	uint64_t mask, flags;       /* row's flags & mask == flags */
	int kind;                   /* MMT_MARK_*: in the segment of the first mark of the kind */
	const char *kfunc;
	const char *lo, *hi;        /* some frame of the user stack is within */
	pid_t waker;                /* -1: none known */
	const char *waker_kfunc;
	const char *waker_lo, *waker_hi;
	bool no_stack;
};

struct off_sum {
	uint64_t rows, count, total, max, in_hist; /* total: of waker rows, blocked + delay */
	uint64_t delay;
};

struct off_trace *off_open(const char *path);
void off_close(struct off_trace *t);
struct off_sum off_cpu_sum(const struct off_trace *t, const struct off_want *w);
/* Switches that this kernel did not show: it shows nothing while certain tasks run, of interrupts neither. */
uint64_t off_hidden(const struct off_trace *t);
struct off_sum waker_sum(const struct off_trace *t, const struct off_want *w);

/*
 * Tasks whose blocked periods are not those of their task_totals, to the nanosecond; of whom
 * the parent is `parent` (0: of all); tasks: how many were looked at.
 */
uint64_t off_mismatches(const struct off_trace *t, pid_t parent, uint64_t *tasks);
/* Likewise of one task, in the segment of the first mark of `kind`. */
bool off_matches(const struct off_trace *t, pid_t tid, int kind);

#endif
