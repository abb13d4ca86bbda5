/* SPDX-License-Identifier: GPL-2.0-only */
/* Small workloads whose scheduler events are known beforehand: for tests and first tries. */
#ifndef MMT_WORKLOAD_H
#define MMT_WORKLOAD_H

#include <stddef.h>

struct workload {
	const char *name;
	const char *arg;     /* what N means, with its default */
	const char *summary; /* what will be counted */
	unsigned long n;     /* default of N */
	int (*prepare)(unsigned long n); /* may be NULL: before the first mark */
	int (*run)(unsigned long n);     /* 0 or -errno */
};

extern const struct workload workloads[]; /* ends with a NULL name */
const struct workload *workload_find(const char *name);

#endif
