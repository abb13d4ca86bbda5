// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules, in this order:
 *  1. New groups get the node (or nodes) that is least loaded with them, memory included.
 *  2. Memory follows a group whose CPUs were moved long enough ago, if it is still busy.
 *  3. While highest load / lowest > ratio and highest > high: the movable group on the
 *     most loaded node that has the least memory for its CPU use, and whose demand is no
 *     more than the difference of the run queues, goes to the least loaded node; if that
 *     makes the higher of both loads lower.
 *  4. If none of these: groups that run away from their memory go to where it is, where
 *     there is room.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balance.h"

#define BIT(i) (1ULL << (i))
#define ROOM 0.05 /* of a node's memory stays free */

const struct bal_opts bal_defaults = {
	.ratio = 1.1, .high = 1.0, .gain = 0.2, .probation = 30, .idle = 0.1, .exposure = 0.5, .gather_kb = 64 << 10, .moves = 4,
};

struct work {
	const struct bal_node *node;
	unsigned int n_nodes, widest; /* widest: CPUs of the largest node */
	const struct bal_group *group;
	size_t n;
	const struct bal_opts *o;
	struct bal_plan *plan;
	double tasks[BAL_NODES];  /* as predicted so far */
	double free_kb[BAL_NODES];
	bool *done;               /* has a step */
};

/* ---------------------------------------------------------------- nodes */

static double load_of(const struct work *w, unsigned int node)
{
	return w->tasks[node] / w->node[node].cpus;
}


static uint64_t nodes_with_cpus(const struct work *w)
{
	uint64_t set = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		set |= w->node[i].cpus ? BIT(i) : 0;
	return set;
}

static unsigned int cpus_of(const struct bal_node *node, unsigned int n_nodes, uint64_t set)
{
	unsigned int i, sum = 0;

	for (i = 0; i < n_nodes; i++)
		sum += set & BIT(i) ? node[i].cpus : 0;
	return sum;
}

static double highest(const struct work *w, uint64_t set)
{
	double v = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		if (set & BIT(i) && w->node[i].cpus)
			v = fmax(v, load_of(w, i));
	return v;
}

static double lowest(const struct work *w, uint64_t set)
{
	double v = INFINITY;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		if (set & BIT(i) && w->node[i].cpus)
			v = fmin(v, load_of(w, i));
	return v;
}

static double imbalance(const struct work *w)
{
	uint64_t all = nodes_with_cpus(w);
	double high = highest(w, all);

	return all & (all - 1) && high > 0 ? (high - lowest(w, all)) / high : NAN;
}

/* ---------------------------------------------------------------- groups */

static double total_kb(const struct work *w, const struct bal_group *g)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		sum += g->kb[i];
	return sum;
}

double bal_exposure(const struct bal_node *node, unsigned int n_nodes, const struct bal_group *g, uint64_t at)
{
	double all = 0, off = 0, run, runs = 0, cpus = cpus_of(node, n_nodes, at);
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

/* Memory that would have to come to these nodes. */
static double elsewhere_kb(const struct work *w, const struct bal_group *g, uint64_t at)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++)
		sum += at & BIT(i) ? 0 : g->kb[i];
	return sum;
}

/* A node without memory has room for nobody's. */
static bool has_room(const struct work *w, const struct bal_group *g, uint64_t at)
{
	double room = 0, kb = 0;
	unsigned int i;

	for (i = 0; i < w->n_nodes; i++) {
		if (!(at & BIT(i)))
			continue;
		room += fmax(0, w->free_kb[i] - ROOM * (double)w->node[i].mem_kb);
		kb += (double)w->node[i].mem_kb;
	}
	return kb > 0 && elsewhere_kb(w, g, at) <= room;
}

static bool busy(const struct work *w, const struct bal_group *g)
{
	return g->demand >= w->o->idle;
}

static bool in_probation(const struct work *w, const struct bal_group *g)
{
	return g->moved && g->since_move < w->o->probation;
}

