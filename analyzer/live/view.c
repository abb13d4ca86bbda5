// SPDX-License-Identifier: GPL-2.0-only
/* The last interval as lines: grouped, sorted, filtered. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../faults.h"
#include "live_int.h"

struct sorter {
	enum live_sort by;
	bool reverse;
};

static double wait_p99(const struct live_line *a)
{
	double q = rhist_q(&a->g.wait, 0.99);

	/* without a histogram of its own, the mean is the least that can be said */
	if (isnan(q) && a->g.wait.n)
		return (double)a->g.wait.sum / (double)a->g.wait.n;
	return isnan(q) ? -1 : q;
}

static double key_of(const struct live_line *a, enum live_sort by)
{
	switch (by) {
	case LIVE_WAIT:
		return a->sort_wait;
	case LIVE_SWITCHES:
		return (double)(a->g.v[MT_NVCSW] + a->g.v[MT_NIVCSW]);
	case LIVE_MIGRATIONS:
		return (double)model_migrations(a->g.v);
	case LIVE_FAULTS:
		return a->faults.known ? (double)a->faults.minor + (double)a->faults.major : -1;
	default:
		return (double)a->g.v[MT_RUN_NS];
	}
}

static int cmp_line(const void *pa, const void *pb, void *ctx)
{
	const struct live_line *a = pa, *b = pb;
	const struct sorter *s = ctx;
	double x = key_of(a, s->by), y = key_of(b, s->by);

	if (x != y)
		return ((x < y) - (x > y)) * (s->reverse ? -1 : 1);
	if (a->g.v[MT_RUN_NS] != b->g.v[MT_RUN_NS])
		return a->g.v[MT_RUN_NS] < b->g.v[MT_RUN_NS] ? 1 : -1;
	return (a->g.id > b->g.id) - (a->g.id < b->g.id);
}

/* Which classes of migrations there can be. */
static void classes(const struct model *m, struct live_view *v)
{
	size_t i, k;

	for (i = 0; i < m->n_cpus; i++) {
		const struct model_cpu *a = &m->cpus[i];

		if (a->node >= v->n_nodes)
			v->n_nodes = a->node + 1;
		v->n_cpus += a->online;
		for (k = 0; k < i; k++) {
			const struct model_cpu *b = &m->cpus[k];

			v->has_class[a->core == b->core ? 0 : a->llc == b->llc ? 1 : a->node == b->node ? 2 : 3] = true;
		}
	}
}

static void add_places(const struct live *l, const struct model *m, const struct model_totals *t, struct live_line *line,
		       uint64_t *nodes, unsigned int n_nodes)
{
	uint32_t i, at;

	for (i = 0; i < t->n_place; i++) {
		at = i;
		if (l->place_is_cpu) {
			uint32_t c = u64map_get(&m->by_cpu, i);

			if (c == U64MAP_NONE)
				continue;
			at = m->cpus[c].node;
		}
		if (at < n_nodes)
			nodes[at] += t->place[i];
		line->node_ns = nodes;
	}
}

static const char *name_of(const struct model *m, const struct live_line *line, enum model_by by)
{
	const char *path;

	if (by != BY_CGROUP)
		return line->g.task ? line->g.task->comm : "?";
	path = model_cgroup_path(m, line->g.id);
	return path ? *path ? path : "/" : line->g.id ? "?" : "(others)";
}

/* The faults of a task in a cgroup: the one source of that column. */
static void add_faults(const struct live *l, const struct model_totals *t, struct live_line *line)
{
	const struct faults *f = l->shown.m->faults;
	uint64_t epoch = l->shown.m->tasks[t->task].epoch;
	uint32_t i;

	if (!l->has_faults || !epoch) /* those who share epoch 0 have no counters of their own */
		return;
	line->faults.known = true;
	for (i = f ? u64map_get(&f->by_epoch, epoch) : U64MAP_NONE; i != U64MAP_NONE; i = f->sums[i].next) {
		if (f->sums[i].cgroup != t->cgroup)
			continue;
		line->faults.minor += f->sums[i].v[FT_MINOR];
		line->faults.major += f->sums[i].v[FT_MAJOR];
	}
}

/* Whose state a line shows: the thread's, or that of the process's main thread, as in ps(1). */
static void find_state(const struct model *m, struct live_line *line, enum model_by by)
{
	const struct model_task *t = line->g.task;

	if (!t || !t->known || (by != BY_TASK && by != BY_PROCESS))
		return;
	if (by == BY_PROCESS)
		t = &m->tasks[t->leader];
	line->pid = t->tgid;
	line->tid = by == BY_PROCESS ? t->tgid : t->tid;
	if (t->last && (by == BY_TASK || t->tid == t->tgid))
		line->state = 'X';
}

void live_states(struct live_view *v, size_t first, size_t n, live_state_fn fn)
{
	size_t i;

	for (i = first; i < v->n && i - first < n; i++)
		if (v->lines[i].pid && v->lines[i].state != 'X')
			v->lines[i].state = fn(v->lines[i].pid, v->lines[i].tid);
}

