/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who had a thread number at a time: for samples that tell their task by number only, and
 * are looked at a little later, when it may have ended and its number be another's.
 */
#ifndef MMT_TIDS_H
#define MMT_TIDS_H

#include <stdbool.h>
#include <stdint.h>

#include "tasks.h"

#define MMT_TIDS_PAST_NS 2000000000ULL /* how long tasks that ended are known */

struct mmt_tids;

struct mmt_tid {
	uint64_t epoch, last; /* last: UINT64_MAX while it lives */
	uint32_t tid, tgid;
	bool want;            /* by the filters */
};

int mmt_tids__open(const struct mmt_tasks *tasks, struct mmt_tids **out);
void mmt_tids__close(struct mmt_tids *t);
/* Take up tasks that came, and let go of those that ended long before `now` (trace clock). */
int mmt_tids__look(struct mmt_tids *t, uint64_t now);
/* A task ends: before its slot is given back. */
int mmt_tids__end(struct mmt_tids *t, const struct mmt_epoch *e);
/* false: nobody that is known. */
bool mmt_tids__find(const struct mmt_tids *t, uint32_t tid, uint64_t time, struct mmt_tid *out);

#endif
