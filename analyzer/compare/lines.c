// SPDX-License-Identifier: GPL-2.0-only
/* What a comparison says of itself in words: the rule and why, and what to mind. The same in every view. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "decide.h"

const char *cmp_verdict_name(enum cmp_verdict v)
{
	static const char *const name[] = {
		"-", "BETTER", "WORSE", "CHANGED", "TINY", "SAME", "UNCLEAR", "INDICATIVE", "CONFOUNDED",
	};

	return (unsigned int)v < sizeof(name) / sizeof(name[0]) ? name[v] : "?";
}

const char *cmp_test_name(enum cmp_test t)
{
	static const char *const name[] = {
		"none", "welch", "welch-log", "mann-whitney", "paired-t", "paired-t-log", "signed-rank", "sign-flip",
	};

	return (unsigned int)t < sizeof(name) / sizeof(name[0]) ? name[t] : "?";
}

const char *cmp_test_title(enum cmp_test t)
{
	static const char *const title[] = {
		"none", "Welch's t", "Welch's t on logarithms", "Mann-Whitney, exact", "paired t", "paired t on log ratios",
		"signed rank, exact", "sign flip, exact",
	};

	return (unsigned int)t < sizeof(title) / sizeof(title[0]) ? title[t] : "?";
}

const char *cmp_unit_name(enum cmp_unit_kind u)
{
	static const char *const name[] = { "auto", "run", "iteration", "boot" };

	return (unsigned int)u < sizeof(name) / sizeof(name[0]) ? name[u] : "?";
}

const char *cmp_fmt_value(char *buf, size_t size, double v)
{
	snprintf(buf, size, fabs(v) >= 1e4 && fabs(v) < 1e15 ? "%.0f" : "%.4g", v);
	return buf;
}

const char *cmp_fmt_pct(char *buf, size_t size, double v, bool sign)
{
	double a = fabs(v);

	snprintf(buf, size, sign ? "%+.*f" : "%.*f", a >= 99.95 ? 0 : a >= 9.995 ? 1 : 2, v);
	return buf;
}

const char *cmp_fmt_interval(char *buf, size_t size, double lo, double hi)
{
	char a[32], b[32];

	snprintf(buf, size, "%s %s", cmp_fmt_pct(a, sizeof(a), lo, true), cmp_fmt_pct(b, sizeof(b), hi, true));
	return buf;
}

/* Lines are made one after the other; the one that is wanted is kept. */
struct lines {
	unsigned int want, at;
	char *buf;
	size_t size;
};

static __attribute__((format(printf, 2, 3))) bool say(struct lines *l, const char *fmt, ...)
{
	va_list ap;

	if (l->at++ != l->want)
		return false;
	va_start(ap, fmt);
	vsnprintf(l->buf, l->size, fmt, ap);
	va_end(ap);
	return true;
}

/* ------------------------------------------------------------------- rules */

static const char *why_test(enum cmp_test t, bool coarse)
{
	if (coarse)
		return t == CMP_TEST_PAIRED || t == CMP_TEST_PAIRED_LOG ?
		       "in blocks, too few of them for ranks over so many tests" :
		       "not in blocks, too few units for ranks over so many tests";
	switch (t) {
	case CMP_TEST_WELCH:
		return "not in blocks, values that are not all positive";
	case CMP_TEST_WELCH_LOG:
		return "not in blocks";
	case CMP_TEST_MWU:
		return "not in blocks, 8 units or more an arm";
	case CMP_TEST_PAIRED:
		return "in blocks, values that are not all positive";
	case CMP_TEST_PAIRED_LOG:
		return "in blocks";
	case CMP_TEST_SIGNED_RANK:
		return "in blocks, 8 or more";
	default:
		return "fewer than 2 units";
	}
}

static const char *adjust_title(enum stats_adjust how)
{
	static const char *const title[] = { "", "Bonferroni", "Holm", "Hochberg", "Benjamini-Hochberg", "Benjamini-Yekutieli" };

	return (unsigned int)how < sizeof(title) / sizeof(title[0]) ? title[how] : "?";
}

struct tested { size_t lo, hi, rows; bool uneven, kernel; }; /* rows of a family that a test decides; lo, hi: of the smaller n */

