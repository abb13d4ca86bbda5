// SPDX-License-Identifier: GPL-2.0-only
/* What steps make of loads and of off-node exposure. */
#include <math.h>
#include <string.h>

#include "work.h"

#define ROOM 0.05 /* of a node's memory stays free */

/* ---------------------------------------------------------------- nodes */

uint64_t bal_nodes_with_cpus(const struct work *w)
{
	uint64_t set = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		set |= w->node[i].cpus ? BIT(i) : 0;
	return set;
}

unsigned int bal_cpus_of(const struct bal_node *node, unsigned int n_nodes, uint64_t set)
{
	unsigned int i, sum = 0;

	for (i = 0; i < n_nodes; i++)
		sum += set & BIT(i) ? node[i].cpus : 0;
	return sum;
}

double bal_highest(const struct work *w, uint64_t set)
{
	double v = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		if (set & BIT(i) && w->node[i].cpus)
			v = fmax(v, load_of(w, i));
	return v;
}

double bal_lowest(const struct work *w, uint64_t set)
{
	double v = INFINITY;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		if (set & BIT(i) && w->node[i].cpus)
			v = fmin(v, load_of(w, i));
	return v;
}

double bal_imbalance(const struct work *w)
{
	uint64_t all = bal_nodes_with_cpus(w);
	double high = bal_highest(w, all);

	return all & (all - 1) && high > 0 ? (high - bal_lowest(w, all)) / high : NAN;
}

/* ---------------------------------------------------------------- groups */

double bal_total_kb(const struct work *w, const struct bal_group *g)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		sum += g->kb[i];
	return sum;
}

double bal_exposure(const struct bal_node *node, unsigned int n_nodes, const struct bal_group *g, uint64_t at)
{
	double all = 0, off = 0, run, runs = 0, cpus = bal_cpus_of(node, n_nodes, at);
	unsigned int i;

	for (i = 0; i < n_nodes; i++)
		all += g->kb[i];
	if (!g->memory_known || all <= 0 || (at && cpus <= 0))
		return NAN;
	for (i = 0; i < n_nodes; i++) {
		run = !at ? g->run[i] : at & BIT(i) ? node[i].cpus / cpus : 0;
		off += run * (1 - g->kb[i] / all);
		runs += run;
	}
	return runs > 0 ? off / runs : NAN;
}

double bal_elsewhere_kb(const struct work *w, const struct bal_group *g, uint64_t at)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		sum += at & BIT(i) ? 0 : g->kb[i];
	return sum;
}

bool bal_has_room(const struct work *w, const struct bal_group *g, uint64_t at)
{
	double room = 0, kb = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++) {
		if (!(at & BIT(i)))
			continue;
		room += fmax(0, w->free_kb[i] - ROOM * (double)w->node[i].mem_kb);
		kb += (double)w->node[i].mem_kb;
	}
	return kb > 0 && bal_elsewhere_kb(w, g, at) <= room;
}

double bal_mib_per_cpu(const struct work *w, const struct bal_group *g, uint64_t at)
{
	return g->memory_known ? bal_elsewhere_kb(w, g, at) / 1024 / fmax(g->use, 0.01) : NAN;
}

/* Of one whose memory is all on these nodes, on each of them that has memory as much as on the others: on one node all of it is near. */
static double exposure_within(const struct work *w, uint64_t at)
{
	double off = 0, cpus = bal_cpus_of(w->node, w->n_nodes, at);
	unsigned int i, with = 0;

	for (i = 0; i < w->n_nodes; i++)
		with += at & BIT(i) && w->node[i].mem_kb;
	for (i = 0; i < w->n_nodes; i++)
		if (at & BIT(i))
			off += w->node[i].cpus / cpus * (w->node[i].mem_kb ? 1 - 1.0 / with : 1);
	return off;
}

/* n more tasks on a set of nodes, so that the highest load is as low as it can be. */
static void pour(const struct work *w, double n, uint64_t at, double *tasks)
{
	uint64_t set = at & bal_nodes_with_cpus(w), in;
	double level = 0;
	unsigned int i;

	/* filled up to one level: without the nodes that are above it already, until none is */
	for (in = 0; set != in;) {
		in = set;
		for (level = n, i = 0; i < w->n_nodes; i++)
			level += in & BIT(i) ? tasks[i] : 0;
		level /= bal_cpus_of(w->node, w->n_nodes, in);
		for (i = 0; i < w->n_nodes; i++)
			if (in & BIT(i) && tasks[i] > level * w->node[i].cpus)
				set &= ~BIT(i);
	}
	for (i = 0; i < w->n_nodes; i++)
		if (set & BIT(i))
			tasks[i] = level * w->node[i].cpus;
}