static double mib_per_cpu(const struct work *w, const struct bal_group *g)
{
	return total_kb(w, g) / 1024 / fmax(g->use, 0.01);
}

static void leave(struct work *w, size_t group, const char *why)
{
	struct bal_plan *p = w->plan;
	size_t i;

	for (i = 0; i < p->n_left && p->left[i].group != group; i++)
		;
	if (i == p->n_left && why)
		p->left[p->n_left++] = (struct bal_left){ group, why };
}

/* Take the step in the prediction too. */
static void step(struct work *w, size_t group, enum bal_kind kind, uint64_t to, bool cpus, bool memory)
{
	const struct bal_group *g = &w->group[group];
	struct bal_step *s = &w->plan->steps[w->plan->n++];
	double n = cpus_of(w->node, w->n_nodes, to);
	unsigned int i;

	*s = (struct bal_step){
		.kind = kind, .cpus = cpus, .memory = memory, .group = group, .from = cpus ? g->cpus_at : g->mems_at, .to = to,
		.load_from = highest(w, g->cpus_at & ~to), .load_to = highest(w, to), .mib_per_cpu = mib_per_cpu(w, g),
		.exposure = bal_exposure(w->node, w->n_nodes, g, 0), .exposure_cpus = bal_exposure(w->node, w->n_nodes, g, to),
		.move_kb = elsewhere_kb(w, g, to),
	};
	for (i = 0; i < w->n_nodes && cpus; i++) {
		w->tasks[i] = fmax(0, w->tasks[i] - g->demand * g->run[i]);
		if (to & BIT(i))
			w->tasks[i] += g->demand * w->node[i].cpus / n;
	}
	s->load_from_then = highest(w, g->cpus_at & ~to);
	s->load_to_then = highest(w, to);
	/* on one node all of it is near; over several as much as one of them has */
	s->exposure_memory = g->memory_bound || isnan(s->exposure) ? s->exposure_cpus : to & (to - 1) ?
			     fmin(s->exposure_cpus, 1 - 1.0 / __builtin_popcountll(to)) : 0;
	for (i = 0; i < w->n_nodes; i++)
		if (to & BIT(i))
			w->free_kb[i] -= s->move_kb / __builtin_popcountll(to);
	w->done[group] = true;
}

/* ---------------------------------------------------------------- the wide */

static double distance(const struct work *w, unsigned int a, unsigned int b)
{
	return w->node[a].dist[b] ? w->node[a].dist[b] : a == b ? 10 : 20;
}

/* Mean load of the set with the group on it, and how far its nodes lie apart. */
static double price(const struct work *w, const struct bal_group *g, uint64_t set, double *apart)
{
	double tasks = g->demand, d = 0;
	unsigned int i, k;

	for (i = 0; i < w->n_nodes; i++) {
		if (!(set & BIT(i)))
			continue;
		tasks += w->tasks[i] - fmin(w->tasks[i], g->demand * g->run[i]);
		for (k = 0; k < w->n_nodes; k++)
			d += set & BIT(k) ? distance(w, i, k) : 0;
	}
	*apart = d;
	return tasks / cpus_of(w->node, w->n_nodes, set);
}

/* Whole nodes with as many CPUs as it is wide: from each start the next best one is added; the least loaded such set. */
static uint64_t whole_nodes(const struct work *w, const struct bal_group *g)
{
	uint64_t all = g->may & nodes_with_cpus(w), best = 0, set, more;
	double least = INFINITY, near = INFINITY, p, d;
	unsigned int i, k;

	for (i = 0; i < w->n_nodes; i++) {
		if (!(all & BIT(i)))
			continue;
		for (set = BIT(i); cpus_of(w->node, w->n_nodes, set) < g->width && set != all; set |= more) {
			double next = INFINITY, far = INFINITY;

			for (more = 0, k = 0; k < w->n_nodes; k++) {
				if (!(all & ~set & BIT(k)))
					continue;
				p = price(w, g, set | BIT(k), &d);
				if (p < next - 1e-9 || (p < next + 1e-9 && d < far)) {
					more = BIT(k);
					next = p;
					far = d;
				}
			}
		}
		p = price(w, g, set, &d);
		if (has_room(w, g, set) && (p < least - 1e-9 || (p < least + 1e-9 && d < near))) {
			best = set;
			least = p;
			near = d;
		}
	}
	return best;
}

