// SPDX-License-Identifier: GPL-2.0-only
/* One table of a difference: which keys are tested, and what the test of a comparison says of them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diff_int.h"

const char *hot_diff_kind_name(unsigned int kind)
{
	if (kind < HOT_KINDS)
		return hot_kind_name((enum hot_kind)kind);
	return kind == HOT_DIFF_CALLS ? "syscalls" : "syscall-time";
}

const char *hot_diff_by_name(enum hot_diff_by by)
{
	static const char *const name[] = { "reason", "function", "inclusive", "path", "line", "instruction", "comm", "syscall" };

	return (unsigned int)by < sizeof(name) / sizeof(name[0]) ? name[by] : "?";
}

bool hot_diff_has(const struct hot_diff *d, unsigned int kind, enum hot_diff_by by)
{
	if (!(d->total[kind].a + d->total[kind].b > 0)) /* NaN: not in both */
		return false;
	if (kind >= HOT_KINDS)
		return by == HOT_DIFF_SYSCALL || by == HOT_DIFF_COMM;
	switch (by) {
	case HOT_DIFF_INSTRUCTION:
		return kind == HOT_FAULT || kind == HOT_CPU;
	case HOT_DIFF_REASON:
		return kind == HOT_BLOCKED || kind == HOT_WAKER; /* those preempted have all the same */
	default:
		return by < HOT_DIFF_SYSCALL;
	}
}

/* ------------------------------------------------------------- sums by key */

struct sums {
	const struct hot_diff *d;
	enum hot_diff_by by;
	unsigned int kind;
	size_t n;       /* keys there may be */
	double *w;      /* by iteration, key */
	double *var;    /* of the difference of the arms' means, by sampling; by key */
	double *pooled; /* mean of A plus mean of B; by key */
	double *total, total_var;  /* by iteration */
	double *none, none_var;    /* of what has no such key; by iteration */
	uint32_t *seen; /* INCLUSIVE: the sum that counted the key last */
};

static size_t key_space(const struct hot_diff *d, enum hot_diff_by by)
{
	switch (by) {
	case HOT_DIFF_FUNCTION:
	case HOT_DIFF_INCLUSIVE:
		return d->n_frames;
	case HOT_DIFF_PATH:
		return d->n_paths;
	case HOT_DIFF_REASON:
		return HOT_REASONS;
	default:
		return d->priv->names.n_tags;
	}
}

/* DIFF_NONE: it has no such thing. */
static uint32_t key_of(const struct hot_diff *d, enum hot_diff_by by, const struct diff_sum *s)
{
	switch (by) {
	case HOT_DIFF_FUNCTION:
		return d->path[s->path].n ? d->path[s->path].frame[0] : DIFF_NONE;
	case HOT_DIFF_PATH:
		return s->path;
	case HOT_DIFF_LINE:
		return s->line;
	case HOT_DIFF_INSTRUCTION:
		return s->place;
	case HOT_DIFF_REASON:
		return s->reason;
	case HOT_DIFF_COMM:
		return s->comm;
	default:
		return s->call;
	}
}

static void add_key(struct sums *s, size_t i, uint32_t key, double weight, double var)
{
	if (key >= s->n) {
		s->none[i] += weight;
		s->none_var += var;
		return;
	}
	s->w[i * s->n + key] += weight;
	s->var[key] += var;
}

/* A function that calls itself is on the path once. */
static void add_callers(struct sums *s, size_t i, uint32_t mark, const struct hot_path *p, double weight, double var)
{
	uint32_t k;

	for (k = 0; k < p->n; k++) {
		if (s->seen[p->frame[k]] == mark)
			continue;
		s->seen[p->frame[k]] = mark;
		add_key(s, i, p->frame[k], weight, var);
	}
}

static void sum_up(struct sums *s)
{
	const struct hot_diff_int *d = s->d->priv;
	uint32_t mark = 0;
	size_t i, k;

	for (i = 0; i < d->n_iter; i++) {
		const struct diff_iter *it = &d->iter[i];
		double by = diff_unit(s->d, it), n = (double)s->d->iterations[s->kind][it->arm];

		for (k = 0; k < it->n[s->kind] && !it->why; k++) {
			const struct diff_sum *x = &it->sum[s->kind][k];
			double w = x->weight / by, var = x->variance / by / by / n / n;

			s->total[i] += w;
			s->total_var += var;
			if (s->by == HOT_DIFF_INCLUSIVE)
				add_callers(s, i, ++mark, &s->d->path[x->path], w, var);
			else
				add_key(s, i, key_of(s->d, s->by, x), w, var);
		}
		for (k = 0; k < s->n && !it->why && it->has[s->kind]; k++)
			s->pooled[k] += s->w[i * s->n + k] / n;
	}
}

static void sums_free(struct sums *s)
{
	free(s->w);
	free(s->var);
	free(s->pooled);
	free(s->total);
	free(s->none);
	free(s->seen);
}

