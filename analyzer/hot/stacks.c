// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "stacks.h"

#define FN_FLAGS (HOT_KERNEL | HOT_INLINED | HOT_UNKNOWN | HOT_PLT | HOT_JIT)

struct at_line { /* weight of a line of a function */
	uint32_t fn, line;
	const char *file;
	double w;
};

struct stacks_int {
	struct arena *mem;
	/* number of what has this hash; hashes that meet by chance go on to the next */
	struct u64map fns, at_lines, lines, groups;
	struct at_line *at; size_t n_at, cap_at;
	uint32_t *seq; size_t cap_seq;
	int err;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ (h >> 29);
}

static int failed(struct stacks *s, int err)
{
	if (!s->priv->err)
		s->priv->err = err;
	return err;
}

static const char *keep(struct stacks *s, const char *text)
{
	const char *p = text ? arena_str(s->priv->mem, text, strlen(text)) : NULL;

	if (text && !p)
		failed(s, -ENOMEM);
	return p;
}

struct stacks *stacks_new(enum hot_kind kind, enum stacks_by by, const size_t *arm, size_t n_runs)
{
	struct stacks *s = calloc(1, sizeof(*s));
	size_t i;

	if (!s)
		return NULL;
	s->kind = kind;
	s->by = by;
	s->unit = kind == HOT_FAULT ? "faults" : "ns";
	s->n_runs = n_runs;
	s->priv = calloc(1, sizeof(*s->priv));
	s->arm = calloc(n_runs + 1, sizeof(*s->arm));
	s->total = calloc(n_runs + 1, sizeof(*s->total));
	s->weight = calloc(n_runs + 1, sizeof(*s->weight));
	s->idle = calloc(n_runs + 1, sizeof(*s->idle));
	if (s->priv)
		s->priv->mem = arena_new();
	if (!s->priv || !s->priv->mem || !s->arm || !s->total || !s->weight || !s->idle) {
		stacks_free(s);
		return NULL;
	}
	for (i = 0; i < n_runs; i++) {
		s->arm[i] = arm[i];
		s->of_arm[arm[i]]++;
		s->total[i] = NAN;
	}
	return s;
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	if (s->priv) {
		arena_free(s->priv->mem);
		u64map_free(&s->priv->fns);
		u64map_free(&s->priv->at_lines);
		u64map_free(&s->priv->lines);
		u64map_free(&s->priv->groups);
		free(s->priv->at);
		free(s->priv->seq);
	}
	free(s->priv);
	free(s->arm);
	free(s->iter);
	free(s->total);
	free(s->weight);
	free(s->idle);
	free(s->fn);
	free(s->line);
	free(s->group);
	free(s);
}

/* ---------------------------------------------------------------- functions */

static uint32_t fn_of(struct stacks *s, const struct hot_frame *f)
{
	const char *module = f->module ? f->module : "";
	uint32_t flags = f->flags & FN_FLAGS, i;
	uint64_t h = mix(mix(model_name_hash(f->name), model_name_hash(module)), flags);
	struct stacks_fn *fn;

	for (; (i = u64map_get(&s->priv->fns, h)) != U64MAP_NONE; h++)
		if (s->fn[i].flags == flags && !strcmp(s->fn[i].name, f->name) && !strcmp(s->fn[i].module, module))
			return i;
	fn = array_more(&s->fn, &s->n_fns, &s->cap_fns, sizeof(*fn));
	if (!fn || u64map_put(&s->priv->fns, h, (uint32_t)s->n_fns - 1)) {
		failed(s, -ENOMEM);
		return U64MAP_NONE;
	}
	fn->name = keep(s, f->name);
	fn->module = keep(s, module);
	fn->flags = flags;
	return (uint32_t)s->n_fns - 1;
}

static void weigh_line(struct stacks *s, uint32_t fn, const struct hot_frame *f, double w)
{
	struct stacks_int *p = s->priv;
	struct at_line *at;
	uint64_t h;
	uint32_t i;

	if (!f->file)
		return;
	h = mix(mix(model_name_hash(f->file), f->line), fn);
	for (; (i = u64map_get(&p->at_lines, h)) != U64MAP_NONE; h++) {
		at = &p->at[i];
		if (at->fn == fn && at->line == f->line && !strcmp(at->file, f->file)) {
			at->w += w;
			return;
		}
	}
	at = array_more(&p->at, &p->n_at, &p->cap_at, sizeof(*at));
	if (!at || u64map_put(&p->at_lines, h, (uint32_t)p->n_at - 1)) {
		failed(s, -ENOMEM);
		return;
	}
	*at = (struct at_line){ fn, f->line, keep(s, f->file), w };
}

