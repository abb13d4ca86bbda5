// SPDX-License-Identifier: GPL-2.0-only
/* The traces of two arms, their hot spots by names that all of them share. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "../pool.h"
#include "../syscalls.h"
#include "diff_int.h"
#include "diff_show.h"

struct gather {
	const struct hot_diff_opts *o;
	const struct cmp *c;
	struct hot_diff_int *to;
	pthread_mutex_t lock; /* of the names */
};

/* Sums of one kind of a trace; names in its own numbers are looked up once. */
struct taking {
	struct diff_names *names;
	const struct hot *h;
	struct diff_iter *it;
	unsigned int kind;
	size_t cap;
	struct u64map sums;
	uint32_t *frame, *path; /* the trace's number -> ours, DIFF_NONE: not yet */
	bool *cut;              /* by frame: the name of a clone */
};

static int frame_of(struct taking *t, uint32_t i)
{
	int err = 0;

	if (t->frame[i] == DIFF_NONE)
		err = diff_plain_frame(t->names, &t->h->frame[i], &t->frame[i], &t->cut[i]);
	return err;
}

/* Frames that differ in lines only are one; so is a function and the clone of it that it calls. */
static int path_of(struct taking *t, uint32_t i, uint32_t *out)
{
	const struct hot_path *from = &t->h->path[i];
	uint32_t *frame, k, n = 0, n_kernel = 0;
	int err = 0;

	*out = t->path[i];
	if (*out != DIFF_NONE)
		return 0;
	frame = calloc(from->n + 1u, sizeof(*frame));
	if (!frame)
		return -ENOMEM;
	for (k = 0; k < from->n && !err; k++) {
		err = frame_of(t, from->frame[k]);
		if (err || (n && frame[n - 1] == t->frame[from->frame[k]] && (t->cut[from->frame[k]] || t->cut[from->frame[k - 1]])))
			continue;
		frame[n++] = t->frame[from->frame[k]];
		n_kernel += k < from->n_kernel;
	}
	if (!err)
		err = diff_path(t->names, &(struct hot_path){ .frame = frame, .n = n, .n_kernel = n_kernel, .flags = from->flags }, out);
	t->path[i] = *out;
	free(frame);
	return err;
}

/* The innermost that is known; of a path without any, its leaf. */
static int line_of(struct taking *t, const struct hot_path *p, uint32_t *out)
{
	const struct hot_frame *f;
	char text[256] = "";
	uint32_t k;

	for (k = 0; k < p->n && !(t->h->frame[p->frame[k]].file && t->h->frame[p->frame[k]].line); k++)
		;
	k = k < p->n ? k : 0;
	f = &t->h->frame[p->frame[k]];
	if (f->file && f->line)
		snprintf(text, sizeof(text), "%.200s:%u", diff_base_name(f->file), f->line);
	return diff_tag(t->names, t->frame[p->frame[k]], text, out);
}

static int place_of(struct taking *t, const struct hot_cell *cell, uint32_t *out)
{
	const struct hot_place *p;
	char text[32] = "";
	int err;

	if (cell->place == HOT_NONE)
		return 0;
	p = &t->h->place[cell->place];
	err = frame_of(t, p->frame);
	if (p->in != UINT32_MAX)
		snprintf(text, sizeof(text), "+0x%" PRIx32, p->in);
	return err ? err : diff_tag(t->names, t->frame[p->frame], text, out);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdull;
	return h ^ h >> 32;
}

static bool same_sum(const struct diff_sum *a, const struct diff_sum *b)
{
	return a->path == b->path && a->line == b->line && a->place == b->place && a->comm == b->comm && a->call == b->call &&
	       a->reason == b->reason;
}

