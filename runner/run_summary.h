/* SPDX-License-Identifier: GPL-2.0-only */
/* What `list runs` says of a tree of results. */
#ifndef MMT_RUN_SUMMARY_H
#define MMT_RUN_SUMMARY_H

#include <stddef.h>

struct run_summary { size_t ok, bad; char *kernel, *options; /* freed by the caller */ };

/* From DIR/NAME/run.json; -ENOENT without one. */
int run_json_summary(const char *dir, const char *name, struct run_summary *sum);

#endif