/* The line to show for a function: its heaviest; of equal ones the first in the file. */
static void take_lines(struct stacks *s)
{
	size_t i;

	for (i = 0; i < s->priv->n_at; i++) {
		const struct at_line *at = &s->priv->at[i];
		struct stacks_fn *fn = &s->fn[at->fn];

		fn->n_lines += at->line != 0;
		if (!fn->file || at->w > fn->heaviest || (at->w == fn->heaviest && at->line < fn->line)) {
			fn->file = at->file;
			fn->line = at->line;
			fn->heaviest = at->w;
		}
	}
}

/* -------------------------------------------------------------------- lines */

static uint32_t group_of(struct stacks *s, const char *name)
{
	uint64_t h = model_name_hash(name);
	const char **g;
	uint32_t i;

	for (; (i = u64map_get(&s->priv->groups, h)) != U64MAP_NONE; h++)
		if (!strcmp(s->group[i], name))
			return i;
	g = array_more(&s->group, &s->n_groups, &s->cap_groups, sizeof(*g));
	if (!g || u64map_put(&s->priv->groups, h, (uint32_t)s->n_groups - 1)) {
		failed(s, -ENOMEM);
		return U64MAP_NONE;
	}
	*g = keep(s, name);
	return (uint32_t)s->n_groups - 1;
}

static struct stacks_line *line_of(struct stacks *s, uint32_t group, const uint32_t *fn, uint32_t n)
{
	struct stacks_line *l;
	uint64_t h = mix(0, group + 1);
	uint32_t i;

	for (i = 0; i < n; i++)
		h = mix(h, fn[i] + 1);
	for (; (i = u64map_get(&s->priv->lines, h)) != U64MAP_NONE; h++) {
		l = &s->line[i];
		if (l->group == group && l->n == n && !memcmp(l->fn, fn, n * sizeof(*fn)))
			return l;
	}
	l = array_more(&s->line, &s->n_lines, &s->cap_lines, sizeof(*l));
	if (!l || u64map_put(&s->priv->lines, h, (uint32_t)s->n_lines - 1)) {
		failed(s, -ENOMEM);
		return NULL;
	}
	l->group = group;
	l->n = n;
	l->fn = arena_alloc(s->priv->mem, (n + 1) * sizeof(*fn));
	l->w = arena_alloc(s->priv->mem, s->n_runs * sizeof(*l->w));
	if (!l->fn || !l->w) {
		s->n_lines--;
		failed(s, -ENOMEM);
		return NULL;
	}
	memcpy((uint32_t *)l->fn, fn, n * sizeof(*fn));
	return l;
}

/* What stands at the root of a path whose callers are not all known. */
static const struct hot_frame *missing(const struct hot_path *path, const struct hot_frame *frame)
{
	static const struct hot_frame truncated = { "[truncated]", "", NULL, 0, HOT_UNKNOWN };
	static const struct hot_frame no_frames = { "[no frame pointers]", "", NULL, 0, HOT_UNKNOWN };
	static const struct hot_frame no_user = { "[no user stack]", "", NULL, 0, HOT_UNKNOWN };

	if (path->flags & HOT_P_TRUNCATED)
		return &truncated;
	if (path->flags & HOT_P_NO_FRAMES && path->n > path->n_kernel)
		return &no_frames;
	if (path->flags & HOT_P_NO_USER && path->n && !(frame[path->frame[0]].flags & HOT_NO_STACK))
		return &no_user;
	return NULL;
}

static int room_for(struct stacks_int *p, uint32_t n)
{
	uint32_t *q;

	if (n <= p->cap_seq)
		return 0;
	q = reallocarray(p->seq, n, sizeof(*q));
	if (!q)
		return -ENOMEM;
	p->seq = q;
	p->cap_seq = n;
	return 0;
}

void stacks_add(struct stacks *s, size_t run, const char *group, const struct hot_frame *frame, const struct hot_path *path,
		double weight, double variance)
{
	const struct hot_frame *root = missing(path, frame);
	struct stacks_int *p = s->priv;
	struct stacks_line *l;
	uint32_t i, g, n = 0;

	if (room_for(p, path->n + 1)) {
		failed(s, -ENOMEM);
		return;
	}
	if (root)
		p->seq[n++] = fn_of(s, root);
	for (i = path->n; i-- > 0; n++) {
		const struct hot_frame *f = &frame[path->frame[i]];

		p->seq[n] = fn_of(s, f);
		if (p->seq[n] != U64MAP_NONE)
			weigh_line(s, p->seq[n], f, weight);
	}
	g = group_of(s, group);
	if (p->err)
		return;
	l = line_of(s, g, p->seq, n);
	if (!l)
		return;
	l->w[run] += weight;
	l->variance[s->arm[run]] += variance;
	s->weight[run] += weight;
}

/* ------------------------------------------------------------ of a whole hot */

static const char *comm_of(const struct model_task *t)
{
	return t->comm && *t->comm ? t->comm : "[unknown]";
}