/*
 * A maximum starts anew with every interval, while the kernel goes on: one that comes in
 * between is in the histogram alone, which knows it to 3 %.
 */
static void mend_max(struct rhist *h)
{
	unsigned int at = 0, b, last = 0;
	uint64_t count, lo, hi;

	while (rhist_next(h, &at, &b, &count))
		last = b;
	mmt_hist_range(last, &lo, &hi);
	if (h->max < lo)
		h->max = lo;
}

static int fill(const struct live *l, const struct live_view_opts *o, struct live_view *v, const uint32_t *of)
{
	const struct model *m = l->shown.m;
	size_t i;

	v->nodes = calloc(v->n * v->n_nodes + 1, sizeof(*v->nodes));
	if (!v->nodes)
		return -ENOMEM;
	for (i = 0; i < m->n_totals; i++) {
		const struct model_totals *t = &m->totals[i];

		if (of[i] == U64MAP_NONE)
			continue;
		add_places(l, m, t, &v->lines[of[i]], v->nodes + of[i] * v->n_nodes, v->n_nodes);
		add_faults(l, t, &v->lines[of[i]]);
	}
	for (i = 0; i < v->n; i++) {
		mend_max(&v->lines[i].g.wait);
		find_state(m, &v->lines[i], o->by);
		v->lines[i].name = name_of(m, &v->lines[i], o->by);
		v->lines[i].sort_wait = o->sort == LIVE_WAIT ? wait_p99(&v->lines[i]) : 0;
	}
	return 0;
}

static void hide(const struct live_view_opts *o, struct live_view *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->n; i++) {
		if (regexec(o->filter, v->lines[i].name, 0, NULL, 0)) {
			rhist_free(&v->lines[i].g.wait);
			rhist_free(&v->lines[i].g.off);
			continue;
		}
		v->lines[n++] = v->lines[i];
	}
	v->n_hidden = v->n - n;
	v->n = n;
}

static void machine(const struct live *l, struct live_view *v)
{
	const struct live_side *s = &l->shown;
	unsigned int k;
	size_t i;

	v->seconds = (double)(s->t1 - s->t0) / 1e9;
	v->real_ns = s->real_ns;
	for (k = 0; k < MC_N; k++)
		v->cpu[k] = model_cpu_sum(s->m, k);
	for (i = 0; i < s->m->n_tasks; i++)
		v->n_live += s->m->tasks[i].known && !s->m->tasks[i].last;
	v->faults.known = s->have_faults && s->had_faults;
	if (v->faults.known) {
		v->faults.major = s->major - s->before_major;
		v->faults.minor = s->faults - s->before_faults - v->faults.major;
	}
	v->have_own = s->have_own && s->had_own;
	if (v->have_own)
		v->own_cpu = (double)(s->own_ns - s->before_own_ns) / 1e9 / v->seconds;
	v->own_rss_kb = s->own_rss_kb;
	v->own_map_kb = s->own_map_kb;
}

int live_view(const struct live *l, const struct live_view_opts *o, struct live_view *v)
{
	struct sorter sorter = { o->sort, o->reverse };
	struct model_group *g = NULL, *all = NULL;
	size_t i, n_all, n = 0;
	uint32_t *of;
	int err;

	memset(v, 0, sizeof(*v));
	if (!live_intervals(l) || l->shown.t1 <= l->shown.t0)
		return -ENODATA;
	v->by = o->by;
	classes(l->shown.m, v);
	machine(l, v);
	of = calloc(l->shown.m->n_totals + 1, sizeof(*of));
	err = of ? model_group_of(l->shown.m, o->by, true, &g, &n, of) : -ENOMEM;
	err = err ? err : model_group_of(l->shown.m, BY_MACHINE, true, &all, &n_all, NULL);
	if (err)
		goto out;
	v->all = all[0];
	mend_max(&v->all.wait);
	v->lines = calloc(n + 1, sizeof(*v->lines));
	if (!v->lines) {
		err = -ENOMEM;
		goto out;
	}
	v->n = n;
	for (i = 0; i < n; i++)
		v->lines[i].g = g[i]; /* their histograms too */
	memset(g, 0, n * sizeof(*g));
	err = fill(l, o, v, of);
	if (!err && o->filter)
		hide(o, v);
	if (!err)
		qsort_r(v->lines, v->n, sizeof(*v->lines), cmp_line, &sorter);
out:
	model_groups_free(g, n);
	free(all);
	free(of);
	if (err)
		live_view_free(v);
	return err;
}

void live_view_free(struct live_view *v)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		rhist_free(&v->lines[i].g.wait);
		rhist_free(&v->lines[i].g.off);
	}
	rhist_free(&v->all.wait);
	rhist_free(&v->all.off);
	free(v->lines);
	free(v->nodes);
	memset(v, 0, sizeof(*v));
}
