// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "output.h"

enum { OPT_CSV = 1024, OPT_NDJSON, OPT_MARKDOWN, OPT_NO_PAGER, OPT_COLOR };

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "csv", OPT_CSV, NULL, 0, "Print CSV", 0 },
	{ "field-separator", 'x', "SEP", 0, "Print CSV with this separator", 0 },
	{ "ndjson", OPT_NDJSON, NULL, 0, "Print one JSON object a row", 0 },
	{ "markdown", OPT_MARKDOWN, NULL, 0, "Print Markdown tables", 0 },
	{ "no-pager", OPT_NO_PAGER, NULL, 0, "Write to the terminal directly", 0 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto, always or never", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct output *o = state->input;

	switch (key) {
	case 'j':
		o->table.fmt = TABLE_JSON;
		return 0;
	case 'x':
		o->table.sep = arg;
		o->table.fmt = TABLE_CSV;
		return 0;
	case OPT_CSV:
		o->table.fmt = TABLE_CSV;
		return 0;
	case OPT_NDJSON:
		o->table.fmt = TABLE_NDJSON;
		return 0;
	case OPT_MARKDOWN:
		o->table.fmt = TABLE_MARKDOWN;
		return 0;
	case OPT_NO_PAGER:
		o->out.no_pager = true;
		return 0;
	case OPT_COLOR:
		o->out.color = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp output_argp = { .options = options, .parser = parse };

struct out *output_open(struct output *o)
{
	struct out *out = out_open(&o->out);

	o->table.width = out_width(out);
	o->table.color = out_color(out);
	return out;
}

int output_close(struct out *out, int err)
{
	if (!out_close(out) || err)
		return err;
	out_err("standard output: could not write all of it");
	return -EIO;
}
