/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in a trace. */
#ifndef MMT_INFO_H
#define MMT_INFO_H

#include "model.h"
#include "table.h"

/* m must have been loaded with WINDOW_ALL. */
int info_write(const struct model *m, const struct table_out *o, FILE *f);

#endif
