/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters in the maps -> rows of what was added since the last row. */
#ifndef MMT_TOTALS_H
#define MMT_TOTALS_H

#include "tasks.h"

/* A slot as it is now; two readings of one are never torn between its time stamp and its sums. */
void mmt_totals__read_slot(const struct mmt_slot *src, struct mmt_slot *s);
/* One row for a task as read, if it did anything; full: places, maxima and histograms too. */
int mmt_totals__task(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_slot *s, uint64_t now, bool full);

/* What the task has done until now is nobody's business: the filters let it through from here on. */
int mmt_totals__skip(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_slot *s, uint64_t now);

struct mmt_cpu_totals {
	struct mmt_cpu *now;   /* n_cpus, as last read */
	struct mmt_cpu *done;
	uint64_t *busy, *idle; /* with the stretch that has not ended yet */
	bool looked, changed;  /* CPUs came or went */
	uint64_t *away;        /* time offline, which the CPU took for idle when it came back */
	uint64_t *gone_at, *gone; /* its last switch before it went, and for how long it is gone; 0: it is there */
};
int mmt_cpu_totals__init(struct mmt_cpu_totals *c, const struct mmt_probe *bpf);
/* Read all CPUs: at the same time as the slots, so that the sums agree. */
void mmt_cpu_totals__read(struct mmt_cpu_totals *c, struct mmt_probe *bpf);
/* One row per CPU that did anything; adds up what was lost by class into lost. */
int mmt_cpu_totals__flush(struct mmt_cpu_totals *c, const struct mmt_probe *bpf, struct mmt_writer *w, uint64_t now,
			  uint64_t segment, uint64_t lost[MMT_N_CLASSES]);
/*
 * Tasks that found no slot (more than MMT_N_SLOTS alive at once): what the CPUs counted
 * less what the tasks did, as epoch 0. Nothing where every task had a slot.
 */
int mmt_totals__others(struct mmt_tasks *t, const struct mmt_cpu_totals *c, uint64_t now);
void mmt_cpu_totals__free(struct mmt_cpu_totals *c);

#endif