static struct tested units_of(const struct cmp *c, const struct cmp_result *r, enum cmp_source family, enum cmp_test t)
{
	struct tested u = { .lo = SIZE_MAX };
	size_t i, n;

	for (i = 0; i < r->n_rows; i++) {
		const struct cmp_row *row = &r->row[i], *base = row - row->arm;

		if (!row->arm || row->word || row->test != t || cmp_family(c, r, row) != family)
			continue;
		n = row->n_tested ? row->n_tested : row->n_unit < base->n_unit ? row->n_unit : base->n_unit;
		u.lo = n < u.lo ? n : u.lo;
		u.hi = n > u.hi ? n : u.hi;
		u.uneven |= !row->n_tested && row->n_unit != base->n_unit;
		u.kernel |= c->metric[row->metric].source == CMP_KERNEL;
		u.rows++;
	}
	return u;
}

static bool family_lines(const struct cmp *c, const struct cmp_result *r, enum cmp_source family, struct lines *l)
{
	enum stats_adjust how = family == CMP_BENCHMARK ? r->opts.benchmark_adjust : r->opts.kernel_adjust;
	char n[64], adjust[64];
	struct tested u;
	bool coarse;
	int t;

	for (t = CMP_TEST_WELCH; t <= CMP_TEST_SIGNED_RANK; t++) {
		u = units_of(c, r, family, (enum cmp_test)t);
		if (!u.rows)
			continue;
		if (u.lo == u.hi)
			snprintf(n, sizeof(n), "n = %zu%s", u.lo, u.uneven ? " in the smaller arm" : "");
		else
			snprintf(n, sizeof(n), "n = %zu to %zu%s", u.lo, u.hi, u.uneven ? " in the smaller arm" : "");
		if (how == STATS_ADJUST_NONE || r->family[family] < 2)
			snprintf(adjust, sizeof(adjust), r->family[family] < 2 ? "one test" : "p not adjusted");
		else
			snprintf(adjust, sizeof(adjust), "%s over %zu tests", adjust_title(how), r->family[family]);
		coarse = family == CMP_BENCHMARK && u.lo >= CMP_RANKS_FROM && t != CMP_TEST_MWU && t != CMP_TEST_SIGNED_RANK;
		if (say(l, "%s: %s (%s, %s), %s", family == CMP_BENCHMARK ? "benchmark" : u.kernel ? "kernel" : "others",
			cmp_test_title((enum cmp_test)t), why_test((enum cmp_test)t, coarse), n, adjust))
			return true;
	}
	return false;
}

/* What the change is that of: with ranks it may be far from that of the means in the table. */
static bool estimate_line(const struct cmp *c, const struct cmp_result *r, struct lines *l)
{
	bool logs = false, means = false, ranks = false;
	size_t i;

	for (i = 0; i < r->n_rows; i++) {
		const struct cmp_row *row = &r->row[i];

		if (!row->arm || row->word)
			continue;
		logs |= row->test == CMP_TEST_WELCH_LOG || row->test == CMP_TEST_PAIRED_LOG;
		means |= row->test == CMP_TEST_WELCH || row->test == CMP_TEST_PAIRED;
		ranks |= row->test == CMP_TEST_MWU || row->test == CMP_TEST_SIGNED_RANK;
	}
	if (!logs && !means && !ranks)
		return false;
	return say(l, "change: of %s%s%s%s%s in %% of %s, with its %g %% interval (CI)", logs ? "the geometric means (t on logarithms)" : "",
		   logs && (means || ranks) ? ", " : "", means ? "the means (t)" : "", means && ranks ? ", " : "",
		   ranks ? "the median pair (Hodges-Lehmann, with ranks), not of the means," : "", c->arm[0].name,
		   100 * (1 - r->opts.alpha));
}

