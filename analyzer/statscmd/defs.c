// SPDX-License-Identifier: GPL-2.0-only
/* One row a statistic; docs/mmt-trace-stats.1 has the long form. */
#include <stdio.h>
#include <string.h>

#include "../out.h"
#include "call.h"
#include "statscmd.h"

#define A_B { "a", IN_SAMPLE, false, "baseline" }, { "b", IN_SAMPLE, false, NULL }
#define LEVEL { "level", IN_PARAM, true, "of the interval" }
#define DIRECTION { "direction", IN_WORD, true, "lower, higher; default both" }

const struct stat_def stat_defs[] = {
	{ "bootstrap", "bootstrap intervals of mean(b) / mean(a): percentile and BCa",
	  { A_B, LEVEL, { "seed", IN_PARAM, true, "default 0" }, { "rounds", IN_PARAM, true, "default 10000" } }, do_bootstrap },
	{ "correlation", "Pearson, Spearman and Kendall's tau-b of pairs, with p-values",
	  { { "x", IN_PAIRED, false, NULL }, { "y", IN_PAIRED, false, NULL } }, do_correlation },
	{ "derived", "CPU cost: busy cycles a second and an operation, CPU time an operation and a KB",
	  { { "cycles", IN_PARAM, true, NULL }, { "seconds", IN_PARAM, true, NULL }, { "ops", IN_PARAM, true, NULL },
	    { "ncpu", IN_PARAM, true, "CPUs" }, { "cpu_util", IN_PARAM, true, "0 to 1, of all of them" },
	    { "kb_per_s", IN_PARAM, true, NULL } }, do_derived },
	{ "describe", "number, extremes, means, median, MAD, standard deviation, its share of the mean, skewness",
	  { { "x", IN_SAMPLE, false, NULL }, LEVEL }, do_describe },
	{ "drift", "trend and dependence in run order: Mann-Kendall, lag-1 autocorrelation, von Neumann, Theil-Sen slope",
	  { { "x", IN_SAMPLE, false, "in run order" } }, do_drift },
	{ "edivisive", "change points of a series by energy distance and permutation",
	  { { "series", IN_SAMPLE, false, "in order" }, { "seed", IN_PARAM, true, "default 0" },
	    { "alpha", IN_PARAM, true, "default 0.01" } }, do_edivisive },
	{ "explain", "which metrics go with the change of a result: shift, slope within the arms, share",
	  { { "y_a", IN_PAIRED, false, "results of a" }, { "y_b", IN_PAIRED, false, "of b" },
	    { "metrics", IN_PAIRED, false, "the further columns of both" } }, do_explain },
	{ "fairness", "how evenly shares are dealt: Jain, max/min, min/mean, coefficient of variation, Gini",
	  { { "x", IN_SAMPLE, false, "one share a task or VM" } }, do_fairness },
	{ "geomean", "geometric mean of ratios, with intervals for these benchmarks and for a population of them",
	  { { "ratio", IN_PAIRED, true, NULL }, { "se", IN_PAIRED, true, "standard error of log ratio" }, LEVEL },
	  do_geomean },
	{ "histogram", "log-linear histogram of whole numbers and percentiles by nearest rank",
	  { { "values", IN_WHOLE, false, "0 to 2^64 - 1" }, { "bits", IN_PARAM, true, "2^bits buckets an octave, default 5" } },
	  do_histogram },
	{ "hodges_lehmann", "median of all differences b - a and of all ratios, intervals by inverting Mann-Whitney",
	  { A_B, LEVEL }, do_hodges_lehmann },
	{ "knee", "peak, 95 % saturation and knee of throughput over load",
	  { { "load", IN_PAIRED, false, NULL }, { "throughput", IN_PAIRED, false, NULL } }, do_knee },
	{ "mmtests_compare", "difference, ratio and significance mark of MMTests",
	  { A_B, DIRECTION }, do_mmtests_compare },
	{ "mmtests_stats", "every statistic that MMTests computes, for both directions",
	  { { "x", IN_SAMPLE, false, NULL }, DIRECTION }, do_mmtests_stats },
	{ "multiplicity", "p-values adjusted for their number: Bonferroni, Holm, Hochberg, Benjamini-Hochberg, -Yekutieli",
	  { { "p", IN_PAIRED, false, NULL } }, do_multiplicity },
	{ "mwu", "Mann-Whitney U test, exact with ties, and Cliff's delta", { A_B }, do_mwu },
	{ "outliers", "values beyond Tukey's fences or 3.5 modified z; reported, never dropped",
	  { { "x", IN_SAMPLE, false, NULL } }, do_outliers },
	{ "paired", "paired t test of differences and of log ratios, sign-flip and signed-rank tests",
	  { { "a", IN_PAIRED, false, "baseline" }, { "b", IN_PAIRED, false, NULL }, LEVEL }, do_paired },
	{ "percentiles", "type 7, nearest rank and MMTests' percentiles, with order-statistic intervals",
	  { { "x", IN_SAMPLE, false, NULL }, LEVEL }, do_percentiles },
	{ "power", "power of a two-sample t test; or the n, or the effect, that gives a power",
	  { { "n", IN_PARAM, true, "an arm" }, { "d", IN_PARAM, true, "in standard deviations" },
	    { "alpha", IN_PARAM, true, "default 0.05" }, { "power", IN_PARAM, true, "default 0.8" },
	    { "cv", IN_PARAM, true, "relative standard deviation" }, { "effect", IN_PARAM, true, "relative" } }, do_power },
	{ "ratio_ci", "ratio b / a of arithmetic, harmonic and geometric means with intervals: Fieller, log-Welch",
	  { A_B, LEVEL }, do_ratio_ci },
	{ "welch", "Welch's t test of mean(b) - mean(a), with Cohen's d and Hedges' g", { A_B, LEVEL }, do_welch },
	{ .name = NULL },
};

