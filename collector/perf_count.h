/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that are counted, not sampled: on all CPUs, or of some tasks. CPUs that come online
 * later are taken up. What was counted is added up by event and CPU until it is taken.
 */
#ifndef MMT_PERF_COUNT_H
#define MMT_PERF_COUNT_H

#include "perf_events.h"

struct mmt_perf_count;

/* enabled: ns that it was to be counted; running: of these, that a counter of the PMU was free for it. */
struct mmt_count { uint64_t count, enabled, running; };

struct mmt_count_task { int tid; bool inherit; /* and what it will fork */ };

/* How an event fared. */
struct mmt_count_state {
	int err;                     /* it is not counted at all: what the kernel said */
	unsigned int opened, refused; /* CPUs, tasks: where it is counted, where it is not */
	int why;                     /* refused: -errno, the last one */
	bool apart;                  /* not at the same time as the others of its group */
};

#define MMT_COUNT_TASKS UINT32_MAX /* in the place of a CPU: the tasks, wherever they ran */

/* tasks NULL: CPUs, whose numbers are below n_cpus. Nothing is counted until it is enabled. ev must stay. */
int mmt_perf_count__open(const struct mmt_perf_events *ev, unsigned int n_cpus, const struct mmt_count_task *tasks,
			 size_t n_tasks, struct mmt_perf_count **out);
void mmt_perf_count__enable(struct mmt_perf_count *c);
/* Read all of them, one after another; CPUs that went and came are followed first. */
void mmt_perf_count__read(struct mmt_perf_count *c);
/* What was counted between the last two times: fn for each event and CPU where it is. 0, or fn's. */
typedef int (*mmt_count_fn)(void *ctx, unsigned int event, uint32_t cpu, const struct mmt_count *v);
int mmt_perf_count__take(struct mmt_perf_count *c, mmt_count_fn fn, void *ctx);
const struct mmt_count_state *mmt_perf_count__state(const struct mmt_perf_count *c, unsigned int event);
/* Can the event with this name be counted on a CPU here? 0; -errno, and that in words. */
int mmt_perf_count__try(const char *name, char *why, size_t size);
void mmt_perf_count__why(const struct mmt_perf_event *e, int err, bool tasks, char *buf, size_t size);
/* Events that are open, over all CPUs or tasks. */
size_t mmt_perf_count__n(const struct mmt_perf_count *c);
void mmt_perf_count__close(struct mmt_perf_count *c); /* NULL: nothing */

#endif
