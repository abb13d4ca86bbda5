// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "faults.h"
#include "model_int.h"
#include "counters/counters.h"
#include "kvm/kvm.h"
#include "numa/numa.h"
#include "numa/hops.h"
#include "numa/pages.h"
#include "syscalls.h"
#include "vms/vms.h"

void model_free(struct model *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->n_totals; i++) {
		rhist_free(&m->totals[i].wait);
		rhist_free(&m->totals[i].off);
	}
	syscalls_free(m->syscalls);
	faults_free(m->faults);
	kvm_free(m->kvm);
	counters_free(m->counters);
	numa_free(m->numa);
	numa_pages_free(m->numa_pages);
	numa_hops_free(m->numa_hops);
	vms_free(m->vms);
	free(m->meta);
	free(m->marks);
	free(m->clocks);
	free(m->cpus);
	free(m->nodes);
	free(m->tasks);
	free(m->totals);
	free(m->cgroups);
	free(m->notes);
	free(m->samples);
	free(m->footprint);
	free(m->segments);
	free(m->names);
	u64map_free(&m->by_epoch);
	u64map_free(&m->by_cgroup);
	u64map_free(&m->by_cpu);
	arena_free(m->mem);
	free(m);
}

/* The mark that begins segment seq, as far as the file still has it. */
static const struct model_mark *mark_of(const struct model *m, uint64_t seq)
{
	size_t lo = 0, hi = m->n_marks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->marks[mid].seq <= seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &m->marks[lo - 1] : NULL;
}

bool model_has_rows(const struct model *m, unsigned int table)
{
	return table >= MMT_TB_META && table - MMT_TB_META < 64 && m->tables >> (table - MMT_TB_META) & 1;
}

bool model_selected(const struct model *m, uint64_t seq)
{
	const struct model_mark *k = mark_of(m, seq);

	/* segment 0 lies before the first mark; another without its mark has lost it with a damaged chunk */
	if (!k)
		return seq && (m->window == WINDOW_AUTO || m->window == WINDOW_ALL);
	return k->selected;
}

