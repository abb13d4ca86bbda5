/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes as hosts of virtual machines: how many CPUs and tasks they have, and what of the
 * VMs is on them.
 *
 * Load of a node: tasks on the run queues of its CPUs, running ones too, mean over the
 * samples, by CPU. Imbalance: load over the mean load of all CPUs, less one.
 */
#ifndef MMT_VMS_NODES_H
#define MMT_VMS_NODES_H

#include "vms.h"

struct vms_node {
	uint32_t node;
	uint32_t cpus;        /* online */
	double mem_kb;        /* of the node */
	double busy;          /* share of the CPU time with a task; NaN: not known, or no CPU */
	double running, load; /* tasks, and tasks a CPU; NaN: not recorded, or no CPU */
	double most;          /* on one CPU at once; NaN */
	double imbalance;     /* NaN */
	uint32_t vms, vcpus;  /* that ran there most */
	double vm_kb, vm_run; /* memory and run time (ns) of VMs there; NaN: not recorded */
};

struct vms_nodes {
	struct vms_node *v; /* by number */
	size_t n;
	double kb, run;     /* of VMs, all nodes; NaN: not recorded */
	double load;        /* mean over all CPUs; NaN: not recorded */
	double ratio;       /* highest load over the lowest, of nodes with CPUs; NaN: not known, infinite: one is empty */
	bool load_recorded;
};

/* shown: by VM of m->vms; NULL: all count. */
int vms_nodes(const struct model *m, const bool *shown, struct vms_nodes *out);
void vms_nodes_free(struct vms_nodes *x);

#endif
