// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "trace_err.h"

static void no_window(const char *path, const struct model_opts *opts)
{
	switch (opts->window) {
	case WINDOW_NAME:
		out_err("%s: no mark named '%s' in this trace; mmt-trace info lists its marks", path, opts->name);
		break;
	case WINDOW_SEGMENT:
		out_err("%s: no segment %" PRIu64 " in this trace; mmt-trace info lists its marks", path, opts->segment);
		break;
	default:
		out_err("%s: no iteration in this trace; use --segment all", path);
	}
}

void trace_err_say(const char *path, int err, const struct model_opts *opts)
{
	switch (err) {
	case -EPROTO:
		out_err("%s: not a trace of mmt-trace", path);
		break;
	case -ENOTSUP:
		out_err("%s: written by a later, incompatible version of mmt-trace (this one reads format %d); update mmt-trace", path,
			MMT_FORMAT_MAJOR);
		break;
	case -ENOENT:
		if (opts && opts->window != WINDOW_AUTO && (!strcmp(path, "-") || !access(path, F_OK)))
			no_window(path, opts);
		else
			out_err("%s: no such file; give the path of a trace (.mmt)", path);
		break;
	case -EISDIR:
		out_err("%s: is a directory; give a trace file in it", path);
		break;
	case -ENODATA:
		out_err("%s: holds no data", path);
		break;
	case -ENOMEM:
		out_err("%s: not enough memory to read it", path);
		break;
	default:
		out_err("%s: %s", path, strerror(-err));
	}
}

void trace_status_say(const struct model *m)
{
	if (m->status.line[0])
		out_warn("%s: %s", m->path, m->status.line);
}
