/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_VMS_INT_H
#define MMT_VMS_INT_H

#include "vms.h"

/* The sums over all virtual machines in the window, anew. */
int vms_sum_all(struct model *m);

#endif
