// SPDX-License-Identifier: GPL-2.0-only
/* What is decided of made-up hosts. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/balance/balance.h"
#include "near.h"

#define MIB 1024.0
#define GIB (1024 * MIB)
#define MAX 40

struct host {
	struct bal_node node[8];
	unsigned int n_nodes;
	struct bal_group group[MAX];
	size_t n;
	char name[MAX][16];
	struct bal_opts o;
	struct bal_plan plan;
};

/* Nodes with so many CPUs, 64 GiB each of which 60 are free. */
static struct host *host(unsigned int n_nodes, unsigned int cpus)
{
	static struct host h;
	unsigned int i, k;

	bal_plan_free(&h.plan);
	memset(&h, 0, sizeof(h));
	h.n_nodes = n_nodes;
	h.o = bal_defaults;
	for (i = 0; i < n_nodes; i++) {
		h.node[i] = (struct bal_node){ .cpus = cpus, .mem_kb = 64ull << 20, .free_kb = 60ull << 20 };
		for (k = 0; k < n_nodes; k++)
			h.node[i].dist[k] = i == k ? 10 : i / 2 == k / 2 ? 15 : 30;
	}
	return &h;
}

/* A group that runs on a node, has its memory there, and may go anywhere. */
static struct bal_group *group(struct host *h, unsigned int node, double demand, double use, double mib)
{
	struct bal_group *g = &h->group[h->n];

	snprintf(h->name[h->n], sizeof(h->name[h->n]), "g%zu", h->n);
	*g = (struct bal_group){
		.name = h->name[h->n], .width = (unsigned int)ceil(demand), .demand = demand, .use = use, .memory_known = true,
		.cpus_at = 1ull << node, .mems_at = (1ull << h->n_nodes) - 1, .may = (1ull << h->n_nodes) - 1, .since_move = INFINITY,
	};
	g->width = g->width ? g->width : 1;
	g->run[node] = 1;
	g->kb[node] = mib * MIB;
	h->node[node].tasks += demand;
	h->n++;
	return g;
}

static const struct bal_plan *decided(struct host *h)
{
	bal_plan_free(&h->plan);
	assert_int_equal(bal_decide(h->node, h->n_nodes, h->group, h->n, &h->o, &h->plan), 0);
	return &h->plan;
}

/* Carries the steps out, as the host would. */
static size_t carry_out(struct host *h, double passes)
{
	const struct bal_plan *p = &h->plan;
	size_t i;
	unsigned int k;

	for (i = 0; i < h->n; i++)
		h->group[i].since_move += passes;
	for (i = 0; i < p->n; i++) {
		struct bal_group *g = &h->group[p->steps[i].group];
		double kb = 0, cpus = 0;

		for (k = 0; k < h->n_nodes; k++) {
			kb += g->kb[k];
			cpus += p->steps[i].to >> k & 1 ? h->node[k].cpus : 0;
		}
		for (k = 0; k < h->n_nodes; k++) {
			bool in = p->steps[i].to >> k & 1;

			if (p->steps[i].memory) {
				g->kb[k] = in ? kb / __builtin_popcountll(p->steps[i].to) : 0;
				g->mems_at = p->steps[i].to;
			}
			if (p->steps[i].cpus) {
				h->node[k].tasks -= g->demand * g->run[k];
				g->run[k] = in ? h->node[k].cpus / cpus : 0;
				h->node[k].tasks += g->demand * g->run[k];
			}
		}
		if (p->steps[i].cpus) {
			g->cpus_at = p->steps[i].to;
			g->since_move = 0;
			g->part_of_node = false;
		}
		g->moved = p->steps[i].cpus && !p->steps[i].memory ? true : p->steps[i].memory ? false : g->moved;
		g->is_new = false;
	}
	return p->n;
}

static const char *left_why(const struct bal_plan *p, size_t group)
{
	size_t i;

	for (i = 0; i < p->n_left; i++)
		if (p->left[i].group == group)
			return p->left[i].why;
	return NULL;
}