/* Up to three metrics by name, those that come first in the tables. */
static bool floor_line(const struct cmp *c, const struct cmp_result *r, struct lines *l)
{
	char list[300] = "";
	size_t i, n = 0, len = 0;
	uint32_t lo = UINT32_MAX, hi = 0;

	for (i = 0; i < c->n_metrics; i++) {
		const struct cmp_floor *f = cmp_floor_of(r, &c->metric[i]);

		if (!(f->rel > 0))
			continue;
		lo = f->pairs < lo ? f->pairs : lo;
		hi = f->pairs > hi ? f->pairs : hi;
		if (n++ < 3 && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%.3g %% for %.60s", n > 1 ? ", " : "", 100 * f->rel,
						c->metric[i].name);
	}
	if (!n)
		return false;
	if (n > 3 && len < sizeof(list))
		snprintf(list + len, sizeof(list) - len, " and %zu more", n - 3);
	if (lo == hi)
		return say(l, "A/A floor: %s, from %u pairs, %s", list, lo, c->floor_file);
	return say(l, "A/A floor: %s, from %u to %u pairs, %s", list, lo, hi, c->floor_file);
}

bool cmp_rule_line(const struct cmp *c, const struct cmp_result *r, unsigned int i, char *buf, size_t size)
{
	struct lines l = { .want = i, .buf = buf, .size = size };
	const struct cmp_design *d = &r->design;

	if (c->n_arms < 2)
		return false;
	if (say(&l, "unit: %s (%s)", cmp_unit_name(d->unit), d->unit_why) || say(&l, "order: %s", d->order_why) ||
	    family_lines(c, r, CMP_BENCHMARK, &l) || family_lines(c, r, CMP_KERNEL, &l))
		return true;
	if (estimate_line(c, r, &l) || floor_line(c, r, &l))
		return true;
	return say(&l, "verdict: adjusted p < %g and a change of %g %% or more (a kernel metric's own least change, or the A/A floor, "
		   "if larger)", r->opts.alpha, 100 * r->opts.min_effect);
}

/* ------------------------------------------------------------------- notes */

static bool arm_notes(const struct cmp *c, struct lines *l)
{
	size_t k, i;

	for (k = 0; k < c->n_arms; k++) {
		const struct cmp_arm *a = &c->arm[k];

		for (i = 0; i < a->n_iter; i++) {
			const struct cmp_iteration *it = &a->iter[i];

			if (it->excluded && say(l, "%s iteration %u: left out as asked for (--drop-iter)", a->name, it->number))
				return true;
			if (it->why && !it->excluded &&
			    say(l, "%s iteration %u: %s%s", a->name, it->number, it->why,
				it->complete || it->traced ? "" : " - left out"))
				return true;
		}
	}
	return false;
}

static bool design_notes(const struct cmp *c, const struct cmp_result *r, struct lines *l)
{
	if (c->n_arms < 2)
		return false;
	if (r->design.confounded_boot &&
	    say(l, "one boot an arm: a difference may be the boot's and not the system's; boot between iterations to tell them apart"))
		return true;
	if (!r->design.boots_known && c->dir &&
	    say(l, "boots were not recorded: if each arm was one boot of its own, a difference may be the boot's and not the system's"))
		return true;
	if (r->small && say(l, "fewer than 5 units in some arm: its verdicts only indicate; 5 are the least to decide by, 10 are better"))
		return true;
	return false;
}

/* "a, b, c and 7 more": names given one by one, the first few kept. */
struct names { char buf[400]; size_t n, len; };

#define MOST_NAMES 5

static __attribute__((format(printf, 2, 3))) void add_name(struct names *s, const char *fmt, ...)
{
	char one[120];
	va_list ap;
	int n;

	if (s->n++ >= MOST_NAMES || s->len >= sizeof(s->buf))
		return;
	va_start(ap, fmt);
	vsnprintf(one, sizeof(one), fmt, ap);
	va_end(ap);
	n = snprintf(s->buf + s->len, sizeof(s->buf) - s->len, "%s%s", s->n > 1 ? ", " : "", one);
	s->len += n > 0 ? (size_t)n : 0;
}

static const char *names_end(struct names *s)
{
	if (s->n > MOST_NAMES && s->len < sizeof(s->buf))
		snprintf(s->buf + s->len, sizeof(s->buf) - s->len, " and %zu more", s->n - MOST_NAMES);
	return s->buf;
}

