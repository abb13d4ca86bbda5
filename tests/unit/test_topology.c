// SPDX-License-Identifier: GPL-2.0-only
/* CPUs and nodes of made-up machines, and what of them changes while we record. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../collector/topology.h"
#include "../../collector/topology_rows.h"

static char root[] = "/tmp/mmt-topology-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[256], *s;
	FILE *f;

	snprintf(path, sizeof(path), "%s/sys/devices/system/%s", root, name);
	for (s = path + strlen(root) + 1; (s = strchr(s, '/')); s++) {
		*s = 0;
		mkdir(path, 0755);
		*s = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Two nodes of two CPUs; CPU 3 is there and offline, CPU 4 of a node 2 may come. */
static int machine(void **state)
{
	(void)state;
	strcpy(strrchr(root, '-'), "-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	put("cpu/possible", "0-4\n");
	put("cpu/online", "0-2\n");
	put("cpu/cpu0/topology/thread_siblings_list", "0-1\n");
	put("cpu/cpu1/topology/thread_siblings_list", "0-1\n");
	put("cpu/cpu2/topology/thread_siblings_list", "2\n");
	put("cpu/cpu3/node1/cpulist", "");
	put("node/possible", "0-2\n");
	put("node/node0/cpulist", "0-1\n");
	put("node/node0/meminfo", "Node 0 MemTotal: 1048576 kB\n");
	put("node/node0/distance", "10 17\n");
	put("node/node1/cpulist", "2\n");
	put("node/node1/meminfo", "Node 1 MemTotal: 524288 kB\n");
	put("node/node1/distance", "30 10\n");
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int gone(void **state)
{
	(void)state;
	return nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static struct mmt_topology *first(void)
{
	struct mmt_topology *t = calloc(2, sizeof(*t));

	assert_non_null(t);
	assert_int_equal(mmt_topology__read(t, root), 0);
	return t;
}

/* A CPU that is offline has its node. */
static void test_offline(void **state)
{
	struct mmt_topology *t = first();

	(void)state;
	assert_int_equal(t->n_cpus, 5);
	assert_int_equal(t->n_nodes, 3);
	assert_int_equal(t->cpu[1].core, 0);
	assert_int_equal(t->cpu[2].node, 1);
	assert_false(t->cpu[3].online);
	assert_int_equal(t->cpu[3].node, 1);
	assert_int_equal(t->cpu[3].core, 3);
	assert_int_equal(t->node[0].dist[1], 17);
	assert_int_equal(t->node[1].dist[0], 30);
	assert_int_equal(t->node[2].mem_kb, 0);
	free(t);
}

static void test_same(void **state)
{
	struct mmt_topology *t = first();
	char s[256];
	unsigned int i;

	(void)state;
	assert_int_equal(mmt_topology__again(t, root, t + 1), 0);
	assert_memory_equal(t, t + 1, sizeof(*t));
	for (i = 0; i < 5; i++)
		assert_int_equal(mmt_topology__cpu_note(t, t + 1, i, s, sizeof(s)), 0);
	assert_int_equal(mmt_topology__node_note(t, t + 1, s, sizeof(s)), 0);
	/* what a kernel gives back of its own start is no news */
	put("node/node1/meminfo", "Node 1 MemTotal: 524900 kB\n");
	assert_int_equal(mmt_topology__again(t, root, t + 1), 0);
	assert_int_equal(mmt_topology__node_note(t, t + 1, s, sizeof(s)), 0);
	free(t);
}

static void test_changes(void **state)
{
	struct mmt_topology *t = first();
	char s[256];

	(void)state;
	put("cpu/online", "0,2-4\n");
	put("cpu/cpu3/topology/thread_siblings_list", "2-3\n");
	put("node/node0/cpulist", "0\n");
	put("node/node1/cpulist", "2-3\n");
	put("node/node1/meminfo", "Node 1 MemTotal: 786432 kB\n");
	put("node/node2/cpulist", "4\n");
	put("node/node2/meminfo", "Node 2 MemTotal: 262144 kB\n");
	put("node/node2/distance", "20 20 10\n");
	assert_int_equal(mmt_topology__again(t, root, t + 1), 0);
	assert_int_equal(t[1].cpu[3].core, 2);
	assert_int_equal(t[1].cpu[4].node, 2);
	assert_int_equal(t[1].cpu[1].core, 0);
	assert_int_equal(t[1].node[2].n_dist, 3);
	assert_true(mmt_topology__cpu_note(t, t + 1, 0, s, sizeof(s)) > 0);
	assert_string_equal(s, "CPUs 1 went offline while recording: what ran there last seems, in events, to run on");
	assert_true(mmt_topology__cpu_note(t, t + 1, 1, s, sizeof(s)) > 0);
	assert_non_null(strstr(s, "CPUs 3 came online while recording"));
	assert_true(mmt_topology__cpu_note(t, t + 1, 2, s, sizeof(s)) > 0);
	assert_non_null(strstr(s, "CPUs 4 came online while recording, their node not known"));
	assert_true(mmt_topology__node_note(t, t + 1, s, sizeof(s)) > 0);
	assert_string_equal(s, "memory changed while recording: node 1 512 -> 768 MiB, node 2 0 -> 256 MiB");
	free(t);
}

/* Many of them: as many as fit are told, and that there are more. */
static void test_many(void **state)
{
	struct mmt_topology *t = calloc(2, sizeof(*t));
	char s[256];
	unsigned int i;

	(void)state;
	assert_non_null(t);
	for (i = 0; i < 2; i++)
		t[i].n_cpus = MMT_MAX_CPUS, t[i].n_nodes = MMT_MAX_NODES;
	for (i = 0; i < MMT_MAX_CPUS; i++)
		t[i % 3 != 0].cpu[i].online = true;
	for (i = 0; i < MMT_MAX_NODES; i++)
		t[1].node[i].mem_kb = UINT64_MAX / 2;
	assert_in_range(mmt_topology__cpu_note(t, t + 1, 0, s, sizeof(s)), 1, sizeof(s) - 1);
	assert_non_null(strstr(s, ", ... went offline"));
	assert_in_range(mmt_topology__cpu_note(t, t + 1, 1, s, sizeof(s)), 1, sizeof(s) - 1);
	assert_memory_equal(s, "CPUs 1-2, 4-5, ", 15);
	assert_in_range(mmt_topology__node_note(t, t + 1, s, sizeof(s)), 1, sizeof(s) - 1);
	assert_non_null(strstr(s, ", ..."));
	free(t);
}

/* CPUs and nodes that could not be told apart from others are refused; that more of them may come is not. */
static void test_too_many(void **state)
{
	struct mmt_topology *t = calloc(1, sizeof(*t));

	(void)state;
	assert_non_null(t);
	put("cpu/possible", "0-1535\n");
	put("cpu/online", "0-1023\n");
	put("node/possible", "0-1023\n");
	put("node/online", "0-2,63\n");
	assert_int_equal(mmt_topology__read(t, root), 0);
	assert_int_equal(t->n_cpus, 1024);
	assert_int_equal(t->n_nodes, 64);
	put("cpu/online", "0-3,1024\n");
	assert_int_equal(mmt_topology__read(t, root), -E2BIG);
	put("cpu/online", "0-3\n");
	put("node/online", "0-64\n");
	assert_int_equal(mmt_topology__read(t, root), -E2BIG);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_offline, machine, gone),
		cmocka_unit_test_setup_teardown(test_same, machine, gone),
		cmocka_unit_test_setup_teardown(test_changes, machine, gone),
		cmocka_unit_test(test_many),
		cmocka_unit_test_setup_teardown(test_too_many, machine, gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