/* Sixteen on two of four nodes: eight moves and no more, even within four rounds; then their memory follows. */
static void test_sixteen(void **state)
{
	struct host *h = host(4, 2);
	size_t moves = 0, memory = 0, i;
	unsigned int round;

	(void)state;
	for (i = 0; i < 16; i++)
		group(h, i < 8 ? 0 : 1, 1, 0.25, 100);
	near(decided(h)->imbalance, 1, 1e-12);
	near(h->plan.imbalance_then, 2 / 3.0, 1e-12); /* four of eight in the first round */
	near(h->plan.exposure, 0, 1e-12);
	near(h->plan.exposure_cpus, 0.5, 1e-12); /* four with a CPU each; of the other twelve each a third */
	near(h->plan.exposure_memory, 0, 1e-12);
	near(h->plan.exposure_then, 0.5, 1e-12);
	for (round = 0; round < 20; round++) {
		decided(h);
		for (i = 0; i < h->plan.n; i++) {
			moves += h->plan.steps[i].cpus;
			memory += h->plan.steps[i].memory;
			assert_true(!h->plan.steps[i].memory || h->group[h->plan.steps[i].group].since_move >= 30);
		}
		carry_out(h, 5);
		if (round == 3)
			near(decided(h)->imbalance, 0, 1e-12);
	}
	assert_int_equal(moves, 8);
	assert_int_equal(memory, 8);
	for (i = 0; i < 4; i++)
		near(h->node[i].tasks, 4, 1e-9);
	near(decided(h)->exposure, 0, 1e-12);
	assert_int_equal(h->plan.n, 0);
	assert_string_equal(h->plan.nothing, "the nodes are loaded alike");
}

/* The one with least memory for its CPU use goes, and only one that fits into the difference. */
static void test_pick(void **state)
{
	struct host *h = host(2, 4);

	(void)state;
	group(h, 0, 2, 1, 4096);
	group(h, 0, 2, 1, 1024); /* this */
	group(h, 0, 2, 0.2, 1024);
	group(h, 1, 1, 1, 10);
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].group, 1);
	assert_int_equal(h->plan.steps[0].kind, BAL_CPUS);
	assert_true(h->plan.steps[0].cpus && !h->plan.steps[0].memory);
	assert_int_equal(h->plan.steps[0].to, 2);
	near(h->plan.steps[0].load_from, 1.5, 1e-12);
	near(h->plan.steps[0].load_from_then, 1, 1e-12);
	near(h->plan.steps[0].load_to_then, 0.75, 1e-12);
	near(h->plan.steps[0].mib_per_cpu, 1024, 1e-9);

	/* a single large one would only take its load along */
	h = host(2, 4);
	group(h, 0, 5, 4, 100);
	group(h, 0, 0.4, 0.4, 5000);
	h->group[0].width = 4;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].group, 1);
	h = host(2, 4);
	group(h, 0, 5, 4, 100)->width = 4;
	decided(h);
	assert_int_equal(h->plan.n, 0);
	assert_string_equal(h->plan.nothing, "no group can be moved that would make it better");
	assert_string_equal(left_why(&h->plan, 0), "that would only move the load");
	group(h, 1, 1, 1, 1);
	decided(h);
	assert_string_equal(left_why(&h->plan, 0), "it wants more than the difference of the run queues");
}

/* Memory that waits elsewhere: to where it is, before all others; what would have to follow counts, not what there is. */
static void test_home(void **state)
{
	struct host *h = host(4, 2);
	struct bal_group *g;
	size_t i;

	(void)state;
	group(h, 0, 1, 0.4, 100);
	g = group(h, 0, 1, 0.4, 0); /* its CPUs run elsewhere: nothing to bring along */
	g->kb[3] = 4096 * MIB;
	group(h, 0, 1, 0.4, 50);
	h->node[0].tasks += 1;
	decided(h);
	assert_true(h->plan.n >= 1);
	assert_int_equal(h->plan.steps[0].group, 1);
	assert_int_equal(h->plan.steps[0].to, 8); /* nodes 1 and 2 are as idle */
	near(h->plan.steps[0].mib_per_cpu, 0, 1e-12);
	near(h->plan.steps[0].exposure, 1, 1e-12);
	near(h->plan.steps[0].exposure_cpus, 0, 1e-12);
	/* then as ever: the least memory for its CPU use */
	assert_int_equal(h->plan.steps[1].group, 2);
	near(h->plan.steps[1].mib_per_cpu, 50 / 0.4, 1e-9);

	/* no room for its tasks where its memory is: the other way round */
	h->node[3].tasks = 5;
	decided(h);
	assert_int_equal(h->plan.steps[0].group, 2);
	for (i = 0; i < h->plan.n; i++)
		assert_int_not_equal(h->plan.steps[i].to, 8);
	/* a third node's memory would have to follow too, and less than half of it on the target is less to bring */
	h = host(3, 2);
	g = group(h, 0, 2, 1, 60);
	g->kb[1] = 50 * MIB;
	g = group(h, 0, 2, 1, 0);
	g->kb[2] = 70 * MIB;
	h->node[2].tasks = 10;
	h->node[0].tasks = 6;
	h->node[1].tasks = 1;
	h->o.moves = 1;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].group, 0);
	assert_int_equal(h->plan.steps[0].to, 2);
	near(h->plan.steps[0].mib_per_cpu, 60, 1e-9);
	/* what is not known comes last */
	h->group[0].memory_known = false;
	decided(h);
	assert_int_equal(h->plan.steps[0].group, 1);
	h->group[1].memory_known = false;
	decided(h);
	assert_int_equal(h->plan.steps[0].group, 0);
	assert_true(isnan(h->plan.steps[0].mib_per_cpu));
}

