// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "show_int.h"

#define NOTES 8 /* of VMs that were not there all the time */
#define N(a) (sizeof(a) / sizeof((a)[0]))

#define NAME_COL { .id = "vm", .head = "VM", .type = COL_TEXT, .flags = COL_KEY, .max = 20 }
#define PID_COL(fl) { .id = "pid", .head = "pid", .type = COL_COUNT, .flags = COL_KEY | (fl) }
#define TIME_COL { .id = "time_s", .head = "time", .unit = "s", .type = COL_FLOAT, .prec = 3, .flags = COL_NO_TEXT }
#define HIDDEN(id_, t) { .id = id_, .head = id_, .type = t, .flags = COL_NO_TEXT }
#define PCT(id_, head_, group_, fl) \
	{ .id = id_, .head = head_, .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = fl, .group = group_ }
#define US(id_, head_, group_, fl) \
	{ .id = id_, .head = head_, .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG | (fl), .group = group_ }
#define COUNT(id_, head_, group_, fl) { .id = id_, .head = head_, .type = COL_COUNT, .flags = fl, .group = group_ }

static void put_total(struct table *t, const struct vms_view *v, const struct vms_sum *s, int col)
{
	if (s->tasks && v->m->have_task_totals && MODEL_HAS(v->m->task_has, col))
		table_u64(t, s->v[col]);
	else
		table_none(t);
}

static double run_of(const struct vms_view *v, const struct vms_sum *s)
{
	return s->tasks && MODEL_HAS(v->m->task_has, MT_RUN_NS) ? (double)s->v[MT_RUN_NS] : (double)NAN;
}

static double of(double part, double all)
{
	return all > 0 ? 100 * part / all : (double)NAN;
}

/* "1 2 3": a number a node, as they are */
static void put_nodes(struct table *t, const uint64_t *node, unsigned int n)
{
	char *buf = node && n ? malloc(n * 21 + 1) : NULL;
	size_t at = 0;
	unsigned int i;

	for (i = 0; buf && i < n; i++)
		at += (size_t)sprintf(buf + at, "%s%" PRIu64, i ? " " : "", node[i]);
	table_text(t, buf);
	free(buf);
}

/* For people: "0" all of it on node 0; "0:75 1:25" percent by node, the most first. */
static void put_residency(struct table *t, const uint64_t *node, unsigned int n)
{
	char buf[128] = "";
	uint64_t all = 0, last = UINT64_MAX;
	unsigned int i, best, after = 0, shown = 0;
	size_t at = 0;

	for (i = 0; node && i < n; i++)
		all += node[i];
	while (all && shown < 4) {
		for (best = n, i = 0; i < n; i++) {
			/* those of the same size by number */
			bool left = node[i] && (node[i] < last || (node[i] == last && i >= after));

			if (left && (best == n || node[i] > node[best]))
				best = i;
		}
		if (best == n)
			break;
		last = node[best];
		after = best + 1;
		if (node[best] == all)
			at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%u", best);
		else
			at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s%u:%.0f", shown ? " " : "", best,
					       of((double)node[best], (double)all));
		shown++;
	}
	table_text(t, all ? buf : NULL);
}

/* ---------------------------------------------------------------- VMs */

/* Of a VM that was not there all the time, or changed its name: "seen from 2.0 s on, ended at 3.0 s, was web1" */
static bool life_of(const struct vms_view *v, const struct vms_vm *vm, char *buf, size_t size)
{
	const struct model *m = v->m;
	size_t at = 0;
	uint32_t i;

	buf[0] = '\0';
	if (vm->first > m->t0 && vm->first <= m->t1)
		at += (size_t)snprintf(buf, size, "seen from %.1f s on", (double)(vm->first - m->t0) / 1e9);
	if (vm->last && vm->last <= m->t1)
		at += (size_t)snprintf(buf + at, size - at, "%sended at %.1f s", at ? ", " : "",
				       vm->last > m->t0 ? (double)(vm->last - m->t0) / 1e9 : 0);
	for (i = 0; i + 1 < vm->n_names && at < size / 2; i++)
		at += (size_t)snprintf(buf + at, size - at, "%swas %.60s", at ? ", " : "", vm->names[i].name);
	return at;
}

