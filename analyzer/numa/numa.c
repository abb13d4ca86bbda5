// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "numa.h"

#define Z95 1.959963985
#define MAX_NODES 1024

enum { C_TIME, C_SEGMENT, C_EPOCH, C_CGROUP, C_NODE, C_KIND, C_METHOD, C_KB, C_LO, C_HI, C_N, C_SAMPLED, C_COST };
const char *const numa_cols[NUMA_COLS] = {
	"time", "segment", "epoch", "cgroup", "node", "kind", "method", "kb", "lo", "hi", "n", "sampled", "cost_ns",
};

/* Rows of one measurement, put together. */
struct numa_row {
	bool open, selected;
	uint64_t time, epoch, cgroup, cost_ns;
	unsigned int method;
	double n;
	double *kb, *lo, *hi; /* by kind and node, by node */
};

bool numa_recorded(const struct model *m)
{
	return m->placed;
}

static struct numa *numa_of(struct model *m)
{
	struct numa *x = m->numa;
	size_t i, nodes;

	if (x)
		return x;
	x = calloc(1, sizeof(*x));
	if (!x)
		return NULL;
	for (i = 0; i < m->n_nodes; i++)
		if (m->nodes[i].node < MAX_NODES && m->nodes[i].node >= x->n_nodes)
			x->n_nodes = m->nodes[i].node + 1;
	for (i = 0; i < m->n_cpus; i++)
		if (m->cpus[i].node < MAX_NODES && m->cpus[i].node >= x->n_nodes)
			x->n_nodes = m->cpus[i].node + 1;
	x->n_nodes = x->n_nodes ? x->n_nodes : 1;
	nodes = x->n_nodes;
	x->row = arena_alloc(m->mem, sizeof(*x->row));
	if (x->row)
		x->row->kb = arena_alloc(m->mem, (NUMA_KINDS + 2) * nodes * sizeof(double));
	if (!x->row || !x->row->kb) {
		free(x);
		return NULL;
	}
	x->row->lo = x->row->kb + NUMA_KINDS * nodes;
	x->row->hi = x->row->lo + nodes;
	m->numa = x;
	return x;
}

static struct numa_proc *proc_new(struct model *m, uint64_t epoch, uint64_t cgroup)
{
	struct numa *x = m->numa;
	size_t n = x->n_nodes;
	struct numa_proc *p = array_more(&x->procs, &x->n_procs, &x->cap_procs, sizeof(*p));
	double *d = arena_alloc(m->mem, (NUMA_KINDS + 6) * n * sizeof(*d));

	if (!p || !d || u64map_put(epoch ? &x->by_epoch : &x->by_cgroup, epoch ? epoch : cgroup, (uint32_t)(p - x->procs)))
		return NULL;
	*p = (struct numa_proc){
		.epoch = epoch, .cgroup = cgroup, .kb = d, .run = d + NUMA_KINDS * n, .lo = d + (NUMA_KINDS + 1) * n,
		.hi = d + (NUMA_KINDS + 2) * n, .share = d + (NUMA_KINDS + 3) * n, .weight = d + (NUMA_KINDS + 4) * n,
		.pending = d + (NUMA_KINDS + 5) * n,
	};
	return p;
}

static struct numa_proc *proc_at(struct numa *x, struct u64map *map, uint64_t key)
{
	uint32_t i = u64map_get(map, key);

	return i == U64MAP_NONE ? NULL : &x->procs[i];
}

double numa_distance(const struct model *m, unsigned int a, unsigned int b)
{
	size_t i;

	for (i = 0; i < m->n_nodes; i++) {
		const struct model_node *n = &m->nodes[i];

		if (n->node == a)
			return a < n->n_distance && b < n->n_distance && n->distance[a] ?
			       (double)n->distance[b] / (double)n->distance[a] : (double)NAN;
	}
	return NAN;
}

/* ---------------------------------------------------------------- exposure */

/* The run time that was held against the last measurement, into the sums. */
static void settle(const struct model *m, struct numa_proc *p)
{
	unsigned int n = m->numa->n_nodes, i, k;
	double run = 0, on = 0, mean = 0, square = 0, far = 0;
	struct numa_sum *s = &p->sum;

	for (i = 0; i < n; i++)
		run += p->weight[i];
	if (run <= 0)
		return;
	for (i = 0; i < n; i++) {
		double w = p->weight[i] / run, smooth = p->n > 0 ? (p->n * p->share[i] + 0.5) / (p->n + 0.5 * n) : 0;

		on += w * p->share[i];
		mean += w * smooth;
		square += w * w * smooth;
		for (k = 0; k < n && w > 0; k++)
			if (p->share[k] > 0)
				far += w * p->share[k] * numa_distance(m, i, k);
	}
	s->covered += run;
	s->off += run * (1 - on);
	if (!isnan(far)) {
		s->far += run * far;
		s->far_run += run;
	}
	if (p->n > 0) {
		s->var += run * run * (square - mean * mean) / p->n;
		s->w2 += run * run / p->n;
	}
	memset(p->weight, 0, n * sizeof(*p->weight));
}

