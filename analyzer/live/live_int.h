/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_LIVE_INT_H
#define MMT_LIVE_INT_H

#include "../arena.h"
#include "../model_int.h"
#include "live.h"

struct live_seen { /* what a task had when it was last asked */
	uint64_t epoch, minflt, majflt;
	bool known;
};

struct live_task { /* what it did in the interval, and how it is */
	struct live_faults faults;
	char state;
};

struct live_ran { uint64_t run; uint32_t task; };

struct live_side { /* an interval */
	struct model *m;
	struct load *load;
	struct live_task *task; /* by index of m->tasks */
	uint64_t t0, t1, real_ns;
	bool have_own, have_faults; /* read at its end */
	bool had_own, had_faults;   /* and at its start */
	uint64_t own_ns, before_own_ns, own_rss_kb, own_map_kb;
	uint64_t faults, major, before_faults, before_major;
	size_t n_unread;
};

struct live {
	struct live_opts o;
	struct live_side cur, shown; /* that which is gathered, and the last whole one */
	uint64_t n_marks;
	uint64_t boot_ns;            /* CLOCK_BOOTTIME at the first mark */
	bool place_is_cpu;
	struct live_seen *seen;
	size_t n_seen, cap_seen;
	struct u64map by_epoch;      /* of seen */
	int task_at[16], cpu_at[8];  /* columns */
};

#endif
