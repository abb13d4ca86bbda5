// SPDX-License-Identifier: GPL-2.0-only
/* What the page shows of each trace beyond its totals; the traces are read at the same time. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../hot/hot.h"
#include "../pool.h"
#include "page_int.h"

/* Quantiles from 10 % on, ever closer to 1: equal steps of the logarithm of what is above. */
double page_quantile(unsigned int i)
{
	return 1 - pow(10, -(0.0457574906 + i * (5 - 0.0457574906) / (PAGE_QUANTILES - 1)));
}

static void take_wait(struct page_trace *t, const struct model *m)
{
	static const double named[PAGE_NAMED - 1] = { 0.5, 0.95, 0.99, 0.999 };
	struct model_group *g = NULL;
	unsigned int i;
	size_t n = 0;

	if (!m->have_task_totals || !MODEL_HAS(m->hist_has, 0) || model_group(m, BY_MACHINE, false, &g, &n) || !n)
		return;
	t->wait_n = g->wait.n;
	for (i = 0; i < N(named); i++)
		t->named[i] = rhist_q(&g->wait, named[i]) / 1e3;
	t->named[i] = g->wait.n ? (double)g->wait.max / 1e3 : NAN;
	for (i = 0; i < PAGE_QUANTILES; i++)
		if ((double)g->wait.n * (1 - page_quantile(i)) >= 1)
			t->q[i] = rhist_q(&g->wait, page_quantile(i)) / 1e3;
	model_groups_free(g, n);
}

static int take_series(struct page_trace *t, const struct model *m, const struct page *p)
{
	struct series_opts so = { .max_points = p->points };
	struct series s;
	size_t i;
	int w, err;

	err = series_load(m, &so, &s);
	if (err)
		return err;
	t->t = calloc(s.n + 1, sizeof(*t->t));
	t->mark = calloc(s.n_marks + 1, sizeof(*t->mark));
	err = t->t && t->mark ? 0 : -ENOMEM;
	for (w = 0; w < SERIES_N && !err; w++) {
		t->y[w] = calloc(s.n + 1, sizeof(**t->y));
		err = t->y[w] ? 0 : -ENOMEM;
		for (i = 0; i < s.n && !err; i++) {
			t->y[w][i] = series_value(&s, i, (enum series_what)w);
			t->have[w] |= !isnan(t->y[w][i]);
		}
	}
	for (i = 0; i < s.n && !err; i++)
		t->t[i] = s.p[i].t;
	for (i = 0; i < s.n_marks && !err; i++) {
		t->mark[i] = (struct page_mark){ s.mark[i].t, s.mark[i].kind, strdup(s.mark[i].name) };
		t->n_marks++;
		err = t->mark[i].name ? 0 : -ENOMEM;
	}
	t->n_points = s.n;
	t->merged = s.merged;
	t->duration = s.duration;
	series_free(&s);
	return err;
}

/* ---------------------------------------------------------------- migrations */

static uint32_t group_of(const struct model_cpu *c, enum page_level level)
{
	return level == LEVEL_CPU ? c->cpu : level == LEVEL_LLC ? c->llc : c->node;
}

static size_t find_group(const struct page_trace *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < t->n_groups && t->group[i] != id; i++)
		;
	return i;
}

/* The finest level that the matrix has room for; false where there is none. */
static bool choose_level(struct page_trace *t, const struct model *m)
{
	size_t i, k;
	uint32_t id;

	for (t->level = LEVEL_CPU; t->level <= LEVEL_NODE; t->level++) {
		t->n_groups = 0;
		for (i = 0; i < m->n_cpus; i++) {
			id = group_of(&m->cpus[i], t->level);
			if (find_group(t, id) < t->n_groups)
				continue;
			if (t->n_groups == PAGE_GROUPS)
				break;
			for (k = t->n_groups++; k && t->group[k - 1] > id; k--)
				t->group[k] = t->group[k - 1];
			t->group[k] = id;
		}
		if (i == m->n_cpus)
			return t->n_groups > 0;
	}
	t->n_groups = 0;
	return false;
}

struct moves {
	struct page_trace *t;
	const struct model *m;
	uint32_t *at;   /* by key of the chunk: row * PAGE_GROUPS + column, NONE for other events */
	size_t cap;
};
#define NONE UINT32_MAX

static size_t group_of_cpu(const struct moves *v, uint64_t cpu)
{
	uint32_t i = u64map_get(&v->m->by_cpu, cpu);

	return i == U64MAP_NONE ? v->t->n_groups : find_group(v->t, group_of(&v->m->cpus[i], v->t->level));
}

static int look_at_keys(struct moves *v, struct mmt_reader *r, const struct mmt_chunk *chunk, bool *some)
{
	const struct mmt_type *type = mmt_reader__type(r, MMT_EV_MIGRATE);
	int orig = type ? mmt_type__field(type, "orig") : -1, dest = type ? mmt_type__field(type, "dest") : -1;
	size_t i, from, to;

	*some = false;
	if (chunk->n_keys > v->cap) {
		uint32_t *p = reallocarray(v->at, chunk->n_keys, sizeof(*p));

		if (!p)
			return -ENOMEM;
		v->at = p;
		v->cap = chunk->n_keys;
	}
	for (i = 0; i < chunk->n_keys; i++) {
		v->at[i] = NONE;
		if (mmt_key_type(chunk->keys[i]) != MMT_EV_MIGRATE || orig < 0 || dest < 0)
			continue;
		from = group_of_cpu(v, mmt_key_field(type, (unsigned int)orig, chunk->keys[i]));
		to = group_of_cpu(v, mmt_key_field(type, (unsigned int)dest, chunk->keys[i]));
		if (from >= v->t->n_groups || to >= v->t->n_groups)
			continue;
		v->at[i] = (uint32_t)(from * PAGE_GROUPS + to);
		*some = true;
	}
	return 0;
}