static bool is_wide(const struct work *w, const struct bal_group *g)
{
	return g->width > w->widest;
}

/* One that has part of what it could use, or of a node, gets whole nodes; one that has the run of the house is left alone. */
static void spread(struct work *w, size_t i)
{
	const struct bal_group *g = &w->group[i];
	uint64_t to;

	if (g->fixed || w->done[i] || !is_wide(w, g) || in_probation(w, g))
		return;
	if (!g->is_new && !g->part_of_node &&
	    (cpus_of(w->node, w->n_nodes, g->cpus_at) >= g->width || !(g->may & nodes_with_cpus(w) & ~g->cpus_at)))
		return;
	to = whole_nodes(w, g);
	if (to && (to != (g->cpus_at & nodes_with_cpus(w)) || g->part_of_node))
		step(w, i, BAL_SPREAD, to, true, g->is_new && !g->memory_bound);
}

/* ---------------------------------------------------------------- new ones, and memory */

static void place(struct work *w, size_t i)
{
	const struct bal_group *g = &w->group[i];
	double least = INFINITY, kb = 0, load;
	unsigned int k, best = BAL_NODES;

	if (g->fixed || !g->is_new || w->done[i] || is_wide(w, g))
		return;
	for (k = 0; k < w->n_nodes; k++) {
		if (!(g->may & BIT(k)) || w->node[k].cpus < g->width || !has_room(w, g, BIT(k)))
			continue;
		load = (w->tasks[k] + g->demand * (1 - g->run[k])) / w->node[k].cpus;
		if (load < least - 0.05 || (load < least + 0.05 && g->kb[k] > kb)) {
			best = k;
			least = load;
			kb = g->kb[k];
		}
	}
	if (best == BAL_NODES)
		leave(w, i, "new, and no node has room for it");
	else
		step(w, i, BAL_PLACE, BIT(best), true, !g->memory_bound);
}

static void follow(struct work *w, size_t i)
{
	const struct bal_group *g = &w->group[i];

	if (g->fixed || w->done[i] || !g->moved || g->since_move < w->o->probation || g->mems_at == g->cpus_at)
		return;
	if (g->memory_bound)
		leave(w, i, "its memory is bound by policies of its own and does not follow");
	else if (!busy(w, g))
		leave(w, i, "its memory stays until it is busy again");
	else if (!has_room(w, g, g->cpus_at))
		leave(w, i, "its memory stays: the node has no room for it");
	else
		step(w, i, BAL_MEMORY, g->cpus_at, false, true);
}

/* ---------------------------------------------------------------- loads */

/* NULL: it may go from one node to the other. */
static const char *why_not(const struct work *w, size_t i, unsigned int from, unsigned int to)
{
	const struct bal_group *g = &w->group[i];
	double high = load_of(w, from), then_from, then_to;

	if (g->fixed)
		return bal_fixed_name(g->fixed);
	if (is_wide(w, g))
		return "wider than a node";
	if (in_probation(w, g))
		return "moved a short while ago";
	if (g->cpus_at & BIT(to))
		return "it may run there already";
	if (!(g->may & BIT(to)))
		return "the cgroup above it does not have that node";
	if (w->node[to].cpus < g->width)
		return "wider than that node";
	if (g->demand > (high - load_of(w, to)) * w->node[to].cpus)
		return "it wants more than the difference of the run queues";
	then_from = (w->tasks[from] - g->demand * g->run[from]) / w->node[from].cpus;
	then_to = (w->tasks[to] + g->demand) / w->node[to].cpus;
	if (fmax(then_from, then_to) > high - w->o->gain * g->demand / w->node[to].cpus)
		return "that would only move the load";
	return has_room(w, g, BIT(to)) ? NULL : "that node has no room for its memory";
}

