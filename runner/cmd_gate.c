// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/gate/gate.h"
#include "cmd.h"
#include "gate_conf.h"
#include "output.h"

#define MAX_FILES 16

struct settings {
	struct compare_opts data;
	struct gate_opts gate;
	struct output output;
	const char *config;
	struct { const char *path; bool junit; } file[MAX_FILES];
	size_t n_files;
	char trouble[1024]; /* the last error that was said */
};

enum { OPT_THRESHOLD = 256, OPT_MAX, OPT_MIN, OPT_FAIL_ON, OPT_PASS_ON, OPT_STRICT, OPT_SAME, OPT_JUNIT };

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "Take all of this from a file; options come after it", 2 },
	{ "metrics", 'm', "PATTERN,...", 0,
	  "What is gated: names, prefixes, or with * (default: all metrics of the benchmark; kernel metrics only by "
	  "name)",
	  2 },
	{ "threshold", OPT_THRESHOLD, "METRIC=PERCENT", 0,
	  "Least regression that fails, of metrics that match (default: --min-effect)", 2 },
	{ "max", OPT_MAX, "METRIC=VALUE", 0, "Highest mean that passes", 2 },
	{ "min", OPT_MIN, "METRIC=VALUE", 0, "Lowest mean that passes", 2 },
	{ "require-same", OPT_SAME, NULL, 0, "Pass only where a regression beyond the threshold is ruled out", 2 },
	{ "fail-on", OPT_FAIL_ON, "WHAT,...", 0,
	  "Fail on these too: indicative, confounded, changed, unclear, incomplete, "
	  "no-verdict, missing",
	  2 },
	{ "pass-on", OPT_PASS_ON, "WHAT,...", 0, "Let these pass", 2 },
	{ "strict", OPT_STRICT, NULL, 0, "Fail on all that is doubtful: indicative, confounded, changed, incomplete",
	  2 },
	{ "output", 'o', "FILE", 0,
	  "Write the result to a file too, in the form that its name ends with: .json .ndjson .csv .md "
	  ".xml .txt; may be repeated",
	  4 },
	{ "junit", OPT_JUNIT, "FILE", 0, "Write JUnit's XML to a file too", 4 },
	{ 0 },
};

static void add_rule(struct argp_state *state, struct settings *s, const char *option, const char *arg)
{
	const char *eq = strrchr(arg, '=');
	char *pattern = eq ? strndup(arg, (size_t)(eq - arg)) : NULL, where[160];
	struct gate_rule *r;
	int bad = 0;

	snprintf(where, sizeof(where), "--%s %s", option, arg);
	if (!pattern || !*pattern) {
		argp_error(state, "%s: expected METRIC=%s", where, *option == 't' ? "PERCENT" : "VALUE");
		free(pattern);
		return;
	}
	r = gate_rule_add(&s->gate, pattern, where);
	if (!r)
		argp_error(state, "no memory");
	else if (*option == 't')
		bad = gate_percent(eq + 1, &r->threshold);
	else
		bad = gate_number(eq + 1, !strcmp(option, "max") ? &r->max : &r->min);
	if (r && bad)
		argp_error(state, "%s: expected a %s after '='", where,
			   *option == 't' ? "percentage above 0" : "number");
	free(pattern);
}

static void add_file(struct argp_state *state, struct settings *s, const char *path, bool junit)
{
	if (s->n_files == MAX_FILES)
		argp_error(state, "more than %d files to write", MAX_FILES);
	else if (!*path)
		argp_error(state, "a file to write has no name");
	else
		s->file[s->n_files++] = (typeof(s->file[0])){ path, junit };
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	char bad[64];

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &s->data;
		state->child_inputs[2] = &s->output;
		break;
	case 'c':
		if (s->config && s->config != arg)
			argp_error(state, "--config is given twice");
		s->config = arg;
		break;
	case 'm':
		return gate_metrics_add(&s->gate, arg) ? ENOMEM : 0;
	case OPT_THRESHOLD:
		add_rule(state, s, "threshold", arg);
		break;
	case OPT_MAX:
		add_rule(state, s, "max", arg);
		break;
	case OPT_MIN:
		add_rule(state, s, "min", arg);
		break;
	case OPT_FAIL_ON:
	case OPT_PASS_ON:
		if (gate_policy(&s->gate, arg, key == OPT_FAIL_ON ? GATE_FAIL : GATE_PASS, bad, sizeof(bad)))
			argp_error(state, "'%s' is nothing to fail or pass on; there are: %s", bad, gate_kind_list());
		break;
	case OPT_STRICT:
		s->gate.strict = true;
		break;
	case OPT_SAME:
		s->gate.require_same = true;
		break;
	case OPT_JUNIT:
		add_file(state, s, arg, true);
		break;
	case 'o':
		add_file(state, s, arg, false);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {
	{ &compare_data_argp, 0, "What to compare:", 1 },
	{ &compare_how_argp, 0, "How to decide:", 3 },
	{ &output_argp, 0, "How to print it:", 4 },
	{ 0 },
};

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "-d DIR -b BENCHMARK -n A,B\nA.mmt B.mmt...\nA1.mmt,A2.mmt B1.mmt,B2.mmt...",
	.doc = "Pass or fail: a metric fails when it is surely worse than in the first run, by more than its threshold."
	       "\vExit status: 0 pass, 1 regression, 2 trouble: an error, or a metric that could not be judged.",
};