static void put_identity(struct table *t, const struct vms_view *v, const struct vms_vm *vm)
{
	table_known(t, v->real_s);
	table_text(t, vm->name);
	table_u64(t, vm->tgid);
}

static const struct vms_numa *numa_of(const struct vms_view *v, const struct vms_vm *vm)
{
	return v->extra.numa ? &v->extra.numa[vm - v->x->vm] : NULL;
}

static void put_pages(struct table *t, const struct vms_numa *n)
{
	if (n)
		table_u64(t, n->v[NP_LOCAL] + n->v[NP_REMOTE]);
	else
		table_none(t);
	table_known(t, vms_pages_off(n));
}

static void put_vm_memory(struct table *t, const struct vms_view *v, const struct vms_vm *vm)
{
	const struct numa_exposure *e = &vm->exposure;

	table_known(t, vm->kb / 1024);
	table_known(t, 100 * vm->off);
	table_known(t, 100 * vm->off_lo);
	table_known(t, 100 * vm->off_hi);
	put_pages(t, numa_of(v, vm));
	table_known(t, 100 * e->share);
	table_known(t, 100 * e->lo);
	table_known(t, 100 * e->hi);
	table_known(t, 100 * (e->hi - e->lo) / 2);
	table_known(t, e->distance);
	table_known(t, 100 * e->covered);
	table_known(t, vm->place_cost_ns);
}

static void put_waits(struct table *t, const struct vms_view *v, const struct vms_sum *s)
{
	put_total(t, v, s, MT_WAIT_NS);
	table_known(t, 100 * vms_wait_share(s));
	table_known(t, s->wait_p50);
	table_known(t, s->wait_p99);
	table_known(t, s->wait_max);
	put_total(t, v, s, MT_NIVCSW);
	put_total(t, v, s, MT_NVCSW);
	put_total(t, v, s, MT_MIG_SMT);
	put_total(t, v, s, MT_MIG_LLC);
	put_total(t, v, s, MT_MIG_NODE);
	put_total(t, v, s, MT_MIG_CROSS);
}

