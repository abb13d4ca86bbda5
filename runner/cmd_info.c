// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "../analyzer/dump.h"
#include "../analyzer/info.h"
#include "../analyzer/trace_err.h"
#include "cmd.h"
#include "output.h"

struct settings {
	const char *input, *type;
	bool raw;
	struct output output;
};

enum { OPT_RAW = 256 };

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Trace to read; also as argument", 1 },
	{ "raw", OPT_RAW, "TYPE", OPTION_ARG_OPTIONAL,
	  "Print the rows and events themselves, of this type or of all, in the order of the file", 1 },
	{ "dump", OPT_RAW, "TYPE", OPTION_ALIAS | OPTION_ARG_OPTIONAL, NULL, 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
		break;
	case 'i':
		s->input = arg;
		break;
	case OPT_RAW:
		s->raw = true;
		s->type = arg;
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

static const struct argp_child children[] = { { &output_argp, 0, NULL, 3 }, { 0 } };

static const struct argp argp = {
	.children = children,
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
		err = info_write(m, &s->output.table, f);
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
	o = output_open(&s.output);
	err = s.raw ? raw(&s, out_stream(o)) : info(&s, out_stream(o));
	err = output_close(o, err);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_info = {
	.name = "info",
	.summary = "what is in a trace",
	.argp = &argp,
	.run = run,
};
