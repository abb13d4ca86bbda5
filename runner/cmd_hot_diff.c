// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_hot_diff.h"

enum { OPT_DIFF = 1536, OPT_PER, OPT_SHARE, OPT_UNIT, OPT_UNPAIRED, OPT_EFFECT, OPT_ALPHA, OPT_ADJUST };

static const struct argp_option options[] = {
	{ "diff", OPT_DIFF, NULL, 0, "Where the second run differs from the first, with the statistics of compare", 0 },
	{ "per", OPT_PER, "WHAT", 0, "Weigh by second of the window, or by run, for work of a fixed size (default: second)", 0 },
	{ "min-share", OPT_SHARE, "PERCENT", 0, "Test what has this much of both runs' weight (default: 0.5)", 0 },
	{ "unit", OPT_UNIT, "UNIT", 0, "What counts as one: run, iteration or boot (default: by the recorded design)", 0 },
	{ "unpaired", OPT_UNPAIRED, NULL, 0, "Do not compare within blocks", 0 },
	{ "min-effect", OPT_EFFECT, "PERCENT", 0, "Least change worth a verdict (default: 1)", 0 },
	{ "alpha", OPT_ALPHA, "P", 0, "Risk of a false verdict (default: 0.05)", 0 },
	{ "adjust", OPT_ADJUST, "HOW", 0, "p of a table: bh, by, holm, hochberg, bonferroni or none (default: bh)", 0 },
	{ 0 },
};

/* The name that compare has for it: p of a table are those of its kernel metrics. */
static const char *compare_name(int key)
{
	return key == OPT_UNIT ? "unit" : key == OPT_EFFECT ? "min-effect" : key == OPT_ALPHA ? "alpha" : "kernel-adjust";
}

static int parse_share(struct hot_diff_cmd *d, const char *arg)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || (*end && strcmp(end, "%")) || !(v > 0) || v > 100)
		return -EINVAL;
	d->min_share = v / 100;
	return 0;
}

static error_t parse_how(struct hot_diff_cmd *d, int key, char *arg, struct argp_state *state)
{
	char why[200];
	size_t i;

	for (i = 0; options[i].key != key; i++)
		;
	if (!d->first)
		d->first = options[i].name;
	switch (key) {
	case OPT_PER:
		if (strcmp(arg, "second") && strcmp(arg, "run"))
			argp_error(state, "--per %s: expected second or run", arg);
		d->per = strcmp(arg, "run") ? HOT_DIFF_PER_SECOND : HOT_DIFF_PER_RUN;
		return 0;
	case OPT_SHARE:
		if (parse_share(d, arg))
			argp_error(state, "--min-share %s: expected a number above 0 and up to 100", arg);
		return 0;
	case OPT_UNPAIRED:
		d->data.how.unpaired = true;
		return 0;
	default:
		if (compare_set(&d->data, compare_name(key), arg, why, sizeof(why)))
			argp_error(state, "--%s %s", options[i].name, why);
		return 0;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct hot_diff_cmd *d = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &d->data;
		d->data.how.benchmark_adjust = STATS_HOLM;
		d->data.how.kernel_adjust = STATS_BH;
		d->data.how.adjust_set = true;
		return 0;
	case OPT_DIFF:
		d->on = true;
		return 0;
	case ARGP_KEY_END:
		if (!d->on && (d->first || d->data.dir || d->data.bench || d->data.names || d->data.drop))
			argp_error(state, "%s%s belongs to --diff", d->first ? "--" : "", d->first ? d->first : "-d, -b, -n or --drop-iter");
		return 0;
	}
	return key < OPT_PER || key > OPT_ADJUST ? ARGP_ERR_UNKNOWN : parse_how(d, key, arg, state);
}

static const struct argp_child children[] = { { &compare_data_argp, 0, NULL, 0 }, { 0 } };

const struct argp hot_diff_argp = { .options = options, .parser = parse, .children = children };

int hot_diff_gather(struct hot_diff_cmd *d, struct hot_diff_opts *o, struct cmp *c, struct hot_diff **out)
{
	int err;

	c->log = o->log = out_log;
	c->patterns = "run.duration"; /* none are shown; reading all of them takes its time */
	err = compare_gather_two(c, &d->data, "hot --diff");
	if (err)
		return err;
	if (c->n_arms < HOT_DIFF_ARMS) {
		out_err("hot --diff compares two runs, and there is only %s", c->arm[0].name);
		return -EINVAL;
	}
	o->per = d->per;
	o->min_share = d->min_share;
	o->how = d->data.how;
	return hot_diff_load(c, o, out);
}

int hot_diff_show(struct hot_diff_cmd *d, struct hot_diff_opts *o, unsigned int by, const struct table_out *to, FILE *f)
{
	struct hot_diff *diff = NULL;
	struct cmp c;
	int err;

	cmp_init(&c);
	err = hot_diff_gather(d, o, &c, &diff);
	err = err ? err : hot_diff_write(diff, o, by, to, f);
	hot_diff_free(diff);
	cmp_free(&c);
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("hot --diff: %s", strerror(-err));
	return err;
}
