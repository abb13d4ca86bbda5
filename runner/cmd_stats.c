// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/statscmd/statscmd.h"
#include "cmd.h"
#include "output.h"

struct settings {
	struct statscmd stats;
	const char *batch;
	struct output output;
	bool list, nomem;
};

enum { OPT_LIST = 256, OPT_BATCH, OPT_DELIMITER, OPT_LEVEL, OPT_ALPHA, OPT_SEED, OPT_DIRECTION };

static const struct argp_option options[] = {
	{ "list", OPT_LIST, NULL, 0, "List the statistics with definition and inputs", 1 },
	{ "batch", OPT_BATCH, "FILE", 0, "Compute all cases of a JSON file, print JSON; - is standard input", 1 },
	{ "column", 'k', "N,...", 0, "Take these columns of each file, each a sample", 1 },
	{ "delimiter", OPT_DELIMITER, "CHARS", 0, "What separates columns (default: blanks, commas, semicolons)", 1 },
	{ "param", 'p', "NAME=VALUE", 0, "Give the statistic a parameter", 1 },
	{ "level", OPT_LEVEL, "LEVEL", 0, "Parameter level: of intervals, 0 to 1", 1 },
	{ "alpha", OPT_ALPHA, "ALPHA", 0, "Parameter alpha: of tests, 0 to 1", 1 },
	{ "seed", OPT_SEED, "N", 0, "Parameter seed: of permutations and resamples", 1 },
	{ "direction", OPT_DIRECTION, "WHICH", 0, "Parameter direction: lower or higher is better", 1 },
	{ 0 },
};

static void param(struct settings *s, const char *name, const char *value)
{
	s->nomem |= json_object_set_new(s->stats.params, name, json_string(value)) != 0;
}

static error_t parse_param(struct settings *s, char *arg)
{
	char *eq = strchr(arg, '=');

	if (!eq || eq == arg) {
		out_err("-p %s: want NAME=VALUE", arg);
		return EINVAL;
	}
	*eq = '\0';
	param(s, arg, eq + 1);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
		break;
	case OPT_LIST:
		s->list = true;
		break;
	case OPT_BATCH:
		s->batch = arg;
		break;
	case 'k':
		s->stats.columns = arg;
		break;
	case OPT_DELIMITER:
		s->stats.delimiter = arg;
		break;
	case 'p':
		return parse_param(s, arg);
	case OPT_LEVEL:
		param(s, "level", arg);
		break;
	case OPT_ALPHA:
		param(s, "alpha", arg);
		break;
	case OPT_SEED:
		param(s, "seed", arg);
		break;
	case OPT_DIRECTION:
		param(s, "direction", arg);
		break;
	case ARGP_KEY_ARGS:
		s->stats.name = state->argv[state->next];
		s->stats.files = state->argv + state->next + 1;
		s->stats.n_files = (size_t)(state->argc - state->next - 1);
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
	.args_doc = "STATISTIC FILE...\n--batch=FILE [STATISTIC]\n--list",
	.doc = "Compute one statistic of columns of numbers."
	       "\vEach file is one sample, in the order of the inputs that --list shows; - is standard input. "
	       "Empty lines and what follows a # are skipped.",
};

static int check(const struct settings *s)
{
	const char *what = NULL;

	if (!s->list && !s->batch && !s->stats.name) {
		out_err("which statistic? --list lists them");
		return -EINVAL;
	}
	if (!s->batch)
		return 0;
	if (s->stats.n_files)
		what = "takes one file, and no samples";
	else if (s->stats.columns || s->stats.delimiter || json_object_size(s->stats.params))
		what = "takes inputs and parameters from its file, not from options";
	else if (s->output.table.fmt != TABLE_TEXT && s->output.table.fmt != TABLE_JSON)
		what = "prints JSON only";
	if (what)
		out_err("--batch %s", what);
	return what ? -EINVAL : 0;
}

static int compute(const struct settings *s, FILE *f)
{
	struct table_out o = s->output.table;

	if (s->list) {
		o.width = 0;
		return statscmd_list(&o, f);
	}
	if (s->batch)
		return statscmd_batch(s->batch, s->stats.name, f);
	return statscmd_columns(&s->stats, &o, f);
}

static int run(int argc, char **argv)
{
	struct settings s = { .stats.params = json_object() };
	struct out *o;
	int err;

	err = s.stats.params ? mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s) : -ENOMEM;
	if (!err && s.nomem)
		err = -ENOMEM;
	if (!err)
		err = check(&s);
	if (!err) {
		o = output_open(&s.output);
		err = compute(&s, out_stream(o));
		err = output_close(o, err);
	}
	if (err == -ENOMEM)
		out_err("stats: %s", strerror(ENOMEM));
	json_decref(s.stats.params);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_stats = {
	.name = "stats",
	.summary = "one statistic of columns of numbers, for scripts",
	.argp = &argp,
	.run = run,
};
