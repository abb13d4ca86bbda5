/* SPDX-License-Identifier: GPL-2.0-only */
/* What other tables say of virtual machines, where they were recorded: pages that their tasks were given. */
#ifndef MMT_VMS_EXTRA_H
#define MMT_VMS_EXTRA_H

#include "vms.h"

struct vms_pages { uint64_t local, remote; }; /* on the node of the CPU that asked for them; on others */

struct vms_extra {
	struct vms_pages *pages; /* by VM of m->vms; NULL: not recorded */
};

int vms_extra_load(const struct model *m, struct vms_extra *x);
void vms_extra_free(struct vms_extra *x);
/* Percent; NaN: no page, or not recorded. */
double vms_pages_off(const struct vms_pages *p);

#endif
