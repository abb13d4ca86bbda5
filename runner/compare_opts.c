// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "compare_opts.h"

enum {
	OPT_UNIT = 1280,
	OPT_UNPAIRED,
	OPT_ALPHA,
	OPT_EFFECT,
	OPT_POWER,
	OPT_PRIMARY,
	OPT_ADJUST,
	OPT_KERNEL_ADJUST,
	OPT_DROP
};

static const struct argp_option data_options[] = {
	{ "directory", 'd', "DIR", 0, "Directory of results (default: ./work/log)", 0 },
	{ "benchmark", 'b', "BENCHMARK", 0, "Benchmark (default: the only one there is)", 0 },
	{ "names", 'n', "A,B,...", 0, "Names of the runs; the first is compared against (default: all, by name)", 0 },
	{ "drop-iter", OPT_DROP, "NAME:N,...", 0, "Leave these iterations out, and say so", 0 },
	{ 0 },
};

static const struct argp_option how_options[] = {
	{ "unit", OPT_UNIT, "UNIT", 0, "What counts as one: run, iteration or boot (default: by the recorded design)",
	  0 },
	{ "unpaired", OPT_UNPAIRED, NULL, 0, "Do not compare within blocks", 0 },
	{ "min-effect", OPT_EFFECT, "PERCENT", 0, "Least change worth a verdict (default: 1)", 0 },
	{ "alpha", OPT_ALPHA, "P", 0, "Risk of a false verdict (default: 0.05)", 0 },
	{ "power", OPT_POWER, "P", 0, "Power of the planner's figures (default: 0.8)", 0 },
	{ "primary", OPT_PRIMARY, "PATTERN,...", 0, "Benchmark metrics that make the primary family (default: all)",
	  0 },
	{ "adjust", OPT_ADJUST, "HOW", 0,
	  "p of the primary family: holm, hochberg, bonferroni, bh, by or none (default: holm)", 0 },
	{ "kernel-adjust", OPT_KERNEL_ADJUST, "HOW", 0, "p of all other metrics (default: bh)", 0 },
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

/* A share above 0 and below max: as it is, or with a % sign in percent. */
static int share(const char *s, double max, double *to)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || (*end && strcmp(end, "%") != 0))
		return -EINVAL;
	if (*end)
		v /= 100;
	if (!(v > 0) || !(v < max))
		return -EINVAL;
	*to = v;
	return 0;
}

/* Percent, with or without the sign. */
static int percent(const char *s, double max, double *to)
{
	int err = share(s, strchr(s, '%') ? max / 100 : max, to);

	if (!err && !strchr(s, '%'))
		*to /= 100;
	return err;
}

int compare_set(struct compare_opts *o, const char *name, const char *value, char *why, size_t size)
{
	struct cmp_opts *how = &o->how;
	int err = 0;

	why[0] = '\0';
	if (!strcmp(name, "unit"))
		err = parse_unit(value, &how->unit);
	else if (!strcmp(name, "min-effect"))
		err = percent(value, 1000, &how->min_effect);
	else if (!strcmp(name, "alpha"))
		err = share(value, 1, &how->alpha);
	else if (!strcmp(name, "power"))
		err = share(value, 1, &how->power);
	else if (!strcmp(name, "adjust"))
		err = parse_adjust(value, &how->benchmark_adjust);
	else if (!strcmp(name, "kernel-adjust"))
		err = parse_adjust(value, &how->kernel_adjust);
	else if (!strcmp(name, "primary"))
		how->primary = value;
	else
		return -ENOENT;
	if (err)
		snprintf(why, size, "%s: expected %s", value,
			 !strcmp(name, "unit")         ? "run, iteration or boot"
			 : strstr(name, "adjust")      ? "holm, hochberg, bonferroni, bh, by or none"
			 : !strcmp(name, "min-effect") ? "a number above 0 and below 1000"
						       : "a number above 0 and below 1");
	return err;
}

