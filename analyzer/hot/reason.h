/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a task blocked, by the kernel functions it was in. Kernels 5.10 to 7.2.
 *
 * The innermost function that the table knows decides. Some say only how a task waited,
 * not for what (io_schedule(), a timed sleep): these stand back for one further out that
 * does, as filemap_fault() for io_schedule(). Where no function has a name the reason is
 * unknown; where all have and none is in the table it is "other".
 */
#ifndef MMT_HOT_REASON_H
#define MMT_HOT_REASON_H

#include "hot.h"

enum { HOT_OFF_PREEMPTED = 1, HOT_OFF_IOWAIT = 2, HOT_OFF_UNINTERRUPTIBLE = 4 }; /* column flags of table off_cpu */

/* fn: leaf first; NULL where a function has no name. */
enum hot_reason hot_reason_of(const char *const *fn, uint32_t n, uint64_t flags);

#endif
