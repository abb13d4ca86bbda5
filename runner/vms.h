/* SPDX-License-Identifier: GPL-2.0-only */
/* The live view of virtual machines: on a screen, or one interval after the other. */
#ifndef MMT_VMS_RUN_H
#define MMT_VMS_RUN_H

#include "../analyzer/vms/show.h"
#include "../collector/session.h"

struct vms_run_opts {
	struct mmt_session_opts session;
	struct vms_show_opts show;
	double delay;             /* s */
	unsigned long iterations; /* 0: until a signal or a key ends it */
};

/* Returns 0, or -errno after a message. */
int vms_run(struct vms_run_opts *o);

#endif
