/* SPDX-License-Identifier: GPL-2.0-only */
/* What -e and `events =` can say: families of kernel events and single events. */
#ifndef MMT_EVENTS_H
#define MMT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "../collector/session.h"

struct events {
	bool sched, waking;    /* named */
	unsigned int families; /* bits of the session's families */
	const char *counters;  /* --counter; NULL: the default of that family */
};

/*
 * Add what "sched,syscall" says to ev. -EINVAL: why gets what is wrong and what there is.
 * Words may be separated by commas or blanks.
 */
int events_parse(const char *list, struct events *ev, char *why, size_t size);
/* "cycles,page-faults": these counters, and their family. -EINVAL: why gets what is wrong. */
int events_counters(const char *list, struct events *ev, char *why, size_t size);
/* Has the family with this name been named? */
bool events_have(const struct events *ev, const char *family);
/* As the session's options; without ev->sched, families that the kernel refuses are an error. */
void events_apply(const struct events *ev, struct mmt_session_opts *o);

#endif