static int sums_make(struct sums *s)
{
	s->n = key_space(s->d, s->by);
	s->w = calloc(s->d->priv->n_iter * s->n + 1, sizeof(*s->w));
	s->var = calloc(s->n + 1, sizeof(*s->var));
	s->pooled = calloc(s->n + 1, sizeof(*s->pooled));
	s->total = calloc(s->d->priv->n_iter + 1, sizeof(*s->total));
	s->none = calloc(s->d->priv->n_iter + 1, sizeof(*s->none));
	s->seen = calloc(s->n + 1, sizeof(*s->seen));
	if (!s->w || !s->var || !s->pooled || !s->total || !s->none || !s->seen)
		return -ENOMEM;
	sum_up(s);
	return 0;
}

/* ------------------------------------------------------------------ family */

static int by_pooled(const void *a, const void *b, void *ctx)
{
	const double *pooled = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (pooled[x] != pooled[y])
		return pooled[x] > pooled[y] ? -1 : 1;
	return (x > y) - (x < y);
}

/*
 * By what they weigh in both arms together: that says nothing of how the arms differ, so
 * the tests of those chosen stay what they are.
 */
static int choose(struct hot_diff_part *p, const struct sums *s, uint32_t **out, size_t *n)
{
	double all = s->d->total[p->kind].a + s->d->total[p->kind].b;
	uint32_t *key = calloc(s->n + 1, sizeof(*key));
	size_t i, some = 0;

	if (!key)
		return -ENOMEM;
	for (i = 0; i < s->n; i++)
		if (s->pooled[i] > 0)
			key[some++] = (uint32_t)i;
	qsort_r(key, some, sizeof(*key), by_pooled, s->pooled);
	for (i = 0; i < some && i < HOT_DIFF_MAX_KEYS && s->pooled[key[i]] >= p->min_share * all; i++)
		;
	*out = key;
	*n = i;
	p->n_below = some - i;
	return 0;
}

static void name_tag(struct hot_diff_part *p, uint32_t tag, struct hot_diff_key *k)
{
	const struct diff_tag *t = &p->d->priv->names.tag[tag];
	const struct hot_frame *f = t->frame == DIFF_NONE ? NULL : &p->d->frame[t->frame];
	size_t len;
	char *s;

	if (!f) {
		k->name = *t->text ? t->text : "[unknown]";
		return;
	}
	k->name = f->name;
	k->detail = p->by == HOT_DIFF_LINE ? t->text : f->module;
	if (p->by == HOT_DIFF_LINE || f->flags & HOT_UNKNOWN)
		return;
	len = strlen(f->name) + strlen(t->text) + 3;
	s = arena_alloc(p->mem, len);
	if (s)
		snprintf(s, len, "%s%s", f->name, *t->text ? t->text : "+?");
	k->name = s;
}

static int name_key(struct hot_diff_part *p, uint32_t key, struct hot_diff_key *k)
{
	const struct hot_path *path;

	switch (p->by) {
	case HOT_DIFF_FUNCTION:
	case HOT_DIFF_INCLUSIVE:
		k->name = p->d->frame[key].name;
		k->detail = p->d->frame[key].module;
		break;
	case HOT_DIFF_PATH:
		path = &p->d->path[key];
		k->path = key;
		k->name = path->n ? p->d->frame[path->frame[0]].name : "[unknown]";
		k->detail = path->n ? p->d->frame[path->frame[0]].module : "";
		break;
	case HOT_DIFF_REASON:
		k->name = hot_reason_name((enum hot_reason)key);
		break;
	default:
		name_tag(p, key, k);
	}
	return k->name ? 0 : -ENOMEM;
}

/* A metric of its own, and its value in every iteration that has the kind. */
static int put_metric(struct hot_diff_part *p, const char *name, bool total, const double *v, size_t step, double var,
		      struct hot_diff_key *k)
{
	const struct hot_diff_int *d = p->d->priv;
	bool count = p->kind == HOT_FAULT || p->kind == HOT_DIFF_CALLS;
	/* BETTER and WORSE are shown as MORE and LESS: neither is good or bad by itself */
	int m = cmp_metric(&p->c, name, count ? "count" : "ns", METRIC_HIGHER, total ? CMP_BENCHMARK : CMP_KERNEL);
	size_t i;
	int err = m < 0 ? m : 0;

	if (err)
		return err;
	k->metric = (uint32_t)m;
	k->se = sqrt(var);
	p->c.metric[m].kind = count ? METRIC_COUNT : METRIC_TIME;
	for (i = 0; i < d->n_iter && !err; i++) {
		const struct diff_iter *it = &d->iter[i];

		if (!it->why && it->has[p->kind])
			err = cmp_value(&p->c, (uint32_t)m, &p->c.arm[it->arm], &p->c.arm[it->arm].iter[it->iter], v[i * step]);
	}
	return err;
}

