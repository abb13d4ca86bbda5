// SPDX-License-Identifier: GPL-2.0-only
/* What of the kernel's map of migrated pages has been written: over readings, ends of tasks, and slots that come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../collector/numa_hops.h"
#include "../../collector/numa_moved.h"

#define KEY(slot, from) MMT_NU_KEY(slot, 5, from, 1)

/* Reads these entries: slot, from, pages. */
static void take(struct mmt_moved_set *s, const unsigned int (*v)[3], size_t n)
{
	struct mmt_moved *fresh = n ? calloc(n, sizeof(*fresh)) : NULL;
	size_t i;

	for (i = 0; i < n; i++)
		fresh[i] = (struct mmt_moved){ .key = KEY(v[i][0], v[i][1]), .v = { .ok = v[i][2] } };
	mmt_moved__take(s, fresh, n);
}

static void test_readings(void **state)
{
	static const unsigned int first[][3] = { { 9, 0, 5 }, { 3, 2, 7 }, { 0, 0, 1 }, { 3, 0, 2 } };
	static const unsigned int second[][3] = { { 3, 0, 2 }, { 16383, 3, 4 }, { 9, 0, 6 }, { 3, 2, 8 }, { 3, 1, 1 } };
	struct mmt_moved_set s = { 0 };
	struct mmt_moved *m;
	size_t n, i;

	(void)state;
	assert_null(mmt_moved__of(&s, 3, &n));
	take(&s, first, 4);
	m = mmt_moved__of(&s, 3, &n);
	assert_int_equal(n, 2);
	assert_int_equal(m[0].v.ok, 2);
	assert_int_equal(m[1].v.ok, 7);
	assert_int_equal(m[0].done.ok + m[1].done.ok, 0);
	m[0].done = m[0].v;
	m[1].done = m[1].v;
	assert_non_null(mmt_moved__of(&s, 0, &n));
	assert_int_equal(n, 1);
	assert_null(mmt_moved__of(&s, 4, &n));
	take(&s, second, 5);
	m = mmt_moved__of(&s, 3, &n);
	assert_int_equal(n, 3);
	assert_true(m[0].idle && m[0].done.ok == 2);
	assert_true(!m[1].idle && m[1].done.ok == 0 && m[1].v.ok == 1);
	assert_true(!m[2].idle && m[2].done.ok == 7 && m[2].v.ok == 8);
	m = mmt_moved__of(&s, 9, &n);
	assert_true(n == 1 && !m->idle && m->done.ok == 0);
	m = mmt_moved__of(&s, 16383, &n);
	assert_true(n == 1 && m->v.ok == 4);
	assert_null(mmt_moved__of(&s, 0, &n)); /* out of the map */
	for (i = 0; i + 1 < s.n; i++)
		assert_true((uint32_t)s.v[i].key <= (uint32_t)s.v[i + 1].key);
	take(&s, NULL, 0);
	assert_null(mmt_moved__of(&s, 3, &n));
	mmt_moved__free(&s);
}

/* A slot that another task has by now begins anew. */
static void test_again(void **state)
{
	static const unsigned int one[][3] = { { 3, 0, 100 } }, other[][3] = { { 3, 0, 100 }, { 4, 0, 1 } };
	struct mmt_moved_set s = { 0 };
	struct mmt_moved *m;
	size_t n;

	(void)state;
	take(&s, one, 1);
	m = mmt_moved__of(&s, 3, &n);
	m->done = m->v;
	m->gone = true;
	take(&s, other, 2);
	m = mmt_moved__of(&s, 3, &n);
	assert_true(n == 1 && !m->gone && !m->idle && m->done.ok == 0 && m->v.ok == 100);
	mmt_moved__free(&s);
}

/* Pairs of nodes: of those with CPUs, and of no more than there is memory for. */
static void test_homes(void **state)
{
	struct mmt_topology *topo = calloc(1, sizeof(*topo));
	struct mmt_numa_hops h = { 0 };
	unsigned int i;

	(void)state;
	assert_non_null(topo);
	topo->n_cpus = 64;
	for (i = 0; i < 64; i++)
		topo->cpu[i].node = (uint16_t)(i % 2 ? 5 : 60);
	mmt_numa_hops__homes(&h, topo);
	assert_true(h.n == 2 && h.bits == 1 && h.of[5] == 0 && h.of[60] == 1 && h.of[0] == MMT_NU_NONE && h.node[1] == 60);
	for (i = 0; i < 64; i++)
		topo->cpu[i].node = (uint16_t)(i % 16 * 4);
	h = (struct mmt_numa_hops){ 0 };
	mmt_numa_hops__homes(&h, topo);
	assert_true(h.n == 16 && h.bits == 4);
	topo->cpu[9].node = 3;
	h = (struct mmt_numa_hops){ 0 };
	mmt_numa_hops__homes(&h, topo);
	assert_true(h.n == 0 && h.bits == 0);
	free(topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readings), cmocka_unit_test(test_again), cmocka_unit_test(test_homes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
