// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules, in this order:
 *  1. New groups get the node (or nodes) that is least loaded with them, memory included.
 *  2. Memory follows a group whose CPUs were moved long enough ago, if it is still busy.
 *  3. While highest load / lowest > ratio and highest > high: a movable group on the most
 *     loaded node, whose demand is no more than the difference of the run queues, goes
 *     elsewhere, if that makes the higher of both loads lower. First one whose memory
 *     waits on a node that has room for its tasks goes there; else to the least loaded node
 *     the one with the least memory that would have to follow, for its CPU use: all that it
 *     has, where memory is with its CPUs.
 *  4. If none of these: groups that run away from their memory go to where it is, where
 *     there is room.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

#define THERE 0.01 /* of its memory, at most, is elsewhere: it need not follow */

const struct bal_opts bal_defaults = {
	.ratio = 1.1, .high = 1.0, .gain = 0.2, .probation = 30, .idle = 0.1, .exposure = 0.5, .gather_kb = 64 << 10, .moves = 4,
};

static bool busy(const struct work *w, const struct bal_group *g)
{
	return g->demand >= w->o->idle;
}

static bool in_probation(const struct work *w, const struct bal_group *g)
{
	return g->moved && g->since_move < w->o->probation;
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

/* ---------------------------------------------------------------- the wide */

static double distance(const struct work *w, unsigned int a, unsigned int b)
{
	return w->node[a].dist[b] ? w->node[a].dist[b] : a == b ? 10 : 20;
}

/* Mean load of the set with the group on it, and how far its nodes lie apart. */
static double price(const struct work *w, const struct bal_group *g, uint64_t set, double *apart)
{
	double others[BAL_NODES], tasks = g->demand, d = 0;
	unsigned int i, k;

	bal_without(w, (size_t)(g - w->group), others);
	for (i = 0; i < w->n_nodes; i++) {
		if (!(set & BIT(i)))
			continue;
		tasks += others[i];
		for (k = 0; k < w->n_nodes; k++)
			d += set & BIT(k) ? distance(w, i, k) : 0;
	}
	*apart = d;
	return tasks / bal_cpus_of(w->node, w->n_nodes, set);
}

/* Whole nodes with as many CPUs as it is wide: from each start the next best one is added; the least loaded such set. */
static uint64_t whole_nodes(const struct work *w, const struct bal_group *g)
{
	uint64_t all = g->may & bal_nodes_with_cpus(w), best = 0, set, more;
	double least = INFINITY, near = INFINITY, p, d;
	unsigned int i, k;

	for (i = 0; i < w->n_nodes; i++) {
		if (!(all & BIT(i)))
			continue;
		for (set = BIT(i); bal_cpus_of(w->node, w->n_nodes, set) < g->width && set != all; set |= more) {
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
		if (bal_has_room(w, g, set) && (p < least - 1e-9 || (p < least + 1e-9 && d < near))) {
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
	    (bal_cpus_of(w->node, w->n_nodes, g->cpus_at) >= g->width || !(g->may & bal_nodes_with_cpus(w) & ~g->cpus_at)))
		return;
	to = whole_nodes(w, g);
	if (to && (to != (g->cpus_at & bal_nodes_with_cpus(w)) || g->part_of_node))
		bal_step(w, i, BAL_SPREAD, to, true, g->is_new && !g->memory_bound);
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
		if (!(g->may & BIT(k)) || w->node[k].cpus < g->width || !bal_has_room(w, g, BIT(k)))
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
		bal_step(w, i, BAL_PLACE, BIT(best), true, !g->memory_bound);
}

static void follow(struct work *w, size_t i)
{
	const struct bal_group *g = &w->group[i];

	if (g->fixed || w->done[i] || !g->moved || g->since_move < w->o->probation || g->mems_at == g->cpus_at)
		return;
	if (bal_elsewhere_kb(w, g, g->cpus_at) < THERE * bal_total_kb(w, g))
		return;
	if (g->memory_bound)
		leave(w, i, "its memory is bound by policies of its own and does not follow");
	else if (!busy(w, g))
		leave(w, i, "its memory stays until it is busy again");
	else if (!bal_has_room(w, g, g->cpus_at))
		leave(w, i, "its memory stays: the node has no room for it");
	else
		bal_step(w, i, BAL_MEMORY, g->cpus_at, false, true);
}

/* ---------------------------------------------------------------- loads */

static bool uneven(const struct work *w, unsigned int from, unsigned int to)
{
	return load_of(w, from) > w->o->high && load_of(w, from) > w->o->ratio * load_of(w, to);
}

/* NULL: it may go from one node to the other. */
static const char *why_not(const struct work *w, size_t i, unsigned int from, unsigned int to)
{
	const struct bal_group *g = &w->group[i];
	double high = load_of(w, from), then[BAL_NODES];

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
	bal_if(w, g, to, then);
	if (fmax(then[from] / w->node[from].cpus, then[to] / w->node[to].cpus) > high - w->o->gain * g->demand / w->node[to].cpus)
		return "that would only move the load";
	return bal_has_room(w, g, BIT(to)) ? NULL : "that node has no room for its memory";
}

static bool lives_on(const struct bal_group *g, unsigned int node)
{
	return g->run[node] >= 0.5;
}

/* The node that has more than half of its memory, and CPUs that are not all wanted already: loads may become even with it there. */
static unsigned int home_with_room(const struct work *w, const struct bal_group *g)
{
	double tasks = 0, kb = bal_total_kb(w, g);
	unsigned int i, k, cpus = 0;

	for (i = 0; i < w->n_nodes && g->kb[i] * 2 <= kb; i++)
		;
	if (!g->memory_known || i == w->n_nodes || !w->node[i].cpus)
		return BAL_NODES;
	for (k = 0; k < w->n_nodes; k++) {
		tasks += w->node[k].cpus ? w->tasks[k] : 0;
		cpus += w->node[k].cpus;
	}
	return (w->tasks[i] + g->demand) / w->node[i].cpus <= w->o->ratio * tasks / cpus ? i : BAL_NODES;
}

/* The group that may go to this node (BAL_NODES: each to where its memory is) and has the least to bring along for its CPU use. */
static size_t pick(const struct work *w, unsigned int from, unsigned int to, unsigned int *where)
{
	double least = INFINITY, v;
	size_t best = w->n, i;

	for (i = 0; i < w->n; i++) {
		const struct bal_group *g = &w->group[i];
		unsigned int at = to;

		if (w->done[i] || !busy(w, g) || !lives_on(g, from))
			continue;
		if (to == BAL_NODES)
			at = home_with_room(w, g);
		if (at == BAL_NODES || !uneven(w, from, at) || why_not(w, i, from, at))
			continue;
		v = bal_mib_per_cpu(w, g, BIT(at));
		if (best == w->n || v < least || (isnan(least) && !isnan(v))) {
			*where = at;
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

/* One move; false: there is none. */
static bool move_one(struct work *w)
{
	unsigned int order[BAL_NODES], n = by_load(w, order), hi, lo, to;
	size_t g = w->n;

	for (hi = n; g == w->n && hi-- > 1;) {
		g = pick(w, order[hi], BAL_NODES, &to);
		for (lo = 0; g == w->n && lo < hi && uneven(w, order[hi], order[lo]); lo++)
			g = pick(w, order[hi], order[lo], &to);
	}
	if (g == w->n)
		return false;
	bal_step(w, g, BAL_CPUS, BIT(to), true, false);
	return true;
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
	double now = bal_exposure(w->node, w->n_nodes, g, 0), high = fmax(w->o->high, bal_highest(w, bal_nodes_with_cpus(w))), best = 0;
	double then[BAL_NODES];
	unsigned int k, to = BAL_NODES;

	if (g->fixed || w->done[i] || g->moved || !busy(w, g) || is_wide(w, g) || isnan(now) || now < w->o->exposure ||
	    bal_total_kb(w, g) < (double)w->o->gather_kb)
		return;
	for (k = 0; k < w->n_nodes; k++) {
		if (!(g->may & BIT(k)) || w->node[k].cpus < g->width || !bal_has_room(w, g, BIT(k)) || g->kb[k] <= best)
			continue;
		bal_if(w, g, k, then);
		if (then[k] > high * w->node[k].cpus)
			continue;
		to = k;
		best = g->kb[k];
	}
	if (to == BAL_NODES)
		leave(w, i, "away from its memory, and no node that has some of it has room");
	else if (g->cpus_at != BIT(to))
		bal_step(w, i, BAL_GATHER, BIT(to), true, false);
	else if (g->memory_bound)
		return;
	else if (g->mems_at == BIT(to))
		leave(w, i, "its memory does not follow, though that node is all it may use");
	else
		bal_step(w, i, BAL_MEMORY, BIT(to), false, true);
}

/* ---------------------------------------------------------------- all of it */

static const char *why_nothing(const struct work *w)
{
	uint64_t all = bal_nodes_with_cpus(w);

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

/*
 * The host as it is, but for groups that are wider than a node: the scheduler moves their tasks to where others leave room, so
 * what they weigh on a node is no reason to move others away.
 */
static void set_up(struct work *w)
{
	unsigned int k;
	size_t i;

	for (k = 0; k < w->n_nodes; k++) {
		w->tasks[k] = w->node[k].tasks;
		w->free_kb[k] = (double)w->node[k].free_kb;
		w->widest = w->node[k].cpus > w->widest ? w->node[k].cpus : w->widest;
	}
	w->plan->imbalance = w->plan->imbalance_then = bal_imbalance(w);
	w->plan->high = bal_highest(w, bal_nodes_with_cpus(w));
	w->plan->ratio = w->plan->high > 0 ? w->plan->high / bal_lowest(w, bal_nodes_with_cpus(w)) : 1;
	memcpy(w->base, w->tasks, sizeof(w->base));
	for (i = 0; i < w->n; i++) {
		const struct bal_group *g = &w->group[i];

		if (!is_wide(w, g) || g->fixed == BAL_PINNED)
			continue;
		w->at[i] = g->cpus_at & bal_nodes_with_cpus(w);
		w->at[i] = w->at[i] ? w->at[i] : bal_nodes_with_cpus(w);
		for (k = 0; k < w->n_nodes; k++)
			w->base[k] = fmax(0, w->base[k] - g->demand * g->run[k]);
	}
	bal_without(w, w->n, w->tasks);
}

int bal_decide(const struct bal_node *nodes, unsigned int n_nodes, const struct bal_group *groups, size_t n,
	       const struct bal_opts *o, struct bal_plan *plan)
{
	struct work w = { .node = nodes, .n_nodes = n_nodes, .group = groups, .n = n, .o = o, .plan = plan };
	uint64_t all = bal_nodes_with_cpus(&w);

	memset(plan, 0, sizeof(*plan));
	plan->steps = calloc(n + 1, sizeof(*plan->steps));
	plan->left = calloc(n + 1, sizeof(*plan->left));
	w.done = calloc(n + 1, sizeof(*w.done));
	w.at = calloc(n + 1, sizeof(*w.at));
	if (!plan->steps || !plan->left || !w.done || !w.at) {
		free(w.done);
		free(w.at);
		bal_plan_free(plan);
		return -ENOMEM;
	}
	set_up(&w);
	if (all & (all - 1))
		decide(&w);
	if (plan->n)
		plan->imbalance_then = bal_imbalance(&w);
	plan->nothing = plan->n ? NULL : why_nothing(&w);
	bal_together(&w);
	free(w.done);
	free(w.at);
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
