// SPDX-License-Identifier: GPL-2.0-only
/* From paths to a tree; what is too small is folded; what differs is tested. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "../page/html.h"
#include "../stats/dist.h"
#include "../stats/multiple.h"
#include "../stats/test.h"
#include "flame.h"

#define NONE UINT32_MAX

struct full { /* a node of the whole tree */
	uint32_t fn, parent, first, last, next;
	double w[STACKS_ARMS], self[STACKS_ARMS], variance[STACKS_ARMS];
	bool keep;
};

struct tree {
	const struct stacks *s;
	struct full *node; size_t n, cap;
	double *run;       /* by node, then run; NULL where nothing is tested over runs */
	uint32_t *of_line; /* node where each path of stacks ends */
	uint32_t *at;      /* of each node in the flame, the node here */
};

static uint32_t add_node(struct tree *t, uint32_t parent, uint32_t fn)
{
	struct full *n = array_more(&t->node, &t->n, &t->cap, sizeof(*n));
	uint32_t i = (uint32_t)t->n - 1;

	if (!n)
		return NONE;
	n->fn = fn;
	n->parent = parent;
	n->first = n->last = n->next = NONE;
	if (parent != NONE) {
		struct full *p = &t->node[parent];

		if (p->first == NONE)
			p->first = i;
		else
			t->node[p->last].next = i;
		p->last = i;
	}
	return i;
}

/* Paths are sorted: what one has in common with the one before is the nodes that are open. */
static int grow(struct tree *t)
{
	const struct stacks *s = t->s;
	uint32_t max = 2, k, d, n, at, *open;
	size_t i;

	for (i = 0; i < s->n_lines; i++)
		max = s->line[i].n + 2 > max ? s->line[i].n + 2 : max;
	open = calloc(max, sizeof(*open));
	t->of_line = calloc(s->n_lines + 1, sizeof(*t->of_line));
	if (!open || !t->of_line) {
		free(open);
		return -ENOMEM;
	}
	open[0] = add_node(t, NONE, FLAME_ALL);
	n = 0;
	for (i = 0; open[n] != NONE && i < s->n_lines; i++) {
		const struct stacks_line *l = &s->line[i];
		bool grouped = *s->group[l->group] != '\0', same = true;

		for (d = 1, k = 0; k < l->n + grouped; k++, d++) {
			uint32_t fn = grouped && !k ? (uint32_t)s->n_fns + l->group : l->fn[k - grouped];

			same = same && d <= n && t->node[open[d]].fn == fn;
			if (same)
				continue;
			open[d] = add_node(t, open[d - 1], fn);
			n = d;
			if (open[d] == NONE)
				break;
		}
		n = d - 1;
		if (open[n] == NONE)
			break;
		at = t->of_line[i] = open[n];
		t->node[at].self[0] += stacks_mean(s, l->w, 0);
		t->node[at].self[1] += stacks_mean(s, l->w, 1);
		for (k = 0; k < STACKS_ARMS; k++)
			t->node[at].variance[k] += l->variance[k];
	}
	at = open[n];
	free(open);
	return at == NONE ? -ENOMEM : 0;
}

/* Weights of runs, first each node's own. */
static int by_runs(struct tree *t)
{
	size_t i, k, runs = t->s->n_runs;

	t->run = calloc(t->n * runs + 1, sizeof(*t->run));
	if (!t->run)
		return -ENOMEM;
	for (i = 0; i < t->s->n_lines; i++)
		for (k = 0; k < runs; k++)
			t->run[t->of_line[i] * runs + k] += t->s->line[i].w[k];
	return 0;
}

/* Children come after their parents: from the end on, each adds to its parent. */
static void sum_up(struct tree *t)
{
	size_t i, k, runs = t->s->n_runs;

	for (i = t->n; i-- > 0;) {
		struct full *n = &t->node[i], *p = n->parent == NONE ? NULL : &t->node[n->parent];

		for (k = 0; k < STACKS_ARMS; k++) {
			n->w[k] += n->self[k];
			if (p) {
				p->w[k] += n->w[k];
				p->variance[k] += n->variance[k];
			}
		}
		for (k = 0; p && t->run && k < runs; k++)
			t->run[n->parent * runs + k] += t->run[i * runs + k];
	}
}