static int cmp_cpu(const void *a, const void *b)
{
	const struct model_cpu *x = a, *y = b;

	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static uint64_t last_instant(const struct model *m)
{
	uint64_t t = m->status.last_time;
	size_t i;

	for (i = 0; i < m->n_segments; i++)
		if (m->segments[i].last > t)
			t = m->segments[i].last;
	return t;
}

/*
 * The process of a task is the youngest leader of its tgid that is not younger than the
 * task: a number that was used twice stays two processes.
 */
static int find_leaders(struct model *m)
{
	struct u64map by_tgid = { 0 };
	uint32_t *next = malloc((m->n_tasks + 1) * sizeof(*next)), i, k, best;
	int err = next ? 0 : -ENOMEM;

	for (i = 0; !err && i < m->n_tasks; i++) {
		if (!m->tasks[i].known || m->tasks[i].tid != m->tasks[i].tgid)
			continue;
		next[i] = u64map_get(&by_tgid, m->tasks[i].tgid);
		err = u64map_put(&by_tgid, m->tasks[i].tgid, i);
	}
	for (i = 0; !err && i < m->n_tasks; i++) {
		struct model_task *t = &m->tasks[i];

		best = U64MAP_NONE;
		k = t->known ? u64map_get(&by_tgid, t->tgid) : U64MAP_NONE;
		for (; k != U64MAP_NONE; k = next[k])
			if (m->tasks[k].start <= t->start && (best == U64MAP_NONE || m->tasks[best].start < m->tasks[k].start))
				best = k;
		if (best == U64MAP_NONE && t->known) { /* the leader is unknown: the first thread stands for it */
			best = u64map_get(&by_tgid, t->tgid | 1ull << 32);
			if (best == U64MAP_NONE) {
				best = i;
				err = u64map_put(&by_tgid, t->tgid | 1ull << 32, i);
			}
		}
		t->leader = best == U64MAP_NONE ? i : best;
	}
	u64map_free(&by_tgid);
	free(next);
	return err;
}

/* First and last instant, and what lies between. */
static int find_window(struct model *m)
{
	uint64_t last = last_instant(m), end;
	bool any = false;
	size_t i;

	for (i = 0; i < m->n_marks; i++) {
		const struct model_mark *k = &m->marks[i];

		if (!k->selected)
			continue;
		if (i + 1 == m->n_marks)
			m->open_end = true;
		end = i + 1 < m->n_marks ? m->marks[i + 1].time : last;
		if (end < k->time)
			end = k->time;
		if (!any)
			m->t0 = k->time;
		any = true;
		m->t1 = end;
		m->duration += end - k->time;
	}
	if (any)
		return 0;
	if (m->n_marks == 0 && m->window == WINDOW_ALL) { /* the chunk with the marks is gone */
		m->open_end = true;
		m->t1 = last;
		m->t0 = m->n_segments ? m->segments[0].first : last;
		m->duration = m->t1 > m->t0 ? m->t1 - m->t0 : 0;
		return 0;
	}
	return m->window == WINDOW_ALL ? 0 : -ENOENT;
}

int model_finish(struct model *m)
{
	size_t i;
	int err;

	if (find_leaders(m))
		return -ENOMEM;
	if (m->n_cpus)
		qsort(m->cpus, m->n_cpus, sizeof(*m->cpus), cmp_cpu);
	for (i = 0; i < m->n_cpus; i++)
		if (u64map_put(&m->by_cpu, m->cpus[i].cpu, (uint32_t)i))
			return -ENOMEM;
	if (numa_finish(m))
		return -ENOMEM;
	err = find_window(m);
	return err ? err : vms_finish(m);
}

const char *model_meta(const struct model *m, const char *key)
{
	size_t i;

	for (i = m->n_meta; i-- > 0;) /* a later row replaces */
		if (!strcmp(m->meta[i].key, key))
			return m->meta[i].value;
	return NULL;
}

const struct model_task *model_task(const struct model *m, uint64_t epoch)
{
	uint32_t i = u64map_get(&m->by_epoch, epoch);

	return i == U64MAP_NONE ? NULL : &m->tasks[i];
}

const char *model_cgroup_path(const struct model *m, uint64_t id)
{
	uint32_t i = u64map_get(&m->by_cgroup, id);

	return i == U64MAP_NONE ? NULL : m->cgroups[i].path;
}

const char *model_window_name(const struct model *m, char *buf, size_t size)
{
	size_t i, n = 0, first = 0;

	for (i = 0; i < m->n_marks; i++) {
		if (m->marks[i].selected && !n++)
			first = i;
	}
	if (m->window == WINDOW_ITERATION)
		snprintf(buf, size, "iteration");
	else if (m->window == WINDOW_SEGMENT && n)
		snprintf(buf, size, "segment %" PRIu64, m->marks[first].seq);
	else if (m->window == WINDOW_NAME && n)
		snprintf(buf, size, "mark %s (%zu segment%s)", m->marks[first].name, n, n == 1 ? "" : "s");
	else
		snprintf(buf, size, "everything");
	return buf;
}

int model_edge(const struct model *m, uint64_t seq)
{
	const struct model_mark *k = mark_of(m, seq);
	bool after, before;

	if (!k || k->seq != seq)
		return 0;
	after = k->selected;
	before = k > m->marks && k[-1].selected;
	return after == before ? 0 : after ? 1 : -1;
}

int model_counter(const struct model *m, const char *source, const char *name, int64_t scope, uint64_t *value)
{
	uint64_t sum = 0, n_begin = 0, n_end = 0;
	size_t i;

	for (i = 0; i < m->n_samples; i++) {
		const struct model_sample *s = &m->samples[i];
		int edge;

		if ((scope != MODEL_ALL_SCOPES && s->scope != scope) || strcmp(m->names[s->name], name) ||
		    strcmp(m->names[s->source], source))
			continue;
		edge = model_edge(m, s->segment);
		if (edge > 0) {
			sum -= s->value;
			n_begin++;
		} else if (edge < 0) {
			sum += s->value;
			n_end++;
		}
	}
	if (!n_begin || n_begin != n_end)
		return -ENODATA;
	*value = sum;
	return 0;
}

bool model_footprint(const struct model *m, uint64_t v[MF_N])
{
	const struct model_footprint *a = NULL, *b = NULL;
	size_t i;
	int k;

	for (i = 0; i < m->n_footprint; i++) {
		const struct model_footprint *f = &m->footprint[i];

		if (f->time <= m->t0)
			a = f;
		if (f->time <= m->t1 || !b)
			b = f;
	}
	if (!b)
		return false;
	for (k = 0; k < MF_N; k++) {
		bool level = k == MF_RSS_KB || k == MF_MAXRSS_KB || k == MF_MAP_KB;

		v[k] = b->v[k] - (level || !a || a == b ? 0 : a->v[k]);
	}
	return true;
}

uint64_t model_cpu_sum(const struct model *m, unsigned int col)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < m->n_cpus; i++)
		sum += m->cpus[i].v[col];
	return sum;
}

