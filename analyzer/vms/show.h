/* SPDX-License-Identifier: GPL-2.0-only */
/* What a model's virtual machines did, as tables: VMs, their memory and run time by node, virtual CPUs, nodes. */
#ifndef MMT_VMS_SHOW_H
#define MMT_VMS_SHOW_H

#include <regex.h>

#include "../table.h"
#include "vms.h"

/* Rows; ALL: VMs, places and nodes one after the other, in JSON virtual CPUs too. */
enum vms_by { VMS_BY_ALL, VMS_BY_VM, VMS_BY_PLACE, VMS_BY_VCPU, VMS_BY_NODE, VMS_BYS };

struct vms_show_opts {
	enum vms_by by;
	const char *sort;       /* column of the first table; NULL: off-node run time */
	size_t top;             /* VMs, or rows of virtual CPUs; 0: all */
	const char *names;      /* comma separated; NULL, "all": all */
	const regex_t *match;   /* NULL: all */
	bool live;              /* JSON in one line; CSV without its head from the second time on */
	bool again;             /* not the first time */
	struct table_out out;
	mmt_log_fn log;
	void *log_ctx;
};

/* 0; -EINVAL, -ENOENT, -ENODATA after a line in the log; -ENOMEM. */
int vms_show(const struct model *m, const struct vms_show_opts *o, FILE *f);
/* Is a VM of this name to be shown? */
bool vms_name_wanted(const struct vms_show_opts *o, const char *name);
const char *vms_by_name(enum vms_by by); /* "all", "vm", "place", "vcpu", "node" */

#endif
