/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_VERIFY_PAGES_H
#define MMT_VERIFY_PAGES_H

#include "../verify.h"

/* Rows of what was recorded with -e numa; nothing where that was not, or where it was filtered. */
void verify_pages(const struct model *m, struct verify *v);

#endif