/* A config's options first, then those of the command line over them. */
static int read_options(struct settings *s, struct gate_conf *conf, int argc, char **argv)
{
	struct conf_err err = { "" };
	struct settings again = { .config = NULL };
	int ret;

	gate_opts_init(&s->gate);
	ret = mmt_cmd__parse(&argp, argc, argv, 0, NULL, s);
	if (ret || !s->config)
		return ret;
	again.config = s->config;
	gate_opts_free(&s->gate);
	*s = again;
	gate_opts_init(&s->gate);
	s->data.how =
		(struct cmp_opts){ .adjust_set = true, .benchmark_adjust = STATS_HOLM, .kernel_adjust = STATS_BH };
	*conf = (struct gate_conf){ .data = &s->data, .gate = &s->gate };
	ret = gate_conf_load(s->config, conf, &err);
	if (ret) {
		out_err("gate: %s", *err.text ? err.text : strerror(-ret));
		return ret;
	}
	/* what the command line says of the metrics takes the place of what the config says */
	conf->had_metrics = s->gate.metrics;
	s->gate.metrics = NULL;
	ret = mmt_cmd__parse(&argp, argc, argv, 0, NULL, s);
	if (!s->gate.metrics)
		s->gate.metrics = conf->had_metrics;
	else
		free(conf->had_metrics);
	conf->had_metrics = NULL;
	return ret;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcasecmp(s + n - m, end);
}

static int write_to(const struct settings *s, const struct gate *g, const char *path, bool junit, FILE *f)
{
	struct table_out o = { .fmt = TABLE_TEXT, .sep = s->output.table.sep };

	o.fmt = ends_with(path, ".json")     ? TABLE_JSON
		: ends_with(path, ".ndjson") ? TABLE_NDJSON
		: ends_with(path, ".csv")    ? TABLE_CSV
		: ends_with(path, ".md")     ? TABLE_MARKDOWN
					     : TABLE_TEXT;
	if (junit || ends_with(path, ".xml"))
		return g ? gate_write_junit(g, f)
			 : gate_write_junit_trouble(s->data.bench ? s->data.bench : "gate", s->trouble, f);
	return g ? gate_write(g, &o, f) : gate_write_trouble(s->trouble, o.fmt, f);
}

/* All files that were asked for; g NULL: it did not come to checks. */
static int write_files(const struct settings *s, const struct gate *g)
{
	int err, bad = 0;
	size_t i;
	FILE *f;

	for (i = 0; i < s->n_files; i++) {
		f = fopen(s->file[i].path, "we");
		err = f ? write_to(s, g, s->file[i].path, s->file[i].junit, f) : -errno;
		if (f && ferror(f) && !err)
			err = -EIO;
		if (f && fclose(f) && !err)
			err = -errno;
		if (err)
			out_err("gate: cannot write %s: %s", s->file[i].path, strerror(-err));
		bad = err ? err : bad;
	}
	return bad;
}

/* As out_log(), and keeps what went wrong. */
static void log_trouble(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct settings *s = ctx;

	if (level == MMT_LOG_ERROR)
		snprintf(s->trouble, sizeof(s->trouble), "%s", msg);
	out_log(NULL, level, msg);
}

static int show(struct settings *s, const struct gate *g)
{
	struct out *o = output_open(&s->output);
	int err = output_close(o, gate_write(g, &s->output.table, out_stream(o))), bad = write_files(s, g);

	return err ? err : bad;
}

static int judge(struct settings *s, struct cmp *c, int *status)
{
	struct cmp_result r;
	struct gate g;
	int err = compare_gather(c, &s->data, "gate");

	if (!err)
		err = gate_select(c, &s->gate);
	if (!err)
		err = cmp_decide(c, &s->data.how, &r);
	if (err) {
		if (!*s->trouble)
			snprintf(s->trouble, sizeof(s->trouble), "%s",
				 err == -EINVAL ? "what to compare is not clear" : strerror(-err));
		write_files(s, NULL);
		return err;
	}
	err = gate_judge(c, &r, &s->gate, &g);
	if (!err)
		err = show(s, &g);
	*status = err ? MMT_EXIT_TROUBLE : gate_status(&g);
	gate_free(&g);
	cmp_result_free(&r);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	struct gate_conf conf = { 0 };
	int err, status = MMT_EXIT_TROUBLE;
	char *patterns = NULL;
	struct cmp c;

	cmp_init(&c);
	c.all_runs = true; /* what was not run is nothing that passes */
	err = read_options(&s, &conf, argc, argv);
	if (!err) {
		c.log = log_trouble;
		c.log_ctx = &s;
		c.patterns = patterns = gate_kernel_patterns(&s.gate);
		err = patterns ? judge(&s, &c, &status) : -ENOMEM;
	}
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("gate: %s", strerror(-err));
	cmp_free(&c);
	free(patterns);
	gate_opts_free(&s.gate);
	gate_conf_free(&conf);
	return err ? MMT_EXIT_TROUBLE : status;
}

const struct mmt_cmd cmd_gate = {
	.name = "gate",
	.summary = "pass or fail: is a run surely worse than another?",
	.argp = &argp,
	.run = run,
};
