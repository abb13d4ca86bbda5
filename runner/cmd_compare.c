// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/compare/compare.h"
#include "cmd.h"
#include "output.h"

struct settings {
	const char *dir, *bench, *names, *patterns;
	struct output output;
	char **traces;
	int n_traces;
	bool list;
};

enum { OPT_LIST = 256 };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to compare:", 1 },
	{ "directory", 'd', "DIR", 0, "Directory of results (default: ./work/log)", 1 },
	{ "benchmark", 'b', "BENCHMARK", 0, "Benchmark (default: the only one there is)", 1 },
	{ "names", 'n', "A,B,...", 0, "Names of the runs; the first is compared against (default: all, by name)", 1 },
	{ "metrics", 'm', "PATTERN,...", 0,
	  "Kernel metrics to show: names, prefixes, or with *; all (default: the usual ones)", 1 },
	{ "list-metrics", OPT_LIST, NULL, 0, "List the kernel metrics with unit, direction and definition", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
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
	case OPT_LIST:
		s->list = true;
		break;
	case ARGP_KEY_ARGS:
		s->traces = state->argv + state->next;
		s->n_traces = state->argc - state->next;
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
	.args_doc = "-d DIR -b BENCHMARK -n A,B\nA.mmt B.mmt...\nA1.mmt,A2.mmt B1.mmt,B2.mmt...",
	.doc = "Compare runs: benchmark results and kernel metrics, one value an iteration."
	       "\vEach argument is an arm; commas join the traces of its iterations. The first arm is compared against. "
	       "- is a missing value, nan one that is not defined (the deviation of one iteration).",
};

static int gather(struct cmp *c, const struct settings *s)
{
	int i, err = 0;

	if (!s->n_traces) {
		err = cmp_add_tree(c, s->dir ? s->dir : "work/log", s->bench, s->names);
		return err ? err : cmp_load_traces(c);
	}
	if (s->dir || s->names || s->bench) {
		out_err("compare either traces or results (-d, -b, -n), not both");
		return -EINVAL;
	}
	for (i = 0; i < s->n_traces && !err; i++)
		err = cmp_add_traces(c, s->traces[i]);
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
		err = s.list ? list_metrics(&s, out_stream(o), 0) : cmp_write(&c, &cmp_rule_welch, &s.output.table, out_stream(o));
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
