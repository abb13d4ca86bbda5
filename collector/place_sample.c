// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which share of the resident pages of a process is on which node, from the nodes of
 * some of them.
 *
 * Design. The addresses are a population of pages of which a part is resident. The
 * largest mappings are a stratum each, the others one together. Of stratum i with N_i
 * pages, n_i addresses are drawn: the stratum is cut into n_i equal cells and each gives
 * one page at random. A stratum of which half or more would be drawn is asked for whole.
 * A pilot finds how dense the strata are; the rest is dealt out by N_i sqrt(density_i),
 * which is least variance for a given number of draws (Neyman's allocation: Cochran,
 * Sampling Techniques, 3rd ed., ch. 5), so that reserved, empty addresses cost little.
 * Strata in which it finds next to nothing are looked at longer while memory is missing.
 *
 * Estimator. Share s_j of node j = T_j / T, with T_j = sum_i N_i k_ij / n_i over strata
 * (k_ij: draws on j), T the same of all resident draws. Its variance is that of the
 * linearised ratio, z = [on j] - s_j [resident]:
 *   V_j = 1/T^2 sum_i N_i^2 var_i(z) / n_i,  0 for a stratum asked for whole.
 * One draw a cell varies at most as independent draws do (the mean variance within
 * cells is at most that of the stratum), so this is an upper limit. No correction for
 * the finite population is made: it could be too much of a good thing, since draws of
 * one a cell do not gain by it as a simple random sample does; below a half it is worth
 * less than a factor of 1.42 in the width.
 *
 * Interval. Estimated variances are 0 where all draws agree, which says nothing of what
 * was not drawn. So precision is never claimed beyond that of the resident draws if
 * they were not stratified: V_j >= s_j (1 - s_j) / n_kish, n_kish = T^2 / sum_i (N_i /
 * n_i)^2 k_i (Kish's effective size of a weighted sample, over the strata that are not
 * whole). n* = s_j (1 - s_j) / V_j is the size of a simple random sample that says as
 * much; the interval is Wilson's score interval for n* (Dean and Pagano, J. Surv. Stat.
 * Methodol. 3, 2015, of such intervals of surveys; Brown, Cai and DasGupta, Stat. Sci.
 * 16, 2001, why Wilson's), which has a width where the share is 0 or 1, too.
 *
 * What the sample cannot find (a few pages in terabytes of reserved addresses) shows in
 * T, as the kernel says how much is resident: where that is more than T by 2 % and two
 * standard errors of T, the missing share u may be anywhere: lo (1 - u), hi (1 - u) + u.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "place.h"

#define TARGET 4096
#define OWN 32       /* mappings that are a stratum each */
#define PILOT 48     /* draws of a stratum */
#define FEW 4        /* pages found in a pilot, from which on its density is worth something */
#define LONGEST 4096 /* draws of a stratum in which little is found */
#define MOST 16      /* draws a page found, at most */
#define BATCH 512
#define Z95 1.959963985
#define U_MIN 0.02

struct stratum {
	const struct mmt_place_map *map; /* n of them */
	size_t n;
	const uint64_t *before; /* pages before each map; NULL: one map */
	uint64_t pages, draws, hits;
	bool whole;
	uint32_t at[MMT_PLACE_KINDS][MMT_MAX_NODES];
};

struct sample {
	const struct mmt_place_sample_opts *o;
	mmt_place_query query;
	void *ctx;
	uint64_t rnd, total_draws;
	struct stratum s[OWN + 1];
	unsigned int n;
	uint64_t *before;
	/* of a batch */
	uint64_t addr[BATCH];
	uint8_t kind[BATCH];
	int node[BATCH];
};