struct table *vms_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		TIME_COL, NAME_COL, PID_COL(COL_NO_TEXT), HIDDEN("number", COL_COUNT), HIDDEN("kind", COL_TEXT),
		HIDDEN("accel", COL_TEXT), HIDDEN("scope", COL_TEXT), HIDDEN("epoch", COL_COUNT),
		{ .id = "vcpus", .head = "vCPUs", .type = COL_COUNT }, HIDDEN("vcpus_told", COL_COUNT),
		{ .id = "cpus", .head = "CPUs", .unit = "used", .type = COL_FLOAT, .prec = 2 }, HIDDEN("run_ns", COL_NS),
		HIDDEN("vcpu_run_ns", COL_NS), HIDDEN("run_by_node_ns", COL_TEXT),
		{ .id = "node", .head = "node", .unit = "most", .type = COL_COUNT },
		{ .id = "mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		PCT("mem_off_pct", "memory", "off-node", 0), PCT("mem_off_lo_pct", "low", "off-node", COL_NO_TEXT),
		PCT("mem_off_hi_pct", "high", "off-node", COL_NO_TEXT),
		COUNT("alloc_pages", "pages", "off-node", COL_NO_TEXT),
		PCT("alloc_off_pct", "new", "off-node", COL_HIDE_EMPTY), PCT("exposure_pct", "exposure", "off-node", 0),
		PCT("exposure_lo_pct", "low", "off-node", COL_NO_TEXT),
		PCT("exposure_hi_pct", "high", "off-node", COL_NO_TEXT),
		PCT("exposure_margin", "+-", "off-node", COL_ONLY_TEXT | COL_HIDE_EMPTY),
		{ .id = "distance", .head = "distance", .type = COL_FLOAT, .prec = 2, .flags = COL_NO_TEXT },
		PCT("covered_pct", "covered", NULL, COL_NO_TEXT), HIDDEN("place_cost_ns", COL_NS), HIDDEN("wait_sum_ns", COL_NS),
		PCT("wait_pct", "steal", "vCPUs", 0), US("wait_p50_ns", "p50", NULL, COL_NO_TEXT), US("wait_p99_ns", "p99", "vCPUs", 0),
		US("wait_max_ns", "max", NULL, COL_NO_TEXT), COUNT("nivcsw", "invol", NULL, COL_NO_TEXT),
		COUNT("nvcsw", "vol", NULL, COL_NO_TEXT), COUNT("mig_smt", "smt", NULL, COL_NO_TEXT),
		COUNT("mig_llc", "llc", NULL, COL_NO_TEXT), COUNT("mig_node", "node", NULL, COL_NO_TEXT),
		COUNT("mig_cross", "cross", "vCPUs", 0),
		VMS_NUMA_COLS(COL_NO_TEXT, ), HIDDEN("life", COL_TEXT), VMS_EXITS_COLS(COL_NO_TEXT),
	};
	struct table *t = table_new("vms", v->o->sort ? "VMs" : "VMs, most off-node run time first", cols, N(cols));
	char life[256];
	size_t i, notes = 0;
	bool some;

	for (i = 0; t && i < v->n; i++) {
		const struct vms_vm *vm = v->vm[i];
		double run = run_of(v, &vm->part[VMS_WHOLE]);

		put_identity(t, v, vm);
		table_u64(t, vm->number);
		table_text(t, vm->kind);
		table_text(t, vm->accel);
		table_text(t, vm->scope && *vm->scope ? vm->scope : NULL);
		table_u64(t, vm->epoch);
		if (vm->n_vcpus)
			table_u64(t, vm->n_vcpus);
		else
			table_none(t); /* it has some, and none is known */
		if (vm->vcpus_told)
			table_u64(t, vm->vcpus_told);
		else
			table_none(t);
		table_known(t, v->m->duration ? run / (double)v->m->duration : (double)NAN);
		put_total(t, v, &vm->part[VMS_WHOLE], MT_RUN_NS);
		put_total(t, v, &vm->part[VMS_VCPUS], MT_RUN_NS);
		put_nodes(t, vm->part[VMS_WHOLE].node, v->x->n_nodes);
		if (vm->main_node >= 0)
			table_u64(t, (uint64_t)vm->main_node);
		else
			table_none(t);
		put_vm_memory(t, v, vm);
		put_waits(t, v, &vm->part[VMS_VCPUS]);
		vms_numa_put(t, v->m, numa_of(v, vm), false);
		some = life_of(v, vm, life, sizeof(life));
		table_text(t, some ? life : NULL);
		vms_exits_put(t, v->m, vm, &vm->exits, vms_exits_run(v->m, &vm->part[VMS_VCPUS]));
		if (some && notes++ < NOTES)
			table_note(t, "%s: %s", vm->name, life);
	}
	if (t && notes > NOTES)
		table_note(t, "and %zu more began, ended or were renamed", notes - NOTES);
	return t;
}

/* ---------------------------------------------------------------- VMs by node */

static void put_place_memory(struct table *t, const struct vms_view *v, const struct vms_vm *vm, unsigned int node)
{
	const struct numa_proc *p = vm->proc;
	unsigned int n = v->m->numa ? v->m->numa->n_nodes : 0, k;

	if (!p || node >= n) {
		for (k = 0; k < 6 + NUMA_KINDS - 1; k++)
			table_none(t);
		return;
	}
	table_known(t, p->kb[node] / v->page_kb);
	table_f64(t, p->kb[node] / 1024);
	table_known(t, of(p->kb[node], vm->kb));
	table_known(t, of(p->lo[node], vm->kb));
	table_known(t, of(p->hi[node], vm->kb));
	if (p->hi[node] > p->lo[node])
		table_known(t, of((p->hi[node] - p->lo[node]) / 2, vm->kb));
	else
		table_f64(t, 0);
	for (k = NUMA_ANON; k < NUMA_KINDS; k++)
		table_f64(t, p->kb[k * n + node] / 1024);
}