/* How many nodes are kept at this threshold, with those that stand for what is folded. */
static size_t mark(struct tree *t, double share, bool diff)
{
	const struct full *root = &t->node[0];
	size_t i, n = 0;

	for (i = 0; i < t->n; i++) {
		struct full *x = &t->node[i];

		x->keep = !i || (x->w[0] > 0 && x->w[0] >= share * root->w[0]) ||
			  (diff && x->w[1] > 0 && x->w[1] >= share * root->w[1]);
		n += x->keep;
	}
	for (i = 0; i < t->n; i++) { /* the first child that is folded counts for all of them */
		const struct full *x = &t->node[i];
		uint32_t c = x->keep ? x->first : NONE;

		while (c != NONE && t->node[c].keep)
			c = t->node[c].next;
		n += c != NONE;
	}
	return n;
}

static int by_weight(const void *a, const void *b, void *ctx)
{
	const struct full *node = ctx, *x = &node[*(const uint32_t *)a], *y = &node[*(const uint32_t *)b];
	double d = (y->w[0] + y->w[1]) - (x->w[0] + x->w[1]);

	return d != 0 ? (d > 0 ? 1 : -1) : x->fn < y->fn ? -1 : x->fn > y->fn;
}

static void emit_other(struct tree *t, struct flame *fl, uint32_t parent, uint32_t depth)
{
	struct flame_node other = { .depth = depth, .fn = FLAME_OTHER, .p = NAN };
	uint32_t c;

	for (c = t->node[parent].first; c != NONE; c = t->node[c].next) {
		if (t->node[c].keep)
			continue;
		other.w[0] += t->node[c].w[0];
		other.w[1] += t->node[c].w[1];
	}
	if (other.w[0] <= 0 && other.w[1] <= 0)
		return;
	other.self[0] = other.w[0];
	other.self[1] = other.w[1];
	t->at[fl->n] = NONE;
	fl->node[fl->n++] = other;
	if (depth > fl->depth)
		fl->depth = depth;
}

/* As deep as a path: 127 frames and what is inlined into them. */
static void emit(struct tree *t, struct flame *fl, uint32_t i, uint32_t depth, uint32_t *child)
{
	const struct full *x = &t->node[i];
	uint32_t c, n = 0, k;

	t->at[fl->n] = i;
	fl->node[fl->n++] = (struct flame_node){ .depth = depth, .fn = x->fn, .w = { x->w[0], x->w[1] },
						 .self = { x->self[0], x->self[1] }, .p = NAN };
	if (depth > fl->depth)
		fl->depth = depth;
	for (c = x->first; c != NONE; c = t->node[c].next)
		if (t->node[c].keep)
			child[n++] = c;
	qsort_r(child, n, sizeof(*child), by_weight, t->node);
	for (k = 0; k < n; k++)
		emit(t, fl, child[k], depth + 1, child + n);
	emit_other(t, fl, i, depth + 1);
}

/* ------------------------------------------------------------------- noise */

static int welch(const struct stacks *s, const double *w, size_t n, double *p, const char **how)
{
	double *x[STACKS_ARMS] = { calloc(s->n_runs + 1, sizeof(**x)), calloc(s->n_runs + 1, sizeof(**x)) };
	int err = x[0] && x[1] ? 0 : -ENOMEM;
	struct stats_welch r;
	size_t i, k, m[STACKS_ARMS];

	for (i = 0; i < n && !err; i++) {
		m[0] = m[1] = 0;
		for (k = 0; k < s->n_runs; k++)
			x[s->arm[k]][m[s->arm[k]]++] = w[i * s->n_runs + k];
		stats_welch(x[0], m[0], x[1], m[1], 1 - FLAME_ALPHA, &r);
		p[i] = r.p;
	}
	free(x[0]);
	free(x[1]);
	*how = "Welch's t over runs";
	return err ? err : stats_adjust(STATS_BH, p, n, p, NULL);
}

static double p_of_sampling(const struct stacks *s, const struct full *x)
{
	double na = (double)s->of_arm[0], nb = (double)s->of_arm[1];
	double v = x->variance[0] / (na * na) + x->variance[1] / (nb * nb), d = x->w[1] - x->w[0];

	return v > 0 ? stats_normal_two_sided(d / sqrt(v)) : NAN;
}

