/* SPDX-License-Identifier: GPL-2.0-only */
/* Put into a trace the names of all code in it, as the files here tell them, for machines that lack those files. */
#ifndef MMT_BUNDLE_H
#define MMT_BUNDLE_H

#include "../libmmtrace/mmtrace.h"

struct symbols_opts;

/*
 * Copy the trace `in` to the new file `out`, with rows of table `symbol` for every address of its stacks and samples.
 * Their number, or -errno: as mmt_reader__open() and mmt_writer__open(); -ENODATA: it says nothing of where code was.
 */
int bundle_trace(const char *in, const char *out, const struct symbols_opts *opts, mmt_log_fn log, void *log_ctx);

#endif
