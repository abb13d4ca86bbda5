/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_RUNNER_BUNDLE_H
#define MMT_RUNNER_BUNDLE_H

#include <stdbool.h>

/*
 * Put the names of its code into a trace: into the file `out`, or its own place (NULL); whatever happens, what
 * stands there is whole. Errors have been said. verbose < 0: nothing but them.
 */
int bundle_file(const char *path, const char *out, int verbose);

#endif
