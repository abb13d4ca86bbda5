// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/compare/show.h"
#include "cmd.h"
#include "output.h"

struct settings {
	const char *dir, *bench, *names, *patterns, *drop;
	struct output output;
	struct cmp_opts how;
	enum cmp_view view;
	char **traces;
	int n_traces;
	bool list;
};

enum {
	OPT_LIST = 256, OPT_RATIO, OPT_SCOREBOARD, OPT_UNIT, OPT_UNPAIRED, OPT_ALPHA, OPT_EFFECT, OPT_POWER, OPT_PRIMARY,
	OPT_ADJUST, OPT_KERNEL_ADJUST, OPT_DROP,
};

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to compare:", 1 },
	{ "directory", 'd', "DIR", 0, "Directory of results (default: ./work/log)", 1 },
	{ "benchmark", 'b', "BENCHMARK", 0, "Benchmark (default: the only one there is)", 1 },
	{ "names", 'n', "A,B,...", 0, "Names of the runs; the first is compared against (default: all, by name)", 1 },
	{ "metrics", 'm', "PATTERN,...", 0,
	  "Kernel metrics to show: names, prefixes, or with *; all (default: the usual ones)", 1 },
	{ "drop-iter", OPT_DROP, "NAME:N,...", 0, "Leave these iterations out, and say so", 1 },
	{ "list-metrics", OPT_LIST, NULL, 0, "List the kernel metrics with unit, direction and definition", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "Which view:", 2 },
	{ "print-ratio", OPT_RATIO, NULL, 0, "Ratios to the first arm, with their geometric mean", 2 },
	{ "scoreboard", OPT_SCOREBOARD, NULL, 0, "[a/b] with the width of its interval and a mark where 1 is outside", 2 },
	{ NULL, 0, NULL, OPTION_DOC, "How to decide:", 3 },
	{ "unit", OPT_UNIT, "UNIT", 0, "What counts as one: run, iteration or boot (default: by the recorded design)", 3 },
	{ "unpaired", OPT_UNPAIRED, NULL, 0, "Do not compare within blocks", 3 },
	{ "min-effect", OPT_EFFECT, "PERCENT", 0, "Least change worth a verdict (default: 1)", 3 },
	{ "alpha", OPT_ALPHA, "P", 0, "Risk of a false verdict (default: 0.05)", 3 },
	{ "power", OPT_POWER, "P", 0, "Power of the planner's figures (default: 0.8)", 3 },
	{ "primary", OPT_PRIMARY, "PATTERN,...", 0, "Benchmark metrics that make the primary family (default: all)", 3 },
	{ "adjust", OPT_ADJUST, "HOW", 0, "p of the primary family: holm, hochberg, bonferroni, bh, by or none (default: holm)", 3 },
	{ "kernel-adjust", OPT_KERNEL_ADJUST, "HOW", 0, "p of all other metrics (default: bh)", 3 },
	{ 0 },
};

static int parse_adjust(const char *s, enum stats_adjust *how)
{
	int i;

	for (i = STATS_ADJUST_NONE; i <= STATS_BY; i++) {
		if (strcasecmp(s, stats_adjust_name((enum stats_adjust)i)))
			continue;
		*how = (enum stats_adjust)i;
		return 0;
	}
	return -EINVAL;
}

static int parse_unit(const char *s, enum cmp_unit_kind *unit)
{
	int i;

	for (i = CMP_UNIT_RUN; i <= CMP_UNIT_BOOT; i++) {
		if (strcmp(s, cmp_unit_name((enum cmp_unit_kind)i)))
			continue;
		*unit = (enum cmp_unit_kind)i;
		return 0;
	}
	return -EINVAL;
}

/* A number within (0, max). */
static void number(struct argp_state *state, const char *name, const char *arg, double max, double scale, double *to)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || *end || !(v > 0) || !(v < max))
		argp_error(state, "--%s %s: expected a number above 0 and below %g", name, arg, max);
	*to = v * scale;
}

