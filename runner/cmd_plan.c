// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/gate/plan.h"
#include "cmd.h"
#include "compare_opts.h"
#include "output.h"

struct settings {
	struct compare_opts data;
	struct plan_opts plan;
	struct output output;
	const char *metrics;
};

enum { OPT_EFFECT = 256, OPT_TESTS, OPT_CV, OPT_PAIRED, OPT_BOOT, OPT_TIME };

static const struct argp_option options[] = {
	{ "effect", OPT_EFFECT, "PERCENT", 0, "Change to be seen, besides 1, 2 and 5 %", 2 },
	{ "tests", OPT_TESTS, "N", 0, "Tests that share alpha: metrics x arms (default: 1)", 2 },
	{ "metrics", 'm', "PATTERN,...", 0, "Kernel metrics too (default: none)", 2 },
	{ "cv", OPT_CV, "PERCENT", 0, "Plan by this relative standard deviation, without results", 2 },
	{ "paired", OPT_PAIRED, NULL, 0, "With --cv: it is of the ratio within blocks", 2 },
	{ "boot-time", OPT_BOOT, "SECONDS", 0, "What a boot costs, for how many iterations one is worth", 2 },
	{ "run-time", OPT_TIME, "SECONDS", 0, "What an iteration costs (default: as recorded)", 2 },
	{ 0 },
};

/* A number above 0, with or without a % sign. */
static void number(struct argp_state *state, const char *name, const char *arg, double max, double scale, double *to)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || (*end && (scale == 1 || strcmp(end, "%") != 0)) || !(v > 0) || !(v < max))
		argp_error(state, "--%s %s: expected a number above 0 and below %g", name, arg, max);
	*to = v * scale;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	double v = 0;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &s->data;
		state->child_inputs[2] = &s->output;
		break;
	case OPT_EFFECT:
		number(state, "effect", arg, 1000, 0.01, &s->plan.effect);
		break;
	case OPT_TESTS:
		number(state, "tests", arg, 1e6, 1, &v);
		s->plan.tests = v < 1 ? 1 : (unsigned int)v;
		break;
	case 'm':
		s->metrics = arg;
		break;
	case OPT_CV:
		number(state, "cv", arg, 10000, 0.01, &s->plan.cv);
		break;
	case OPT_PAIRED:
		s->plan.paired = true;
		break;
	case OPT_BOOT:
		number(state, "boot-time", arg, 1e6, 1, &s->plan.boot_s);
		break;
	case OPT_TIME:
		number(state, "run-time", arg, 1e7, 1, &s->plan.run_s);
		break;
	case ARGP_KEY_END:
		if (s->plan.cv > 0 && (s->data.dir || s->data.names || s->data.bench || s->data.n_traces))
			argp_error(state, "either --cv or results, not both");
		else if (s->plan.paired && !(s->plan.cv > 0))
			argp_error(state, "--paired goes with --cv; of results the design is recorded");
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {
	{ &compare_data_argp, 0, "What the pilot is:", 1 },
	{ &compare_how_argp, 0, "How compare will decide:", 3 },
	{ &output_argp, 0, "How to print it:", 4 },
	{ 0 },
};

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "-d DIR -b BENCHMARK -n A[,B]\nA.mmt [B.mmt]...\n--cv PERCENT",
	.doc = "How many iterations an effect takes to be seen, from a pilot: one run or several.",
};

static int show(struct settings *s, const struct cmp *c, const struct cmp_result *r)
{
	struct plan p;
	struct out *o;
	int err = plan_make(c, r, &s->plan, &p);

	if (err)
		return err;
	o = output_open(&s->output);
	err = output_close(o, plan_write(&p, &s->output.table, out_stream(o)));
	plan_free(&p);
	return err;
}

static int from_pilot(struct settings *s)
{
	struct cmp_result r;
	struct cmp c;
	int err;

	cmp_init(&c);
	c.log = out_log;
	/* traces without -m: the usual metrics; results have their own */
	c.patterns = s->metrics || s->data.n_traces ? s->metrics : "";
	err = s->metrics ? compare_known_metrics("-m", s->metrics) : 0;
	if (!err)
		err = compare_gather(&c, &s->data, "plan");
	if (!err)
		err = cmp_decide(&c, &s->data.how, &r);
	if (!err) {
		err = show(s, &c, &r);
		cmp_result_free(&r);
	}
	cmp_free(&c);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	int err;

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s))
		return MMT_EXIT_TROUBLE;
	s.plan.alpha = s.data.how.alpha;
	s.plan.power = s.data.how.power;
	err = s.plan.cv > 0 ? show(&s, NULL, NULL) : from_pilot(&s);
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("plan: %s", strerror(-err));
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_plan = {
	.name = "plan",
	.summary = "how many iterations an effect takes, from a pilot",
	.argp = &argp,
	.run = run,
};