/* Half of sixteen are away from their memory: these are the eight that move, all of them home, and nothing is exposed then. */
static void test_all_home(void **state)
{
	struct host *h = host(4, 1);
	size_t i, moves = 0;
	unsigned int round;

	(void)state;
	for (i = 0; i < 16; i++) {
		struct bal_group *g = group(h, i / 8, 1, 0.125, 0);

		g->kb[i % 2 ? i / 8 + 2 : i / 8] = (i % 2 ? 16 : 8) * MIB; /* the larger ones are away */
	}
	near(decided(h)->exposure, 0.5, 1e-12);
	for (round = 0; round < 20; round++) {
		double predicted = decided(h)->exposure_then;

		for (i = 0; i < h->plan.n; i++) {
			assert_true(h->plan.steps[i].group % 2 == 1);
			assert_false(h->plan.steps[i].memory); /* it is there */
			moves += h->plan.steps[i].cpus;
		}
		carry_out(h, 5);
		for (i = 0; i < h->n; i++) /* who shares a CPU with how many */
			h->group[i].use = 1 / h->node[__builtin_ctzll(h->group[i].cpus_at)].tasks;
		near(decided(h)->exposure, predicted, 1e-12);
	}
	assert_int_equal(moves, 8);
	near(h->plan.exposure, 0, 1e-12);
	near(h->plan.imbalance, 0, 1e-12);
}

/* Nothing to do: no more tasks than CPUs; loads within 10 %; one node; nothing at all. */
static void test_nothing(void **state)
{
	struct host *h = host(2, 4);

	(void)state;
	group(h, 0, 2, 2, 100);
	group(h, 0, 2, 2, 100);
	decided(h);
	assert_int_equal(h->plan.n, 0);
	assert_string_equal(h->plan.nothing, "no node has more tasks than CPUs");
	near(h->plan.imbalance, 1, 1e-12);
	assert_true(isinf(h->plan.ratio));

	h = host(2, 10);
	group(h, 0, 0.5, 0.5, 100);
	h->node[0].tasks = 11.5;
	h->node[1].tasks = 10;
	assert_int_equal(decided(h)->n, 1);
	h->node[0].tasks = 10.9;
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(h->plan.nothing, "the nodes are loaded alike");

	h = host(1, 4);
	group(h, 0, 9, 4, 100);
	assert_int_equal(decided(h)->n, 0);
	assert_true(isnan(h->plan.imbalance));
	assert_string_equal(h->plan.nothing, "one node with CPUs: there is nothing to balance between");

	h = host(2, 4);
	assert_int_equal(decided(h)->n, 0);
	assert_true(isnan(h->plan.imbalance) && isnan(h->plan.exposure));
}

/* Each reason for leaving a group alone is said, and holds. */
static void test_unmovable(void **state)
{
	static const enum bal_fixed why[] = { BAL_NO_CPUSET, BAL_SHARED, BAL_PINNED, BAL_NOT_TOLD, BAL_GAVE_UP };
	struct host *h = host(2, 2);
	size_t i;

	(void)state;
	for (i = 0; i < N(why); i++)
		group(h, 0, 1, 0.4, 10)->fixed = why[i];
	group(h, 0, 1, 0.4, 10)->may = 1;
	group(h, 0, 1, 0.4, 90 * 1024); /* more than is free there */
	group(h, 0, 1, 0.4, 10)->cpus_at = 3;
	group(h, 0, 0.05, 0.05, 10);
	decided(h);
	assert_int_equal(h->plan.n, 0);
	for (i = 0; i < N(why); i++)
		assert_string_equal(left_why(&h->plan, i), bal_fixed_name(why[i]));
	assert_string_equal(left_why(&h->plan, 5), "the cgroup above it does not have that node");
	assert_string_equal(left_why(&h->plan, 6), "that node has no room for its memory");
	assert_string_equal(left_why(&h->plan, 7), "it may run there already");
	assert_null(left_why(&h->plan, 8)); /* idle: it does not stand in the way */
	group(h, 0, 1, 0.4, 10);
	assert_int_equal(decided(h)->n, 1);
	assert_int_equal(h->plan.steps[0].group, 9);
}

