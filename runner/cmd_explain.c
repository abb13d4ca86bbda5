// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/explain/explain.h"
#include "cmd.h"
#include "compare_opts.h"
#include "output.h"

struct settings {
	const char *patterns;
	struct compare_opts data;
	struct output output;
	struct explain_opts what;
};

enum { OPT_RESULT = 256, OPT_TOP, OPT_CARRIERS };

static const struct argp_option options[] = {
	{ "result", OPT_RESULT, "METRIC", 0,
	  "Whose change to explain: of the benchmark, or a kernel metric (default: the benchmark's first, or run.duration)", 2 },
	{ "metrics", 'm', "PATTERN,...", 0, "Kernel metrics to look at: names, prefixes, or with * (default: all)", 2 },
	{ "top", OPT_TOP, "N", 0, "Rows a section (default: 8); 0: all", 2 },
	{ "carriers", OPT_CARRIERS, NULL, 0, "With --csv or --ndjson: tasks, CPUs and times in place of metrics", 2 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &s->data;
		state->child_inputs[2] = &s->output;
		break;
	case 'm':
		s->patterns = arg;
		break;
	case OPT_RESULT:
		s->what.result = arg;
		break;
	case OPT_CARRIERS:
		s->what.carriers = true;
		break;
	case OPT_TOP:
		s->what.top = strtoul(arg, &end, 10);
		if (end == arg || *end || *arg == '-')
			argp_error(state, "--top %s: expected a number", arg);
		if (!s->what.top)
			s->what.top = SIZE_MAX;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {
	{ &compare_data_argp, 0, "What to explain:", 1 },
	{ &compare_how_argp, 0, "How to decide:", 3 },
	{ &output_argp, 0, "How to print it:", 4 },
	{ 0 },
};

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "A B\n-d DIR -b BENCHMARK -n A,B\nA1.mmt,A2.mmt... B1.mmt,B2.mmt...",
	.doc = "Say which kernel behaviour moved with the change of a result from run A to run B, and which tasks, CPUs and times "
	       "carry the difference."
	       "\vA and B are names of results, or traces; commas join the traces of a run's iterations. "
	       "What it prints is consistent with the change, or not; only an experiment shows a cause, and it proposes one.",
};

static int show(const struct settings *s, struct cmp *c, struct output *output)
{
	struct cmp_result r;
	struct explain e;
	struct out *o;
	int err = cmp_decide(c, &s->data.how, &r);

	if (err)
		return err;
	err = explain_compute(c, &r, &s->what, &e);
	if (!err) {
		o = output_open(output);
		err = explain_write(c, &r, &e, &s->what, &output->table, out_stream(o));
		err = output_close(o, err);
		explain_free(&e);
	}
	cmp_result_free(&r);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	char *patterns = NULL;
	struct cmp c;
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err)
		return MMT_EXIT_TROUBLE;
	cmp_init(&c);
	c.log = out_log;
	c.patterns = "all";
	if (s.patterns) {
		err = compare_known_metrics("-m", s.patterns);
		/* what is to be explained has to be read, too */
		if (!err && asprintf(&patterns, "%s,run.duration,%s", s.patterns, s.what.result ? s.what.result : "") < 0) {
			patterns = NULL;
			err = -ENOMEM;
		}
		c.patterns = patterns;
	}
	err = err ? err : compare_gather_two(&c, &s.data, "explain");
	err = err ? err : show(&s, &c, &s.output);
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("explain: %s", strerror(-err));
	cmp_free(&c);
	free(patterns);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_explain = {
	.name = "explain",
	.summary = "which kernel behaviour, tasks, CPUs and times moved with the result of two runs",
	.argp = &argp,
	.run = run,
};
