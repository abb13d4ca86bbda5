// SPDX-License-Identifier: GPL-2.0-only
/*
 * Totals over time. A row of a CPU bears the time of a flush; a task that ended between two
 * flushes has a row of its own time, which belongs to the flush after it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "series.h"

struct bin {
	struct series_point p;
	uint64_t end, from; /* ns; from: its segment began */
	uint64_t gap;       /* between segments that were merged */
	bool cut;           /* a flush was at its end */
};

struct build {
	const struct model *m;
	struct bin *bin; /* by time */
	uint64_t *by_cpu;
	size_t n, max, n_cpus;
	uint32_t width; /* flushes a bin */
	bool per_cpu;
};

static uint64_t *cpus_of(struct build *b, size_t i)
{
	return &b->by_cpu[i * b->n_cpus * SC_N];
}

/* Adds what bin `from` has to bin `to`; to's end stays the later one. */
static void add_bin(struct build *b, size_t to, size_t from)
{
	struct bin *t = &b->bin[to], *f = &b->bin[from];
	const struct bin *first = from < to ? f : t, *last = from < to ? t : f;
	uint64_t gap = last->from > first->end ? last->from - first->end : 0;
	size_t i;

	for (i = 0; i < MT_N; i++)
		t->p.v[i] += f->p.v[i];
	for (i = 0; i < MC_N; i++)
		t->p.cpu[i] += f->p.cpu[i];
	for (i = 0; b->per_cpu && i < b->n_cpus * SC_N; i++)
		cpus_of(b, to)[i] += cpus_of(b, from)[i];
	t->p.merged = (t->cut ? t->p.merged : 0) + (f->cut ? f->p.merged : 0);
	if (!t->p.merged)
		t->p.merged = 1;
	t->gap += f->gap + gap;
	t->cut |= f->cut;
	t->from = first->from;
	t->end = last->end;
}

static void move_bin(struct build *b, size_t to, size_t from)
{
	if (to == from)
		return;
	b->bin[to] = b->bin[from];
	if (b->per_cpu)
		memcpy(cpus_of(b, to), cpus_of(b, from), b->n_cpus * SC_N * sizeof(*b->by_cpu));
}

/* What ended between flushes joins the flush after it; at the very end, where there is none, the one before. */
static void fold(struct build *b, bool all)
{
	size_t i, k = 0, last = b->n;

	for (i = 0; i < b->n; i++) {
		if (!b->bin[i].cut && i + 1 < b->n) {
			add_bin(b, i + 1, i);
			continue;
		}
		move_bin(b, k++, i);
	}
	b->n = k;
	if (all && last && k > 1 && !b->bin[k - 1].cut) {
		add_bin(b, k - 2, k - 1);
		b->n--;
	}
}

/* Neighbours become one while they hold no more flushes than the width. */
static void merge(struct build *b)
{
	size_t i, k = 0;

	for (i = 1; i < b->n; i++) {
		if (b->bin[k].p.merged + b->bin[i].p.merged <= b->width)
			add_bin(b, k, i);
		else
			move_bin(b, ++k, i);
	}
	b->n = b->n ? k + 1 : 0;
}

static void make_room(struct build *b, size_t max)
{
	merge(b);
	while (b->n > max) {
		b->width *= 2;
		merge(b);
	}
}

static uint64_t segment_start(const struct model *m, uint64_t segment)
{
	size_t i;

	for (i = m->n_marks; i-- > 0;)
		if (m->marks[i].seq <= segment)
			return m->marks[i].time;
	return m->t0;
}

