// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "nodes.h"

bool nodes_recorded(const struct model *m)
{
	return model_has_rows(m, MMT_TB_CPU_LOAD);
}

static int cmp_node(const void *a, const void *b)
{
	const struct node_load *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

static struct node_load *find(struct node_load *v, size_t n, uint32_t node)
{
	size_t i;

	for (i = 0; i < n && v[i].node != node; i++)
		;
	return i < n ? &v[i] : NULL;
}

/* Nodes of the topology, and those that only CPUs tell. */
static size_t list(const struct model *m, struct node_load *v)
{
	size_t i, n = 0;

	for (i = 0; i < m->n_nodes; i++)
		if (!find(v, n, m->nodes[i].node))
			v[n++] = (struct node_load){ .node = m->nodes[i].node, .mem_kb = m->nodes[i].mem_kb };
	for (i = 0; i < m->n_cpus; i++)
		if (m->cpus[i].in_topology && !find(v, n, m->cpus[i].node))
			v[n++] = (struct node_load){ .node = m->cpus[i].node };
	qsort(v, n, sizeof(*v), cmp_node);
	return n;
}

int nodes_load(const struct model *m, struct node_load **out, size_t *n)
{
	struct node_load *v = calloc(m->n_nodes + m->n_cpus + 1, sizeof(*v));
	size_t i, k;

	*out = v;
	if (!v)
		return -ENOMEM;
	*n = list(m, v);
	for (k = 0; k < *n; k++) {
		uint64_t busy = 0, idle = 0;

		for (i = 0; i < m->n_cpus; i++) {
			const struct model_cpu *c = &m->cpus[i];

			if (!c->in_topology || c->node != v[k].node)
				continue;
			v[k].cpus += c->online || c->load.samples;
			busy += c->v[MC_BUSY_NS];
			idle += c->v[MC_IDLE_NS];
			if (!c->load.samples)
				continue;
			v[k].tasks += (double)c->load.running / (double)c->load.samples;
			v[k].samples = c->load.samples > v[k].samples ? c->load.samples : v[k].samples;
			v[k].max = c->load.max > v[k].max ? c->load.max : v[k].max;
		}
		v[k].busy = busy + idle ? (double)busy / (double)(busy + idle) : NAN;
		if (!v[k].samples)
			v[k].tasks = NAN;
		v[k].load = v[k].tasks / v[k].cpus; /* no CPUs: no samples, NaN */
	}
	return 0;
}

double nodes_imbalance(const struct node_load *v, size_t n)
{
	double high = 0, low = INFINITY;
	size_t i, with = 0;

	for (i = 0; i < n; i++) {
		if (isnan(v[i].load))
			continue;
		with++;
		high = fmax(high, v[i].load);
		low = fmin(low, v[i].load);
	}
	return with > 1 && high > 0 ? (high - low) / high : NAN;
}

static double cpu_imbalance(const struct model *m)
{
	double most = 0, sum = 0, n = 0, x;
	size_t i;

	for (i = 0; i < m->n_cpus; i++) {
		if (!m->cpus[i].load.samples)
			continue;
		x = (double)m->cpus[i].load.running / (double)m->cpus[i].load.samples;
		most = fmax(most, x);
		sum += x;
		n++;
	}
	return sum > 0 ? most / (sum / n) : NAN;
}

int nodes_metric(const struct model *m, enum nodes_what what, double *value)
{
	struct node_load *v;
	double sum = 0;
	size_t i, n;
	int err;

	if (!nodes_recorded(m))
		return -ENODATA;
	if (what == NODES_CPU_IMBALANCE) {
		*value = cpu_imbalance(m);
		return isnan(*value) ? -ENODATA : 0;
	}
	err = nodes_load(m, &v, &n);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		sum += isnan(v[i].tasks) ? 0 : v[i].tasks;
	*value = what == NODES_TASKS ? sum : 100 * nodes_imbalance(v, n);
	free(v);
	return isnan(*value) ? -ENODATA : 0;
}