/* To the sum of the same names, or a new one. */
static int add(struct taking *t, const struct diff_sum *want)
{
	uint64_t key = mix(mix(mix(want->path, want->line), (uint64_t)want->place << 32 | want->comm), want->reason);
	struct diff_sum *s;
	uint32_t i;

	for (key = mix(key, want->call); (i = u64map_get(&t->sums, key)) != U64MAP_NONE; key++) {
		s = &t->it->sum[t->kind][i];
		if (!same_sum(s, want))
			continue;
		s->weight += want->weight;
		s->variance += want->variance;
		return 0;
	}
	s = array_more(&t->it->sum[t->kind], &t->it->n[t->kind], &t->cap, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = *want;
	return u64map_put(&t->sums, key, (uint32_t)(t->it->n[t->kind] - 1));
}

/* Samples come as a Poisson process does, or more evenly. */
static double variance_of(unsigned int kind, const struct hot_cell *cell)
{
	return kind == HOT_CPU && !(cell->variance > 0) && cell->count ? cell->weight * cell->weight / (double)cell->count :
	       cell->variance;
}

static int take_cell(struct taking *t, const struct hot_cell *cell)
{
	const struct hot_path *p = &t->h->path[cell->path];
	const char *comm = cell->task == HOT_NONE ? NULL : t->h->m->tasks[cell->task].comm;
	struct diff_sum s = {
		.line = DIFF_NONE, .place = DIFF_NONE, .comm = DIFF_NONE, .call = DIFF_NONE, .reason = cell->reason,
		.weight = cell->weight, .variance = variance_of(t->kind, cell),
	};
	int err = path_of(t, cell->path, &s.path);

	err = err || !p->n ? err : line_of(t, p, &s.line);
	err = err ? err : place_of(t, cell, &s.place);
	err = err ? err : diff_tag(t->names, DIFF_NONE, comm ? comm : "", &s.comm);
	return err ? err : add(t, &s);
}

static void all_none(uint32_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = DIFF_NONE;
}

static int take_hot(struct gather *g, struct diff_iter *it, const struct hot *h)
{
	struct taking t = { .names = &g->to->names, .h = h, .it = it };
	size_t i;
	int err = 0;

	t.frame = calloc(h->n_frames + 1, sizeof(*t.frame));
	t.path = calloc(h->n_paths + 1, sizeof(*t.path));
	t.cut = calloc(h->n_frames + 1, sizeof(*t.cut));
	if (!t.frame || !t.path || !t.cut)
		err = -ENOMEM;
	if (!err) {
		all_none(t.frame, h->n_frames);
		all_none(t.path, h->n_paths);
	}
	for (t.kind = 0; t.kind < HOT_KINDS && !err; t.kind++) {
		const struct hot_cells *cells = &h->kind[t.kind];

		it->has[t.kind] = cells->recorded && (!g->o->hot.kinds || g->o->hot.kinds >> t.kind & 1);
		it->exact[t.kind] = cells->total;
		t.cap = 0;
		for (i = 0; i < cells->n && !err; i++)
			if (t.kind == HOT_BLOCKED && cells->cell[i].reason == HOT_R_IDLE)
				it->exact[t.kind] -= cells->cell[i].weight; /* threads of the kernel without work, for all of the window */
			else
				err = take_cell(&t, &cells->cell[i]);
		u64map_free(&t.sums);
		memset(&t.sums, 0, sizeof(t.sums));
	}
	free(t.frame);
	free(t.path);
	free(t.cut);
	return err;
}

/* Which build of each file was run: offsets of another mean other places. */
static int take_builds(struct gather *g, const struct hot *h)
{
	const char *kernel = model_meta(h->m, "kernel.version"), *last = NULL;
	size_t i, len;
	const void *id;
	int err = diff_build(&g->to->names, DIFF_KERNEL, kernel, kernel ? strlen(kernel) : 0);

	for (i = 0; i < h->n_frames && !err; i++) {
		const struct hot_frame *f = &h->frame[i];

		if (f->flags & HOT_KERNEL || !*f->module || (last && !strcmp(last, f->module)))
			continue;
		last = f->module;
		id = sym_trace_build_id(h->sym, f->module, &len);
		err = diff_build(&g->to->names, f->module, id, len);
	}
	return err;
}

static int take_syscalls(struct gather *g, struct diff_iter *it, const struct model *m)
{
	struct taking count = { .names = &g->to->names, .it = it, .kind = HOT_DIFF_CALLS };
	struct taking time = { .names = &g->to->names, .it = it, .kind = HOT_DIFF_CALL_TIME };
	struct diff_sum s = { .path = DIFF_NONE, .line = DIFF_NONE, .place = DIFF_NONE };
	const struct syscalls *calls = m->syscalls;
	size_t i;
	int err = 0;

	if (!calls || g->o->no_syscalls || g->o->from > 0 || g->o->to > 0) /* totals are not cut at a time */
		return 0;
	it->has[HOT_DIFF_CALLS] = it->has[HOT_DIFF_CALL_TIME] = true;
	for (i = 0; i < calls->n_sums && !err; i++) {
		const struct syscall_sum *sum = &calls->sums[i];
		const struct model_task *task = model_task(m, sum->epoch);
		char name[80];

		if (*calls->kinds[sum->kind].class || !hot_task_wanted(m, &g->o->hot, task))
			continue;
		err = diff_tag(&g->to->names, DIFF_NONE, syscalls_name(&calls->kinds[sum->kind], name, sizeof(name)), &s.call);
		err = err ? err : diff_tag(&g->to->names, DIFF_NONE, task && task->comm ? task->comm : "", &s.comm);
		s.weight = (double)sum->v[SC_COUNT];
		err = err ? err : add(&count, &s);
		s.weight = (double)sum->v[SC_TIME_NS];
		err = err ? err : add(&time, &s);
	}
	u64map_free(&count.sums);
	u64map_free(&time.sums);
	return err;
}

static bool has_something(const struct diff_iter *it)
{
	size_t k;

	for (k = 0; k < HOT_DIFF_KINDS && !it->has[k]; k++)
		;
	return k < HOT_DIFF_KINDS;
}

/* Its length in s, and where it lies in this trace. */
static double window(const struct hot_diff_opts *o, const struct model *m, struct hot_opts *ho)
{
	uint64_t start = m->n_marks ? m->marks[0].time : m->t0, from = m->t0, to = m->t1;

	ho->from = ho->to = 0;
	if (o->from > 0)
		from = ho->from = start + (uint64_t)(o->from * 1e9);
	if (o->to > 0)
		to = ho->to = start + (uint64_t)(o->to * 1e9);
	from = from < m->t0 ? m->t0 : from;
	to = to > m->t1 ? m->t1 : to;
	return !ho->from && !ho->to ? (double)m->duration / 1e9 : from < to ? (double)(to - from) / 1e9 : 0;
}

static void read_one(struct gather *g, struct diff_iter *it)
{
	const char *path = g->c->arm[it->arm].iter[it->iter].trace;
	struct hot_opts ho = g->o->hot;
	struct hot *h = NULL;
	struct model *m;

	ho.log = NULL; /* what is missing is said once, of all */
	it->err = model_load(path, &g->o->window, &m);
	if (it->err == -ENOENT)
		it->why = "no such window";
	if (it->err)
		return;
	it->seconds = window(g->o, m, &ho);
	it->err = g->o->no_stacks ? 0 : hot_load(m, &ho, &h);
	if (it->err == -ENODATA)
		it->err = 0;
	pthread_mutex_lock(&g->lock);
	if (h && !it->err) {
		it->err = take_builds(g, h);
		it->err = it->err ? it->err : take_hot(g, it, h);
	}
	it->err = it->err ? it->err : take_syscalls(g, it, m);
	pthread_mutex_unlock(&g->lock);
	if (!it->err && !(it->seconds > 0))
		it->why = "an empty window";
	else if (!it->err && !has_something(it))
		it->why = "nothing of what was asked for is in it";
	hot_free(h);
	model_free(m);
}

static void work(void *ctx, size_t i)
{
	struct gather *g = ctx;

	read_one(g, &g->to->iter[i]);
}

static int choose_iterations(const struct cmp *c, struct hot_diff_int *to)
{
	size_t k, i, cap = 0;

	for (k = 0; k < c->n_arms; k++)
		for (i = 0; i < c->arm[k].n_iter; i++) {
			const struct cmp_iteration *from = &c->arm[k].iter[i];
			struct diff_iter *it;

			if (!from->traced || from->excluded || !from->trace)
				continue;
			it = array_more(&to->iter, &to->n_iter, &cap, sizeof(*it));
			if (!it)
				return -ENOMEM;
			it->arm = (uint32_t)k;
			it->iter = (uint32_t)i;
		}
	return 0;
}

/* The first thing that went wrong, in order of the traces. */
static int check_iterations(const struct hot_diff_opts *o, const struct cmp *c, struct hot_diff_int *to)
{
	size_t i, n[HOT_DIFF_ARMS] = { 0 };
	char line[1024];

	for (i = 0; i < to->n_iter; i++) {
		struct diff_iter *it = &to->iter[i];

		if (it->err && !it->why)
			return it->err;
		n[it->arm] += !it->why;
	}
	for (i = 0; i < HOT_DIFF_ARMS; i++) {
		size_t k;

		for (k = 0; k < to->n_iter && to->iter[k].arm != i; k++)
			;
		if (n[i])
			continue;
		snprintf(line, sizeof(line), "%s: %s%s%s; record with -e hot", c->arm[i].name, k < to->n_iter ? to->iter[k].why :
			 "no trace of it can be used", k < to->n_iter ? ": " : "", k < to->n_iter ? c->arm[i].iter[to->iter[k].iter].trace : "");
		if (o->log)
			o->log(o->log_ctx, MMT_LOG_ERROR, line);
		return -ENODATA;
	}
	return 0;
}

/* Means over the iterations that have the kind. */
static void fill_totals(struct hot_diff *d, unsigned int kind)
{
	double sum[HOT_DIFF_ARMS] = { 0 }, weight[HOT_DIFF_ARMS] = { 0 }, exact[HOT_DIFF_ARMS] = { 0 };
	size_t *n = d->iterations[kind], i, k;

	for (i = 0; i < d->priv->n_iter; i++) {
		const struct diff_iter *it = &d->priv->iter[i];
		double w = 0;

		if (it->why || !it->has[kind])
			continue;
		for (k = 0; k < it->n[kind]; k++)
			w += it->sum[kind][k].weight;
		n[it->arm]++;
		sum[it->arm] += w / diff_unit(d, it);
		weight[it->arm] += w;
		exact[it->arm] += it->exact[kind];
	}
	d->total[kind] = (struct hot_diff_weight){ sum[0] / (double)n[0], sum[1] / (double)n[1] };
	d->covered[kind] = (struct hot_diff_weight){ exact[0] > 0 ? weight[0] / exact[0] : NAN,
						     exact[1] > 0 ? weight[1] / exact[1] : NAN };
}

static void fill(struct hot_diff *d)
{
	double sum[HOT_DIFF_ARMS] = { 0 };
	size_t n[HOT_DIFF_ARMS] = { 0 }, i;
	unsigned int kind;

	d->frame = d->priv->names.frame;
	d->n_frames = d->priv->names.n_frames;
	d->path = d->priv->names.path;
	d->n_paths = d->priv->names.n_paths;
	for (i = 0; i < d->priv->n_iter; i++) {
		const struct diff_iter *it = &d->priv->iter[i];

		if (it->why)
			continue;
		sum[it->arm] += it->seconds;
		n[it->arm]++;
	}
	d->seconds = (struct hot_diff_weight){ sum[0] / (double)n[0], sum[1] / (double)n[1] };
	for (kind = 0; kind < HOT_DIFF_KINDS; kind++)
		fill_totals(d, kind);
}

static void no_totals(struct diff_iter *it)
{
	unsigned int k;

	for (k = 0; k < HOT_DIFF_KINDS; k++)
		it->exact[k] = NAN;
}

int hot_diff_load(const struct cmp *c, const struct hot_diff_opts *o, struct hot_diff **out)
{
	struct gather g = { .o = o, .c = c };
	struct hot_diff *d = calloc(1, sizeof(*d));
	size_t i;
	int err;

	if (!d)
		return -ENOMEM;
	d->c = c;
	d->per = o->per;
	d->priv = g.to = calloc(1, sizeof(*d->priv));
	err = g.to ? diff_names_init(&g.to->names) : -ENOMEM;
	err = err ? err : choose_iterations(c, g.to);
	if (!err) {
		for (i = 0; i < g.to->n_iter; i++)
			no_totals(&g.to->iter[i]);
		pthread_mutex_init(&g.lock, NULL);
		pool_run(g.to->n_iter, 0, work, &g);
		pthread_mutex_destroy(&g.lock);
		err = check_iterations(o, c, g.to);
	}
	err = err ? err : diff_names_settle(&g.to->names, g.to->iter, g.to->n_iter);
	if (err) {
		hot_diff_free(d);
		return err;
	}
	fill(d);
	*out = d;
	return 0;
}

void hot_diff_left_out(const struct hot_diff *d, struct table *t)
{
	size_t i;

	for (i = 0; i < d->priv->n_iter; i++) {
		const struct diff_iter *it = &d->priv->iter[i];
		const struct cmp_arm *arm = &d->c->arm[it->arm];

		if (it->why)
			table_note(t, "%s iteration %u: %s - left out", arm->name, arm->iter[it->iter].number, it->why);
	}
}

void hot_diff_free(struct hot_diff *d)
{
	size_t i, k;

	if (!d)
		return;
	for (i = 0; d->priv && i < d->priv->n_iter; i++)
		for (k = 0; k < HOT_DIFF_KINDS; k++)
			free(d->priv->iter[i].sum[k]);
	if (d->priv) {
		free(d->priv->iter);
		diff_names_free(&d->priv->names);
	}
	free(d->priv);
	free(d);
}
