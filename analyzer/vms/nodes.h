/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes as hosts of virtual machines: how many CPUs and tasks they have, and what of the
 * VMs is on them.
 *
 * Load is that of nodes/nodes.h; of a node against the mean: its load over that of all CPUs, less one.
 */
#ifndef MMT_VMS_NODES_H
#define MMT_VMS_NODES_H

#include "../nodes/nodes.h"
#include "vms.h"

struct vms_node {
	struct node_load l;
	double against;       /* the mean; NaN: not recorded, or no CPU */
	uint32_t vms, vcpus;  /* that ran there most */
	double vm_kb, vm_run; /* memory and run time (ns) of VMs there; NaN: not recorded */
};

struct vms_nodes {
	struct vms_node *v; /* by number */
	size_t n;
	double kb, run;     /* of VMs, all nodes; NaN: not recorded */
	double load;        /* tasks a CPU, of all; NaN: not recorded */
	double imbalance;   /* as nodes_imbalance() */
};

/* shown: by VM of m->vms; NULL: all count. */
int vms_nodes(const struct model *m, const bool *shown, struct vms_nodes *out);
void vms_nodes_free(struct vms_nodes *x);

#endif
