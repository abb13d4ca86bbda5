/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual machines as metrics: vm.exposure is of all of them, vm:NAME.exposure of one. A
 * second one of the same name in a trace is NAME#2.
 */
#ifndef MMT_VMS_METRIC_H
#define MMT_VMS_METRIC_H

#include "vms.h"

enum vms_what {
	VMS_COUNT, VMS_CPUS, VMS_MEMORY, VMS_OFF, VMS_EXPOSURE, VMS_DISTANCE, VMS_STEAL, VMS_WAIT_P99, VMS_WAIT_MAX,
	VMS_PREEMPTIONS, VMS_MIGRATIONS, VMS_CROSS,
	VMS_NUMA = 48, /* + enum vms_numa_what of extra.h */
	VMS_KVM = 64, /* + enum vms_exits_what of exits.h */
};

/* vm NULL: of all. 0; NaN is undefined; -ENODATA: the trace does not say. */
int vms_metric(const struct model *m, const struct vms_vm *vm, enum vms_what what, double *value);

/* How the VM at an index is called: its name, "#2" behind it where it is the second of that name. To be freed. */
char *vms_label(const struct vms *x, size_t at);

struct metric;

struct vms_named {
	char *name;                /* vm:web1.exposure */
	const struct metric *base; /* vm.exposure */
	double value;
};

/* Those that the patterns want by name ("vm:..."); "all" wants none. To be freed by vms_named_free(). */
int vms_named_metrics(const struct model *m, const char *patterns, struct vms_named **out, size_t *n);
void vms_named_free(struct vms_named *v, size_t n);

#endif