/* Moved ones are neither moved again nor followed by their memory until their time is over, nor while idle, nor into a full node. */
static void test_probation(void **state)
{
	struct host *h = host(2, 2);
	struct bal_group *g;

	(void)state;
	g = group(h, 0, 2, 1, 1000);
	group(h, 0, 2, 1, 5000)->fixed = BAL_PINNED;
	g->moved = true;
	g->since_move = 29;
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(left_why(&h->plan, 0), "moved a short while ago");

	h = host(2, 2);
	g = group(h, 0, 1, 1, 1000);
	g->moved = true;
	g->since_move = 31;
	g->kb[0] = 0;
	g->kb[1] = 1000 * MIB;
	assert_int_equal(decided(h)->n, 1);
	assert_int_equal(h->plan.steps[0].kind, BAL_MEMORY);
	assert_true(h->plan.steps[0].memory && !h->plan.steps[0].cpus);
	near(h->plan.steps[0].move_kb, 1000 * MIB, 1e-12);
	near(h->plan.steps[0].exposure, 1, 1e-12);
	near(h->plan.steps[0].exposure_memory, 0, 1e-12);
	g->demand = 0.01;
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(left_why(&h->plan, 0), "its memory stays until it is busy again");
	g->demand = 1;
	h->node[0].free_kb = 4ull << 20; /* 5 % of 64 GiB stay free: 0.8 GiB of these are to be had */
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(left_why(&h->plan, 0), "its memory stays: the node has no room for it");
	h->node[0].free_kb = 60ull << 20;
	g->memory_bound = true;
	assert_int_equal(decided(h)->n, 0);
	g->memory_bound = false;
	g->mems_at = 1;
	assert_int_equal(decided(h)->n, 0); /* it has followed */
}

/* New ones get the node that is least loaded with them, with room, and where their memory is when all else is alike. */
static void test_new(void **state)
{
	struct host *h = host(4, 4);
	struct bal_group *g;

	(void)state;
	h->node[0].tasks = 3;
	h->node[1].tasks = 1;
	h->node[2].tasks = 2;
	h->node[3].tasks = 2;
	g = group(h, 0, 1, 1, 100);
	g->is_new = true;
	g->cpus_at = 0xf;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].kind, BAL_PLACE);
	assert_int_equal(h->plan.steps[0].to, 2);
	assert_true(h->plan.steps[0].cpus && h->plan.steps[0].memory);
	h->node[1].free_kb = 1 << 20; /* no room */
	g->kb[3] = 200 * MIB;
	decided(h);
	assert_int_equal(h->plan.steps[0].to, 8);
	g->may = 1;
	h->node[0].free_kb = 0;
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(left_why(&h->plan, 0), "new, and no node has room for it");
	/* two at once do not both take the best one */
	h = host(2, 4);
	group(h, 0, 2, 1, 10)->is_new = true;
	group(h, 0, 2, 1, 10)->is_new = true;
	decided(h);
	assert_int_equal(h->plan.n, 2);
	assert_int_equal(h->plan.steps[0].to | h->plan.steps[1].to, 3);
}