static void group_name(const struct stacks *s, const struct hot *h, const struct hot_cell *c, char *buf, size_t size)
{
	const struct model_task *t = c->task < h->m->n_tasks ? &h->m->tasks[c->task] : NULL, *leader;
	const char *path;

	buf[0] = '\0';
	if (s->by == STACKS_BY_NONE)
		return;
	if (s->by == STACKS_BY_CGROUP) {
		path = model_cgroup_path(h->m, c->cgroup);
		snprintf(buf, size, "%s", path && *path ? path : "[unknown cgroup]");
		return;
	}
	if (!t) {
		snprintf(buf, size, "%s", c->flags & HOT_C_INTERRUPT ? "[interrupt]" : "[unknown task]");
		return;
	}
	leader = t->leader < h->m->n_tasks ? &h->m->tasks[t->leader] : t;
	if (s->by == STACKS_BY_COMM)
		snprintf(buf, size, "%s", comm_of(t));
	else if (s->by == STACKS_BY_PROCESS)
		snprintf(buf, size, "%s-%u", comm_of(leader), t->tgid);
	else
		snprintf(buf, size, "%s-%u/%u", comm_of(t), t->tgid, t->tid);
}

void stacks_add_hot(struct stacks *s, size_t run, const struct hot *h)
{
	const struct hot_cells *k = &h->kind[s->kind];
	char name[4200];
	size_t i;

	for (i = 0; i < k->n; i++) {
		const struct hot_cell *c = &k->cell[i];

		if (s->no_idle && s->kind == HOT_BLOCKED && c->reason == HOT_R_IDLE) {
			s->idle[run] += c->weight;
			continue;
		}
		group_name(s, h, c, name, sizeof(name));
		stacks_add(s, run, name, h->frame, &h->path[c->path], c->weight, c->variance);
		s->count += c->count;
	}
	s->total[run] = k->total;
}

/* -------------------------------------------------------------------- order */

static int by_fn(const void *a, const void *b, void *ctx)
{
	const struct stacks_fn *fn = ctx, *x = &fn[*(const uint32_t *)a], *y = &fn[*(const uint32_t *)b];
	int d = strcmp(x->name, y->name);

	if (!d)
		d = strcmp(x->module, y->module);
	return d ? d : x->flags < y->flags ? -1 : x->flags > y->flags;
}

static int by_group(const void *a, const void *b, void *ctx)
{
	const char **group = ctx;

	return strcmp(group[*(const uint32_t *)a], group[*(const uint32_t *)b]);
}

static int by_line(const void *a, const void *b)
{
	const struct stacks_line *x = a, *y = b;
	uint32_t i;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	for (i = 0; i < x->n && i < y->n; i++)
		if (x->fn[i] != y->fn[i])
			return x->fn[i] < y->fn[i] ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

/* Sorts array[n] by cmp; *to: new number of each old one. */
static int rank(void *array, size_t n, size_t size, int (*cmp)(const void *, const void *, void *), uint32_t **to)
{
	uint32_t *at = calloc(n + 1, sizeof(*at));
	char *copy = malloc((n + 1) * size);
	size_t i;

	*to = calloc(n + 1, sizeof(**to));
	if (!at || !copy || !*to) {
		free(at);
		free(copy);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		at[i] = (uint32_t)i;
	qsort_r(at, n, sizeof(*at), cmp, array);
	if (n)
		memcpy(copy, array, n * size);
	for (i = 0; i < n; i++) {
		memcpy((char *)array + i * size, copy + at[i] * size, size);
		(*to)[at[i]] = (uint32_t)i;
	}
	free(at);
	free(copy);
	return 0;
}

int stacks_finish(struct stacks *s)
{
	uint32_t *fn_to = NULL, *group_to = NULL, k;
	size_t i;
	int err = s->priv->err;

	if (err)
		return err;
	take_lines(s);
	err = rank(s->fn, s->n_fns, sizeof(*s->fn), by_fn, &fn_to);
	if (!err)
		err = rank(s->group, s->n_groups, sizeof(*s->group), by_group, &group_to);
	for (i = 0; !err && i < s->n_lines; i++) {
		struct stacks_line *l = &s->line[i];

		l->group = group_to[l->group];
		for (k = 0; k < l->n; k++)
			((uint32_t *)l->fn)[k] = fn_to[l->fn[k]];
	}
	if (!err && s->n_lines)
		qsort(s->line, s->n_lines, sizeof(*s->line), by_line);
	free(fn_to);
	free(group_to);
	return err;
}

double stacks_mean(const struct stacks *s, const double *w, size_t arm)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		if (s->arm[i] == arm)
			sum += w[i];
	return s->of_arm[arm] ? sum / (double)s->of_arm[arm] : 0;
}
