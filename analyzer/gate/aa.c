// SPDX-License-Identifier: GPL-2.0-only
/* Pairs of what should be the same, and what comparing them gives. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../stats/desc.h"
#include "../stats/dist.h"
#include "aa.h"

const char *aa_scheme_name(enum aa_scheme s)
{
	static const char *const name[] = { "runs", "neighbours", "split" };

	return (unsigned int)s < sizeof(name) / sizeof(name[0]) ? name[s] : "?";
}

const char *aa_scheme_title(enum aa_scheme s)
{
	static const char *const title[] = {
		"every pair of the runs", "neighbouring runs: first and second, third and fourth, ...",
		"within a run: chunks of its iterations in run order, each dealt out A B B A",
	};

	return (unsigned int)s < sizeof(title) / sizeof(title[0]) ? title[s] : "?";
}

/* -------------------------------------------------------------------- pairs */

static bool counts(const struct cmp_iteration *it)
{
	return (it->complete || it->traced) && !it->excluded;
}

static struct aa_two *new_pair(struct aa_pairs *p, uint32_t a, uint32_t b, size_t most)
{
	struct aa_two *t = reallocarray(p->v, p->n + 1, sizeof(*t));

	if (!t)
		return NULL;
	p->v = t;
	t += p->n;
	memset(t, 0, sizeof(*t));
	t->side[0].arm = a;
	t->side[1].arm = b;
	t->side[0].iter = calloc(most + 1, sizeof(uint32_t));
	t->side[1].iter = calloc(most + 1, sizeof(uint32_t));
	p->n++;
	return t->side[0].iter && t->side[1].iter ? t : NULL;
}

static int pair_of_runs(const struct cmp *c, uint32_t a, uint32_t b, struct aa_pairs *p)
{
	const uint32_t arm[2] = { a, b };
	struct aa_two *t = new_pair(p, a, b, c->arm[a].n_iter > c->arm[b].n_iter ? c->arm[a].n_iter : c->arm[b].n_iter);
	size_t s, i;

	if (!t)
		return -ENOMEM;
	snprintf(t->id, sizeof(t->id), "%.290s/%.290s", c->arm[a].name, c->arm[b].name);
	for (s = 0; s < 2; s++)
		for (i = 0; i < c->arm[arm[s]].n_iter; i++)
			if (counts(&c->arm[arm[s]].iter[i]))
				t->side[s].iter[t->side[s].n++] = (uint32_t)i;
	return 0;
}

struct in_order { double start; uint32_t iter; };

static int by_start(const void *pa, const void *pb)
{
	const struct in_order *a = pa, *b = pb;

	if (a->start != b->start && !isnan(a->start) && !isnan(b->start))
		return a->start < b->start ? -1 : 1;
	return (a->iter > b->iter) - (a->iter < b->iter);
}

static int split(const struct cmp *c, uint32_t arm, size_t per_arm, struct aa_pairs *p)
{
	const struct cmp_arm *a = &c->arm[arm];
	struct in_order *o = calloc(a->n_iter + 1, sizeof(*o));
	size_t i, k, n = 0, chunk = 2 * per_arm;
	struct aa_two *t;
	bool known = true;

	if (!o)
		return -ENOMEM;
	for (i = 0; i < a->n_iter; i++) {
		if (!counts(&a->iter[i]))
			continue;
		known &= !isnan(a->iter[i].start);
		o[n++] = (struct in_order){ a->iter[i].start, (uint32_t)i };
	}
	if (known && n)
		qsort(o, n, sizeof(*o), by_start);
	if (n < chunk && n >= 4)
		chunk = n / 2 * 2;
	for (i = 0; i + chunk <= n; i += chunk) {
		t = new_pair(p, arm, arm, chunk);
		if (!t) {
			free(o);
			return -ENOMEM;
		}
		snprintf(t->id, sizeof(t->id), "%.500s:%u-%u", a->name, a->iter[o[i].iter].number,
			 a->iter[o[i + chunk - 1].iter].number);
		for (k = 0; k < chunk; k++) {
			struct aa_side *s = &t->side[k % 4 == 1 || k % 4 == 2];

			s->iter[s->n++] = o[i + k].iter;
		}
	}
	free(o);
	return 0;
}

int aa_pairs(const struct cmp *c, enum aa_scheme scheme, unsigned int per_arm, struct aa_pairs *p)
{
	uint32_t a, b;
	int err = 0;

	memset(p, 0, sizeof(*p));
	for (a = 0; a < c->n_arms && !err; a++) {
		if (scheme == AA_SPLIT)
			err = split(c, a, per_arm, p);
		else if (scheme == AA_NEIGHBOURS)
			err = a % 2 && a ? pair_of_runs(c, a - 1, a, p) : 0;
		for (b = a + 1; scheme == AA_RUNS && b < c->n_arms && !err; b++)
			err = pair_of_runs(c, a, b, p);
	}
	return err;
}

