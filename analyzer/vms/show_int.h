/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_VMS_SHOW_INT_H
#define MMT_VMS_SHOW_INT_H

#include <math.h>

#include "extra.h"
#include "nodes.h"
#include "show.h"

struct vms_view {
	const struct model *m;
	const struct vms *x;
	const struct vms_show_opts *o;
	const struct vms_vm **vm; /* those to be shown, by off-node run time */
	size_t n;
	struct vms_nodes nodes;
	struct vms_extra extra;
	double page_kb;           /* NaN: not known */
	double real_s;            /* end of the window, seconds since 1970; NaN: not known */
};

struct table *vms_table(const struct vms_view *v);
struct table *vms_places_table(const struct vms_view *v);
struct table *vms_vcpus_table(const struct vms_view *v);
struct table *vms_nodes_table(const struct vms_view *v);

void vms_head_text(const struct vms_view *v, FILE *f);
void vms_head_json(const struct vms_view *v, struct json *j);

#endif
