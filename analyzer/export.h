/* SPDX-License-Identifier: GPL-2.0-only */
/* The events of a trace in one order of time, for other programs. */
#ifndef MMT_EXPORT_H
#define MMT_EXPORT_H

#include "model.h"
#include "table.h"

enum export_fmt { EXPORT_CSV, EXPORT_JSON, EXPORT_NDJSON, EXPORT_PERF_SCRIPT };

struct export_opts {
	enum export_fmt fmt;
	const char *sep;         /* CSV */
	uint64_t from, to;       /* trace clock, ns; to 0: the end */
	const uint32_t *tids; size_t n_tids; /* events that name one of them, as any of their fields */
	const uint32_t *cpus; size_t n_cpus;
	const char *types;       /* comma separated names; NULL: all */
	mmt_log_fn log;
	void *log_ctx;
};

int export_events(const struct model *m, const struct export_opts *o, FILE *f);

#endif
