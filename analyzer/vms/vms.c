// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "exits.h"
#include "vms_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_NODES 1024

enum { V_TIME, V_VM, V_EVENT, V_NAME, V_KIND, V_ACCEL, V_TGID, V_EPOCH, V_CGROUP, V_SCOPE, V_VCPUS };
const char *const vms_cols[VMS_COLS] = {
	"time", "vm", "event", "name", "kind", "accel", "tgid", "epoch", "cgroup", "scope", "vcpus",
};
enum { C_TIME, C_VM, C_INDEX, C_TID, C_EPOCH, C_EVENT };
const char *const vms_vcpu_cols[VMS_VCPU_COLS] = { "time", "vm", "index", "tid", "epoch", "event" };

bool vms_recorded(const struct model *m)
{
	const char *v = model_meta(m, "vm");

	return m->vms || (v && !strcmp(v, "yes"));
}

/* ---------------------------------------------------------------- rows */

static struct vms *vms_of(struct model *m)
{
	if (!m->vms)
		m->vms = calloc(1, sizeof(*m->vms));
	return m->vms;
}

/* The VM of a number; made where it is new. */
static struct vms_vm *vm_at(struct model *m, uint64_t number)
{
	struct vms *x = vms_of(m);
	struct vms_vm *vm;
	uint32_t i;

	if (!x)
		return NULL;
	i = u64map_get(&x->by_number, number);
	if (i != U64MAP_NONE)
		return &x->vm[i];
	vm = array_more(&x->vm, &x->n_vm, &x->cap_vm, sizeof(*vm));
	if (!vm || u64map_put(&x->by_number, number, (uint32_t)(x->n_vm - 1)))
		return NULL;
	vm->number = (uint32_t)number;
	vm->name = "?";
	vm->kind = vm->accel = "unknown";
	vm->scope = "";
	return vm;
}

static const char *text(struct model *m, const struct row *r, int col, const char *old)
{
	const struct mmt_cell *c = row_blob(r, col);

	if (!c->p || (strlen(old) == c->len && !memcmp(old, c->p, c->len)))
		return old;
	return arena_str(m->mem, c->p, c->len);
}

