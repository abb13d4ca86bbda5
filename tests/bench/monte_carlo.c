// SPDX-License-Identifier: GPL-2.0-only
/*
 * How often the rule that compare decides by is wrong, and how often it sees what is there:
 * made-up data with a known truth through cmp_decide() itself, not through a copy of it.
 * Seeded: the same numbers on every machine. And how long a large comparison takes.
 *
 * Exit status 1 when a rate misses its goal; speed is only shown.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyzer/compare/decide.h"
#include "analyzer/stats/dist.h"
#include "analyzer/stats/rng.h"

#define SEED 20240601
#define BASE 100.0

/* ------------------------------------------------------------------- noise */

static double normal(struct stats_rng *r)
{
	return stats_normal_quantile(stats_rng_uniform(r));
}

/* Each is a factor near 1 with a standard deviation of 2 %. */
static double noise_normal(struct stats_rng *r)
{
	return 1 + 0.02 * normal(r);
}

/* A floor that only ever is exceeded, as times are: exp(Z), of which the sd is sqrt(e^2 - e). */
static double noise_lognormal(struct stats_rng *r)
{
	return 1 + 0.02 * exp(normal(r)) / sqrt(exp(2) - exp(1));
}

/* Every fifth run in a mode that is 5 % away. */
static double noise_bimodal(struct stats_rng *r)
{
	double away = stats_rng_uniform(r) < 0.2 ? 0.05 : 0;

	return 1 + away + 0.005 * normal(r);
}

/* Quiet, but for 8 % of the runs that something disturbs by 3 to 10 %. */
static double noise_spiky(struct stats_rng *r)
{
	double spike = stats_rng_uniform(r) < 0.08 ? 0.03 + 0.07 * stats_rng_uniform(r) : 0;

	return 1 + spike + 0.007 * normal(r);
}

static const struct noise {
	const char *name;
	double (*draw)(struct stats_rng *r);
} noises[] = {
	{ "normal", noise_normal },
	{ "lognormal", noise_lognormal },
	{ "bimodal", noise_bimodal },
	{ "spiky", noise_spiky },
};

/* ------------------------------------------------------------------- cells */

struct cell {
	bool blocked;
	unsigned int n; /* iterations an arm */
	const struct noise *noise;
	double effect; /* B is A times 1 + this */
	uint64_t seed;
};

struct rates { /* of all runs, % */
	double rejected; /* p < 0.05 */
	double verdict; /* BETTER or WORSE */
	double covered; /* the interval of the ratio holds the truth */
	const char *test;
};

/* Arms A, B, ... of n iterations; blocked: one of each arm in turn, every other block reversed. */
static int make_arms(struct cmp *c, unsigned int n_arms, unsigned int n, bool blocked)
{
	unsigned int k, i;

	for (k = 0; k < n_arms; k++)
		if (!cmp_arm(c, (char[]){ (char)('A' + k), 0 }))
			return -ENOMEM;
	for (k = 0; k < n_arms; k++)
		for (i = 0; i < n; i++) {
			struct cmp_iteration *it = cmp_iteration(&c->arm[k], "", i);

			if (!it)
				return -ENOMEM;
			it->complete = true;
			if (blocked)
				it->start = 60.0 * (i * n_arms + (i & 1 ? n_arms - 1 - k : k));
		}
	return 0;
}

/* Every run is a metric of its own: nothing is adjusted, so that they do not know of each other. */
static int make_runs(struct cmp *c, const struct cell *cell, unsigned int runs)
{
	double common, v;
	struct stats_rng rng;
	unsigned int m, i, k;
	char name[16];
	int metric;

	stats_rng_seed(&rng, cell->seed);
	for (m = 0; m < runs; m++) {
		snprintf(name, sizeof(name), "m%u", m);
		metric = cmp_metric(c, name, "s", METRIC_LOWER, CMP_BENCHMARK);
		if (metric < 0)
			return metric;
		for (i = 0; i < cell->n; i++) {
			/* what blocks are for: all of a block meets the same mood of the machine */
			common = cell->blocked ? 1 + 0.01 * normal(&rng) : 1;
			for (k = 0; k < 2; k++) {
				v = BASE * common * cell->noise->draw(&rng) * (k ? 1 + cell->effect : 1);
				if (cmp_value(c, (uint32_t)metric, &c->arm[k], &c->arm[k].iter[i], v))
					return -ENOMEM;
			}
		}
	}
	return 0;
}

static void count(const struct cmp *c, const struct cmp_result *r, const struct cell *cell, struct rates *out)
{
	double truth = 1 + cell->effect, part = 100 / (double)c->n_metrics;
	size_t m;

	memset(out, 0, sizeof(*out));
	for (m = 0; m < c->n_metrics; m++) {
		const struct cmp_row *row = cmp_row(c, r, m, 1);

		out->rejected += row->p_adj < 0.05 ? part : 0;
		out->verdict += row->verdict == CMP_BETTER || row->verdict == CMP_WORSE ? part : 0;
		out->covered += row->ratio_lo <= truth && truth <= row->ratio_hi ? part : 0;
		out->test = cmp_test_name(row->test);
	}
}

static int run_cell(const struct cell *cell, unsigned int runs, struct rates *out)
{
	struct cmp_opts o = { .adjust_set = true };
	struct cmp_result r;
	struct cmp c;
	int err;

	cmp_init(&c);
	err = make_arms(&c, 2, cell->n, cell->blocked);
	if (!err)
		err = make_runs(&c, cell, runs);
	if (!err)
		err = cmp_decide(&c, &o, &r);
	if (!err) {
		count(&c, &r, cell, out);
		cmp_result_free(&r);
	}
	cmp_free(&c);
	return err;
}