static bool in_window(const struct model *m, uint64_t t)
{
	size_t i;

	/* marks are few: the iteration's own and its phases */
	for (i = m->n_marks; i-- > 0;)
		if (m->marks[i].time <= t)
			return m->marks[i].selected;
	return !m->n_marks;
}

static void count_moves(struct moves *v, const struct mmt_chunk *chunk)
{
	uint32_t b, i;

	for (b = 0; b < chunk->n_blocks; b++) {
		const struct mmt_block *k = &chunk->blocks[b];

		for (i = 0; i < k->n; i++) {
			uint32_t at = v->at[k->sym[i]];

			if (at == NONE || !in_window(v->m, k->time[i]))
				continue;
			v->t->moves[at / PAGE_GROUPS][at % PAGE_GROUPS]++;
			v->t->seen++;
		}
	}
}

static int take_moves(struct page_trace *t, const struct model *m)
{
	static const unsigned int col[4] = { MC_MIG_SMT, MC_MIG_LLC, MC_MIG_NODE, MC_MIG_CROSS };
	struct mmt_reader_opts ro = { .sz = sizeof(ro) };
	struct moves v = { .t = t, .m = m };
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	bool some;
	int i, err;

	t->have_class = m->have_cpu_totals;
	for (i = 0; i < 4; i++) {
		t->have_class &= MODEL_HAS(m->cpu_has, col[i]) != 0;
		t->by_class[i] = model_cpu_sum(m, col[i]);
		t->counted += t->by_class[i];
	}
	if (!choose_level(t, m))
		return 0;
	err = mmt_reader__open(m->path, &ro, &r);
	if (err)
		return err;
	while ((err = mmt_reader__next(r, &chunk)) > 0) {
		if (!chunk.n_blocks)
			continue;
		t->have_events = true;
		err = look_at_keys(&v, r, &chunk, &some);
		if (err)
			break;
		if (some)
			count_moves(&v, &chunk);
	}
	mmt_reader__close(r);
	free(v.at);
	return err;
}

/* ------------------------------------------------------------------- traces */

struct job {
	struct page *p;
	const char **path; /* by trace */
	int *err;
};

static void read_one(void *ctx, size_t i)
{
	struct job *j = ctx;
	struct page_trace *t = &j->p->trace[i];
	struct model *m;
	unsigned int k;
	int err;

	for (k = 0; k < PAGE_QUANTILES; k++)
		t->q[k] = NAN;
	for (k = 0; k < PAGE_NAMED; k++)
		t->named[k] = NAN;
	if (!j->path[i])
		return;
	err = model_load(j->path[i], NULL, &m);
	if (err) {
		j->err[i] = err == -ENOMEM ? err : 0;
		return;
	}
	take_wait(t, m);
	t->hot = hot_recorded(m);
	err = take_series(t, m, j->p);
	if (!err)
		err = take_moves(t, m);
	if (!err)
		err = page_take_vms(t, m);
	model_free(m);
	t->read = !err;
	j->err[i] = err == -ENOMEM ? err : 0;
}

/* A series of them all may take this many bytes of the page, at about 6 a number. */
#define SERIES_BYTES 330000

static size_t points_for(size_t traces)
{
	size_t n = SERIES_BYTES / (6 * (SERIES_N + 1)) / (traces ? traces : 1);

	return n < 8 ? 8 : n > 240 ? 240 : n;
}

int page_load(struct page *p)
{
	const struct cmp *c = p->c;
	struct job j = { .p = p };
	size_t k, i, n = 0;
	int err = -ENOMEM;

	p->first = calloc(c->n_arms + 1, sizeof(*p->first));
	if (!p->first)
		return -ENOMEM;
	for (k = 0; k < c->n_arms; k++) {
		p->first[k] = n;
		n += c->arm[k].n_iter;
	}
	p->n_traces = n;
	p->points = points_for(n);
	p->trace = calloc(n + 1, sizeof(*p->trace));
	j.path = calloc(n + 1, sizeof(*j.path));
	j.err = calloc(n + 1, sizeof(*j.err));
	if (!p->trace || !j.path || !j.err)
		goto out;
	for (k = 0; k < c->n_arms; k++)
		for (i = 0; i < c->arm[k].n_iter; i++)
			if (c->arm[k].iter[i].traced && !c->arm[k].iter[i].excluded)
				j.path[p->first[k] + i] = c->arm[k].iter[i].trace;
	pool_run(n, p->o->threads, read_one, &j);
	for (err = 0, i = 0; i < n; i++) {
		err = err ? err : j.err[i];
		p->n_read += p->trace[i].read;
	}
out:
	free(j.path);
	free(j.err);
	return err;
}

void page_unload(struct page *p)
{
	size_t i, k;

	for (i = 0; p->trace && i < p->n_traces; i++) {
		struct page_trace *t = &p->trace[i];

		for (k = 0; k < SERIES_N; k++)
			free(t->y[k]);
		for (k = 0; k < t->n_marks; k++)
			free(t->mark[k].name);
		free(t->mark);
		free(t->t);
		page_free_vms(t);
	}
	free(p->trace);
	free(p->first);
}