static error_t parse_how(int key, char *arg, struct argp_state *state, struct settings *s)
{
	struct cmp_opts *how = &s->how;

	switch (key) {
	case OPT_UNIT:
		if (parse_unit(arg, &how->unit))
			argp_error(state, "--unit %s: expected run, iteration or boot", arg);
		return 0;
	case OPT_UNPAIRED:
		how->unpaired = true;
		return 0;
	case OPT_ALPHA:
		number(state, "alpha", arg, 1, 1, &how->alpha);
		return 0;
	case OPT_EFFECT:
		number(state, "min-effect", arg, 1000, 0.01, &how->min_effect);
		return 0;
	case OPT_POWER:
		number(state, "power", arg, 1, 1, &how->power);
		return 0;
	case OPT_PRIMARY:
		how->primary = arg;
		return 0;
	case OPT_ADJUST:
	case OPT_KERNEL_ADJUST:
		if (parse_adjust(arg, key == OPT_ADJUST ? &how->benchmark_adjust : &how->kernel_adjust))
			argp_error(state, "%s: expected holm, hochberg, bonferroni, bh, by or none", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
		s->how = (struct cmp_opts){ .adjust_set = true, .benchmark_adjust = STATS_HOLM, .kernel_adjust = STATS_BH };
		break;
	case 'd':
		s->dir = arg;
		break;
	case 'b':
		s->bench = arg;
		break;
	case 'n':
		s->names = arg;
		break;
	case 'm':
		s->patterns = arg;
		break;
	case OPT_DROP:
		s->drop = arg;
		break;
	case OPT_LIST:
		s->list = true;
		break;
	case OPT_RATIO:
		s->view = CMP_VIEW_RATIO;
		break;
	case OPT_SCOREBOARD:
		s->view = CMP_VIEW_SCOREBOARD;
		break;
	case ARGP_KEY_ARGS:
		s->traces = state->argv + state->next;
		s->n_traces = state->argc - state->next;
		break;
	default:
		return parse_how(key, arg, state, s);
	}
	return 0;
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 4 }, { 0 } };

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "-d DIR -b BENCHMARK -n A,B\nA.mmt B.mmt...\nA1.mmt,A2.mmt B1.mmt,B2.mmt...",
	.doc = "Compare runs: benchmark results and kernel metrics, with a verdict on each."
	       "\vEach argument is an arm; commas join the traces of its iterations. The first arm is compared against. "
	       "- is a missing value, nan one that is not defined (the deviation of one iteration).",
};

static int gather(struct cmp *c, const struct settings *s)
{
	int i, err = 0;

	if (!s->n_traces) {
		err = cmp_add_tree(c, s->dir ? s->dir : "work/log", s->bench, s->names);
	} else if (s->dir || s->names || s->bench) {
		out_err("compare either traces or results (-d, -b, -n), not both");
		return -EINVAL;
	}
	for (i = 0; i < s->n_traces && !err; i++)
		err = cmp_add_traces(c, s->traces[i]);
	if (!err && s->drop)
		err = cmp_exclude(c, s->drop);
	return err ? err : cmp_load_traces(c);
}

static int known_patterns(const char *patterns)
{
	const struct metric *all;
	char *copy = strdup(patterns), *p = copy, *one;
	size_t i, n;
	int err = copy ? 0 : -ENOMEM;

	all = metrics_all(&n);
	while (!err && (one = strsep(&p, ","))) {
		for (i = 0; i < n && !metric_wanted(&all[i], one); i++)
			;
		if (*one && i == n) {
			out_err("-m %s: no such metric; --list-metrics lists them", one);
			err = -EINVAL;
		}
	}
	free(copy);
	return err;
}

static int list_metrics(const struct settings *s, FILE *f, int width)
{
	struct table *t = metrics_table();
	struct table_out o = s->output.table;

	if (!t)
		return -ENOMEM;
	o.width = width;
	table_write(t, f, &o);
	table_free(t);
	return 0;
}

static int show(const struct settings *s, const struct cmp *c, FILE *f)
{
	struct cmp_result r;
	int err = cmp_decide(c, &s->how, &r);

	if (err)
		return err;
	err = cmp_write(c, &r, s->view, &s->output.table, f);
	cmp_result_free(&r);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	struct out *o;
	struct cmp c;
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err)
		return MMT_EXIT_TROUBLE;
	cmp_init(&c);
	c.log = out_log;
	c.patterns = s.patterns;
	err = s.patterns ? known_patterns(s.patterns) : 0;
	if (!err && !s.list)
		err = gather(&c, &s);
	if (!err) {
		o = output_open(&s.output);
		err = s.list ? list_metrics(&s, out_stream(o), 0) : show(&s, &c, out_stream(o));
		err = output_close(o, err);
	}
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("compare: %s", strerror(-err));
	cmp_free(&c);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_compare = {
	.name = "compare",
	.summary = "benchmark results and kernel metrics of several runs, with confidence intervals",
	.argp = &argp,
	.run = run,
};
