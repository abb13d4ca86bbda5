/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tables of record -e numa say of virtual machines: pages that their tasks were
 * given, NUMA hint faults, pages that their tasks migrated, virtual CPUs that changed node.
 * What others migrated of their memory (a balancer, say) is with the others.
 */
#ifndef MMT_VMS_EXTRA_H
#define MMT_VMS_EXTRA_H

#include "../numa/pages.h"
#include "../table.h"
#include "vms.h"

struct vms_numa {
	uint64_t v[NP_N];                 /* over all nodes, see numa/pages.h */
	uint64_t moved, failed;           /* pages migrated */
	struct numa_far far;              /* virtual CPUs, to other nodes */
};

struct vms_way { /* from node to node */
	uint32_t vm, from, to; /* index of the VM; NUMA_NO_NODE: not known */
	uint64_t vcpus, pages; /* migrations of virtual CPUs; pages migrated */
};

struct vms_extra {
	struct vms_numa *numa; /* by VM of m->vms; NULL: not recorded */
	struct vms_way *way; size_t n_way, cap_way; /* by VM and nodes */
};

int vms_extra_load(const struct model *m, struct vms_extra *x);
void vms_extra_free(struct vms_extra *x);
/* Percent; NaN: no page, or not recorded. */
double vms_pages_off(const struct vms_numa *n);

enum vms_numa_what { VMS_NUMA_ALLOC, VMS_NUMA_HINT, VMS_NUMA_MIGRATED, VMS_NUMA_DISTANCE };

/* As vms_metric() of metric.h. */
int vms_numa_metric(const struct model *m, const struct vms_vm *vm, enum vms_numa_what what, double *value);

/*
 * Columns of a row of VMs, and their cells; in text they are a table of their own. n NULL: not
 * recorded. cross: one more for text, how often virtual CPUs changed node.
 */
#define VMS_NUMA_COUNT(id_, head_, group_, fl) { .id = id_, .head = head_, .type = COL_COUNT, .flags = fl, .group = group_ }
#define VMS_NUMA_COLS(fl, cross) \
	VMS_NUMA_COUNT("hint", "", "hint faults", COL_HIDE_EMPTY | (fl)), \
	VMS_NUMA_COUNT("hint_pages", "pages", "hint faults", COL_HIDE_EMPTY | (fl)), \
	{ .id = "hint_off_pct", .head = "off-node", .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = fl, .group = "hint faults" }, \
	VMS_NUMA_COUNT("migrated", "", "pages migrated", fl), VMS_NUMA_COUNT("migrate_failed", "failed", "pages migrated", fl), cross \
	{ .id = "vcpu_distance", .head = "distance", .unit = "x", .type = COL_FLOAT, .prec = 2, .flags = fl, .group = "vCPUs, node to node" }
#define VMS_NUMA_CROSS VMS_NUMA_COUNT("mig_cross", "times", "vCPUs, node to node", 0),
void vms_numa_put(struct table *t, const struct model *m, const struct vms_numa *n, bool cross);

struct vms_view;

/* For text: the same by VM. From which node to which, for all. NULL without memory. */
struct table *vms_numa_table(const struct vms_view *v);
struct table *vms_ways_table(const struct vms_view *v);

#endif
