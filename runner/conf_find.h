/* SPDX-License-Identifier: GPL-2.0-only */
/* Where configs are looked for: ./configs, $MMT_TRACE_CONFIGS, beside the build, the installed ones. */
#ifndef MMT_CONF_FIND_H
#define MMT_CONF_FIND_H

#include "bench.h"
#include "conf.h"

struct conf_list { char **path; size_t n; }; /* of each name the first, sorted by name */

int conf_list_all(struct conf_list *l);
void conf_list_free(struct conf_list *l);
/* "hackbench" of ".../hackbench.conf"; points into a static-free copy: free it. */
char *conf_name(const char *path);

/*
 * What -c names: a file, or the name of a config of the search path, or of a benchmark that
 * exactly such a config makes; then *bench holds its name, else NULL. -ENOENT with a
 * suggestion in err.
 */
int conf_find(const char *what, char **path, char **bench, struct conf_err *err);

#endif
