/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of every command that prints tables: which form, pager, colour. */
#ifndef MMT_OUTPUT_H
#define MMT_OUTPUT_H

#include <argp.h>

#include "../analyzer/out.h"
#include "../analyzer/table.h"

struct output {
	struct table_out table;
	struct out_opts out;
};

/* A child parser; its input is a struct output. */
extern const struct argp output_argp;

/* The way out as the options say; table gets width and colour from it. */
struct out *output_open(struct output *o);
/* Finish: err, or -EIO after a message when not all of it could be written. */
int output_close(struct out *out, int err);

#endif