void numa_sum_add(struct numa_sum *a, const struct numa_sum *b)
{
	a->run += b->run;
	a->covered += b->covered;
	a->off += b->off;
	a->far += b->far;
	a->far_run += b->far_run;
	a->var += b->var;
	a->w2 += b->w2;
}

static void wilson(double share, double n, double *lo, double *hi)
{
	double z2 = Z95 * Z95, mid = (share + z2 / (2 * n)) / (1 + z2 / n);
	double half = Z95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);

	*lo = share <= 0 || mid < half ? 0 : mid - half;
	*hi = share >= 1 || mid + half > 1 ? 1 : mid + half;
}

struct numa_exposure numa_exposure(const struct numa_sum *s)
{
	struct numa_exposure e = { NAN, NAN, NAN, NAN, NAN };
	double n, var;

	if (s->run > 0)
		e.covered = s->covered / s->run;
	if (s->covered <= 0)
		return e;
	e.share = e.lo = e.hi = fmin(fmax(s->off / s->covered, 0), 1);
	if (s->far_run > 0)
		e.distance = s->far / s->far_run;
	if (s->w2 <= 0)
		return e;
	n = s->covered * s->covered / s->w2;
	var = s->var / (s->covered * s->covered);
	if (var > 0 && e.share * (1 - e.share) / var > n)
		n = e.share * (1 - e.share) / var;
	wilson(e.share, n, &e.lo, &e.hi);
	return e;
}

/* ---------------------------------------------------------------- rows */

static void keep_window(const struct numa *x, struct numa_proc *p, const struct numa_row *r)
{
	size_t n = x->n_nodes, i;
	/* until there is one in the window, the last before it; or else the first after it */
	bool instead = !r->selected && !p->in_window && (p->sum.run <= 0 || !p->seen);

	if (!r->selected && !instead)
		return;
	if (instead || !p->in_window)
		memset(p->kb, 0, NUMA_KINDS * n * sizeof(*p->kb));
	if (instead || !p->in_window) {
		memset(p->lo, 0, n * sizeof(*p->lo));
		memset(p->hi, 0, n * sizeof(*p->hi));
	}
	for (i = 0; i < NUMA_KINDS * n; i++)
		p->kb[i] += r->kb[i];
	for (i = 0; i < n; i++) {
		p->lo[i] += r->lo[i];
		p->hi[i] += r->hi[i];
	}
	if (!r->selected) {
		p->methods = r->method;
		return;
	}
	p->methods = (p->in_window ? p->methods : 0) | r->method;
	p->in_window++;
	p->cost_ns += r->cost_ns;
}

/* All rows of a measurement are there. */
static int commit(struct model *m)
{
	struct numa *x = m->numa;
	struct numa_row *r = x->row;
	struct numa_proc *p = r->epoch ? proc_at(x, &x->by_epoch, r->epoch) : proc_at(x, &x->by_cgroup, r->cgroup);
	unsigned int n = x->n_nodes, i;
	double kb = 0;

	r->open = false;
	if (!p)
		p = proc_new(m, r->epoch, r->cgroup);
	if (!p)
		return -ENOMEM;
	keep_window(x, p, r);
	for (i = 0; i < n; i++)
		kb += r->kb[i];
	if (kb <= 0)
		return 0;
	for (i = 0; i < n; i++)
		p->weight[i] += p->seen ? p->pending[i] / 2 : 0;
	settle(m, p);
	for (i = 0; i < n; i++) {
		p->weight[i] = p->seen ? p->pending[i] / 2 : p->pending[i];
		p->share[i] = r->kb[i] / kb;
		p->pending[i] = 0;
	}
	p->n = r->n;
	p->seen++;
	return 0;
}

int numa_row(struct model *m, const struct row *r)
{
	struct numa *x = numa_of(m);
	uint64_t time = row_u64(r, C_TIME), epoch = row_u64(r, C_EPOCH), cgroup = row_u64(r, C_CGROUP),
		 node = row_u64(r, C_NODE), kind = row_u64(r, C_KIND), n = row_u64(r, C_N);
	struct numa_row *o;
	int err = 0;

	if (!x)
		return -ENOMEM;
	o = x->row;
	if (o->open && (o->time != time || o->epoch != epoch || o->cgroup != cgroup))
		err = commit(m);
	if (err || kind >= NUMA_KINDS || (!epoch && !cgroup))
		return err;
	if (!o->open) {
		memset(o->kb, 0, (NUMA_KINDS + 2) * x->n_nodes * sizeof(*o->kb));
		o->open = true;
		o->time = time;
		o->epoch = epoch;
		o->cgroup = cgroup;
		o->selected = model_selected(m, row_u64(r, C_SEGMENT));
		o->method = 1u << (row_u64(r, C_METHOD) & 7);
		o->cost_ns = row_u64(r, C_COST);
		o->n = 0;
	}
	if (node >= x->n_nodes) {
		x->lost_kb += kind == NUMA_ALL ? (double)row_u64(r, C_KB) : 0;
		return 0;
	}
	o->kb[kind * x->n_nodes + node] = (double)row_u64(r, C_KB);
	if (kind != NUMA_ALL)
		return 0;
	o->lo[node] = (double)row_u64(r, C_LO);
	o->hi[node] = (double)row_u64(r, C_HI);
	/* the node that is known the least about speaks for all */
	if (n && (o->n <= 0 || (double)n < o->n))
		o->n = (double)n;
	return 0;
}

