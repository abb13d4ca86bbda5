/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_MODEL_INT_H
#define MMT_MODEL_INT_H

#include "model.h"

/* After the last row: sorts, and works out the window's edges. */
int model_finish(struct model *m);

#endif
