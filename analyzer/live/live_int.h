/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_LIVE_INT_H
#define MMT_LIVE_INT_H

#include "../arena.h"
#include "../model_int.h"
#include "live.h"

struct live_side { /* an interval */
	struct model *m;
	struct load *load;
	uint64_t t0, t1, real_ns;
	bool have_own, have_faults; /* read at its end */
	bool had_own, had_faults;   /* and at its start */
	uint64_t own_ns, before_own_ns, own_rss_kb, own_map_kb;
	uint64_t faults, major, before_faults, before_major;
};

struct live {
	struct live_side cur, shown; /* that which is gathered, and the last whole one */
	uint64_t n_marks;
	bool place_is_cpu;
	bool has_faults;             /* the recorder writes fault_totals */
	int task_at[16], cpu_at[8];  /* columns */
};

#endif
