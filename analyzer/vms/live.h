/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual machines while they are recorded: rows of a recorder, as they come, cut into
 * intervals by its marks; each interval a model of its own.
 *
 * What an interval is not told again is carried over: topology, live tasks, cgroups, VMs and
 * their virtual CPUs, and of each process the measurement of its memory that was made last,
 * which holds for the run time until the next one. Memory does not grow with time: some 400
 * bytes for a live task, 100 for a row of a measurement, beside two models.
 */
#ifndef MMT_VMS_LIVE_H
#define MMT_VMS_LIVE_H

#include "../model.h"

struct vms_live;

int vms_live_new(struct vms_live **out);
void vms_live_free(struct vms_live *l);
/* An mmt_row_fn: ctx is the struct vms_live. A row of the mark table ends an interval. */
int vms_live_row(void *ctx, const struct mmt_type *type, const struct mmt_cell *cells);
/* Of the last whole interval; NULL before there is one. It lives until the next mark. */
const struct model *vms_live_model(const struct vms_live *l);

#endif