/* SplitMix64 */
static uint64_t rnd(struct sample *p)
{
	uint64_t z = p->rnd += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static int cmp_pages(const void *a, const void *b)
{
	const struct mmt_place_map *x = a, *y = b;

	if (x->pages != y->pages)
		return x->pages < y->pages ? 1 : -1;
	return (x->start > y->start) - (x->start < y->start);
}

static int strata(struct sample *p, struct mmt_place_map *maps, size_t n)
{
	size_t own = n < OWN ? n : OWN, i;
	struct stratum *pool;

	if (n)
		qsort(maps, n, sizeof(*maps), cmp_pages);
	for (i = 0; i < own; i++)
		p->s[i] = (struct stratum){ .map = &maps[i], .n = 1, .pages = maps[i].pages };
	p->n = (unsigned int)own;
	if (own == n)
		return 0;
	p->before = calloc(n - own + 1, sizeof(*p->before));
	if (!p->before)
		return -ENOMEM;
	for (i = own; i < n; i++)
		p->before[i - own + 1] = p->before[i - own] + maps[i].pages;
	pool = &p->s[p->n++];
	*pool = (struct stratum){ .map = &maps[own], .n = n - own, .before = p->before, .pages = p->before[n - own] };
	return 0;
}

static double weight(const struct stratum *s)
{
	return s->draws ? (double)s->pages / (double)s->draws : 0;
}

static uint64_t page_at(const struct sample *p, const struct stratum *s, uint64_t i, uint8_t *kind)
{
	size_t lo = 0, hi = s->n, mid;

	while (s->before && hi - lo > 1) {
		mid = lo + (hi - lo) / 2;
		if (s->before[mid] <= i)
			lo = mid;
		else
			hi = mid;
	}
	*kind = (uint8_t)s->map[lo].kind;
	return s->map[lo].start + (i - (s->before ? s->before[lo] : 0)) * p->o->page_kb * 1024;
}

static int ask(struct sample *p, struct stratum *s, size_t n)
{
	size_t i;
	int err = p->query(p->ctx, p->addr, p->node, n);

	for (i = 0; i < n && !err; i++) {
		if (p->node[i] >= MMT_MAX_NODES)
			return -ERANGE;
		if (p->node[i] < 0)
			continue;
		s->at[p->kind[i]][p->node[i]]++;
		s->hits++;
	}
	s->draws += n;
	p->total_draws += n;
	return err;
}

/* i-th of n equal parts; no overflow for what fits an address space of 2^57 */
static uint64_t part(uint64_t pages, uint64_t i, uint64_t n)
{
	return pages / n * i + pages % n * i / n;
}

/* n more pages of a stratum, one of each cell; all of them where that is not many more. */
static int draw(struct sample *p, struct stratum *s, uint64_t n)
{
	uint64_t i, lo, hi;
	size_t k = 0;
	int err = 0;

	if (s->whole || !n || !s->pages)
		return 0;
	if (s->draws + n >= s->pages / 2) {
		s->whole = true;
		s->draws = s->hits = 0;
		memset(s->at, 0, sizeof(s->at));
		n = s->pages;
	}
	for (i = 0; i < n && !err; i++) {
		lo = part(s->pages, i, n);
		hi = part(s->pages, i + 1, n);
		p->addr[k] = page_at(p, s, s->whole ? lo : lo + rnd(p) % (hi - lo), &p->kind[k]);
		if (++k == BATCH || i + 1 == n) {
			err = ask(p, s, k);
			k = 0;
		}
	}
	return err;
}

/* The share of the resident memory that the draws do not account for; 0 where that is not known. */
static double missing(const struct sample *p)
{
	double found = 0;
	unsigned int i;

	for (i = 0; i < p->n; i++)
		found += weight(&p->s[i]) * (double)p->s[i].hits;
	return p->o->resident_kb ? 1 - found * p->o->page_kb / (double)p->o->resident_kb : 0;
}

/* Look again, and again twice as often, where little was found and much of the memory may be. */
static int look_longer(struct sample *p)
{
	double much = U_MIN / 4 * (double)p->o->resident_kb / p->o->page_kb;
	bool more = true;
	unsigned int i;
	int err = 0;

	while (more && !err && missing(p) > U_MIN) {
		more = false;
		for (i = 0; i < p->n && !err; i++) {
			struct stratum *s = &p->s[i];

			if (s->whole || s->hits >= FEW || weight(s) < much || s->draws > LONGEST)
				continue;
			err = draw(p, s, s->draws);
			more = true;
		}
		more &= p->total_draws < LONGEST * 4;
	}
	return err;
}

/* Deal out the draws that are expected to find the target. Where the pilot found nothing is left alone. */
static int second_stage(struct sample *p)
{
	double size[OWN + 1], sum = 0, found = 0, want, per;
	uint64_t have = 0, most;
	unsigned int i, target = p->o->target ? p->o->target : TARGET;
	int err = 0;

	for (i = 0; i < p->n; i++) {
		double density = p->s[i].draws ? (double)p->s[i].hits / (double)p->s[i].draws : 0;

		size[i] = p->s[i].whole ? 0 : (double)p->s[i].pages * sqrt(density);
		sum += size[i];
		found += size[i] * density;
		have += p->s[i].hits;
	}
	if (have >= target || found <= 0)
		return 0;
	most = (uint64_t)target * MOST;
	want = (double)(target - have) * sum / found;
	if (want > (double)most)
		want = (double)most;
	per = want / sum;
	for (i = 0; i < p->n && !err; i++)
		err = draw(p, &p->s[i], (uint64_t)(per * size[i] + 0.5));
	return err;
}

void mmt_place__wilson(double share, double n, double *lo, double *hi)
{
	double z2 = Z95 * Z95, mid, half;

	*lo = *hi = share;
	if (!isfinite(n))
		return;
	if (n <= 0) {
		*lo = 0;
		*hi = 1;
		return;
	}
	mid = (share + z2 / (2 * n)) / (1 + z2 / n);
	half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
	*lo = share <= 0 || mid - half < 0 ? 0 : mid - half;
	*hi = share >= 1 || mid + half > 1 ? 1 : mid + half;
}

struct totals {
	double all;   /* pages resident, estimated */
	double w2;    /* sum of squared weights of resident draws, of strata that are not whole */
	double se;    /* of all */
	double share_seen; /* 1 - unseen */
};

static struct totals totals_of(const struct sample *p)
{
	struct totals t = { 0 };
	double var = 0;
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		const struct stratum *s = &p->s[i];
		double w = weight(s), d = s->draws ? (double)s->hits / (double)s->draws : 0;

		t.all += w * (double)s->hits;
		if (s->whole || s->draws < 2)
			continue;
		t.w2 += w * w * (double)s->hits;
		var += w * w * (double)s->draws * d * (1 - d) * (double)s->draws / (double)(s->draws - 1);
	}
	t.se = sqrt(var);
	t.share_seen = 1;
	return t;
}