/* The bin that a row of time t goes to. */
static size_t bin_at(struct build *b, uint64_t t, uint64_t segment, bool cut)
{
	size_t i = b->n;
	struct bin *x;

	while (i && b->bin[i - 1].end >= t)
		i--;
	if (i < b->n && (b->bin[i].end == t || b->bin[i].p.merged > 1 || (!cut && b->bin[i].cut))) {
		b->bin[i].cut |= cut && b->bin[i].end == t;
		return i;
	}
	if (b->n == b->max) {
		fold(b, false);
		make_room(b, b->max * 3 / 4);
		return bin_at(b, t, segment, cut);
	}
	for (size_t k = b->n; k > i; k--)
		move_bin(b, k, k - 1);
	b->n++;
	x = &b->bin[i];
	memset(x, 0, sizeof(*x));
	if (b->per_cpu)
		memset(cpus_of(b, i), 0, b->n_cpus * SC_N * sizeof(*b->by_cpu));
	x->end = t;
	x->from = segment_start(b->m, segment);
	x->cut = cut;
	x->p.merged = 1;
	return i;
}

static int take_row(void *ctx, const struct model_row *row)
{
	struct build *b = ctx;
	const struct model_task *task;
	uint64_t *sum;
	size_t at;
	uint32_t c;
	int i;

	if (!row->cpu) {
		task = model_task(b->m, row->id);
		if (task && task->flags & TASK_COLLECTOR)
			return 0;
	}
	at = bin_at(b, row->time, row->segment, row->cpu || !b->m->have_cpu_totals);
	sum = row->cpu ? b->bin[at].p.cpu : b->bin[at].p.v;
	for (i = 0; i < (row->cpu ? (int)MC_N : (int)MT_N); i++)
		sum[i] += row->v[i];
	c = row->cpu && b->per_cpu ? u64map_get(&b->m->by_cpu, row->id) : U64MAP_NONE;
	if (c != U64MAP_NONE && c < b->n_cpus) {
		uint64_t *v = cpus_of(b, at) + (size_t)c * SC_N;

		v[SC_BUSY_NS] += row->v[MC_BUSY_NS];
		v[SC_IDLE_NS] += row->v[MC_IDLE_NS];
		v[SC_SWITCHES] += row->v[MC_NVCSW] + row->v[MC_NIVCSW];
	}
	return 0;
}

static double since(const struct model *m, uint64_t t)
{
	return t > m->t0 ? (double)(t - m->t0) / 1e9 : 0;
}

static int take_points(struct build *b, struct series *s)
{
	uint64_t before = b->m->t0, from, span;
	size_t i;

	s->p = calloc(b->n + 1, sizeof(*s->p));
	if (!s->p)
		return -ENOMEM;
	for (i = 0; i < b->n; i++) {
		const struct bin *x = &b->bin[i];

		from = x->from > before ? x->from : before;
		span = x->end > from ? x->end - from : 0;
		span -= x->gap < span ? x->gap : span;
		s->p[i] = x->p;
		s->p[i].t = since(b->m, x->end);
		s->p[i].dt = (double)span / 1e9;
		if (x->p.merged > s->merged)
			s->merged = x->p.merged;
		before = x->end;
	}
	s->n = b->n;
	s->by_cpu = b->by_cpu;
	b->by_cpu = NULL;
	return 0;
}

static int take_marks(const struct model *m, struct series *s)
{
	size_t i;

	s->mark = calloc(m->n_marks + 1, sizeof(*s->mark));
	if (!s->mark)
		return -ENOMEM;
	for (i = 0; i < m->n_marks; i++) {
		const struct model_mark *k = &m->marks[i];

		if (!k->selected && !(i && m->marks[i - 1].selected))
			continue;
		s->mark[s->n_marks++] = (struct series_mark){ since(m, k->time), k->kind, k->name };
	}
	return 0;
}

