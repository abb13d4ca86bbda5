/* SPDX-License-Identifier: GPL-2.0-only */
/* Which hot spots: the options of mmt-trace hot. */
#ifndef MMT_HOT_OPTS_H
#define MMT_HOT_OPTS_H

#include <argp.h>

#include "../analyzer/hot/show.h"
#include "cmd_hot_diff.h"
#include "cmd_hot_out.h"
#include "opt_parse.h"
#include "output.h"

struct hot_cmd {
	const char *input;
	struct model_opts model;
	struct hot_opts hot;   /* its times, ids and symbols are set by hot_cmd_finish() */
	struct symbols_opts symbols;
	struct hot_view view;
	struct output output;
	struct hot_forms forms;
	pid_t tgids[OPT_MAX_IDS], tids[OPT_MAX_IDS];
	double from, to;       /* seconds from the start; < 0: not said */
	bool sections;         /* some section was chosen */
	bool top;              /* --top was said */
	struct hot_diff_cmd diff;
};

/* The whole command line; its input is a struct hot_cmd from hot_cmd_init(). */
extern const struct argp hot_argp;
void hot_cmd_init(struct hot_cmd *c);
/* After the model of a trace is there: what depends on it. Again for the next trace. NULL: times are left alone. */
void hot_cmd_finish(struct hot_cmd *c, const struct model *m);

#endif