/* Estimate and interval of one kind (ALL: all of them) on one node. */
static struct mmt_place_cell cell(const struct sample *p, const struct totals *t, unsigned int kind, unsigned int node,
				  uint64_t kb)
{
	double pages = 0, share, var = 0, bound, n, lo, hi;
	struct mmt_place_cell c = { 0 };
	unsigned int i;

	for (i = 0; i < p->n; i++)
		pages += weight(&p->s[i]) * p->s[i].at[kind][node];
	share = pages / t->all;
	share = share > 1 ? 1 : share;
	for (i = 0; i < p->n; i++) {
		const struct stratum *s = &p->s[i];
		double d = (double)s->draws, k = s->at[kind][node], w = weight(s), mean, square;

		if (s->whole || s->draws < 2)
			continue;
		mean = (k - share * (double)s->hits) / d;
		square = (k * (1 - share) * (1 - share) + ((double)s->hits - k) * share * share) / d;
		var += w * w * d * (square - mean * mean) * d / (d - 1);
	}
	var /= t->all * t->all;
	bound = share * (1 - share) * t->w2 / (t->all * t->all);
	var = var > bound ? var : bound;
	if (t->w2 <= 0)
		n = INFINITY;
	else
		n = share > 0 && share < 1 && var > 0 ? share * (1 - share) / var : t->all * t->all / t->w2;
	mmt_place__wilson(share, n, &lo, &hi);
	lo *= t->share_seen;
	hi = hi * t->share_seen + 1 - t->share_seen;
	c.kb = (uint64_t)(share * (double)kb + 0.5);
	c.lo = (uint64_t)(lo * (double)kb + 0.5);
	c.hi = (uint64_t)(hi * (double)kb + 0.5);
	if (t->share_seen < 1 && (!isfinite(n) || n > Z95 * Z95 / ((hi - lo) * (hi - lo))))
		n = Z95 * Z95 / ((hi - lo) * (hi - lo));
	c.n = isfinite(n) ? (n < 1 ? 1 : (uint64_t)n) : 0;
	return c;
}

static void sum_kinds(struct stratum *s)
{
	unsigned int k, j;

	for (k = MMT_PLACE_ALL + 1; k < MMT_PLACE_KINDS; k++)
		for (j = 0; j < MMT_MAX_NODES; j++)
			s->at[MMT_PLACE_ALL][j] += s->at[k][j];
}

static int estimate(struct sample *p, struct mmt_placement *out)
{
	const struct mmt_place_sample_opts *o = p->o;
	struct totals t;
	unsigned int i, k;
	double u;

	for (i = 0; i < p->n; i++) {
		sum_kinds(&p->s[i]);
		out->hits += p->s[i].hits;
	}
	out->draws = p->total_draws;
	t = totals_of(p);
	if (t.all <= 0)
		return -ENODATA;
	out->kb = o->resident_kb ? o->resident_kb : (uint64_t)(t.all * o->page_kb + 0.5);
	u = 1 - t.all * o->page_kb / (double)out->kb;
	if (u > U_MIN + 2 * t.se * o->page_kb / (double)out->kb) {
		out->unseen = u;
		t.share_seen = 1 - u;
	}
	for (i = 0; i < MMT_MAX_NODES; i++) {
		struct mmt_place_cell all = cell(p, &t, MMT_PLACE_ALL, i, out->kb);

		if (!all.kb && i >= o->n_nodes)
			continue;
		out->n_nodes = i + 1;
		out->at[MMT_PLACE_ALL][i] = all;
		for (k = MMT_PLACE_ALL + 1; k < MMT_PLACE_KINDS; k++) {
			struct mmt_place_cell c = cell(p, &t, k, i, out->kb);

			if (c.kb)
				out->at[k][i] = c;
		}
	}
	return 0;
}

int mmt_place__sample(struct mmt_place_map *maps, size_t n, const struct mmt_place_sample_opts *o,
		      mmt_place_query query, void *ctx, struct mmt_placement *out)
{
	struct sample *p = calloc(1, sizeof(*p));
	unsigned int i;
	int err;

	if (!p)
		return -ENOMEM;
	p->o = o;
	p->query = query;
	p->ctx = ctx;
	p->rnd = o->seed;
	memset(out, 0, sizeof(*out));
	out->method = MMT_PLACE_SAMPLE;
	out->mappings = n;
	err = strata(p, maps, n);
	for (i = 0; i < p->n && !err; i++)
		err = draw(p, &p->s[i], p->s[i].before ? 4 * PILOT : PILOT);
	err = err ? err : look_longer(p);
	err = err ? err : second_stage(p);
	err = err ? err : estimate(p, out);
	free(p->before);
	free(p);
	return err;
}