/* What is below the threshold, together: with it the rows add up to the total. Those chosen are 0 by now. */
static int put_rest(struct hot_diff_part *p, const struct sums *s)
{
	size_t i, k, n_iter = p->d->priv->n_iter;
	double var = s->none_var;

	p->has_rest = p->n_below > 0;
	for (i = 0; i < n_iter; i++)
		p->has_rest |= s->none[i] > 0;
	if (!p->has_rest) /* and is no test */
		return 0;
	for (k = 0; k < s->n; k++)
		var += s->var[k];
	for (i = 0; i < n_iter; i++)
		for (k = 0; k < s->n; k++)
			s->none[i] += s->w[i * s->n + k];
	return put_metric(p, "rest", false, s->none, 1, var, &p->rest);
}

static int put_keys(struct hot_diff_part *p, struct sums *s, const uint32_t *chosen)
{
	char name[64];
	size_t i, k;
	int err;

	snprintf(name, sizeof(name), "%s in all", hot_diff_kind_name(p->kind));
	err = put_metric(p, name, true, s->total, 1, s->total_var, &p->total);
	for (k = 0; k < p->n_keys && !err; k++) {
		p->key[k].path = HOT_DIFF_NO_PATH;
		snprintf(name, sizeof(name), "%zu", k);
		err = name_key(p, chosen[k], &p->key[k]);
		err = err ? err : put_metric(p, name, false, s->w + chosen[k], s->n, s->var[chosen[k]], &p->key[k]);
		for (i = 0; i < p->d->priv->n_iter; i++)
			s->w[i * s->n + chosen[k]] = 0;
		s->var[chosen[k]] = 0;
	}
	return err || p->by == HOT_DIFF_INCLUSIVE ? err : put_rest(p, s);
}

/* ------------------------------------------------------------------- tables */

static void take_means(const struct hot_diff_part *p, struct hot_diff_key *k)
{
	const struct cmp_row *row = cmp_row(&p->c, &p->r, k->metric, 0);

	k->w.a = row[0].desc.n ? row[0].desc.mean : NAN;
	k->w.b = row[1].desc.n ? row[1].desc.mean : NAN;
}

static int by_difference(const void *a, const void *b)
{
	const struct hot_diff_key *x = a, *y = b;
	double dx = fabs(x->w.b - x->w.a), dy = fabs(y->w.b - y->w.a);
	int c;

	if (dx != dy)
		return dx > dy ? -1 : 1;
	c = strcmp(x->name, y->name);
	c = c ? c : strcmp(x->detail ? x->detail : "", y->detail ? y->detail : "");
	return c ? c : (x->path > y->path) - (x->path < y->path);
}

static int mark_paths(struct hot_diff_part *p)
{
	struct hot_diff_weight *w;
	int err = hot_diff_paths(p->d, (enum hot_kind)p->kind, &w);

	if (err)
		return err;
	err = hot_diff_marks(p->d, w, &p->mark);
	free(w);
	return err;
}

static int fill_part(struct hot_diff_part *p, const struct cmp_opts *how)
{
	struct sums s = { .d = p->d, .by = p->by, .kind = p->kind };
	uint32_t *chosen = NULL;
	size_t i;
	int err = sums_make(&s);

	err = err ? err : choose(p, &s, &chosen, &p->n_keys);
	p->key = err ? NULL : calloc(p->n_keys + 1, sizeof(*p->key));
	if (!err && !p->key)
		err = -ENOMEM;
	err = err ? err : put_keys(p, &s, chosen);
	err = err ? err : cmp_decide(&p->c, how, &p->r);
	for (i = 0; i < p->n_keys && !err; i++)
		take_means(p, &p->key[i]);
	if (!err) {
		take_means(p, &p->total);
		if (p->has_rest)
			take_means(p, &p->rest);
		qsort(p->key, p->n_keys, sizeof(*p->key), by_difference);
		err = p->by == HOT_DIFF_PATH ? mark_paths(p) : 0;
	}
	free(chosen);
	sums_free(&s);
	return err;
}

int hot_diff_part(const struct hot_diff *d, unsigned int kind, enum hot_diff_by by, const struct hot_diff_opts *o,
		  struct hot_diff_part *p)
{
	int err;

	memset(p, 0, sizeof(*p));
	p->d = d;
	p->kind = kind;
	p->by = by;
	p->min_share = o->min_share > 0 ? o->min_share : HOT_DIFF_MIN_SHARE;
	p->c = (struct cmp){ .arm = d->c->arm, .n_arms = d->c->n_arms, .dir = d->c->dir, .log = o->log, .log_ctx = o->log_ctx };
	p->rest.path = p->total.path = HOT_DIFF_NO_PATH;
	p->mem = arena_new();
	err = p->mem ? fill_part(p, &o->how) : -ENOMEM;
	if (err)
		hot_diff_part_free(p);
	return err;
}

void hot_diff_part_free(struct hot_diff_part *p)
{
	p->c.arm = NULL; /* the gatherer's */
	p->c.n_arms = 0;
	p->c.dir = NULL;
	cmp_free(&p->c);
	cmp_result_free(&p->r);
	free(p->key);
	free(p->mark);
	arena_free(p->mem);
	memset(p, 0, sizeof(*p));
}
