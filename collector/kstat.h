/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own counters and the collector's own cost, as rows. */
#ifndef MMT_KSTAT_H
#define MMT_KSTAT_H

#include "tasks.h"

/* /proc/stat, /proc/vmstat and the switches of the busiest tasks, into the counter table. */
int mmt_kstat__write(struct mmt_writer *w, const struct mmt_tasks *t, uint64_t now, uint64_t segment);

struct mmt_footprint {
	uint64_t drains, events, map_bytes, migrations;
};
int mmt_footprint__write(struct mmt_writer *w, const struct mmt_footprint *f, uint64_t now, uint64_t segment);
/* CPU time of the collector, ns. */
uint64_t mmt_footprint__cpu_ns(void);

int mmt_counter__row(struct mmt_writer *w, uint64_t now, uint64_t segment, const char *source, const char *name,
		     int64_t scope, uint64_t value);

#endif