const struct stat_def *stat_find(const char *name)
{
	const struct stat_def *d;

	for (d = stat_defs; d->name; d++)
		if (!strcmp(d->name, name))
			return d;
	out_err("no statistic '%s'; mmt-trace stats --list lists them", name);
	return NULL;
}

static void inputs_text(const struct stat_def *d, bool notes, char *buf, size_t size)
{
	static const char *const kind[] = { "", "", " (whole numbers)", " (-p)", " (-p)" };
	const struct input *i;
	size_t len = 0;

	buf[0] = '\0';
	for (i = d->in; i->name && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s%s%s%s", len ? notes ? "; " : " " : "", i->name,
					notes ? kind[i->kind] : "", notes && i->note ? ": " : "",
					notes && i->note ? i->note : "");
}

int statscmd_list(const struct table_out *o, FILE *f)
{
	static const struct table_col cols[] = {
		{ .id = "statistic", .head = "Statistic", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "inputs_short", .head = "Inputs", .type = COL_TEXT, .flags = COL_ONLY_TEXT },
		{ .id = "definition", .head = "Definition", .type = COL_TEXT },
		{ .id = "inputs", .head = "Inputs", .type = COL_TEXT, .flags = COL_NO_TEXT },
	};
	struct table *t = table_new("statistics", NULL, cols, sizeof(cols) / sizeof(cols[0]));
	const struct stat_def *d;
	char buf[400];
	int err;

	if (!t)
		return -ENOMEM;
	for (d = stat_defs; d->name; d++) {
		table_text(t, d->name);
		inputs_text(d, false, buf, sizeof(buf));
		table_text(t, buf);
		table_text(t, d->definition);
		inputs_text(d, true, buf, sizeof(buf));
		table_text(t, buf);
	}
	err = table_err(t);
	if (!err)
		table_write(t, f, o);
	table_free(t);
	return err;
}
