/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler's story told again from the event stream: what the totals say, computed
 * a second way, in one pass over the merged per-CPU streams.
 *
 * Memory: two chunks' worth of events (16 bytes each), 128 bytes a live task and its two
 * histograms; it grows with the number of tasks, not with the length of the trace.
 */
#ifndef MMT_SCHED_EVENTS_H
#define MMT_SCHED_EVENTS_H

#include "model.h"

struct sched_events {
	struct model_group *g; /* by task epoch; sorted by run time */
	size_t n;
	struct model_task *own; /* tasks of the stream that the task table does not have */
	size_t n_own;
	uint64_t seen[MMT_N_CLASSES]; /* records in the window */
	uint64_t lost[MMT_N_CLASSES]; /* by the MMT_EV_LOST records and chunk headers of the window */
	uint64_t events;   /* all records read */
	uint64_t disorder; /* records that came after a younger one had been processed */
	uint64_t missing;  /* chunks; what spans them is left out */
	bool has_wakeups;
	struct mmt_status status; /* of the file, events and all */
};

/* Reads the events of m->path over m's window, with this many threads to unpack them beside the caller's. */
int sched_events_load(const struct model *m, unsigned int threads, mmt_log_fn log, void *log_ctx, struct sched_events *ev);
void sched_events_free(struct sched_events *ev);

#endif
