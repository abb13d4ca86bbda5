/* SPDX-License-Identifier: GPL-2.0-only */
/* What all users of libperf need: perf_ring.c, perf_count.c, oracle.c. */
#ifndef MMT_PERF_LIB_H
#define MMT_PERF_LIB_H

#include <stddef.h>

struct perf_evlist;

/* Before anything else of it: it prints nothing. */
void mmt_perf_lib__init(void);
/* Which CPUs are online, in order; *n of them, to be freed. NULL: no memory. */
unsigned int *mmt_perf_lib__online(size_t *n);
/* Where the events of a list count: on a CPU (tid -1), or a task on whichever CPU it is (cpu -1). 0 or -ENOMEM. */
int mmt_perf_lib__aim(struct perf_evlist *list, int cpu, int tid);
/* Close a list and free it with its events. */
void mmt_perf_lib__delete(struct perf_evlist *list);

#endif