void numa_leader(struct model *m, const struct model_task *t)
{
	struct numa *x = m->placed ? numa_of(m) : NULL;
	struct numa_proc *p;
	uint32_t at;

	if (!x || t->tid != t->tgid || t->flags & (TASK_KTHREAD | TASK_COLLECTOR))
		return;
	at = u64map_get(&x->by_epoch, t->epoch);
	p = at == U64MAP_NONE ? proc_new(m, t->epoch, 0) : &x->procs[at];
	if (!p)
		return; /* what it runs is then not counted */
	p->tgid = t->tgid;
	if (u64map_put(&x->by_tgid, t->tgid, (uint32_t)(p - x->procs)))
		p->tgid = 0;
}

unsigned int numa_node_of(const struct model *m, bool cpus, unsigned int place)
{
	uint32_t i;

	if (!cpus)
		return place;
	i = u64map_get(&m->by_cpu, place);
	return i == U64MAP_NONE ? UINT32_MAX : m->cpus[i].node;
}

int numa_run(struct model *m, const struct model_task *t, const uint64_t *place, unsigned int n)
{
	struct numa *x = m->numa;
	const char *v = model_meta(m, "totals.place");
	struct numa_proc *p;
	unsigned int i, node;
	int err = 0;

	if (!x)
		return 0;
	if (x->row->open)
		err = commit(m);
	if (err || t->flags & (TASK_KTHREAD | TASK_COLLECTOR) || !t->known)
		return err;
	p = t->tid == t->tgid ? proc_at(x, &x->by_epoch, t->epoch) : proc_at(x, &x->by_tgid, t->tgid);
	for (i = 0; i < n; i++) {
		if (!place[i])
			continue;
		node = numa_node_of(m, !v || !strcmp(v, "cpu"), i);
		if (!p || node >= x->n_nodes) {
			x->all.run += (double)place[i];
			continue;
		}
		p->run[node] += (double)place[i];
		p->pending[node] += (double)place[i];
		p->sum.run += (double)place[i];
	}
	return 0;
}

void numa_forget(struct numa *x)
{
	size_t i, n;

	if (!x)
		return;
	n = x->n_nodes * sizeof(double);
	memset(&x->all, 0, sizeof(x->all));
	for (i = 0; i < x->n_procs; i++) {
		struct numa_proc *p = &x->procs[i];

		memset(&p->sum, 0, sizeof(p->sum));
		memset(p->run, 0, n);
		memset(p->weight, 0, n);
		memset(p->pending, 0, n);
		p->in_window = 0;
		p->cost_ns = 0;
	}
}

int numa_finish(struct model *m)
{
	struct numa *x = numa_recorded(m) ? numa_of(m) : m->numa;
	size_t i, k;
	int err = 0;

	if (!x)
		return numa_recorded(m) ? -ENOMEM : 0;
	if (x->row->open)
		err = commit(m);
	for (i = 0; i < x->n_procs && !err; i++) {
		struct numa_proc *p = &x->procs[i];

		for (k = 0; k < x->n_nodes && p->seen; k++) {
			p->weight[k] += p->pending[k];
			p->pending[k] = 0;
		}
		settle(m, p);
		for (k = 0; k < NUMA_KINDS * x->n_nodes && p->in_window; k++)
			p->kb[k] /= p->in_window;
		for (k = 0; k < x->n_nodes && p->in_window; k++) {
			p->lo[k] /= p->in_window;
			p->hi[k] /= p->in_window;
		}
		numa_sum_add(&x->all, &p->sum);
	}
	return err;
}

void numa_free(struct numa *x)
{
	if (!x)
		return;
	u64map_free(&x->by_epoch);
	u64map_free(&x->by_tgid);
	u64map_free(&x->by_cgroup);
	free(x->procs);
	free(x);
}

int numa_metric(const struct model *m, enum numa_what what, double *value)
{
	struct numa_exposure e;

	if (!m->numa || !numa_recorded(m))
		return -ENODATA;
	e = numa_exposure(&m->numa->all);
	*value = what == NUMA_EXPOSURE ? 100 * e.share : what == NUMA_DISTANCE ? e.distance : 100 * e.covered;
	return 0;
}
