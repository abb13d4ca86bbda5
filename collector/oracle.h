/* SPDX-License-Identifier: GPL-2.0-only */
/* Perf software events, system wide, read beside our totals at every mark. */
#ifndef MMT_ORACLE_H
#define MMT_ORACLE_H

#include <stdbool.h>

#include "log.h"

struct mmt_oracle;

enum { MMT_ORACLE_SWITCHES = 1, MMT_ORACLE_FAULTS = 2 };

/*
 * Never fatal to a session: -errno after a message when perf events cannot be had.
 * what: also the events that cost the machine 50 ns or more each time. Without context
 * switches, /proc/stat ctxt is the check on ours, and free; of page faults it is
 * /proc/vmstat pgfault.
 */
int mmt_oracle__open(struct mmt_oracle **out, unsigned int what, const struct mmt_log *log);
/* One row per event and CPU in the counter table. */
int mmt_oracle__write(struct mmt_oracle *o, struct mmt_writer *w, uint64_t now, uint64_t segment);
void mmt_oracle__close(struct mmt_oracle *o);

#endif