/* What the rule promises; blocks pay with half the degrees of freedom, so 5 of them promise no power. */
static bool keeps(const struct cell *cell, const struct rates *null, const struct rates *effect)
{
	double power = strcmp(cell->noise->name, "normal") ? 0 : cell->n >= 10 ? 98 : cell->blocked ? 0 : 88;

	return null->rejected <= 6 && effect->rejected >= power;
}

static void head(unsigned int runs)
{
	printf("\nverdicts  of compare on made-up data with 2 %% of noise, %u runs a cell, +- %.1f points\n", runs,
	       100 * 1.96 * sqrt(0.05 * 0.95 / runs));
	printf("          p: p < 0.05; verdict: BETTER or WORSE; covered: 95 %% intervals that hold the truth\n");
	printf("          goals: p <=6 without a difference; with 5 %% and normal noise\n");
	printf("                 >=88 for n 5 (unblocked), >=98 for n 10\n\n");
	printf("%-9s %3s  %-12s  %-9s  %-22s  %-22s\n", "", "", "", "", "     no difference, %", "     5 % slower, %");
	printf("%-9s %3s  %-12s  %-9s", "order", "n", "rule", "noise");
	printf("  %5s %7s %8s  %5s %7s %8s\n", "p", "verdict", "covered", "p", "verdict", "covered");
}

static int row(struct cell cell, unsigned int runs, unsigned int *missed)
{
	struct rates null, effect;
	int err = run_cell(&cell, runs, &null);

	cell.effect = 0.05;
	cell.seed += 1000;
	if (!err)
		err = run_cell(&cell, runs, &effect);
	if (err)
		return err;
	*missed += !keeps(&cell, &null, &effect);
	printf("%-9s %3u  %-12s  %-9s", cell.blocked ? "blocks" : "unblocked", cell.n, null.test, cell.noise->name);
	printf("  %5.1f %7.1f %8.1f  %5.1f %7.1f %8.1f  %s\n", null.rejected, null.verdict, null.covered,
	       effect.rejected, effect.verdict, effect.covered, keeps(&cell, &null, &effect) ? "pass" : "MISS");
	return 0;
}

static int rates(unsigned int runs, unsigned int *missed)
{
	static const unsigned int sizes[] = { 5, 10 };
	struct cell cell;
	size_t i, k, b;
	int err = 0;

	head(runs);
	for (b = 0; b < 2; b++)
		for (k = 0; k < 2; k++)
			for (i = 0; i < sizeof(noises) / sizeof(noises[0]) && !err; i++) {
				cell = (struct cell){ .blocked = b,
						      .n = sizes[k],
						      .noise = &noises[i],
						      .seed = SEED + 16 * b + 8 * k + i };
				err = row(cell, runs, missed);
			}
	return err;
}

/* ------------------------------------------------------------------- speed */

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* 500 metrics of 3 arms of 10, in the order in which results are read. */
static int make_large(struct cmp *c)
{
	struct stats_rng rng;
	unsigned int m, i, k;
	char name[16];
	int metric;
	int err = make_arms(c, 3, 10, true);

	stats_rng_seed(&rng, SEED);
	for (k = 0; k < 3 && !err; k++)
		for (i = 0; i < 10 && !err; i++)
			for (m = 0; m < 500 && !err; m++) {
				snprintf(name, sizeof(name), "m%u", m);
				metric = cmp_metric(c, name, "s", METRIC_LOWER, m < 100 ? CMP_BENCHMARK : CMP_KERNEL);
				if (metric < 0)
					return metric;
				c->arm[k].iter[i].traced = true;
				err = cmp_value(c, (uint32_t)metric, &c->arm[k], &c->arm[k].iter[i],
						BASE * noises[m % 4].draw(&rng));
			}
	return err;
}

static int speed(bool unpaired)
{
	struct cmp_opts o = { .unpaired = unpaired };
	struct cmp_value *as_read = NULL;
	struct cmp_result r;
	double ms[21], start;
	unsigned int i;
	struct cmp c;
	int err;

	cmp_init(&c);
	err = make_large(&c);
	if (!err) {
		as_read = malloc(c.n_values * sizeof(*as_read));
		err = as_read ? 0 : -ENOMEM;
	}
	if (!err)
		memcpy(as_read, c.value, c.n_values * sizeof(*as_read));
	for (i = 0; i < 21 && !err; i++) {
		memcpy(c.value, as_read, c.n_values * sizeof(*as_read));
		start = cpu_ms();
		err = cmp_decide(&c, &o, &r);
		ms[i] = cpu_ms() - start;
		if (!err)
			cmp_result_free(&r);
	}
	if (!err) {
		stats_sort(ms, 21);
		printf("          500 metrics x 3 arms x 10 iterations, %-9s: %.1f ms of CPU; <=50 ms %s\n",
		       unpaired ? "unblocked" : "blocks", ms[10], ms[10] <= 50 ? "pass" : "MISS");
	}
	free(as_read);
	cmp_free(&c);
	return err;
}

int main(int argc, char **argv)
{
	unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 4000;
	unsigned int missed = 0;
	int err;

	if (argc > 2 || !runs || runs > 1000000) {
		fprintf(stderr, "usage: monte_carlo [RUNS]\n");
		return 2;
	}
	err = rates((unsigned int)runs, &missed);
	if (!err)
		printf("\n");
	if (!err)
		err = speed(false);
	if (!err)
		err = speed(true);
	if (err)
		fprintf(stderr, "monte_carlo: %s\n", strerror(-err));
	return err || missed;
}