static bool lives_on(const struct bal_group *g, unsigned int node)
{
	return g->run[node] >= 0.5;
}

/* The group with the least memory for its CPU use that may go. */
static size_t pick(const struct work *w, unsigned int from, unsigned int to)
{
	double least = INFINITY, v;
	size_t best = w->n, i;

	for (i = 0; i < w->n; i++) {
		const struct bal_group *g = &w->group[i];

		if (w->done[i] || !busy(w, g) || !lives_on(g, from) || why_not(w, i, from, to))
			continue;
		v = mib_per_cpu(w, g);
		if (best == w->n || v < least) {
			best = i;
			least = v;
		}
	}
	return best;
}

/* Nodes of a set by load: the least loaded first. */
static unsigned int by_load(const struct work *w, unsigned int *order)
{
	unsigned int n = 0, i, k, x;

	for (i = 0; i < w->n_nodes; i++) {
		if (!w->node[i].cpus)
			continue;
		for (k = n++, x = i; k && load_of(w, order[k - 1]) > load_of(w, x); k--)
			order[k] = order[k - 1];
		order[k] = x;
	}
	return n;
}

static bool uneven(const struct work *w, unsigned int from, unsigned int to)
{
	return load_of(w, from) > w->o->high && load_of(w, from) > w->o->ratio * load_of(w, to);
}

/* One move; false: there is none. */
static bool move_one(struct work *w)
{
	unsigned int order[BAL_NODES], n = by_load(w, order), hi, lo;
	size_t g;

	for (hi = n; hi-- > 1;) {
		for (lo = 0; lo < hi && uneven(w, order[hi], order[lo]); lo++) {
			g = pick(w, order[hi], order[lo]);
			if (g == w->n)
				continue;
			step(w, g, BAL_CPUS, BIT(order[lo]), true, false);
			return true;
		}
	}
	return false;
}

/* What stands in the way on the most loaded node, where that is uneven after all moves. */
static void say_left(struct work *w)
{
	unsigned int order[BAL_NODES], n = by_load(w, order);
	size_t i;

	if (n < 2 || !uneven(w, order[n - 1], order[0]))
		return;
	for (i = 0; i < w->n; i++)
		if (!w->done[i] && busy(w, &w->group[i]) && lives_on(&w->group[i], order[n - 1]))
			leave(w, i, why_not(w, i, order[n - 1], order[0]));
}

/* ---------------------------------------------------------------- to memory */

static void gather(struct work *w, size_t i)
{
	const struct bal_group *g = &w->group[i];
	double now = bal_exposure(w->node, w->n_nodes, g, 0), high = fmax(w->o->high, highest(w, nodes_with_cpus(w))), best = 0;
	unsigned int k, to = BAL_NODES;

	if (g->fixed || w->done[i] || g->moved || !busy(w, g) || is_wide(w, g) || isnan(now) || now < w->o->exposure ||
	    total_kb(w, g) < (double)w->o->gather_kb)
		return;
	for (k = 0; k < w->n_nodes; k++) {
		if (!(g->may & BIT(k)) || w->node[k].cpus < g->width || !has_room(w, g, BIT(k)) || g->kb[k] <= best)
			continue;
		if ((w->tasks[k] + g->demand * (1 - g->run[k])) / w->node[k].cpus > high)
			continue;
		to = k;
		best = g->kb[k];
	}
	if (to == BAL_NODES)
		leave(w, i, "away from its memory, and no node that has some of it has room");
	else if (g->cpus_at != BIT(to))
		step(w, i, BAL_GATHER, BIT(to), true, false);
	else if (!g->memory_bound)
		step(w, i, BAL_MEMORY, BIT(to), false, true);
}

/* ---------------------------------------------------------------- all of it */

