// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of hint faults by looking now and then at what NUMA balancing keeps of a task, against a
 * model of how it keeps them: to the page, whatever the moment of the look.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../collector/numa_poll.h"

#define NODES 3

/* The kernel's side. */
struct kernel {
	struct mmt_numa_faults node[NODES];
	uint64_t locality[2]; /* remote, local */
	uint32_t seq;
	uint64_t truth[NODES], remote, local;
};

static void fault(struct kernel *k, unsigned int node, unsigned int priv, bool local, uint64_t pages)
{
	k->node[node].buf[priv] += pages;
	k->locality[local] += pages;
	k->truth[node] += pages;
	*(local ? &k->local : &k->remote) += pages;
}

/* A scan is over: what came since is added to the half of what was. keep: the places are not forgotten. */
static void placement(struct kernel *k, bool keep)
{
	unsigned int i, p;

	k->seq++;
	for (i = 0; i < NODES; i++)
		for (p = 0; p < 2; p++) {
			k->node[i].mem[p] += k->node[i].buf[p] - k->node[i].mem[p] / 2;
			k->node[i].buf[p] = 0;
		}
	if (!keep)
		memset(k->locality, 0, sizeof(k->locality));
}

/* Ours. */
struct us {
	struct mmt_numa_looked was;
	struct mmt_numa_faults node[NODES];
	uint64_t sum[NODES], split[2];
};

static bool look(struct us *u, const struct kernel *k, bool last)
{
	const struct mmt_numa_polled head = { .remote = k->locality[0], .local = k->locality[1], .seq = k->seq, .has = 1 };
	uint64_t pages[NODES], split[2];
	unsigned int i;

	u->was.node = u->node;
	if (!last && u->was.known && k->seq != u->was.seq)
		u->was.seen = k->seq; /* as look() does between its two readings */
	if (!mmt_numa_poll__take(&u->was, &head, k->node, NODES, last, pages, split))
		return false;
	for (i = 0; i < NODES; i++)
		u->sum[i] += pages[i];
	u->split[0] += split[0];
	u->split[1] += split[1];
	return true;
}

static void same(const struct us *u, const struct kernel *k)
{
	unsigned int i;

	for (i = 0; i < NODES; i++)
		assert_int_equal(u->sum[i], k->truth[i]);
	assert_true(u->split[0] <= k->remote && u->split[1] <= k->local);
}

static void test_random(void **state)
{
	unsigned int round, i, step;

	(void)state;
	srandom(5);
	for (round = 0; round < 300; round++) {
		struct kernel k = { .seq = (uint32_t)random() % 3 };
		struct us u = { .sum = { 0 } };

		for (step = 0; step < 40; step++) {
			unsigned int n = (unsigned int)random() % 20, at = random() % 3 ? n + 1 : (unsigned int)random() % (n + 1);

			for (i = 0; i < n; i++) {
				if (i == at)
					placement(&k, random() % 4 == 0);
				fault(&k, (unsigned int)random() % NODES, random() & 1, random() & 1, random() % 8 ? 1 : 512);
			}
			assert_true(look(&u, &k, step == 39));
		}
		same(&u, &k);
	}
}

/* Without a scan that ends between two looks all is known; with one, what came after it; what was kept all the same is seen. */
static void test_split(void **state)
{
	struct kernel k = { .seq = 7 };
	struct us u = { .sum = { 0 } };

	(void)state;
	fault(&k, 0, 0, true, 10);
	fault(&k, 1, 1, false, 5);
	assert_true(look(&u, &k, false));
	fault(&k, 1, 0, false, 3);
	assert_true(look(&u, &k, false));
	assert_int_equal(u.split[0], 8);
	assert_int_equal(u.split[1], 10);
	fault(&k, 1, 0, false, 100);
	placement(&k, false);
	fault(&k, 1, 0, true, 4);
	assert_true(look(&u, &k, false));
	assert_int_equal(u.split[0], 8);
	assert_int_equal(u.split[1], 14);
	fault(&k, 2, 0, false, 20);
	placement(&k, true);
	fault(&k, 2, 0, true, 2);
	assert_true(look(&u, &k, true));
	assert_int_equal(u.split[0], 28);
	assert_int_equal(u.split[1], 16);
	same(&u, &k);
}

/* While the kernel moves its counters nothing is taken; the next look has it all. */
static void test_torn(void **state)
{
	struct mmt_numa_polled head = { .seq = 1, .has = 1, .torn = 1 };
	struct kernel k = { .seq = 1 };
	struct us u = { .sum = { 0 } };
	uint64_t pages[NODES], split[2];

	(void)state;
	u.was.node = u.node;
	fault(&k, 0, 0, true, 9);
	assert_false(mmt_numa_poll__take(&u.was, &head, k.node, NODES, false, pages, split));
	assert_true(look(&u, &k, false));
	head.torn = 0;
	head.seq = 2; /* seen for the first time: maybe in the middle of it */
	assert_false(mmt_numa_poll__take(&u.was, &head, k.node, NODES, false, pages, split));
	placement(&k, false);
	fault(&k, 1, 0, true, 3);
	assert_true(look(&u, &k, false));
	same(&u, &k);
}

/* An exec clears it all; what came after that is counted. */
static void test_exec(void **state)
{
	struct kernel k = { .seq = 3 };
	struct us u = { .sum = { 0 } };

	(void)state;
	fault(&k, 0, 0, true, 100);
	placement(&k, false);
	fault(&k, 0, 0, true, 40);
	assert_true(look(&u, &k, false));
	same(&u, &k);
	memset(k.node, 0, sizeof(k.node));
	memset(k.locality, 0, sizeof(k.locality));
	fault(&k, 0, 0, false, 7);
	assert_true(look(&u, &k, false));
	same(&u, &k);
	k.seq = UINT32_MAX;
	placement(&k, false); /* its first scan of the new memory: 0 */
	fault(&k, 0, 0, false, 7);
	assert_true(look(&u, &k, true));
	same(&u, &k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random), cmocka_unit_test(test_split), cmocka_unit_test(test_torn), cmocka_unit_test(test_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