static int add_name(struct model *m, struct vms_vm *vm, uint64_t time)
{
	struct vms_name *v;

	if (vm->n_names && !strcmp(vm->names[vm->n_names - 1].name, vm->name))
		return 0;
	v = arena_alloc(m->mem, (vm->n_names + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (vm->n_names)
		memcpy(v, vm->names, vm->n_names * sizeof(*v));
	v[vm->n_names++] = (struct vms_name){ time, vm->name };
	vm->names = v;
	return 0;
}

int vms_row(struct model *m, const struct row *r)
{
	uint64_t time = row_u64(r, V_TIME), told = row_u64(r, V_VCPUS);
	struct vms_vm *vm = vm_at(m, row_u64(r, V_VM));

	if (!vm)
		return -ENOMEM;
	vm->name = text(m, r, V_NAME, vm->name);
	vm->kind = text(m, r, V_KIND, vm->kind);
	vm->accel = text(m, r, V_ACCEL, vm->accel);
	vm->scope = text(m, r, V_SCOPE, vm->scope);
	if (!vm->name || !vm->kind || !vm->accel || !vm->scope)
		return -ENOMEM;
	vm->tgid = (uint32_t)row_u64(r, V_TGID);
	vm->epoch = row_u64(r, V_EPOCH) ? row_u64(r, V_EPOCH) : vm->epoch;
	vm->cgroup = row_u64(r, V_CGROUP) ? row_u64(r, V_CGROUP) : vm->cgroup;
	if (told > vm->vcpus_told)
		vm->vcpus_told = (uint32_t)told;
	if (!vm->n_names)
		vm->first = time;
	if (row_u64(r, V_EVENT) == VMS_ENDED)
		vm->last = time;
	return add_name(m, vm, time);
}

/* The one that lives with this thread. */
static struct vms_vcpu *vcpu_at(const struct vms *x, uint32_t vm, uint32_t tid)
{
	size_t i;

	for (i = x->n_vcpu; i-- > 0;)
		if (x->vcpu[i].vm == vm && x->vcpu[i].tid == tid && !x->vcpu[i].last)
			return &x->vcpu[i];
	return NULL;
}

int vms_vcpu_row(struct model *m, const struct row *r)
{
	const struct vms_vm *vm = vm_at(m, row_u64(r, C_VM));
	struct vms *x = m->vms;
	uint64_t epoch = row_u64(r, C_EPOCH), event = row_u64(r, C_EVENT);
	uint32_t tid = (uint32_t)row_u64(r, C_TID), at;
	struct vms_vcpu *c;

	if (!vm)
		return -ENOMEM;
	at = (uint32_t)(vm - x->vm);
	c = event == VMS_VCPU_FOUND ? NULL : vcpu_at(x, at, tid);
	if (c) {
		c->epoch = epoch ? epoch : c->epoch;
		c->last = event == VMS_VCPU_ENDED ? row_u64(r, C_TIME) : 0;
		return 0;
	}
	c = array_more(&x->vcpu, &x->n_vcpu, &x->cap_vcpu, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->vm = at;
	c->index = (uint32_t)row_u64(r, C_INDEX);
	c->tid = tid;
	c->epoch = epoch;
	c->first = row_u64(r, C_TIME);
	c->last = event == VMS_VCPU_ENDED ? c->first : 0;
	return 0;
}

/* ---------------------------------------------------------------- whose tasks */

static bool lived(const struct model *m, uint64_t first, uint64_t last)
{
	return first <= m->t1 && (!last || last >= m->t0);
}

/* The process that a thread of the kernel's works for: "vhost-123", "kvm-pit/123"; 0: none */
static uint32_t works_for(const char *comm)
{
	static const char *const prefix[] = { "vhost-", "kvm-pit/" };
	char *end;
	size_t i, n;

	for (i = 0; i < N(prefix); i++) {
		n = strlen(prefix[i]);
		if (!strncmp(comm, prefix[i], n) && comm[n] >= '1' && comm[n] <= '9') {
			unsigned long tgid = strtoul(comm + n, &end, 10);

			return *end || tgid > UINT32_MAX ? 0 : (uint32_t)tgid;
		}
	}
	return 0;
}

/* The youngest VM of that process number that is not younger than the thread. */
static uint32_t vm_of_kthread(const struct vms *x, const uint32_t *next, uint32_t at, uint64_t start)
{
	uint32_t best = U64MAP_NONE;

	for (; at != U64MAP_NONE; at = next[at]) {
		const struct model_task *t = x->vm[at].task;

		if (t && t->start <= start && (best == U64MAP_NONE || x->vm[best].task->start < t->start))
			best = at;
	}
	return best;
}

static int tasks_of_vms(struct model *m)
{
	struct vms *x = m->vms;
	struct u64map by_leader = { 0 }, by_tgid = { 0 };
	uint32_t *next = malloc((x->n_vm + 1) * sizeof(*next)), k, tgid;
	int err = -ENOMEM;
	size_t i;

	x->task_vm = malloc((m->n_tasks + 1) * sizeof(*x->task_vm));
	x->task_part = calloc(m->n_tasks + 1, sizeof(*x->task_part));
	if (!next || !x->task_vm || !x->task_part)
		goto out;
	for (i = 0; i < x->n_vm; i++) {
		struct vms_vm *vm = &x->vm[i];

		vm->task = vm->epoch ? model_task(m, vm->epoch) : NULL;
		next[i] = u64map_get(&by_tgid, vm->tgid);
		if ((vm->task && u64map_put(&by_leader, (uint64_t)(vm->task - m->tasks), (uint32_t)i)) ||
		    u64map_put(&by_tgid, vm->tgid, (uint32_t)i))
			goto out;
	}
	for (i = 0; i < m->n_tasks; i++) {
		const struct model_task *t = &m->tasks[i];

		tgid = t->known && t->flags & TASK_KTHREAD ? works_for(t->comm) : 0;
		k = tgid ? vm_of_kthread(x, next, u64map_get(&by_tgid, tgid), t->start) : u64map_get(&by_leader, t->leader);
		x->task_vm[i] = t->known ? k : U64MAP_NONE;
		x->task_part[i] = tgid ? VMS_KERNEL : VMS_HELPERS;
	}
	for (i = 0; i < x->n_vcpu; i++) {
		struct vms_vcpu *c = &x->vcpu[i];

		c->last = c->last ? c->last : x->vm[c->vm].last;
		c->task = c->epoch ? model_task(m, c->epoch) : NULL;
		if (!c->task)
			continue;
		x->task_vm[c->task - m->tasks] = c->vm;
		x->task_part[c->task - m->tasks] = VMS_VCPUS;
	}
	err = 0;
out:
	free(next);
	u64map_free(&by_leader);
	u64map_free(&by_tgid);
	return err;
}

/* ---------------------------------------------------------------- sums */

static int sum_init(struct model *m, struct vms_sum *s)
{
	s->wait_p50 = s->wait_p99 = s->wait_max = NAN;
	s->node = m->vms->has_nodes ? arena_alloc(m->mem, m->vms->n_nodes * sizeof(*s->node)) : NULL;
	return m->vms->has_nodes && !s->node ? -ENOMEM : 0;
}

static void sum_merge(const struct vms *x, struct vms_sum *to, const struct vms_sum *from)
{
	unsigned int i;

	to->tasks += from->tasks;
	for (i = 0; i < MT_N; i++)
		to->v[i] += from->v[i];
	for (i = 0; to->node && from->node && i < x->n_nodes; i++)
		to->node[i] += from->node[i];
}

/* What a task did in the window, added to s; its waits to h. */
static int sum_task(const struct model *m, const struct model_task *t, struct vms_sum *s, struct rhist *h)
{
	const char *place = model_meta(m, "totals.place");
	bool cpus = !place || !strcmp(place, "cpu"), any = false;
	unsigned int i, node;
	uint32_t at;

	for (at = t->totals; at != U64MAP_NONE; at = m->totals[at].next) {
		const struct model_totals *x = &m->totals[at];

		for (i = 0; i < MT_N; i++) {
			s->v[i] += x->v[i];
			any |= x->v[i];
		}
		for (i = 0; s->node && i < x->n_place; i++) {
			node = numa_node_of(m, cpus, i);
			if (node < m->vms->n_nodes)
				s->node[node] += x->place[i];
		}
		if (rhist_merge(h, &x->wait))
			return -ENOMEM;
	}
	s->tasks += any;
	return 0;
}

static void quantiles(const struct model *m, struct vms_sum *s, const struct rhist *h)
{
	if (!(m->hist_has & 1) || !rhist_count(h))
		return;
	s->wait_p50 = rhist_q(h, 0.5);
	s->wait_p99 = rhist_q(h, 0.99);
	s->wait_max = (double)h->max;
}

static int sum_vcpus(struct model *m)
{
	struct vms *x = m->vms;
	struct rhist h = { 0 };
	size_t i;
	int err = 0;

	for (i = 0; i < x->n_vcpu && !err; i++) {
		struct vms_vcpu *c = &x->vcpu[i];

		err = sum_init(m, &c->sum);
		if (!err && c->task)
			err = sum_task(m, c->task, &c->sum, &h);
		quantiles(m, &c->sum, &h);
		c->in_window = lived(m, c->first, c->last);
		rhist_free(&h);
		h = (struct rhist){ 0 };
	}
	return err;
}

/* Of a VM, or of all: the parts' waits are in h. */
static int finish_parts(const struct model *m, struct vms_sum part[VMS_PARTS], struct rhist h[VMS_PARTS])
{
	int i;

	for (i = 0; i < VMS_WHOLE; i++) {
		sum_merge(m->vms, &part[VMS_WHOLE], &part[i]);
		if (rhist_merge(&h[VMS_WHOLE], &h[i]))
			return -ENOMEM;
	}
	for (i = 0; i < VMS_PARTS; i++)
		quantiles(m, &part[i], &h[i]);
	return 0;
}

/* all NULL: parts of each VM; else of all whose tasks are not hidden. */
static int sum_parts(struct model *m, struct vms_sum *all)
{
	struct vms *x = m->vms;
	size_t n = all ? 1 : x->n_vm, i;
	struct rhist (*h)[VMS_PARTS] = calloc(n + 1, sizeof(*h));
	int err = h ? 0 : -ENOMEM, k;

	for (i = 0; i < n && !err; i++)
		for (k = 0; k < VMS_PARTS && !err; k++)
			err = sum_init(m, all ? &all[k] : &x->vm[i].part[k]);
	for (i = 0; i < m->n_tasks && !err; i++) {
		uint32_t at = x->task_vm[i], to = all ? 0 : at;
		unsigned int part = x->task_part[i];

		if (at == U64MAP_NONE || (all && model_hides(m, &m->tasks[i], true)))
			continue;
		err = sum_task(m, &m->tasks[i], all ? &all[part] : &x->vm[at].part[part], &h[to][part]);
	}
	for (i = 0; i < n && !err; i++)
		err = finish_parts(m, all ? all : x->vm[i].part, h[i]);
	for (i = 0; h && i < n; i++)
		for (k = 0; k < VMS_PARTS; k++)
			rhist_free(&h[i][k]);
	free(h);
	return err;
}

/* ---------------------------------------------------------------- memory */

static void find_main_node(const struct vms *x, struct vms_vm *vm)
{
	/* where no thread is known to be a virtual CPU, by all of them */
	const uint64_t *node = vm->part[vm->n_vcpus ? VMS_VCPUS : VMS_WHOLE].node;
	unsigned int i;

	vm->main_node = -1;
	for (i = 0; node && i < x->n_nodes; i++)
		if (node[i] && (vm->main_node < 0 || node[i] > node[vm->main_node]))
			vm->main_node = (int)i;
}

static double share(double part, double of)
{
	double s = part / of;

	return s < 0 ? 0 : s > 1 ? 1 : s;
}

static void memory_of_vm(const struct model *m, struct vms_vm *vm)
{
	uint32_t at = m->numa && vm->epoch ? u64map_get(&m->numa->by_epoch, vm->epoch) : U64MAP_NONE;
	const struct numa_proc *p = at == U64MAP_NONE ? NULL : &m->numa->procs[at];
	unsigned int i;

	vm->kb = vm->off = vm->off_lo = vm->off_hi = vm->place_cost_ns = NAN;
	vm->exposure = (struct numa_exposure){ NAN, NAN, NAN, NAN, NAN };
	find_main_node(m->vms, vm);
	if (!p)
		return;
	vm->exposure = numa_exposure(&p->sum);
	if (!p->seen)
		return;
	vm->proc = p;
	vm->kb = 0;
	for (i = 0; i < m->numa->n_nodes; i++)
		vm->kb += p->kb[i]; /* of NUMA_ALL, which is the first */
	if (p->in_window)
		vm->place_cost_ns = (double)p->cost_ns;
	i = (unsigned int)vm->main_node;
	if (vm->kb <= 0 || vm->main_node < 0 || i >= m->numa->n_nodes)
		return;
	vm->off = 1 - share(p->kb[i], vm->kb);
	vm->off_lo = 1 - share(p->hi[i], vm->kb);
	vm->off_hi = 1 - share(p->lo[i], vm->kb);
}

/* How much of what a virtual CPU ran was not where the VM's memory is. */
static double off_of_vcpu(const struct vms *x, const struct vms_vcpu *c)
{
	const struct vms_vm *vm = &x->vm[c->vm];
	double run = 0, on = 0;
	unsigned int i;

	if (!c->sum.node || !vm->proc || vm->kb <= 0)
		return NAN;
	for (i = 0; i < x->n_nodes; i++) {
		run += (double)c->sum.node[i];
		on += (double)c->sum.node[i] * vm->proc->kb[i] / vm->kb;
	}
	return run > 0 ? 1 - share(on, run) : (double)NAN;
}

/* ---------------------------------------------------------------- all of it */

static int cmp_vcpu(const void *a, const void *b)
{
	const struct vms_vcpu *x = a, *y = b;

	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

static int cmp_vm(const void *a, const void *b)
{
	const struct vms_vm *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* VMs by number, virtual CPUs by VM: rows of a file that was put together may come in any order. */
static int sort(struct vms *x)
{
	uint32_t *number = malloc((x->n_vcpu + 1) * sizeof(*number));
	size_t i;

	if (!number)
		return -ENOMEM;
	for (i = 0; i < x->n_vcpu; i++)
		number[i] = x->vm[x->vcpu[i].vm].number;
	qsort(x->vm, x->n_vm, sizeof(*x->vm), cmp_vm);
	for (i = 0; i < x->n_vm; i++)
		if (u64map_put(&x->by_number, x->vm[i].number, (uint32_t)i))
			break;
	for (i = 0; i < x->n_vcpu; i++)
		x->vcpu[i].vm = u64map_get(&x->by_number, number[i]);
	free(number);
	if (x->n_vcpu)
		qsort(x->vcpu, x->n_vcpu, sizeof(*x->vcpu), cmp_vcpu);
	for (i = x->n_vcpu; i-- > 0;) {
		x->vm[x->vcpu[i].vm].first_vcpu = (uint32_t)i;
		x->vm[x->vcpu[i].vm].n_vcpus++;
	}
	return 0;
}

static void count_nodes(const struct model *m, struct vms *x)
{
	size_t i;

	for (i = 0; i < m->n_nodes; i++)
		if (m->nodes[i].node < MAX_NODES && m->nodes[i].node >= x->n_nodes)
			x->n_nodes = m->nodes[i].node + 1;
	for (i = 0; i < m->n_cpus; i++)
		if (m->cpus[i].node < MAX_NODES && m->cpus[i].node >= x->n_nodes)
			x->n_nodes = m->cpus[i].node + 1;
	x->n_nodes = x->n_nodes ? x->n_nodes : 1;
	x->has_nodes = m->hist_has >> 2 & 1;
}

int vms_sum_all(struct model *m)
{
	struct vms *x = m->vms;
	size_t i;

	memset(x->part, 0, sizeof(x->part));
	memset(&x->exposure, 0, sizeof(x->exposure));
	for (i = 0; i < x->n_vm; i++) {
		uint32_t at = m->numa && x->vm[i].epoch && x->vm[i].in_window ? u64map_get(&m->numa->by_epoch, x->vm[i].epoch) : U64MAP_NONE;

		if (at != U64MAP_NONE)
			numa_sum_add(&x->exposure, &m->numa->procs[at].sum);
	}
	vms_exits_all(m);
	return sum_parts(m, x->part);
}

int vms_finish(struct model *m)
{
	const char *cost = model_meta(m, "vm.cost_ns");
	struct vms *x = m->vms;
	size_t i;
	int err;

	if (!x)
		return 0;
	count_nodes(m, x);
	x->cost_ns = cost ? strtod(cost, NULL) : (double)NAN;
	err = sort(x);
	if (!err)
		err = tasks_of_vms(m);
	if (!err)
		err = sum_vcpus(m);
	if (!err)
		err = sum_parts(m, NULL);
	for (i = 0; i < x->n_vm && !err; i++) {
		x->vm[i].in_window = lived(m, x->vm[i].first, x->vm[i].last);
		memory_of_vm(m, &x->vm[i]);
	}
	if (!err)
		err = vms_exits_finish(m);
	if (!err)
		err = vms_sum_all(m);
	for (i = 0; i < x->n_vcpu && !err; i++)
		x->vcpu[i].off = off_of_vcpu(x, &x->vcpu[i]);
	return err;
}

void vms_free(struct vms *x)
{
	if (!x)
		return;
	u64map_free(&x->by_number);
	free(x->task_vm);
	free(x->task_part);
	free(x->vm);
	free(x->vcpu);
	free(x);
}

const struct vms_vm *vms_of_task(const struct model *m, const struct model_task *t, enum vms_part *part)
{
	size_t i = (size_t)(t - m->tasks);

	if (!m->vms || m->vms->task_vm[i] == U64MAP_NONE)
		return NULL;
	if (part)
		*part = (enum vms_part)m->vms->task_part[i];
	return &m->vms->vm[m->vms->task_vm[i]];
}

bool vms_run_by_cpu(const struct model *m, const struct vms_vcpu *c, uint64_t *ns, size_t n)
{
	const char *place = model_meta(m, "totals.place");
	uint32_t at, i;

	if (!m->vms->has_nodes || (place && strcmp(place, "cpu")))
		return false;
	for (at = c->task ? c->task->totals : U64MAP_NONE; at != U64MAP_NONE; at = m->totals[at].next)
		for (i = 0; i < m->totals[at].n_place && i < n; i++)
			ns[i] += m->totals[at].place[i];
	return true;
}

double vms_wait_share(const struct vms_sum *s)
{
	uint64_t all = s->v[MT_RUN_NS] + s->v[MT_WAIT_NS];

	return all ? (double)s->v[MT_WAIT_NS] / (double)all : (double)NAN;
}
