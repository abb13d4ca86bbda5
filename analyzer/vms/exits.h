/* SPDX-License-Identifier: GPL-2.0-only */
/* Why and how often virtual CPUs left their guests, by virtual machine and by virtual CPU; of record -e vm,kvm. */
#ifndef MMT_VMS_EXITS_H
#define MMT_VMS_EXITS_H

#include "../table.h"
#include "vms.h"

/* Of the model's table kvm_totals, into the VMs, their virtual CPUs, and all VMs of the window. */
int vms_exits_finish(struct model *m);
void vms_exits_all(struct model *m);

/* NULL: exits are known; else why not: "" where it was not recorded. Returns and halts may be known though exits are not. */
const char *vms_exits_missing(const struct model *m);
/* Is what the trace has of this VM all of it? KVM has nothing to do with some, and filters leave others out. */
bool vms_exits_known(const struct model *m, const struct vms_vm *vm);
/* NaN: not known, or nothing to divide by. */
double vms_exits_rate(const struct model *m, uint64_t n);
/* Time from exits other than halts to entries over run_ns, the run time of the virtual CPUs; more than 1 where they slept meanwhile. */
double vms_exits_out(const struct model *m, const struct vms_exits *e, double run_ns);
/* The reason of most exits; NULL: there were none, or they are not known. */
const char *vms_exits_top(const struct model *m, const struct vms_exits *e, char *buf, size_t size);

enum vms_exits_what {
	VMS_EXITS_COUNT, VMS_EXITS_RATE, VMS_EXITS_TIME, VMS_EXITS_RETURNS, VMS_EXITS_HALTS, VMS_EXITS_POLLED, VMS_EXITS_SLEPT,
};

/* As vms_metric() of metric.h. */
int vms_exits_metric(const struct model *m, const struct vms_vm *vm, enum vms_exits_what what, double *value);

/* Columns of a row of VMs or virtual CPUs, and their cells; in text they are a table of their own. */
#define VMS_EXITS_PCT(id_, head_, fl) { .id = id_, .head = head_, .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = fl }
#define VMS_EXITS_RATE_COL(id_, head_, fl) { .id = id_, .head = head_, .unit = "1/s", .type = COL_FLOAT, .prec = 0, .flags = fl }
#define VMS_EXITS_MS(id_, head_, group_, fl) \
	{ .id = id_, .head = head_, .unit = "ms", .type = COL_NS, .prec = 1, .flags = fl, .group = group_ }
#define VMS_EXITS_COLS(fl) \
	{ .id = "exits", .head = "exits", .type = COL_COUNT, .flags = COL_NO_TEXT }, VMS_EXITS_RATE_COL("exit_rate", "exits", fl), \
	{ .id = "exit_top", .head = "most by", .type = COL_TEXT, .flags = fl, .max = 20 }, VMS_EXITS_PCT("exit_top_pct", "", fl), \
	{ .id = "exit_out_ns", .head = "out", .type = COL_NS, .flags = COL_NO_TEXT }, VMS_EXITS_PCT("exit_out_pct", "out", fl), \
	VMS_EXITS_RATE_COL("return_rate", "returns", fl), VMS_EXITS_RATE_COL("halt_rate", "halts", fl), \
	VMS_EXITS_PCT("halt_polled_pct", "polled", fl), VMS_EXITS_MS("halt_polled_ns", "polled", "halted", fl), \
	VMS_EXITS_MS("halt_slept_ns", "asleep", "halted", fl)
void vms_exits_put(struct table *t, const struct model *m, const struct vms_vm *vm, const struct vms_exits *e, double run_ns);
/* Run time of virtual CPUs, for that; NaN: not known. */
double vms_exits_run(const struct model *m, const struct vms_sum *vcpus);

struct vms_view;
struct vms_show_opts;

/* For text; NULL without memory. */
struct table *vms_exits_table(const struct vms_view *v);
struct table *vms_exits_vcpus_table(const struct vms_view *v);
/* Of the VMs that are shown; nothing where the trace has none of it. */
void vms_exits_head_text(const struct vms_view *v, FILE *f);
void vms_exits_head_json(const struct vms_view *v, struct json *j);

#endif
