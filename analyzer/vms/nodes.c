// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "nodes.h"

static struct vms_node *node_at(struct vms_nodes *x, uint32_t node)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->v[i].l.node == node)
			return &x->v[i];
	return NULL;
}

static int loads(const struct model *m, struct vms_nodes *x)
{
	struct node_load *l;
	double tasks = 0, cpus = 0;
	size_t i;
	int err = nodes_load(m, &l, &x->n);

	if (err)
		return err;
	x->v = calloc(x->n + 1, sizeof(*x->v));
	for (i = 0; x->v && i < x->n; i++) {
		x->v[i].l = l[i];
		if (isnan(l[i].load))
			continue;
		tasks += l[i].tasks;
		cpus += l[i].cpus;
	}
	x->load = cpus > 0 ? tasks / cpus : (double)NAN;
	for (i = 0; x->v && i < x->n; i++)
		x->v[i].against = x->load > 0 ? x->v[i].l.load / x->load - 1 : (double)NAN;
	x->imbalance = nodes_imbalance(l, x->n);
	free(l);
	return x->v ? 0 : -ENOMEM;
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
		if (vm->proc && n->l.node < m->numa->n_nodes)
			n->vm_kb += vm->proc->kb[n->l.node];
		if (run && n->l.node < m->vms->n_nodes)
			n->vm_run += (double)run[n->l.node];
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
	struct vms_nodes x = { 0 };
	size_t i;
	int err = loads(m, &x);

	if (err)
		return err;
	for (i = 0; i < x.n; i++) {
		x.v[i].vm_kb = placed ? 0 : (double)NAN;
		x.v[i].vm_run = vms && vms->has_nodes ? 0 : (double)NAN;
	}
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
