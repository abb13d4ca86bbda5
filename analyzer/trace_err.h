/* SPDX-License-Identifier: GPL-2.0-only */
/* What went wrong with a trace file, in one line: what, where, what to do. */
#ifndef MMT_TRACE_ERR_H
#define MMT_TRACE_ERR_H

#include "model.h"

/* opts tells which window was asked for; may be NULL. */
void trace_err_say(const char *path, int err, const struct model_opts *opts);
/* The one line about a damaged or unfinished trace; nothing for a clean one. */
void trace_status_say(const struct model *m);

#endif
