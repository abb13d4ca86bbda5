// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

enum { C_SEGMENT = FT_N, C_EPOCH, C_CGROUP };
const char *const faults_cols[FAULTS_COLS] = {
	"minor", "major", "user_read", "user_write", "user_exec", "user_read_prot", "user_write_prot", "user_exec_prot",
	"kernel_read", "kernel_write", "kernel_read_prot", "kernel_write_prot", "kernel_addr", "segment", "epoch", "cgroup",
};

enum { L_SEGMENT, L_EPOCH, L_MAPPING, L_MAJOR, L_COUNT, L_TOTAL, L_MAX, L_HIST };
const char *const fault_latency_cols[FAULT_LATENCY_COLS] = {
	"segment", "epoch", "mapping", "major", "count", "total", "max", "hist",
};

static struct fault_sum *sum_of(struct faults *f, uint64_t epoch, uint64_t cgroup)
{
	uint32_t first = u64map_get(&f->by_epoch, epoch), i;
	struct fault_sum *p;

	for (i = first; i != U64MAP_NONE; i = f->sums[i].next)
		if (f->sums[i].cgroup == cgroup)
			return &f->sums[i];
	if (f->n_sums == f->cap_sums) {
		size_t n = f->cap_sums ? f->cap_sums * 2 : 64;

		p = reallocarray(f->sums, n, sizeof(*p));
		if (!p)
			return NULL;
		f->sums = p;
		f->cap_sums = n;
	}
	if (u64map_put(&f->by_epoch, epoch, (uint32_t)f->n_sums))
		return NULL;
	p = &f->sums[f->n_sums++];
	*p = (struct fault_sum){ .epoch = epoch, .cgroup = cgroup, .next = first };
	return p;
}

int faults_row(struct model *m, const struct row *r)
{
	struct fault_sum *s;
	int i;

	if (!m->faults)
		m->faults = calloc(1, sizeof(*m->faults));
	if (!m->faults)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, C_SEGMENT)))
		return 0;
	s = sum_of(m->faults, row_u64(r, C_EPOCH), row_u64(r, C_CGROUP));
	if (!s)
		return -ENOMEM;
	for (i = 0; i < FT_N; i++)
		s->v[i] += row_u64(r, i);
	return 0;
}

static bool is_collector(const struct model *m, uint64_t epoch)
{
	const struct model_task *t = model_task(m, epoch);

	return t && t->flags & TASK_COLLECTOR;
}

int fault_latency_row(struct model *m, const struct row *r)
{
	const struct mmt_cell *hist = row_blob(r, L_HIST);
	struct fault_latency *l;

	if (!m->faults)
		m->faults = calloc(1, sizeof(*m->faults));
	if (!m->faults)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, L_SEGMENT)) || is_collector(m, row_u64(r, L_EPOCH)))
		return 0;
	l = &m->faults->latency[!!row_u64(r, L_MAJOR)][!!row_u64(r, L_MAPPING)];
	if (!row_u64(r, L_EPOCH))
		return hist->p ? rhist_add_packed(&l->hist, hist->p, hist->len) : 0;
	l->count += row_u64(r, L_COUNT);
	l->ns += row_u64(r, L_TOTAL);
	if (row_u64(r, L_MAX) > l->max)
		l->max = row_u64(r, L_MAX);
	return 0;
}

static void latency_forget(struct faults *f)
{
	int i;

	for (i = 0; i < 4; i++)
		rhist_free(&f->latency[i / 2][i % 2].hist);
	memset(f->latency, 0, sizeof(f->latency));
}

void faults_forget(struct faults *f)
{
	if (!f)
		return;
	latency_forget(f);
	u64map_free(&f->by_epoch);
	memset(&f->by_epoch, 0, sizeof(f->by_epoch));
	f->n_sums = 0;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	latency_forget(f);
	u64map_free(&f->by_epoch);
	free(f->sums);
	free(f);
}

bool faults_recorded(const struct model *m, bool kinds)
{
	const char *v = model_meta(m, "fault.kinds");

	return v && (!kinds || !strcmp(v, "yes"));
}

uint64_t faults_sum(const uint64_t v[FT_N], unsigned int cols)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < FT_N; i++)
		if (cols & FT_B(i))
			sum += v[i];
	return sum;
}

int faults_total(const struct model *m, unsigned int cols, double *value)
{
	uint64_t sum = 0;
	size_t i;

	if (!faults_recorded(m, cols & ~(FT_B(FT_MINOR) | FT_B(FT_MAJOR))))
		return -ENODATA;
	for (i = 0; m->faults && i < m->faults->n_sums; i++)
		if (!model_hides(m, model_task(m, m->faults->sums[i].epoch), false))
			sum += faults_sum(m->faults->sums[i].v, cols);
	*value = (double)sum;
	return 0;
}

static uint64_t key_of(const struct model *m, const struct fault_sum *s, const struct model_task *t, enum model_by by)
{
	switch (by) {
	case BY_TASK:
		return s->epoch;
	case BY_PROCESS:
		return t ? m->tasks[t->leader].epoch : 0;
	case BY_COMM:
		return t ? model_name_hash(t->comm) : 0;
	case BY_CGROUP:
		return s->cgroup;
	default:
		return 0;
	}
}

static int cmp_group(const void *a, const void *b)
{
	const struct fault_group *x = a, *y = b;
	uint64_t fx = x->v[FT_MINOR] + x->v[FT_MAJOR], fy = y->v[FT_MINOR] + y->v[FT_MAJOR];

	if (fx != fy)
		return fx < fy ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

/* A task in several cgroups is one. */
static bool first_of_task(const struct faults *f, const struct fault_sum *s)
{
	return u64map_get(&f->by_epoch, s->epoch) == (uint32_t)(s - f->sums);
}

int faults_group(const struct model *m, enum model_by by, bool collector, struct fault_group **out, size_t *n)
{
	const struct faults *f = m->faults;
	struct u64map map = { 0 };
	struct fault_group *g = calloc((f ? f->n_sums : 0) + 1, sizeof(*g));
	size_t i, n_groups = 0;
	int k;

	if (!g)
		return -ENOMEM;
	for (i = 0; f && i < f->n_sums; i++) {
		const struct fault_sum *s = &f->sums[i];
		const struct model_task *t = s->epoch ? model_task(m, s->epoch) : NULL;
		uint64_t key = key_of(m, s, t, by);
		uint32_t at = u64map_get(&map, key);

		if (model_hides(m, t, collector))
			continue;
		if (at == U64MAP_NONE) {
			at = (uint32_t)n_groups++;
			if (u64map_put(&map, key, at)) {
				u64map_free(&map);
				free(g);
				return -ENOMEM;
			}
			g[at].id = by == BY_PROCESS ? (t ? t->tgid : 0) : by == BY_COMM ? 0 : key;
			g[at].task = !t ? NULL : by == BY_PROCESS ? &m->tasks[t->leader] : t;
		}
		g[at].n_tasks += by == BY_CGROUP || first_of_task(f, s);
		for (k = 0; k < FT_N; k++)
			g[at].v[k] += s->v[k];
	}
	u64map_free(&map);
	qsort(g, n_groups, sizeof(*g), cmp_group);
	*out = g;
	*n = n_groups;
	return 0;
}
