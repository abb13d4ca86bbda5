/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_REPORT_H
#define MMT_REPORT_H

#include "model.h"
#include "table.h"

enum report_by { REPORT_TASK, REPORT_PROCESS, REPORT_COMM, REPORT_CGROUP, REPORT_CPU, REPORT_MACHINE };

struct report_opts {
	enum report_by by;
	const char *sort;   /* column, NULL: run time */
	size_t top;         /* rows; 0: all */
	bool events;        /* from the event stream instead of the totals */
	bool hist, verify, faults;
	bool numa;          /* placement of memory instead */
	bool kvm;           /* exits of virtual CPUs instead; rows by reason and `by` */
	bool counters;      /* perf events instead; by machine or CPU */
	bool nodes;         /* load of the nodes instead */
	bool syscalls;      /* system calls instead of the scheduler's numbers; rows by call and `by` */
	unsigned int threads; /* to unpack events, beside the caller's */
	bool collector;     /* the collector's own tasks too */
	struct table_out out;
	mmt_log_fn log;
	void *log_ctx;
};

/* 0; -ENOENT: no such sort key (said through log); -ENODATA: --events without events. */
int report_write(const struct model *m, const struct report_opts *o, FILE *f);

#endif