static error_t parse_how(int key, char *arg, struct argp_state *state)
{
	struct compare_opts *o = state->input;
	struct cmp_opts *how = &o->how;
	const struct argp_option *opt;
	char why[200];

	if (key == ARGP_KEY_INIT && !how->adjust_set) {
		how->benchmark_adjust = STATS_HOLM;
		how->kernel_adjust = STATS_BH;
		how->adjust_set = true;
	}
	if (key == OPT_UNPAIRED) {
		how->unpaired = true;
		return 0;
	}
	for (opt = how_options; opt->name; opt++) {
		if (opt->key != key)
			continue;
		if (compare_set(o, opt->name, arg, why, sizeof(why)))
			argp_error(state, "--%s %s", opt->name, why);
		return 0;
	}
	return key == ARGP_KEY_INIT ? 0 : ARGP_ERR_UNKNOWN;
}

static error_t parse_data(int key, char *arg, struct argp_state *state)
{
	struct compare_opts *o = state->input;

	switch (key) {
	case 'd':
		o->dir = arg;
		return 0;
	case 'b':
		o->bench = arg;
		return 0;
	case 'n':
		o->names = arg;
		return 0;
	case OPT_DROP:
		o->drop = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->traces = state->argv + state->next;
		o->n_traces = state->argc - state->next;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp compare_data_argp = { .options = data_options, .parser = parse_data };
const struct argp compare_how_argp = { .options = how_options, .parser = parse_how };

int compare_gather(struct cmp *c, const struct compare_opts *o, const char *command)
{
	int i, err = 0;

	if (!o->n_traces) {
		err = cmp_add_tree(c, o->dir ? o->dir : "work/log", o->bench, o->names);
	} else if (o->dir || o->names || o->bench) {
		out_err("%s: either traces or results (-d, -b, -n), not both", command);
		return -EINVAL;
	}
	for (i = 0; i < o->n_traces && !err; i++)
		err = cmp_add_traces(c, o->traces[i]);
	if (!err && o->drop)
		err = cmp_exclude(c, o->drop);
	if (!err)
		err = cmp_load_traces(c);
	if (!err && o->how.primary)
		err = cmp_known_primary(c, o->how.primary);
	return err ? err : cmp_load_floors(c);
}

/* Traces are files; anything else is the name of a run. */
static bool names_traces(const struct compare_opts *o)
{
	const char *first = o->traces[0];
	size_t n = strlen(first);

	return strchr(first, '/') || strchr(first, ',') || (n > 4 && !strcmp(first + n - 4, ".mmt")) ||
	       (!o->dir && !o->bench && !access(first, F_OK));
}

int compare_gather_two(struct cmp *c, const struct compare_opts *from, const char *command)
{
	struct compare_opts o = *from;
	char *names = NULL;
	int err;

	if (o.n_traces && o.n_traces != 2) {
		out_err("%s takes two runs, not %d; commas join the traces of one", command, o.n_traces);
		return -EINVAL;
	}
	if (o.n_traces && !o.names && !names_traces(&o)) {
		if (asprintf(&names, "%s,%s", o.traces[0], o.traces[1]) < 0)
			return -ENOMEM;
		o.names = names;
		o.n_traces = 0;
	}
	err = compare_gather(c, &o, command);
	free(names);
	if (!err && c->n_arms > 2) {
		out_err("%zu runs (%s, %s, %s%s): %s takes two, name them with -n A,B", c->n_arms, c->arm[0].name,
			c->arm[1].name, c->arm[2].name, c->n_arms > 3 ? ", ..." : "", command);
		err = -EINVAL;
	}
	return err;
}

int compare_known_metrics(const char *option, const char *patterns)
{
	const struct metric *all;
	char *copy = strdup(patterns), *p = copy, *one, hint[96];
	size_t i, n;
	int err = copy ? 0 : -ENOMEM;

	all = metrics_all(&n);
	while (!err && (one = strsep(&p, ","))) {
		if (!strncmp(one, "vm:", 3))
			continue; /* of a virtual machine: the traces know which there are */
		for (i = 0; i < n && !metric_wanted(&all[i], one); i++)
			;
		if (*one && i == n) {
			out_err("%s %s: no such metric%s; mmt-trace list metrics lists them", option, one, metric_hint(one, hint, sizeof(hint)));
			err = -EINVAL;
		}
	}
	free(copy);
	return err;
}
