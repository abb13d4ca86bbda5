/* SPDX-License-Identifier: GPL-2.0-only */
/* hot --diff: its options, and what it does. */
#ifndef MMT_CMD_HOT_DIFF_H
#define MMT_CMD_HOT_DIFF_H

#include <argp.h>

#include "../analyzer/hot/diff.h"
#include "compare_opts.h"
#include "output.h"

struct hot_diff_cmd {
	bool on;                  /* --diff was said: arguments are arms */
	const char *first;        /* an option that needs it, without it */
	struct compare_opts data;
	enum hot_diff_per per;
	double min_share;
};

/*
 * A child parser; its input is a struct hot_diff_cmd. It takes the arguments when the
 * parent leaves them to it: ARGP_ERR_UNKNOWN where `on` is set.
 */
extern const struct argp hot_diff_argp;

/* o: filters, window, kinds and top are set; the rest is filled in. by: bits 1 << enum hot_diff_by. Says what is wrong. */
int hot_diff_gather(struct hot_diff_cmd *d, struct hot_diff_opts *o, struct cmp *c, struct hot_diff **out);
int hot_diff_show(struct hot_diff_cmd *d, struct hot_diff_opts *o, unsigned int by, const struct table_out *to, FILE *f);

#endif
