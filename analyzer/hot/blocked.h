/* SPDX-License-Identifier: GPL-2.0-only */
/* How long tasks were blocked in a window, by reason; no names of programs are looked up for it. */
#ifndef MMT_HOT_BLOCKED_H
#define MMT_HOT_BLOCKED_H

#include "hot.h"

struct hot_blocked {
	double ns[HOT_REASONS];
};

/* All tasks but the collector's. -ENODATA: not recorded, or the kernel hid the names of its functions. */
int hot_blocked(const struct model *m, struct hot_blocked *b);

#endif