int series_load(const struct model *m, const struct series_opts *opts, struct series *s)
{
	static const struct series_opts none;
	size_t max = opts && opts->max_points ? opts->max_points : SERIES_POINTS;
	struct build b = { .m = m, .max = 2 * (max < 4 ? 4 : max), .width = 1, .n_cpus = m->n_cpus };
	int err = -ENOMEM;

	opts = opts ? opts : &none;
	memset(s, 0, sizeof(*s));
	b.per_cpu = opts->per_cpu && m->n_cpus;
	b.bin = calloc(b.max, sizeof(*b.bin));
	if (b.per_cpu)
		b.by_cpu = calloc(b.max * b.n_cpus * SC_N, sizeof(*b.by_cpu));
	if (!b.bin || (b.per_cpu && !b.by_cpu))
		goto out;
	err = model_scan(m, opts->log, opts->log_ctx, take_row, &b);
	if (err)
		goto out;
	fold(&b, true);
	make_room(&b, max);
	s->n_cpus = m->n_cpus;
	s->duration = (double)m->duration / 1e9;
	s->task_has = m->task_has;
	s->cpu_has = m->cpu_has;
	s->have_task = m->have_task_totals;
	s->have_cpu = m->have_cpu_totals;
	err = take_points(&b, s);
	if (!err)
		err = take_marks(m, s);
out:
	free(b.bin);
	free(b.by_cpu);
	if (err)
		series_free(s);
	return err;
}

void series_free(struct series *s)
{
	free(s->p);
	free(s->mark);
	free(s->by_cpu);
	memset(s, 0, sizeof(*s));
}

static double per_second(const struct series *s, size_t i, uint32_t cols)
{
	double sum = 0;
	int k;

	if (!s->have_task || (s->task_has & cols) != cols || !(s->p[i].dt > 0))
		return NAN;
	for (k = 0; k < MT_N; k++)
		if (MODEL_HAS(cols, k))
			sum += (double)s->p[i].v[k];
	return sum / s->p[i].dt;
}

#define B(c) (1u << (c))

double series_value(const struct series *s, size_t i, enum series_what what)
{
	const struct series_point *p = &s->p[i];
	double busy, idle;

	switch (what) {
	case SERIES_SWITCHES:
		return per_second(s, i, B(MT_NVCSW) | B(MT_NIVCSW));
	case SERIES_NVCSW:
		return per_second(s, i, B(MT_NVCSW));
	case SERIES_NIVCSW:
		return per_second(s, i, B(MT_NIVCSW));
	case SERIES_MIGRATIONS:
		return per_second(s, i, B(MT_MIG_SMT) | B(MT_MIG_LLC) | B(MT_MIG_NODE) | B(MT_MIG_CROSS));
	case SERIES_WAIT_MEAN:
		if (!s->have_task || !MODEL_HAS(s->task_has, MT_WAIT_NS) || !MODEL_HAS(s->task_has, MT_WAIT_N) || !p->v[MT_WAIT_N])
			return NAN;
		return (double)p->v[MT_WAIT_NS] / (double)p->v[MT_WAIT_N] / 1e3;
	case SERIES_WAITING:
		return per_second(s, i, B(MT_WAIT_NS)) / 1e9;
	case SERIES_BUSY:
		busy = (double)p->cpu[MC_BUSY_NS];
		idle = (double)p->cpu[MC_IDLE_NS];
		if (!s->have_cpu || !MODEL_HAS(s->cpu_has, MC_BUSY_NS) || !MODEL_HAS(s->cpu_has, MC_IDLE_NS) || !(busy + idle > 0))
			return NAN;
		return 100 * busy / (busy + idle);
	default:
		return NAN;
	}
}

static const struct { const char *title, *unit; } what_text[SERIES_N] = {
	[SERIES_SWITCHES] = { "Context switches", "1/s" },
	[SERIES_NVCSW] = { "Voluntary switches", "1/s" },
	[SERIES_NIVCSW] = { "Involuntary switches", "1/s" },
	[SERIES_MIGRATIONS] = { "Migrations", "1/s" },
	[SERIES_WAIT_MEAN] = { "Run-queue latency, mean", "us" },
	[SERIES_WAITING] = { "Tasks waiting for a CPU", "mean" },
	[SERIES_BUSY] = { "CPU time busy", "%" },
};

const char *series_title(enum series_what what)
{
	return (unsigned int)what < SERIES_N ? what_text[what].title : "?";
}

const char *series_unit(enum series_what what)
{
	return (unsigned int)what < SERIES_N ? what_text[what].unit : "?";
}
