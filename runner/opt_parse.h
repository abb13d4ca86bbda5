/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments of options of several commands. 0, or EINVAL after argp_error(). */
#ifndef MMT_OPT_PARSE_H
#define MMT_OPT_PARSE_H

#include <argp.h>
#include <stddef.h>
#include <sys/types.h>

#include "../analyzer/model.h"

#define OPT_MAX_IDS 256

/* A list of process ids, appended to ids, which has room for OPT_MAX_IDS. */
int opt_ids(struct argp_state *state, const char *arg, pid_t *ids, size_t *n);
int opt_number(struct argp_state *state, const char *arg, const char *what, unsigned long lo, unsigned long hi,
	       unsigned long *v);
/* Length of an interval, seconds. */
int opt_delay(struct argp_state *state, const char *arg, double *v);
/* --segment: which part of a trace. */
int opt_segment(struct argp_state *state, const char *arg, struct model_opts *m);
/* One of n names: its index. */
int opt_choice(struct argp_state *state, const char *arg, const char *what, const char *const *names, size_t n,
	       size_t *i);

#endif