struct table *vms_places_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		TIME_COL, NAME_COL, PID_COL(COL_NO_TEXT), { .id = "node", .head = "node", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "pages", .head = "pages", .type = COL_FLOAT, .prec = 0, .group = "memory" },
		{ .id = "mib", .head = "", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .group = "memory" },
		PCT("mem_pct", "", "memory", 0), PCT("mem_lo_pct", "low", "memory", COL_NO_TEXT),
		PCT("mem_hi_pct", "high", "memory", COL_NO_TEXT),
		PCT("mem_margin_pct", "+-", "memory", COL_HIDE_EMPTY),
		{ .id = "anon_mib", .head = "anon", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT },
		{ .id = "file_mib", .head = "file", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT },
		{ .id = "shared_mib", .head = "shared", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT },
		{ .id = "huge_mib", .head = "huge", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT },
		{ .id = "run_ns", .head = "", .unit = "ms", .type = COL_NS, .prec = 1, .group = "run time" },
		PCT("run_pct", "", "run time", 0), HIDDEN("vcpu_run_ns", COL_NS), PCT("vcpu_run_pct", "vCPUs", "run time", 0),
	};
	struct table *t = table_new("places", "Memory and run time of VMs by node", cols, N(cols));
	unsigned int nodes = v->x->n_nodes, node;
	size_t i, most = v->o->top && v->o->out.fmt == TABLE_TEXT && v->n > v->o->top ? v->o->top : v->n;

	if (v->m->numa && v->m->numa->n_nodes > nodes)
		nodes = v->m->numa->n_nodes;
	for (i = 0; t && i < most; i++) {
		const struct vms_vm *vm = v->vm[i];
		const uint64_t *whole = vm->part[VMS_WHOLE].node, *vcpus = vm->part[VMS_VCPUS].node;

		for (node = 0; node < nodes; node++) {
			uint64_t run = whole && node < v->x->n_nodes ? whole[node] : 0;

			if (!run && !(vm->proc && node < v->m->numa->n_nodes && vm->proc->kb[node] > 0))
				continue;
			put_identity(t, v, vm);
			table_u64(t, node);
			put_place_memory(t, v, vm, node);
			table_known(t, whole ? (double)run : (double)NAN);
			table_known(t, whole ? of((double)run, run_of(v, &vm->part[VMS_WHOLE])) : (double)NAN);
			table_known(t, vcpus && vm->n_vcpus && node < v->x->n_nodes ? (double)vcpus[node] : (double)NAN);
			table_known(t, vcpus && vm->n_vcpus && node < v->x->n_nodes ? of((double)vcpus[node], run_of(v, &vm->part[VMS_VCPUS])) : (double)NAN);
		}
	}
	if (t && most < v->n)
		table_note(t, "%zu of %zu VMs; --top 0 shows all", most, v->n);
	return t;
}

/* ---------------------------------------------------------------- virtual CPUs */

static void put_vcpu(struct table *t, const struct vms_view *v, const struct vms_vm *vm, const struct vms_vcpu *c)
{
	double run = run_of(v, &c->sum);

	put_identity(t, v, vm);
	if (c->index == VMS_ALL_CPUS)
		table_text(t, "all");
	else
		table_textf(t, "%u", c->index);
	table_u64(t, c->tid);
	table_u64(t, c->epoch);
	put_total(t, v, &c->sum, MT_RUN_NS);
	table_known(t, v->m->duration ? of(run, (double)v->m->duration) : (double)NAN);
	put_residency(t, c->sum.node, v->x->n_nodes);
	put_nodes(t, c->sum.node, v->x->n_nodes);
	table_known(t, 100 * c->off);
	put_waits(t, v, &c->sum);
	vms_exits_put(t, v->m, vm, &c->exits, vms_exits_run(v->m, &c->sum));
}

