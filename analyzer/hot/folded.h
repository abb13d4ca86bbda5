/* SPDX-License-Identifier: GPL-2.0-only */
/* Call paths as lines "group;root;...;leaf WEIGHT", which scripts for flame graphs read. */
#ifndef MMT_HOT_FOLDED_H
#define MMT_HOT_FOLDED_H

#include "stacks.h"

/* diff: two weights a line, those of both arms (means over their runs). */
int folded_write(const struct stacks *s, bool diff, FILE *f);

#endif