/*
 * Frames that weigh something are tested, those of a chain that weigh the same once: p is adjusted for the number of
 * tests. test_as: node whose p it is, NONE: not tested.
 */
static void choose_tests(const struct tree *t, const struct flame *fl, uint32_t *test_as)
{
	size_t i, size = t->s->n_runs * sizeof(*t->run), runs = t->s->n_runs;
	uint32_t above[512]; /* the node of each depth on the way here */

	for (i = 0; i < fl->n; i++) {
		const struct flame_node *x = &fl->node[i];
		uint32_t up = x->depth && x->depth < 512 ? above[x->depth - 1] : NONE;

		test_as[i] = NONE;
		if (x->depth < 512)
			above[x->depth] = (uint32_t)i;
		if (t->at[i] == NONE || (x->w[0] < FLAME_TEST_SHARE * fl->total[0] && x->w[1] < FLAME_TEST_SHARE * fl->total[1]))
			continue;
		test_as[i] = (uint32_t)i;
		if (up == NONE || t->at[up] == NONE)
			continue;
		if (t->run ? !memcmp(t->run + t->at[i] * runs, t->run + t->at[up] * runs, size) :
		    x->w[0] == fl->node[up].w[0] && x->w[1] == fl->node[up].w[1])
			test_as[i] = test_as[up];
	}
}

/* *some: some p came of it; not so where there are too few runs that count as one. */
static int test_runs(const struct tree *t, struct flame *fl, const uint32_t *test_as, double *p, bool *some)
{
	const struct stacks *s = t->s;
	size_t i, n = 0, runs = s->n_runs;
	double *w = calloc(fl->n * runs + 1, sizeof(*w));
	int err = w ? 0 : -ENOMEM;

	*some = false;
	for (i = 0; !err && i < fl->n; i++)
		if (test_as[i] == i)
			memcpy(w + n++ * runs, t->run + t->at[i] * runs, runs * sizeof(*w));
	if (!err)
		err = (s->test ? s->test : welch)(s, w, n, p, &fl->how);
	for (i = 0, n = 0; !err && i < fl->n; i++) {
		if (test_as[i] == i)
			fl->node[i].p = p[n++];
		*some |= !isnan(fl->node[i].p);
	}
	free(w);
	return err;
}

static int test_sampling(const struct tree *t, struct flame *fl, const uint32_t *test_as, double *p)
{
	bool some = false;
	size_t i;
	int err;

	for (i = 0; i < fl->n; i++) {
		p[i] = test_as[i] == i ? p_of_sampling(t->s, &t->node[t->at[i]]) : NAN;
		some |= !isnan(p[i]);
	}
	err = stats_adjust(STATS_BH, p, fl->n, p, NULL);
	for (i = 0; !err && i < fl->n; i++)
		fl->node[i].p = p[i];
	fl->noise = some ? FLAME_SAMPLING : FLAME_NONE;
	return err;
}

static int test_nodes(const struct tree *t, struct flame *fl)
{
	double *p = calloc(fl->n + 1, sizeof(*p));
	uint32_t *test_as = calloc(fl->n + 1, sizeof(*test_as));
	bool some = false;
	int err = p && test_as ? 0 : -ENOMEM;
	size_t i;

	fl->noise = FLAME_RUNS;
	if (!err)
		choose_tests(t, fl, test_as);
	if (!err && t->run)
		err = test_runs(t, fl, test_as, p, &some);
	if (!err && !some)
		err = test_sampling(t, fl, test_as, p);
	for (i = 0; !err && i < fl->n; i++)
		if (test_as[i] != NONE)
			fl->node[i].p = fl->node[test_as[i]].p;
	free(p);
	free(test_as);
	return err;
}