struct table *vms_vcpus_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		TIME_COL, NAME_COL, PID_COL(COL_NO_TEXT),
		{ .id = "vcpu", .head = "vCPU", .type = COL_TEXT, .flags = COL_KEY | COL_RIGHT },
		{ .id = "tid", .head = "tid", .type = COL_COUNT }, HIDDEN("epoch", COL_COUNT), HIDDEN("run_ns", COL_NS),
		PCT("run_pct", "run", NULL, 0), { .id = "residency", .head = "on node", .type = COL_TEXT, .flags = COL_ONLY_TEXT },
		HIDDEN("run_by_node_ns", COL_TEXT), PCT("off_pct", "off-node", NULL, 0), HIDDEN("wait_sum_ns", COL_NS),
		PCT("wait_pct", "steal", "run queue", 0), US("wait_p50_ns", "p50", "run queue", 0), US("wait_p99_ns", "p99", "run queue", 0),
		US("wait_max_ns", "max", "run queue", 0), COUNT("nivcsw", "invol", NULL, 0), COUNT("nvcsw", "vol", NULL, COL_NO_TEXT),
		COUNT("mig_smt", "smt", "migrations", COL_HIDE_EMPTY), COUNT("mig_llc", "llc", "migrations", COL_HIDE_EMPTY),
		COUNT("mig_node", "node", "migrations", COL_HIDE_EMPTY), COUNT("mig_cross", "cross", "migrations", COL_HIDE_EMPTY),
		VMS_EXITS_COLS(COL_NO_TEXT),
	};
	struct table *t = table_new("vcpus", "Virtual CPUs", cols, N(cols));
	size_t i, k;

	for (i = 0; t && i < v->n; i++)
		for (k = 0; k < v->vm[i]->n_vcpus; k++)
			if (v->x->vcpu[v->vm[i]->first_vcpu + k].in_window)
				put_vcpu(t, v, v->vm[i], &v->x->vcpu[v->vm[i]->first_vcpu + k]);
	return t;
}

/* ---------------------------------------------------------------- nodes */

struct table *vms_nodes_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		TIME_COL, { .id = "node", .head = "node", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "cpus", .head = "CPUs", .type = COL_COUNT },
		{ .id = "node_mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		PCT("busy_pct", "busy", NULL, 0),
		{ .id = "running", .head = "running", .unit = "tasks", .type = COL_FLOAT, .prec = 1 },
		{ .id = "load", .head = "load", .unit = "/CPU", .type = COL_FLOAT, .prec = 2 },
		{ .id = "running_max", .head = "max", .unit = "/CPU", .type = COL_FLOAT, .prec = 0 },
		{ .id = "against_pct", .head = "against", .unit = "mean %", .type = COL_FLOAT, .prec = 1, .flags = COL_SIGN },
		COUNT("vms", "VMs", "of VMs", COL_HIDE_EMPTY), COUNT("vcpus", "vCPUs", "of VMs", COL_HIDE_EMPTY),
		{ .id = "mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0, .flags = COL_HIDE_EMPTY, .group = "of VMs" },
		PCT("mem_pct", "", "of VMs", COL_HIDE_EMPTY), { .id = "run_ns", .head = "run", .unit = "ms", .type = COL_NS, .prec = 0, .flags = COL_NO_TEXT },
		PCT("run_pct", "run", "of VMs", COL_HIDE_EMPTY),
	};
	struct table *t = table_new("nodes", "Nodes", cols, N(cols));
	bool known = false;
	size_t i;

	for (i = 0; i < v->n; i++)
		known |= v->vm[i]->n_vcpus > 0;
	for (i = 0; t && i < v->nodes.n; i++) {
		const struct vms_node *n = &v->nodes.v[i];

		table_known(t, v->real_s);
		table_u64(t, n->l.node);
		table_u64(t, n->l.cpus);
		table_known(t, n->l.mem_kb ? (double)n->l.mem_kb / 1024 : (double)NAN);
		table_known(t, 100 * n->l.busy);
		table_known(t, n->l.tasks);
		table_known(t, n->l.load);
		table_known(t, n->l.samples ? (double)n->l.max : (double)NAN);
		table_known(t, 100 * n->against);
		table_u64(t, n->vms);
		if (known || !v->n)
			table_u64(t, n->vcpus);
		else
			table_none(t);
		table_known(t, n->vm_kb / 1024);
		table_known(t, of(n->vm_kb, v->nodes.kb));
		table_known(t, n->vm_run);
		table_known(t, of(n->vm_run, v->nodes.run));
	}
	return t;
}
