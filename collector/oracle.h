/* SPDX-License-Identifier: GPL-2.0-only */
/* Perf software events, system wide, read beside our totals at every mark. The one user of libperf. */
#ifndef MMT_ORACLE_H
#define MMT_ORACLE_H

#include <stdbool.h>

#include "log.h"

struct mmt_oracle;

/* Can a software (hardware) event be counted here? 0 or -errno. */
int mmt_oracle__try_software(void);
int mmt_oracle__try_hardware(void);
/*
 * Never fatal to a session: -errno after a message when perf events cannot be had.
 * switches: context-switches too, which costs every switch as much as a BPF program does;
 * without it, /proc/stat ctxt is the check on switches, and free.
 */
int mmt_oracle__open(struct mmt_oracle **out, bool switches, const struct mmt_log *log);
/* One row per event and CPU in the counter table. */
int mmt_oracle__write(struct mmt_oracle *o, struct mmt_writer *w, uint64_t now, uint64_t segment);
void mmt_oracle__close(struct mmt_oracle *o);

#endif