static int make(struct tree *t, size_t budget, struct flame *fl)
{
	uint32_t *child;
	size_t n;
	int err = 0;

	fl->min_share = FLAME_MIN_SHARE;
	while ((n = mark(t, fl->min_share, fl->diff)) > budget && fl->min_share < 0.5)
		fl->min_share *= 1.25;
	child = calloc(t->n + 1, sizeof(*child));
	t->at = calloc(n + 1, sizeof(*t->at));
	fl->node = calloc(n + 1, sizeof(*fl->node));
	if (!child || !t->at || !fl->node)
		err = -ENOMEM;
	if (!err) {
		emit(t, fl, 0, 0, child);
		for (n = 0; n < t->n; n++)
			fl->folded += !t->node[n].keep;
		fl->total[0] = t->node[0].w[0];
		fl->total[1] = t->node[0].w[1];
	}
	free(child);
	return err;
}

int flame_make(const struct stacks *s, bool diff, size_t budget, struct flame *fl)
{
	struct tree t = { .s = s };
	int err;

	memset(fl, 0, sizeof(*fl));
	fl->s = s;
	fl->diff = diff;
	fl->alpha = s->compare.alpha > 0 ? s->compare.alpha : FLAME_ALPHA;
	err = grow(&t);
	if (!err && diff && s->of_arm[0] > 1 && s->of_arm[1] > 1)
		err = by_runs(&t);
	if (!err) {
		sum_up(&t);
		err = t.node[0].w[0] > 0 || t.node[0].w[1] > 0 ? make(&t, budget, fl) : -ENODATA;
	}
	if (!err && diff)
		err = test_nodes(&t, fl);
	free(t.node);
	free(t.run);
	free(t.of_line);
	free(t.at);
	if (err)
		flame_free(fl);
	return err;
}

void flame_free(struct flame *fl)
{
	free(fl->node);
	fl->node = NULL;
	fl->n = 0;
}

/* ------------------------------------------------------------------- words */

int flame_step(const struct flame *fl, const struct flame_node *n)
{
	double a = n->w[0], b = n->w[1], r;
	int step;

	if (!fl->diff || n->fn == FLAME_OTHER || a == b)
		return 0;
	/* not tested, though others could be: both all 0, or no spread to compare with */
	if (fl->noise != FLAME_NONE && !(n->p < fl->alpha))
		return 0;
	r = (a > b ? a : b) / (a < b ? a : b);
	step = r > 2 ? 3 : r > 1.25 ? 2 : r > 1.1 ? 1 : 0;
	return b > a ? step : -step;
}

const char *flame_name(const struct flame *fl, const struct flame_node *n)
{
	const struct stacks *s = fl->s;

	return n->fn == FLAME_ALL ? "all" : n->fn == FLAME_OTHER ? "(other)" :
	       n->fn >= s->n_fns ? s->group[n->fn - s->n_fns] : s->fn[n->fn].name;
}

static const char *weight(char buf[FLAME_WEIGHT_BUF], const char *unit, bool ns, double w)
{
	static const struct { double from, by; const char *unit; } scale[] = {
		{ 1e9, 1e9, "s" }, { 1e6, 1e6, "ms" }, { 1e3, 1e3, "\xc2\xb5s" }, { 0, 1, "ns" },
	};
	char num[NUM_BUF];
	size_t i = 0;

	if (!ns) {
		snprintf(buf, FLAME_WEIGHT_BUF, "%s%s%s", num_text(num, w >= 1000 ? rint(w) : w, 4), *unit ? " " : "", unit);
		return buf;
	}
	while (i < 3 && w < scale[i].from)
		i++;
	snprintf(buf, FLAME_WEIGHT_BUF, "%s %s%s", num_text(num, w / scale[i].by, 4), scale[i].unit, unit);
	return buf;
}

const char *flame_weight(char buf[FLAME_WEIGHT_BUF], const struct stacks *s, double w)
{
	bool ns = s->kind != HOT_FAULT;

	return weight(buf, s->unit + (ns ? 2 : 0), ns, w);
}

const char *flame_weight_cell(char buf[FLAME_WEIGHT_BUF], const struct stacks *s, double w)
{
	return weight(buf, "", s->kind != HOT_FAULT, w);
}

const char *flame_share(char buf[FLAME_WEIGHT_BUF], double part, double of)
{
	double pct = 100 * part / of;
	char num[NUM_BUF];

	snprintf(buf, FLAME_WEIGHT_BUF, "%s", pct > 0 && pct < 0.005 ? "< 0.01 %" : num_percent(num, pct, false));
	return buf;
}