static void settle(const struct work *w, const double *base, size_t but, double *tasks)
{
	size_t i;

	memcpy(tasks, base, w->n_nodes * sizeof(*tasks));
	for (i = 0; i < w->n; i++)
		if (w->at[i] && i != but)
			pour(w, w->group[i].demand, w->at[i], tasks);
}

void bal_without(const struct work *w, size_t but, double *tasks)
{
	settle(w, w->base, but, tasks);
}

static void go(const struct work *w, const struct bal_group *g, unsigned int to, double *base)
{
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		base[i] = fmax(0, base[i] - g->demand * g->run[i]);
	base[to] += g->demand;
}

void bal_if(const struct work *w, const struct bal_group *g, unsigned int to, double *tasks)
{
	double base[BAL_NODES];

	memcpy(base, w->base, sizeof(base));
	go(w, g, to, base);
	settle(w, base, w->n, tasks);
}

void bal_step(struct work *w, size_t group, enum bal_kind kind, uint64_t to, bool cpus, bool memory)
{
	const struct bal_group *g = &w->group[group];
	struct bal_step *s = &w->plan->steps[w->plan->n++];
	unsigned int i;

	*s = (struct bal_step){
		.kind = kind, .cpus = cpus, .memory = memory, .group = group, .from = cpus ? g->cpus_at : g->mems_at, .to = to,
		.load_from = bal_highest(w, g->cpus_at & ~to), .load_to = bal_highest(w, to), .mib_per_cpu = bal_mib_per_cpu(w, g, to),
		.exposure = bal_exposure(w->node, w->n_nodes, g, 0), .exposure_cpus = bal_exposure(w->node, w->n_nodes, g, to),
		.move_kb = bal_elsewhere_kb(w, g, to),
	};
	if (cpus && w->at[group])
		w->at[group] = to;
	else if (cpus)
		go(w, g, (unsigned int)__builtin_ctzll(to), w->base);
	bal_without(w, w->n, w->tasks);
	s->load_from_then = bal_highest(w, g->cpus_at & ~to);
	s->load_to_then = bal_highest(w, to);
	s->exposure_memory = g->memory_bound || isnan(s->exposure) ? s->exposure_cpus : fmin(s->exposure_cpus, exposure_within(w, to));
	for (i = 0; i < w->n_nodes; i++)
		if (to & BIT(i))
			w->free_kb[i] -= s->move_kb / __builtin_popcountll(to);
	w->done[group] = true;
}

/* ---------------------------------------------------------------- all of it */

/* CPUs that it would get: its demand, as far as the nodes have no more tasks than CPUs. */
static double use_then(const struct work *w, const struct bal_group *g, uint64_t at)
{
	double sum = 0, share, cpus = bal_cpus_of(w->node, w->n_nodes, at);
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++) {
		share = !at ? g->run[i] : at & BIT(i) ? w->node[i].cpus / cpus : 0;
		sum += share > 0 && w->node[i].cpus ? share * g->demand / fmax(1, load_of(w, i)) : 0;
	}
	return sum;
}

/* Where some get more CPUs than before, these weigh more. */
void bal_together(struct work *w)
{
	double use = 0, now = 0, then = 0, cpus = 0, memory = 0, made = 0;
	struct bal_plan *p = w->plan;
	size_t i, k;

	for (i = 0; i < w->n; i++) {
		const struct bal_group *g = &w->group[i];
		const struct bal_step *s = NULL;
		double e = bal_exposure(w->node, w->n_nodes, g, 0), u;

		if (isnan(e))
			continue;
		for (k = 0; k < p->n && !s; k++)
			s = p->steps[k].group == i ? &p->steps[k] : NULL;
		use += g->use;
		now += g->use * e;
		u = use_then(w, g, s ? s->to : 0);
		then += u;
		cpus += u * (s ? s->exposure_cpus : e);
		memory += u * (s ? s->exposure_memory : e);
		made += u * (!s ? e : s->memory ? s->exposure_memory : s->exposure_cpus);
	}
	p->exposure = use > 0 ? now / use : NAN;
	p->exposure_cpus = !p->n ? p->exposure : then > 0 ? cpus / then : NAN;
	p->exposure_memory = !p->n ? p->exposure : then > 0 ? memory / then : NAN;
	p->exposure_then = !p->n ? p->exposure : then > 0 ? made / then : NAN;
}