/* What is amiss with many metrics alike: a line for all of them. */
static bool metric_notes(const struct cmp *c, struct lines *l)
{
	struct names varies = { 0 }, sides = { 0 };
	size_t i;

	for (i = 0; i < c->n_metrics && c->n_arms > 1; i++) {
		const struct cmp_metric *m = &c->metric[i];

		if (m->source != CMP_BENCHMARK)
			continue;
		if (m->unit_varies)
			add_name(&varies, "%.100s", m->name);
		else if (m->better == METRIC_NEITHER)
			add_name(&sides, "%.100s", m->name);
	}
	if (varies.n && say(l, "%s: the arms do not agree on unit or direction; not compared", names_end(&varies)))
		return true;
	return sides.n && say(l, "%s: which side is better is not recorded (metrics.tsv), so a change is only called CHANGED",
			      names_end(&sides));
}

/* The table says where there is nothing at all; what is missing in part is said here. */
static bool gap_notes(const struct cmp *c, const struct cmp_result *r, struct lines *l)
{
	size_t i, k;

	for (k = 0; k < c->n_arms; k++) {
		struct names missing = { 0 }, dropped = { 0 };

		for (i = k; i < r->n_rows; i += c->n_arms) {
			const struct cmp_row *row = &r->row[i];
			const char *name = c->metric[row->metric].name;

			if (c->metric[row->metric].source != CMP_BENCHMARK)
				continue;
			if (row->missing && row->n_unit)
				add_name(&missing, "%.100s (%zu)", name, row->missing);
			if (row->dropped)
				add_name(&dropped, "%.100s (%zu)", name, row->dropped);
		}
		if (missing.n && say(l, "%s: iterations without a value of %s", c->arm[k].name, names_end(&missing)))
			return true;
		if (dropped.n && say(l, "%s: values that are no numbers, left out, of %s", c->arm[k].name, names_end(&dropped)))
			return true;
	}
	return false;
}

/* What else was unusual in that iteration: the two kernel metrics furthest from their arm's median. */
static void beside(const struct cmp *c, const struct cmp_result *r, uint32_t arm, uint32_t iter, char *buf, size_t size)
{
	const struct cmp_row *best[2] = { NULL, NULL };
	double far[2] = { 0, 0 }, ratio[2] = { 0, 0 };
	size_t i, k;
	int n = 0;

	for (i = arm; i < r->n_rows; i += c->n_arms) {
		const struct cmp_row *row = &r->row[i];

		if (c->metric[row->metric].source != CMP_KERNEL || !(row->desc.median > 0))
			continue;
		for (k = 0; k < row->n_unit; k++) {
			double x = row->unit[k].value / row->desc.median, d = fabs(log(x > 0 ? x : 1));

			if (row->unit[k].iter != iter || !(row->outlier[k] & (STATS_OUT_SEVERE | STATS_OUT_MODZ)) || d < log(1.2))
				continue;
			if (d > far[0]) {
				best[1] = best[0], far[1] = far[0], ratio[1] = ratio[0];
				best[0] = row, far[0] = d, ratio[0] = x;
			} else if (d > far[1]) {
				best[1] = row, far[1] = d, ratio[1] = x;
			}
		}
	}
	*buf = '\0';
	for (k = 0; k < 2 && best[k]; k++)
		n += snprintf(buf + n, size - (size_t)n, "%s%.2g x %s", k ? ", " : "; beside it ", ratio[k],
			      c->metric[best[k]->metric].name);
}

/* In words only what both rules call one; --json counts what either does. */
static bool stands_out(const struct cmp_row *row, size_t i)
{
	return (row->outlier[i] & (STATS_OUT_SEVERE | STATS_OUT_MODZ)) == (STATS_OUT_SEVERE | STATS_OUT_MODZ);
}