void aa_pairs_free(struct aa_pairs *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->v[i].side[0].iter);
		free(p->v[i].side[1].iter);
	}
	free(p->v);
	memset(p, 0, sizeof(*p));
}

/* --------------------------------------------------------------- comparison */

/* A comparison of its own of the two sides; names, paths and metrics stay those of c. */
struct view { struct cmp c; struct cmp_arm arm[2]; };

static void view_free(struct view *v)
{
	free(v->arm[0].iter);
	free(v->arm[1].iter);
	free(v->c.value);
}

static int view_make(const struct cmp *c, const struct aa_two *two, struct view *v)
{
	size_t s, i, k;

	memset(v, 0, sizeof(*v));
	v->c = *c;
	v->c.arm = v->arm;
	v->c.n_arms = 2;
	v->c.n_values = 0;
	v->c.value = calloc(c->n_values + 1, sizeof(*v->c.value));
	for (s = 0; s < 2; s++) {
		v->arm[s] = c->arm[two->side[s].arm];
		v->arm[s].n_iter = two->side[s].n;
		v->arm[s].iter = calloc(two->side[s].n + 1, sizeof(*v->arm[s].iter));
		if (!v->arm[s].iter || !v->c.value) {
			v->arm[1].iter = s ? v->arm[1].iter : NULL;
			view_free(v);
			return -ENOMEM;
		}
		for (i = 0; i < two->side[s].n; i++)
			v->arm[s].iter[i] = c->arm[two->side[s].arm].iter[two->side[s].iter[i]];
	}
	for (i = 0; i < c->n_values; i++) {
		for (s = 0; s < 2; s++) {
			const struct aa_side *side = &two->side[s];

			for (k = 0; side->arm == c->value[i].arm && k < side->n; k++) {
				if (side->iter[k] != c->value[i].iter)
					continue;
				v->c.value[v->c.n_values] = c->value[i];
				v->c.value[v->c.n_values].arm = (uint32_t)s;
				v->c.value[v->c.n_values++].iter = (uint32_t)k;
			}
		}
	}
	return 0;
}

static char *date_of(const struct cmp_arm *a)
{
	char buf[40];
	struct tm tm;
	time_t t;

	if (!a->n_iter || isnan(a->iter[0].start) || fabs(a->iter[0].start) > 1e11)
		return NULL;
	t = (time_t)a->iter[0].start;
	if (!gmtime_r(&t, &tm) || !strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	return strdup(buf);
}

static bool sure(const struct cmp_result *r, const struct cmp_row *row)
{
	return row->p_adj < r->opts.alpha &&
	       (fabs(row->delta) >= 100 * row->min_effect || (isnan(row->delta) && row->diff != 0));
}

static int take_rows(const struct cmp *c, const struct cmp_result *r, struct aa_pair *p)
{
	size_t m, n;
	int err = 0;

	p->units = SIZE_MAX;
	for (m = 0; m < c->n_metrics && !err; m++) {
		const struct cmp_row *row = cmp_row(c, r, m, 1), *base = row - 1;
		struct aa_delta d = { .metric = c->metric[m].name, .source = c->metric[m].source, .pct = row->delta };

		if (!row->n_unit || !base->n_unit || c->metric[m].unit_varies)
			continue;
		d.flagged = row->verdict == CMP_BETTER || row->verdict == CMP_WORSE || row->verdict == CMP_CHANGED;
		d.hidden = !d.flagged && (row->verdict == CMP_INDICATIVE || row->verdict == CMP_CONFOUNDED) &&
			   sure(r, row);
		n = row->n_unit < base->n_unit ? row->n_unit : base->n_unit;
		if (d.source == CMP_BENCHMARK)
			p->units = n < p->units ? n : p->units;
		err = aa_pair_delta(p, d);
	}
	p->units = p->units == SIZE_MAX ? 0 : p->units;
	return err;
}

static const char *kind_of(enum aa_scheme scheme, const struct cmp_result *r)
{
	if (scheme == AA_SPLIT)
		return "split";
	return r->design.order == CMP_ORDER_BLOCKS && !r->opts.unpaired ? "blocks" : "sequence";
}

static int compare_two(const struct cmp *c, const struct aa_two *two, enum aa_scheme scheme, const struct cmp_opts *how,
		       struct aa_store *s)
{
	struct aa_history *h;
	struct cmp_result r;
	struct aa_pair *p;
	struct view v;
	const char *kernel;
	int err = view_make(c, two, &v);

	if (err)
		return err;
	err = cmp_decide(&v.c, how, &r);
	if (!err) {
		h = aa_store_history(s, cmp_one_fact(&v.arm[0], "host.name"), c->benchmark, kind_of(scheme, &r));
		p = h ? aa_history_pair(h, two->id) : NULL;
		err = p ? take_rows(&v.c, &r, p) : -ENOMEM;
		if (h)
			h->added++;
		kernel = cmp_one_fact(&v.arm[0], "kernel.release");
		if (!err && kernel && !(p->kernel = strdup(kernel)))
			err = -ENOMEM;
		if (!err)
			p->date = date_of(&v.arm[0]);
		cmp_result_free(&r);
	}
	view_free(&v);
	return err;
}

int aa_compare(const struct cmp *c, const struct aa_pairs *p, enum aa_scheme scheme, const struct cmp_opts *how,
	       struct aa_store *s)
{
	size_t i;
	int err = 0;

	for (i = 0; i < p->n && !err; i++)
		err = compare_two(c, &p->v[i], scheme, how, s);
	return err;
}

/* ---------------------------------------------------------------------- sums */

static struct aa_metric *metric_of(struct aa_sum *s, const struct aa_delta *d)
{
	struct aa_metric *m;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->m[i].source == d->source && !strcmp(s->m[i].name, d->metric))
			return &s->m[i];
	m = reallocarray(s->m, s->n + 1, sizeof(*m));
	if (!m)
		return NULL;
	s->m = m;
	m += s->n++;
	*m = (struct aa_metric){ .name = d->metric, .source = d->source, .median = NAN, .floor = NAN, .max = NAN };
	return m;
}

