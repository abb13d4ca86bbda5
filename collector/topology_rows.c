// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cells.h"
#include "log.h"
#include "topology.h"
#include "topology_rows.h"

#define CHANGED_KB 1024 /* less is the kernel giving back what it booted with */

static int write_cpu(struct mmt_writer *w, unsigned int cpu, const struct mmt_cpu_info *p)
{
	const struct mmt_cell c[] = {
		cell_u(cpu), cell_u(p->core), cell_u(p->llc), cell_u(p->node), cell_u(p->package),
		cell_u(p->online), cell_u(p->max_khz),
	};

	return ROW(w, MMT_TB_CPU, c);
}

static int write_node(struct mmt_writer *w, unsigned int node, const struct mmt_node_info *p)
{
	uint64_t dist[MMT_MAX_NODES];
	uint8_t buf[MMT_MAX_NODES * 10 + 10];
	unsigned int k;
	int len;

	for (k = 0; k < p->n_dist; k++)
		dist[k] = p->dist[k];
	len = mmt_vec_pack(dist, p->n_dist, buf, sizeof(buf));
	if (len < 0)
		return len;
	{
		const struct mmt_cell c[] = { cell_u(node), cell_u(p->mem_kb), cell_b(buf, (size_t)len) };

		return ROW(w, MMT_TB_NODE, c);
	}
}

int mmt_topology__rows(struct mmt_writer *w, const struct mmt_topology *t)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < t->n_cpus && !err; i++)
		err = write_cpu(w, i, &t->cpu[i]);
	for (i = 0; i < t->n_nodes && !err; i++)
		if (t->node[i].present)
			err = write_node(w, i, &t->node[i]);
	return err;
}

/* ----------------------------------------------------------- what changed since */

enum cpu_change { CPU_GONE, CPU_CAME, CPU_CAME_ELSEWHERE, CPU_CHANGES, CPU_SAME = CPU_CHANGES };

static enum cpu_change cpu_change(const struct mmt_cpu_info *was, const struct mmt_cpu_info *is)
{
	if (was->online == is->online)
		return CPU_SAME;
	if (was->online)
		return CPU_GONE;
	return was->node == is->node ? CPU_CAME : CPU_CAME_ELSEWHERE;
}

/* "3, 5-7"; as many as fit */
static size_t cpu_list(const struct mmt_topology *was, const struct mmt_topology *is, enum cpu_change what, char *buf, size_t size)
{
	size_t n = 0;
	unsigned int i, k;

	for (i = 0; i < is->n_cpus; i = k) {
		k = i + 1;
		if (cpu_change(&was->cpu[i], &is->cpu[i]) != what)
			continue;
		while (k < is->n_cpus && cpu_change(&was->cpu[k], &is->cpu[k]) == what)
			k++;
		if (n + 32 > size)
			return n + (size_t)snprintf(buf + n, size - n, ", ...");
		n += (size_t)snprintf(buf + n, size - n, "%s%u", n ? ", " : "", i);
		if (k > i + 1)
			n += (size_t)snprintf(buf + n, size - n, "-%u", k - 1);
	}
	return n;
}

size_t mmt_topology__cpu_note(const struct mmt_topology *was, const struct mmt_topology *is, unsigned int what, char *buf, size_t size)
{
	static const char *const said[CPU_CHANGES] = {
		[CPU_GONE] = "went offline while recording: what ran there last seems, in events, to run on",
		[CPU_CAME] = "came online while recording: what they share with other CPUs of their node was not known, moves between them are of class node",
		[CPU_CAME_ELSEWHERE] = "came online while recording, their node not known before: moves of tasks, pages on and off the node, and with more than 16 CPUs time by node, are told as if of node 0",
	};
	char list[80];

	if (what >= CPU_CHANGES || !cpu_list(was, is, what, list, sizeof(list)))
		return 0;
	return (size_t)snprintf(buf, size, "CPUs %s %s", list, said[what]);
}

static bool node_changed(const struct mmt_node_info *was, const struct mmt_node_info *is)
{
	return was->mem_kb > is->mem_kb + CHANGED_KB || is->mem_kb > was->mem_kb + CHANGED_KB;
}

size_t mmt_topology__node_note(const struct mmt_topology *was, const struct mmt_topology *is, char *buf, size_t size)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < is->n_nodes; i++) {
		if (!node_changed(&was->node[i], &is->node[i]))
			continue;
		if (n + 64 > size)
			return n + (size_t)snprintf(buf + n, size - n, ", ...");
		n += (size_t)snprintf(buf + n, size - n, "%s node %u %llu -> %llu MiB", n ? "," : "memory changed while recording:", i,
				      (unsigned long long)was->node[i].mem_kb >> 10, (unsigned long long)is->node[i].mem_kb >> 10);
	}
	return n;
}

static int write_note(struct mmt_writer *w, uint64_t time, struct mmt_log *log, const char *text)
{
	const struct mmt_cell c[] = { cell_u(time), cell_u(1), cell_s(text) };

	log_warn(log, "%s", text);
	return ROW(w, MMT_TB_NOTE, c);
}

static int write_changed(struct mmt_writer *w)
{
	const struct mmt_cell c[] = { cell_s("cpus.changed"), cell_s("yes") };

	return ROW(w, MMT_TB_META, c);
}

int mmt_topology__changes(struct mmt_writer *w, const struct mmt_topology *was, bool cpus_changed,
			  uint64_t time, struct mmt_log *log)
{
	struct mmt_topology *is = malloc(sizeof(*is));
	unsigned int i;
	char text[256];
	int err;

	if (!is)
		return -ENOMEM;
	err = mmt_topology__again(was, "", is);
	if (err) {
		err = 0; /* it could be read before: then nothing is known to have changed */
		goto out;
	}
	if (cpus_changed)
		err = write_changed(w);
	for (i = 0; i < CPU_CHANGES && !err; i++)
		if (mmt_topology__cpu_note(was, is, i, text, sizeof(text)))
			err = write_note(w, time, log, text);
	if (!err && mmt_topology__node_note(was, is, text, sizeof(text)))
		err = write_note(w, time, log, text);
	/* the reader takes the last one */
	for (i = 0; i < is->n_cpus && !err; i++)
		if (is->cpu[i].online != was->cpu[i].online)
			err = write_cpu(w, i, &is->cpu[i]);
	for (i = 0; i < is->n_nodes && !err; i++)
		if (node_changed(&was->node[i], &is->node[i]) || was->node[i].n_dist != is->node[i].n_dist)
			err = write_node(w, i, &is->node[i]);
out:
	free(is);
	return err;
}