static bool outlier_notes(const struct cmp *c, const struct cmp_result *r, const struct cmp_row *row, struct lines *l)
{
	const struct cmp_metric *m = &c->metric[row->metric];
	char more[256], value[32], median[32];
	size_t i;

	for (i = 0; row->n_outliers && i < row->n_unit; i++) {
		const struct cmp_iteration *it = &c->arm[row->arm].iter[row->unit[i].iter];

		if (!stands_out(row, i))
			continue;
		if (l->at == l->want)
			beside(c, r, row->arm, row->unit[i].iter, more, sizeof(more));
		if (say(l, "outlier kept: %s, %s iteration %u: %s, the arm's median is %s (severe by Tukey's fences, modified z "
			"above 3.5%s)%s%s%s", m->name, c->arm[row->arm].name, it->number, cmp_fmt_value(value, sizeof(value), row->unit[i].value),
			cmp_fmt_value(median, sizeof(median), row->desc.median),
			r->design.unit == CMP_UNIT_RUN && m->fresh ? ", one run of it" : "", more, it->trace ? "; see " : "",
			it->trace ? it->trace : ""))
			return true;
	}
	return false;
}

/* Wide tables would tell of a drift in every twentieth row. */
static double drift_alpha(const struct cmp_result *r)
{
	size_t rows = r->family[CMP_BENCHMARK];

	return rows > 4 ? 0.05 * 4 / (double)rows : 0.05;
}

static bool row_notes(const struct cmp *c, const struct cmp_result *r, const struct cmp_row *row, struct lines *l)
{
	const struct cmp_metric *m = &c->metric[row->metric];
	const char *arm = c->arm[row->arm].name;
	char lo[32], hi[32];

	if (m->source != CMP_BENCHMARK)
		return false;
	if (row->n_unit >= 5 && row->drift.mk_p < drift_alpha(r) &&
	    say(l, "drift: %s in %s goes %s over the run (Mann-Kendall p %s%.3f%s)", m->name, arm, row->drift.mk_s > 0 ? "up" : "down",
		row->drift.mk_p < 0.001 ? "below " : "", row->drift.mk_p < 0.001 ? 0.001 : row->drift.mk_p,
		r->design.order == CMP_ORDER_BLOCKS && !r->opts.unpaired ? "; the blocks take it out" : ""))
		return true;
	if (row->n_unit >= 8 && row->drift.lag1 > 2 / sqrt((double)row->n_unit) &&
	    say(l, "neighbours alike: %s in %s, lag-1 autocorrelation %.2f: its units are fewer than they look", m->name, arm,
		row->drift.lag1))
		return true;
	if (row->n_unit >= 5 && stands_out(row, 0) &&
	    say(l, "cold start: the first %s of %s is %+.1f %% off the median of the others; a warm-up run would keep it out", m->name,
		arm, row->first_vs_rest))
		return true;
	if (isfinite(row->modes.lo) &&
	    say(l, "two modes: %s in %s, %.0f %% of it about %s, the rest about %s; a mean stands for neither", m->name, arm,
		100 * row->modes.hi_share, cmp_fmt_value(hi, sizeof(hi), row->modes.hi), cmp_fmt_value(lo, sizeof(lo), row->modes.lo)))
		return true;
	return outlier_notes(c, r, row, l);
}

/* More of a resource for a better result is a trade, not a gain. */
static bool trade_notes(const struct cmp *c, const struct cmp_result *r, struct lines *l)
{
	size_t i, k;

	for (i = 0; i < r->n_rows; i++) {
		const struct cmp_row *cost = &r->row[i];

		if (cost->verdict != CMP_WORSE || strcmp(c->metric[cost->metric].name, "sched.run_time") != 0)
			continue;
		for (k = cost->arm; k < r->n_rows; k += c->n_arms)
			if (r->row[k].verdict == CMP_BETTER && c->metric[r->row[k].metric].source == CMP_BENCHMARK &&
			    say(l, "a trade: %s is better in %s, but it used %.1f %% more CPU time", c->metric[r->row[k].metric].name,
				c->arm[cost->arm].name, -cost->delta))
				return true;
	}
	return false;
}

bool cmp_note_line(const struct cmp *c, const struct cmp_result *r, unsigned int i, char *buf, size_t size)
{
	struct lines l = { .want = i, .buf = buf, .size = size };
	size_t k;

	if (design_notes(c, r, &l) || metric_notes(c, &l) || arm_notes(c, &l) || gap_notes(c, r, &l))
		return true;
	for (k = 0; k < r->n_rows; k++)
		if (row_notes(c, r, &r->row[k], &l))
			return true;
	return trade_notes(c, r, &l);
}