static void together(struct work *w)
{
	double use = 0, now = 0, cpus = 0, memory = 0;
	size_t i, k;

	for (i = 0; i < w->n; i++) {
		const struct bal_group *g = &w->group[i];
		double e = bal_exposure(w->node, w->n_nodes, g, 0), a = e, b = e;

		if (isnan(e))
			continue;
		for (k = 0; k < w->plan->n; k++) {
			if (w->plan->steps[k].group != i)
				continue;
			a = w->plan->steps[k].exposure_cpus;
			b = w->plan->steps[k].exposure_memory;
		}
		use += g->use;
		now += g->use * e;
		cpus += g->use * a;
		memory += g->use * b;
	}
	w->plan->exposure = use > 0 ? now / use : NAN;
	w->plan->exposure_cpus = use > 0 ? cpus / use : NAN;
	w->plan->exposure_memory = use > 0 ? memory / use : NAN;
}

static const char *why_nothing(const struct work *w)
{
	uint64_t all = nodes_with_cpus(w);

	if (!(all & (all - 1)))
		return "one node with CPUs: there is nothing to balance between";
	if (w->plan->high <= w->o->high)
		return "no node has more tasks than CPUs";
	if (w->plan->ratio <= w->o->ratio)
		return "the nodes are loaded alike";
	return "no group can be moved that would make it better";
}

static void decide(struct work *w)
{
	unsigned int moves = 0;
	size_t i;

	for (i = 0; i < w->n; i++) {
		place(w, i);
		spread(w, i);
	}
	for (i = 0; i < w->n; i++)
		follow(w, i);
	while (moves < w->o->moves && move_one(w))
		moves++;
	if (moves < w->o->moves)
		say_left(w);
	for (i = 0; i < w->n && !moves && w->plan->n < w->o->moves; i++)
		gather(w, i);
}

int bal_decide(const struct bal_node *nodes, unsigned int n_nodes, const struct bal_group *groups, size_t n,
	       const struct bal_opts *o, struct bal_plan *plan)
{
	struct work w = { .node = nodes, .n_nodes = n_nodes, .group = groups, .n = n, .o = o, .plan = plan };
	uint64_t all;
	unsigned int i;

	memset(plan, 0, sizeof(*plan));
	plan->steps = calloc(n + 1, sizeof(*plan->steps));
	plan->left = calloc(n + 1, sizeof(*plan->left));
	w.done = calloc(n + 1, sizeof(*w.done));
	if (!plan->steps || !plan->left || !w.done) {
		free(w.done);
		bal_plan_free(plan);
		return -ENOMEM;
	}
	for (i = 0; i < n_nodes; i++) {
		w.tasks[i] = nodes[i].tasks;
		w.free_kb[i] = (double)nodes[i].free_kb;
		w.widest = nodes[i].cpus > w.widest ? nodes[i].cpus : w.widest;
	}
	all = nodes_with_cpus(&w);
	plan->imbalance = imbalance(&w);
	plan->high = highest(&w, all);
	plan->ratio = plan->high > 0 ? plan->high / lowest(&w, all) : 1;
	if (all & (all - 1))
		decide(&w);
	plan->imbalance_then = imbalance(&w);
	plan->nothing = plan->n ? NULL : why_nothing(&w);
	together(&w);
	free(w.done);
	return 0;
}

void bal_plan_free(struct bal_plan *plan)
{
	free(plan->steps);
	free(plan->left);
	memset(plan, 0, sizeof(*plan));
}

const char *bal_fixed_name(enum bal_fixed why)
{
	static const char *const name[BAL_N_FIXED] = {
		NULL, "no cgroup with a cpuset of its own", "shares its cgroup with others", "its threads are pinned by hand",
		"not among those to be moved", "left alone since somebody else set its cpuset, or a step failed",
	};

	return why < BAL_N_FIXED ? name[why] : NULL;
}

const char *bal_kind_name(enum bal_kind kind)
{
	static const char *const name[] = { "cpus", "gather", "memory", "place", "spread" };

	return name[kind];
}