static uint64_t group_key(const struct model *m, const struct model_totals *t, enum model_by by)
{
	const struct model_task *task = &m->tasks[t->task];

	switch (by) {
	case BY_TASK:
		return t->task;
	case BY_PROCESS:
		return task->leader;
	case BY_CGROUP:
		return t->cgroup;
	default:
		return 0;
	}
}

static bool totals_used(const struct model_totals *t)
{
	int i;

	for (i = 0; i < MT_N; i++)
		if (t->v[i])
			return true;
	return false;
}

/* A process goes by its leader's name, while there is one. */
static void better_name(struct model_group *g, const struct model_task *t)
{
	bool leader, has;

	if (!g->task) {
		g->task = t;
		return;
	}
	leader = t->tid == t->tgid;
	has = g->task->tid == g->task->tgid;
	if (leader && !has)
		g->task = t;
}

/* A task that changed its cgroup has several totals and still counts as one. */
static bool first_of_task(const struct model *m, const struct model_totals *t)
{
	uint32_t i;

	for (i = t->next; i != U64MAP_NONE; i = m->totals[i].next)
		if (totals_used(&m->totals[i]))
			return false;
	return true;
}

static int cmp_group(const void *a, const void *b)
{
	const struct model_group *x = a, *y = b;

	if (x->v[MT_RUN_NS] != y->v[MT_RUN_NS])
		return x->v[MT_RUN_NS] < y->v[MT_RUN_NS] ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

uint64_t model_name_hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return h;
}

int model_group_of(const struct model *m, enum model_by by, bool collector, struct model_group **out, size_t *n,
		   uint32_t *of)
{
	struct u64map map = { 0 };
	struct model_group *g = calloc(m->n_totals + 1, sizeof(*g));
	size_t i, n_groups = 0;
	int err = -ENOMEM, k;

	if (!g)
		return -ENOMEM;
	if (by == BY_MACHINE)
		n_groups = 1;
	for (i = 0; i < m->n_totals; i++) {
		const struct model_totals *t = &m->totals[i];
		const struct model_task *task = &m->tasks[t->task];
		uint64_t key = by == BY_COMM ? model_name_hash(task->comm) : group_key(m, t, by);
		uint32_t at;

		if (of)
			of[i] = U64MAP_NONE;
		if (model_hides(m, task, collector) || !totals_used(t))
			continue;
		at = by == BY_MACHINE ? 0 : u64map_get(&map, key);
		if (at == U64MAP_NONE) {
			at = (uint32_t)n_groups++;
			if (u64map_put(&map, key, at))
				goto err_free;
			g[at].id = by == BY_TASK ? task->epoch : by == BY_PROCESS ? task->tgid : by == BY_CGROUP ? key : 0;
		}
		g[at].n_tasks += by == BY_CGROUP || first_of_task(m, t);
		if (by != BY_MACHINE && by != BY_CGROUP)
			better_name(&g[at], task);
		for (k = 0; k < MT_N; k++)
			g[at].v[k] += t->v[k];
		if (rhist_merge(&g[at].wait, &t->wait) || rhist_merge(&g[at].off, &t->off))
			goto err_free;
		if (of)
			of[i] = at;
	}
	u64map_free(&map);
	*out = g;
	*n = n_groups;
	return 0;
err_free:
	u64map_free(&map);
	model_groups_free(g, n_groups);
	return err;
}

int model_group(const struct model *m, enum model_by by, bool collector, struct model_group **out, size_t *n)
{
	int err = model_group_of(m, by, collector, out, n, NULL);

	if (!err)
		qsort(*out, *n, sizeof(**out), cmp_group);
	return err;
}

void model_groups_free(struct model_group *g, size_t n)
{
	size_t i;

	for (i = 0; g && i < n; i++) {
		rhist_free(&g[i].wait);
		rhist_free(&g[i].off);
	}
	free(g);
}

double model_waited(const struct model *m)
{
	double sum = 0;
	uint32_t at;
	size_t i;

	for (i = 0; i < m->n_tasks; i++) {
		const struct model_task *t = &m->tasks[i];
		uint64_t wait = 0, run = 0, most;

		if (model_hides(m, t, false))
			continue;
		for (at = t->totals; at != U64MAP_NONE; at = m->totals[at].next) {
			wait += m->totals[at].v[MT_WAIT_NS];
			run += m->totals[at].v[MT_RUN_NS];
		}
		most = m->duration > run ? m->duration - run : 0;
		sum += (double)(t->epoch && wait > most ? most : wait); /* epoch 0 is many tasks */
	}
	return sum;
}
