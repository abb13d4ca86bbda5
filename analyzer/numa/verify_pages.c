// SPDX-License-Identifier: GPL-2.0-only
/* Pages allocated and moved against the kernel's own counters of nodes and of the machine. */
#include <stdio.h>
#include <string.h>

#include "../arena.h"
#include "pages.h"
#include "verify_pages.h"

#define NODES_SHOWN 8

static const char edge_alloc[] =
	"the nodes' counters have allocations that no tracepoint tells (many pages at once), and are read after our cut";
static const char edge_machine[] = "read after our cut";
static const char edge_moved[] = "the kernel counts moves that came about, we those that were tried";

static uint64_t use_sum(const struct model *m, uint32_t node, int col)
{
	const struct numa_pages *p = m->numa_pages;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; p && i < p->n_use; i++)
		if (node == NUMA_NO_NODE || p->use[i].node == node)
			sum += p->use[i].v[col];
	return sum;
}

static uint64_t moves_sum(const struct model *m, const char *reason, bool failed)
{
	const struct numa_pages *p = m->numa_pages;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; p && i < p->n_moves; i++)
		if (!reason || !strcmp(p->moves[i].reason, reason))
			sum += failed ? p->moves[i].failed : p->moves[i].ok;
	return sum;
}

static void row(struct verify *v, const char *what, const char *source, const char *edge, uint64_t ours, uint64_t kernel)
{
	struct verify_row *r = verify_add(v, what, source, "count", edge);

	if (!r)
		return;
	r->ours = ours;
	r->kernel = kernel;
}

static void node_rows(const struct model *m, struct verify *v)
{
	uint64_t hit, miss;
	char text[48];
	size_t i;

	for (i = 0; i < m->n_nodes && i < NODES_SHOWN; i++) {
		uint32_t node = m->nodes[i].node;
		const char *what;

		if (model_counter(m, "node.numastat", "numa_hit", node, &hit) ||
		    model_counter(m, "node.numastat", "numa_miss", node, &miss))
			continue;
		snprintf(text, sizeof(text), "allocations on node %u", node);
		what = arena_str(m->mem, text, strlen(text));
		if (what)
			row(v, what, "numastat", edge_alloc, use_sum(m, node, NP_LOCAL_N) + use_sum(m, node, NP_REMOTE_N), hit + miss);
	}
}

/* A counter of the machine that is the sum of ours. */
static void machine_row(const struct model *m, struct verify *v, const char *what, const char *name, const char *edge,
			uint64_t ours)
{
	uint64_t k;

	if (!model_counter(m, "proc.vmstat", name, -1, &k))
		row(v, what, "/proc/vmstat", edge, ours, k);
}

void verify_pages(const struct model *m, struct verify *v)
{
	uint64_t k;

	if (!numa_pages_recorded(m))
		return;
	node_rows(m, v);
	if (!model_counter(m, "node.numastat", "local_node", MODEL_ALL_SCOPES, &k))
		row(v, "allocations, local", "numastat", edge_alloc, use_sum(m, NUMA_NO_NODE, NP_LOCAL_N), k);
	if (!model_counter(m, "node.numastat", "other_node", MODEL_ALL_SCOPES, &k))
		row(v, "allocations, remote", "numastat", edge_alloc, use_sum(m, NUMA_NO_NODE, NP_REMOTE_N), k);
	if (!numa_pages_lack(m, "numa.hint")) {
		uint64_t local = use_sum(m, NUMA_NO_NODE, NP_HINT_LOCAL);

		machine_row(m, v, "NUMA hint faults", "numa_hint_faults", edge_machine, local + use_sum(m, NUMA_NO_NODE, NP_HINT_REMOTE));
		machine_row(m, v, "NUMA hint faults, local", "numa_hint_faults_local", edge_machine, local);
	}
	if (!numa_pages_lack(m, "numa.migrate")) {
		machine_row(m, v, "pages migrated", "pgmigrate_success", edge_machine, moves_sum(m, NULL, false));
		machine_row(m, v, "pages not migrated", "pgmigrate_fail", edge_machine, moves_sum(m, NULL, true));
		machine_row(m, v, "migrated by balancing", "numa_pages_migrated", edge_machine, moves_sum(m, "numa_misplaced", false));
	}
	if (!numa_pages_lack(m, "numa.balancing")) {
		machine_row(m, v, "tasks moved", "numa_task_migrated", edge_moved, use_sum(m, NUMA_NO_NODE, NP_MOVED));
		machine_row(m, v, "tasks swapped", "numa_task_swapped", edge_moved, use_sum(m, NUMA_NO_NODE, NP_SWAPPED));
	}
}