/* Where the scheduler can run one that is wider than a node elsewhere, others need not go. */
static void test_wide_is_movable(void **state)
{
	struct host *h = host(2, 2);
	struct bal_group *wide;

	(void)state;
	group(h, 0, 1, 0.8, 1000);
	group(h, 0, 1, 0.8, 1000);
	group(h, 1, 1, 0.4, 10); /* the least to bring along */
	wide = group(h, 1, 3, 1.6, 1000);
	wide->cpus_at = 3;
	assert_int_equal(decided(h)->n, 0);
	near(h->plan.imbalance, 0.5, 1e-9); /* as it is */
	near(h->plan.imbalance_then, 0.5, 1e-9);
	/* one whose memory is there may come: the wide one makes room */
	h->group[0].kb[0] = 0;
	h->group[0].kb[1] = 1000 * MIB;
	assert_int_equal(decided(h)->n, 1);
	assert_int_equal(h->plan.steps[0].kind, BAL_GATHER);
	assert_int_equal(h->plan.steps[0].group, 0);
	near(h->plan.imbalance_then, 0, 1e-9);
	near(h->plan.steps[0].load_to_then, 1.5, 1e-9);
	h->group[0].kb[0] = 1000 * MIB;
	h->group[0].kb[1] = 0;
	/* where its threads are pinned it weighs where it is */
	wide->fixed = BAL_PINNED;
	assert_int_equal(decided(h)->n, 1);
	assert_int_equal(h->plan.steps[0].group, 2);
	assert_int_equal(h->plan.steps[0].to, 1);
	near(h->plan.imbalance_then, 0, 1e-9);
	/* what it fills up to: a node that is above that with others' tasks gets none of it */
	wide->fixed = BAL_MOVABLE;
	h->node[0].tasks = 8;
	assert_int_equal(decided(h)->n, 2);
	assert_int_equal(h->plan.steps[0].from, 1);
	near(h->plan.steps[0].load_from, 4, 1e-9);
	near(h->plan.steps[0].load_to, 2, 1e-9);
}

/* Wider than a node: whole nodes, near each other, the least loaded; never one; left alone where it has the run of the house. */
static void test_wide(void **state)
{
	struct host *h = host(4, 4);
	struct bal_group *g = group(h, 0, 7, 6, 1000);

	(void)state;
	assert_int_equal(g->width, 7);
	g->cpus_at = 0xf;
	h->node[0].tasks += 10;
	assert_int_equal(decided(h)->n, 0); /* however loaded: never forced */
	assert_string_equal(left_why(&h->plan, 0), "wider than a node");
	g->cpus_at = 1; /* squeezed into one */
	h->node[0].tasks = 7;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].kind, BAL_SPREAD);
	assert_int_equal(__builtin_popcountll(h->plan.steps[0].to), 2);
	assert_true(h->plan.steps[0].to == 3 || h->plan.steps[0].to == 12); /* of one socket */
	assert_false(h->plan.steps[0].memory);
	near(h->plan.steps[0].exposure_memory, 0.5, 1e-9);
	h->node[1].tasks = 6;
	decided(h);
	assert_int_equal(h->plan.steps[0].to, 12);
	/* parts of nodes are made whole, new ones placed at once, memory too */
	g->cpus_at = 12;
	assert_int_equal(decided(h)->n, 0);
	g->part_of_node = true;
	assert_int_equal(decided(h)->n, 1);
	g->part_of_node = false;
	g->is_new = true;
	g->cpus_at = 0xf;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_true(h->plan.steps[0].memory && h->plan.steps[0].to == 12);
	/* wider than the host: all of it */
	g->is_new = false;
	g->width = 40;
	g->cpus_at = 1;
	decided(h);
	assert_int_equal(h->plan.steps[0].to, 0xf);
	/* what the cgroup above has is all it can get */
	g->may = 6;
	decided(h);
	assert_int_equal(h->plan.steps[0].to, 6);
	near(h->plan.steps[0].exposure_memory, 0.5, 1e-9);
	h->node[2].mem_kb = h->node[2].free_kb = 0; /* half of its CPUs, and no memory */
	g->kb[0] = 0;
	g->kb[3] = 1000 * MIB;
	decided(h);
	assert_int_equal(h->plan.steps[0].to, 6);
	near(h->plan.steps[0].exposure_cpus, 1, 1e-9);
	near(h->plan.steps[0].exposure_memory, 0.5, 1e-9);
	h->node[1].cpus = 12;
	decided(h);
	near(h->plan.steps[0].exposure_memory, 0.25, 1e-9);
}

