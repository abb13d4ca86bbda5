// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analyzer/bundle.h"
#include "../analyzer/out.h"
#include "../analyzer/trace_err.h"
#include "bundle.h"

int bundle_file(const char *path, const char *out, int verbose)
{
	char tmp[PATH_MAX];
	struct stat st;
	int n;

	out = out ? out : path;
	if (!strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode))) {
		out_err("%s: names of code can be put into a file only", path);
		return -EINVAL;
	}
	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.bundle", out) >= sizeof(tmp)) {
		out_err("%s: the name is too long", out);
		return -ENAMETOOLONG;
	}
	n = bundle_trace(path, tmp, NULL, out_log, &verbose);
	if (n >= 0 && rename(tmp, out)) {
		n = -errno;
		out_err("%s: cannot be put in its place: %s", out, strerror(-n));
	} else if (n == -ENODATA) {
		out_err("%s: it does not say where code was; record with -e map", path);
	} else if (n == -EPROTO || n == -ENOTSUP || (n < 0 && stat(path, &st))) {
		trace_err_say(path, n, NULL);
	} else if (n < 0) {
		out_err("%s: cannot put the names of code into it: %s", out, strerror(-n));
	}
	if (n < 0)
		unlink(tmp);
	else if (verbose >= 0)
		out_info("%s: %d names of places in code are in it", out, n);
	return n < 0 ? n : 0;
}
