/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf events over the window of a model, by event and CPU. What the PMU did not count all
 * the time, because there were more events than counters, is scaled: count x enabled /
 * running, a CPU at a time, as perf stat does.
 *
 * Memory: 40 bytes an event and CPU; it does not grow with time.
 */
#ifndef MMT_COUNTERS_H
#define MMT_COUNTERS_H

#include "../load_row.h"
#include "../model.h"

enum { COUNTER_COUNT, COUNTER_ENABLED, COUNTER_RUNNING, COUNTER_N };

#define COUNTER_TASKS UINT32_MAX /* in the place of a CPU */

struct counter_use { /* of an event, on a CPU */
	uint32_t event, cpu;
	uint64_t v[COUNTER_N];
};

struct counters {
	const char **events; size_t n_events, cap_events;
	struct counter_use *uses; size_t n_uses, cap_uses;
	struct u64map map; /* event and CPU -> use */
};

#define COUNTERS_MAX 4096 /* events */

/* For the loader. */
#define COUNTERS_COLS (COUNTER_N + 3)
extern const char *const counters_cols[COUNTERS_COLS];
int counters_row(struct model *m, const struct row *r);
void counters_forget(struct counters *c);
void counters_free(struct counters *c);

/* Was the family recorded? NULL: yes; else why not, "" where the trace does not say. */
const char *counters_missing(const struct model *m);
/* Are they of tasks (and of no CPU), not of all that the CPUs did? */
bool counters_of_tasks(const struct model *m);

struct counter {
	const char *name, *unit; /* unit "": it is a count */
	const char *lack;        /* why it is not counted; NULL: it is */
	double value;            /* in its unit, scaled; NaN: it was never counted */
	double counted;          /* share of the time that it was; NaN: it was not to be */
	uint64_t v[COUNTER_N];   /* as counted */
	unsigned int cpus, blind; /* where it was to be counted; of these, where it never was */
};

enum counter_where { COUNTER_ALL, COUNTER_NODE, COUNTER_CPU };
/* All that were asked for, in that order; to be freed. number: of the node or CPU. */
int counters_list(const struct model *m, enum counter_where where, uint32_t number, struct counter **out, size_t *n);
/* By its name in such a list; NULL. */
const struct counter *counters_find(const struct counter *v, size_t n, const char *name);
/* What a counter is a part of (node-load-misses: node-loads), or is told by (instructions: cycles); buf, or NULL. */
const char *counters_base(const char *name, char *buf, size_t size);

/* For metrics: sum of "a,b", or its quotient by that of `over`. -ENODATA where it was not counted; NaN: nothing in it. */
int counters_metric(const struct model *m, const char *names, const char *over, double *value);

#endif
