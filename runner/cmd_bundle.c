// SPDX-License-Identifier: GPL-2.0-only
/* bundle: names of code into a trace. */
#include <string.h>

#include "bundle.h"
#include "cmd.h"

struct settings {
	const char *input, *output;
	int verbose;
};

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Trace; also as argument (default: trace.mmt)", 1 },
	{ "output", 'o', "FILE", 0, "Write a new trace (default: the trace itself is replaced when all is done)", 1 },
	{ "quiet", 'q', NULL, 0, "Say nothing but errors", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'i':
		s->input = arg;
		break;
	case 'o':
		s->output = arg;
		break;
	case 'q':
		s->verbose = -1;
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
	.doc = "Put the names of all code that a trace has addresses of into it, from the programs, libraries and debug files of "
	       "this machine, so that every other machine shows the same names.",
};

static int run(int argc, char **argv)
{
	struct settings s = { 0 };

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s))
		return MMT_EXIT_TROUBLE;
	return bundle_file(s.input ? s.input : "trace.mmt", s.output, s.verbose) ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_bundle = {
	.name = "bundle",
	.summary = "put the names of code into a trace, for other machines",
	.argp = &argp,
	.run = run,
};
