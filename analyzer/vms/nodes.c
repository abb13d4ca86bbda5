// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "nodes.h"

struct cpu_sums { double busy, idle, running, samples; };
struct cpu_load { uint64_t samples, running, max; };

/* No trace has them yet. */
static struct cpu_load load_of(const struct model_cpu *c)
{
	(void)c;
	return (struct cpu_load){ 0 };
}

static struct vms_node *node_at(struct vms_nodes *x, uint32_t node)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->v[i].node == node)
			return &x->v[i];
	return NULL;
}

static int cmp_node(const void *a, const void *b)
{
	const struct vms_node *x = a, *y = b;

	return (x->node > y->node) - (x->node < y->node);
}

/* What a CPU adds to its node. Load is that of the CPUs that were looked at, each over its own samples. */
static void add_cpu(struct vms_node *n, const struct model_cpu *c, struct cpu_sums *s)
{
	const struct cpu_load load = load_of(c);

	n->cpus += c->online || c->ran;
	if (c->ran) {
		s->busy += (double)c->v[MC_BUSY_NS];
		s->idle += (double)c->v[MC_IDLE_NS];
	}
	if (!load.samples)
		return;
	s->running += (double)load.running / (double)load.samples;
	s->samples++;
	if (isnan(n->most) || n->most < (double)load.max)
		n->most = (double)load.max;
}

static void loads(const struct model *m, struct vms_nodes *x)
{
	struct cpu_sums all = { 0 };
	double high = 0, low = INFINITY;
	size_t i, k;

	for (i = 0; i < x->n; i++) {
		struct vms_node *n = &x->v[i];
		struct cpu_sums s = { 0 };

		n->running = n->load = n->imbalance = n->busy = n->most = NAN;
		for (k = 0; k < m->n_cpus; k++)
			if (m->cpus[k].in_topology && m->cpus[k].node == n->node)
				add_cpu(n, &m->cpus[k], &s);
		if (m->have_cpu_totals && s.busy + s.idle > 0)
			n->busy = s.busy / (s.busy + s.idle);
		if (!s.samples)
			continue;
		n->running = s.running;
		n->load = s.running / s.samples;
		all.running += s.running;
		all.samples += s.samples;
		high = fmax(high, n->load);
		low = fmin(low, n->load);
	}
	x->load_recorded = all.samples > 0;
	x->load = x->load_recorded ? all.running / all.samples : (double)NAN;
	x->ratio = !x->load_recorded || high <= 0 ? (double)NAN : high / low;
	for (i = 0; i < x->n && x->load > 0; i++)
		x->v[i].imbalance = x->v[i].load / x->load - 1;
}

static void add_vm(const struct model *m, const struct vms_vm *vm, struct vms_nodes *x)
{
	const uint64_t *run = vm->part[VMS_WHOLE].node;
	struct vms_node *n = vm->main_node < 0 ? NULL : node_at(x, (uint32_t)vm->main_node);
	size_t i;

	if (n)
		n->vms++;
	for (i = 0; i < x->n; i++) {
		n = &x->v[i];
		if (vm->proc && n->node < m->numa->n_nodes)
			n->vm_kb += vm->proc->kb[n->node];
		if (run && n->node < m->vms->n_nodes)
			n->vm_run += (double)run[n->node];
	}
}

static void add_vcpu(const struct vms *vms, const struct vms_vcpu *c, struct vms_nodes *x)
{
	struct vms_node *n;
	int most = -1;
	unsigned int i;

	for (i = 0; c->sum.node && i < vms->n_nodes; i++)
		if (c->sum.node[i] && (most < 0 || c->sum.node[i] > c->sum.node[most]))
			most = (int)i;
	n = most < 0 ? NULL : node_at(x, (uint32_t)most);
	if (n)
		n->vcpus++;
}

int vms_nodes(const struct model *m, const bool *shown, struct vms_nodes *out)
{
	const struct vms *vms = m->vms;
	bool placed = numa_recorded(m) && m->numa;
	struct vms_nodes x = { .v = calloc(m->n_nodes + 1, sizeof(*x.v)), .n = m->n_nodes };
	size_t i;

	if (!x.v)
		return -ENOMEM;
	for (i = 0; i < m->n_nodes; i++) {
		x.v[i].node = m->nodes[i].node;
		x.v[i].mem_kb = (double)m->nodes[i].mem_kb;
		x.v[i].vm_kb = placed ? 0 : (double)NAN;
		x.v[i].vm_run = vms && vms->has_nodes ? 0 : (double)NAN;
	}
	qsort(x.v, x.n, sizeof(*x.v), cmp_node);
	loads(m, &x);
	for (i = 0; vms && i < vms->n_vm; i++)
		if (vms->vm[i].in_window && (!shown || shown[i]))
			add_vm(m, &vms->vm[i], &x);
	for (i = 0; vms && i < vms->n_vcpu; i++)
		if (!shown || shown[vms->vcpu[i].vm])
			add_vcpu(vms, &vms->vcpu[i], &x);
	for (i = 0; i < x.n; i++) {
		x.kb += x.v[i].vm_kb;
		x.run += x.v[i].vm_run;
	}
	*out = x;
	return 0;
}

void vms_nodes_free(struct vms_nodes *x)
{
	free(x->v);
	x->v = NULL;
	x->n = 0;
}
