// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "../analyzer/dump.h"
#include "../analyzer/info.h"
#include "../analyzer/out.h"
#include "../analyzer/trace_err.h"
#include "cmd.h"

struct settings {
	const char *input, *type;
	bool raw;
	struct table_out table;
	struct out_opts out;
};

enum { OPT_RAW = 256, OPT_NDJSON, OPT_NO_PAGER, OPT_COLOR };

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Trace to read; also as argument", 1 },
	{ "raw", OPT_RAW, "TYPE", OPTION_ARG_OPTIONAL,
	  "Print the rows and events themselves, of this type or of all, in the order of the file", 1 },
	{ "dump", OPT_RAW, "TYPE", OPTION_ALIAS | OPTION_ARG_OPTIONAL, NULL, 1 },
	{ "json", 'j', NULL, 0, "Print JSON", 2 },
	{ "ndjson", OPT_NDJSON, NULL, 0, "Print one JSON object a row", 2 },
	{ "no-pager", OPT_NO_PAGER, NULL, 0, "Write to the terminal directly", 2 },
	{ "color", OPT_COLOR, "WHEN", 0, "auto, always or never", 2 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'i':
		s->input = arg;
		break;
	case OPT_RAW:
		s->raw = true;
		s->type = arg;
		break;
	case 'j':
		s->table.fmt = TABLE_JSON;
		break;
	case OPT_NDJSON:
		s->table.fmt = TABLE_NDJSON;
		break;
	case OPT_NO_PAGER:
		s->out.no_pager = true;
		break;
	case OPT_COLOR:
		s->out.color = arg;
		break;
	case ARGP_KEY_ARG:
		if (s->input)
			argp_error(state, "one trace at a time; '%s' is the second", arg);
		s->input = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Show what is in a trace: the run, the machine, marks, events with their size, losses, tables, clocks."
	       "\vWithout FILE, trace.mmt of the current directory is read. --raw also shows types that this version does not know.",
};

static int raw(const struct settings *s, FILE *f)
{
	int err = dump_raw(s->input, s->type, f);

	if (err == -ESRCH)
		out_err("%s: no type named '%s' in this trace's schema; mmt-trace info lists what it holds", s->input, s->type);
	else if (err)
		trace_err_say(s->input, err, NULL);
	return err;
}

static int info(const struct settings *s, FILE *f)
{
	struct model_opts mo = { .window = WINDOW_ALL };
	struct model *m;
	int err;

	if (!strcmp(s->input, "-")) {
		out_err("info reads the trace twice: save standard input to a file first, or use --raw");
		return -ESPIPE;
	}
	err = model_load(s->input, &mo, &m);
	if (!err) {
		trace_status_say(m);
		err = info_write(m, &s->table, f);
		model_free(m);
	}
	if (err)
		trace_err_say(s->input, err, NULL);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	struct out *o;
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err)
		return MMT_EXIT_TROUBLE;
	if (!s.input)
		s.input = "trace.mmt";
	o = out_open(&s.out);
	s.table.width = out_width(o);
	s.table.color = out_color(o);
	err = s.raw ? raw(&s, out_stream(o)) : info(&s, out_stream(o));
	if (out_close(o) && !err) {
		out_err("standard output: could not write all of it");
		err = -EIO;
	}
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_info = {
	.name = "info",
	.summary = "what is in a trace",
	.argp = &argp,
	.run = run,
};