/* Nodes of different sizes, one without CPUs, one without memory to speak of. */
static void test_odd_nodes(void **state)
{
	struct host *h = host(4, 4);

	(void)state;
	h->node[1].cpus = 12;
	h->node[2].cpus = 0;
	h->node[3].free_kb = 0;
	group(h, 0, 4, 2, 100);
	group(h, 0, 4, 2, 200);
	h->node[1].tasks = 9;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].to, 2); /* 13 on 12; node 3 is idle, and has no room */
	near(h->plan.steps[0].load_to_then, 13 / 12.0, 1e-12);
	h->node[1].tasks = 9;
	h->node[1].mem_kb = h->node[1].free_kb = h->node[3].mem_kb = 0; /* CPUs alone: not even for one without memory */
	h->group[0].kb[0] = 0;
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(left_why(&h->plan, 0), "that node has no room for its memory");
	h->node[1].mem_kb = h->node[1].free_kb = 1 << 20;
	assert_int_equal(decided(h)->n, 1);
	h->node[1].tasks = 22; /* 26 on 12 would be worse than 8 on 4 is */
	assert_int_equal(decided(h)->n, 0);
}

/* Away from their memory: to where it is, with room for the tasks; CPUs first. Small ones are not worth it. */
static void test_gather(void **state)
{
	struct host *h = host(4, 4);
	struct bal_group *g = group(h, 0, 1, 1, 100);

	(void)state;
	g->kb[3] = 3000 * MIB;
	g->cpus_at = 0xf;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	assert_int_equal(h->plan.steps[0].kind, BAL_GATHER);
	assert_int_equal(h->plan.steps[0].to, 8);
	assert_false(h->plan.steps[0].memory);
	near(h->plan.steps[0].exposure, 3000 / 3100.0, 1e-9);
	near(h->plan.steps[0].exposure_cpus, 100 / 3100.0, 1e-9);
	h->node[3].tasks = 4; /* no room there: to where there is some of it */
	decided(h);
	assert_int_equal(h->plan.steps[0].to, 1);
	g->cpus_at = 1; /* it is there: memory comes */
	decided(h);
	assert_int_equal(h->plan.steps[0].kind, BAL_MEMORY);
	g->mems_at = 1; /* it was told to, and stays: not again and again */
	assert_int_equal(decided(h)->n, 0);
	assert_string_equal(left_why(&h->plan, 0), "its memory does not follow, though that node is all it may use");
	g->mems_at = 0xf;
	g->kb[0] = 0;
	g->kb[3] = 30 * MIB;
	assert_int_equal(decided(h)->n, 0);
	/* spread over all: three quarters away wherever it runs; one node gets all of it */
	h = host(4, 4);
	g = group(h, 1, 1, 1, 256);
	g->cpus_at = 0xf;
	g->kb[0] = g->kb[2] = g->kb[3] = 256 * MIB;
	decided(h);
	assert_int_equal(h->plan.n, 1);
	near(h->plan.exposure, 0.75, 1e-9);
	near(h->plan.exposure_memory, 0, 1e-9);
	g->memory_known = false;
	assert_int_equal(decided(h)->n, 0);
	assert_true(isnan(h->plan.exposure));
}

/* Hosts at random: no step makes the host worse, all end within a move a group, and none is moved for ever. */
static void test_random(void **state)
{
	unsigned int seed, i, round;

	(void)state;
	for (seed = 1; seed <= 300; seed++) {
		struct host *h = host(2 + seed % 3, 2 + seed % 5);
		size_t moves = 0;

		srand(seed);
		for (i = 0; i < 4 + seed % 30; i++) {
			struct bal_group *g;

			g = group(h, (unsigned int)rand() % (1 + seed % h->n_nodes), (1 + rand() % 16) / 8.0, 0.5, 1 + rand() % 4000);
			if (seed % 2)
				g->kb[(unsigned int)rand() % h->n_nodes] += (rand() % 4000) * MIB;
		}
		for (round = 0; round < 100; round++) {
			double high = 0, then = 0;
			unsigned int k;

			for (k = 0; k < h->n_nodes; k++)
				high = fmax(high, h->node[k].tasks / h->node[k].cpus);
			decided(h);
			for (i = 0; i < h->plan.n; i++)
				moves += h->plan.steps[i].kind == BAL_CPUS;
			carry_out(h, 40);
			for (k = 0; k < h->n_nodes; k++)
				then = fmax(then, h->node[k].tasks / h->node[k].cpus);
			assert_true(then <= fmax(high, h->o.high) + 1e-9); /* gathering may fill a node */
			if (!h->plan.n)
				break;
		}
		assert_true(round < 100);
		assert_true(moves <= 2 * h->n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sixteen),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_home),
		cmocka_unit_test(test_all_home),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_unmovable),
		cmocka_unit_test(test_probation),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_wide_is_movable),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_odd_nodes),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