static void add_pair(struct aa_sum *s, const struct aa_pair *p)
{
	bool flagged = false, hidden = false;
	size_t i;

	for (i = 0; i < p->n_deltas; i++) {
		const struct aa_delta *d = &p->delta[i];

		if (d->source != CMP_BENCHMARK)
			continue;
		s->tests++;
		s->flagged += d->flagged;
		flagged |= d->flagged;
		hidden |= d->hidden;
	}
	s->pairs_flagged += flagged;
	s->pairs_hidden += !flagged && hidden;
	s->units = p->units < s->units ? p->units : s->units;
}

/* |differences| of one metric, in room */
static size_t collect(const struct aa_history *h, struct aa_metric *m, double *room)
{
	size_t i, k, n = 0;

	for (i = 0; i < h->n; i++) {
		for (k = 0; k < h->pair[i].n_deltas; k++) {
			const struct aa_delta *d = &h->pair[i].delta[k];

			if (d->source != m->source || strcmp(d->metric, m->name) != 0)
				continue;
			m->flagged += d->flagged;
			m->hidden += d->hidden;
			if (isfinite(d->pct))
				room[n++] = fabs(d->pct);
		}
	}
	return n;
}

int aa_sum(const struct aa_history *h, struct aa_sum *s)
{
	size_t i, k;
	double *room;

	*s = (struct aa_sum){ .h = h, .units = SIZE_MAX };
	room = calloc(h->n + 1, sizeof(*room));
	if (!room)
		return -ENOMEM;
	for (i = 0; i < h->n; i++) {
		add_pair(s, &h->pair[i]);
		for (k = 0; k < h->pair[i].n_deltas; k++)
			if (!metric_of(s, &h->pair[i].delta[k])) {
				free(room);
				aa_sum_free(s);
				return -ENOMEM;
			}
	}
	for (i = 0; i < s->n; i++) {
		struct aa_metric *m = &s->m[i];

		m->pairs = collect(h, m, room);
		if (!m->pairs)
			continue;
		stats_sort(room, m->pairs);
		m->median = stats_quantile(room, m->pairs, 0.5);
		m->floor = stats_quantile(room, m->pairs, 0.95);
		m->max = room[m->pairs - 1];
	}
	s->units = s->units == SIZE_MAX ? 0 : s->units;
	free(room);
	return 0;
}

void aa_sum_free(struct aa_sum *s)
{
	free(s->m);
	memset(s, 0, sizeof(*s));
}

/* The p where the tail of k or more (upper: of k or fewer) has this size. */
static double limit(double k, double n, double tail, bool upper)
{
	double lo = 0, hi = 1, mid = 0.5, at;
	int i;

	for (i = 0; i < 100; i++) {
		mid = (lo + hi) / 2;
		at = upper ? stats_binom_cdf(k, n, mid) : 1 - stats_binom_cdf(k - 1, n, mid);
		if (upper ? at > tail : at < tail)
			lo = mid;
		else
			hi = mid;
	}
	return mid;
}

void aa_binomial(size_t k, size_t n, double level, double *lo, double *hi)
{
	double tail = (1 - level) / 2;

	*lo = *hi = NAN;
	if (!n)
		return;
	*lo = k ? limit((double)k, (double)n, tail, false) : 0;
	*hi = k < n ? limit((double)k, (double)n, tail, true) : 1;
}
