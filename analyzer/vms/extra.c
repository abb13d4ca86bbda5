// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "extra.h"
#include "show_int.h"

/* ---------------------------------------------------------------- adding up */

/* The VM of what a task did; NULL: of none. */
static const struct vms_vm *vm_of(const struct model *m, uint64_t epoch, enum vms_part *part)
{
	const struct model_task *t = epoch ? model_task(m, epoch) : NULL;

	return t ? vms_of_task(m, t, part) : NULL;
}

static int add_way(struct vms_extra *x, const struct vms_way *w)
{
	struct vms_way *more = array_more(&x->way, &x->n_way, &x->cap_way, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*more = *w;
	return 0;
}

static int cmp_way(const void *a, const void *b)
{
	const struct vms_way *x = a, *y = b;

	if (x->vm != y->vm)
		return x->vm < y->vm ? -1 : 1;
	return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

/* By VM and nodes, each once. */
static void join_ways(struct vms_extra *x)
{
	size_t i, n = 0;

	if (x->n_way)
		qsort(x->way, x->n_way, sizeof(*x->way), cmp_way);
	for (i = 0; i < x->n_way; i++) {
		if (n && !cmp_way(&x->way[n - 1], &x->way[i])) {
			x->way[n - 1].vcpus += x->way[i].vcpus;
			x->way[n - 1].pages += x->way[i].pages;
		} else {
			x->way[n++] = x->way[i];
		}
	}
	x->n_way = n;
}

static void load_use(const struct model *m, struct vms_extra *x)
{
	const struct numa_pages *p = m->numa_pages;
	size_t i, k;

	for (i = 0; p && i < p->n_use; i++) {
		const struct vms_vm *vm = vm_of(m, p->use[i].epoch, NULL);
		struct vms_numa *n = vm ? &x->numa[vm - m->vms->vm] : NULL;

		if (!n)
			continue;
		for (k = 0; k < NP_N; k++)
			n->v[k] += p->use[i].v[k];
	}
}

static int load_moves(const struct model *m, struct vms_extra *x)
{
	const struct numa_pages *p = m->numa_pages;
	int err = 0;
	size_t i;

	for (i = 0; p && i < p->n_moves && !err; i++) {
		const struct numa_move *o = &p->moves[i];
		const struct vms_vm *vm = vm_of(m, o->epoch, NULL);

		if (!vm)
			continue;
		x->numa[vm - m->vms->vm].moved += o->ok;
		x->numa[vm - m->vms->vm].failed += o->failed;
		if (o->ok)
			err = add_way(x, &(struct vms_way){ (uint32_t)(vm - m->vms->vm), o->from, o->to, 0, o->ok });
	}
	return err;
}

static int load_hops(const struct model *m, struct vms_extra *x)
{
	const struct numa_hops *h = m->numa_hops;
	enum vms_part part;
	int err = 0;
	size_t i;

	for (i = 0; h && i < h->n && !err; i++) {
		const struct vms_vm *vm = vm_of(m, h->v[i].epoch, &part);

		if (!vm || part != VMS_VCPUS)
			continue;
		numa_far_add(m, &h->v[i], &x->numa[vm - m->vms->vm].far);
		err = add_way(x, &(struct vms_way){ (uint32_t)(vm - m->vms->vm), h->v[i].from, h->v[i].to, h->v[i].count, 0 });
	}
	return err;
}

int vms_extra_load(const struct model *m, struct vms_extra *x)
{
	int err;

	memset(x, 0, sizeof(*x));
	if (!m->vms || !numa_pages_recorded(m))
		return 0;
	x->numa = calloc(m->vms->n_vm + 1, sizeof(*x->numa));
	if (!x->numa)
		return -ENOMEM;
	load_use(m, x);
	err = load_moves(m, x);
	err = err ? err : load_hops(m, x);
	join_ways(x);
	return err;
}

void vms_extra_free(struct vms_extra *x)
{
	free(x->numa);
	free(x->way);
	memset(x, 0, sizeof(*x));
}

/* ---------------------------------------------------------------- metrics */

static double share(uint64_t part, uint64_t rest)
{
	return part + rest ? 100 * (double)part / (double)(part + rest) : (double)NAN;
}

double vms_pages_off(const struct vms_numa *n)
{
	return n ? share(n->v[NP_REMOTE], n->v[NP_LOCAL]) : (double)NAN;
}

static struct vms_numa sum_of(const struct model *m, const struct vms_extra *x, const struct vms_vm *vm)
{
	struct vms_numa sum = { 0 };
	size_t i, k;

	for (i = 0; i < m->vms->n_vm; i++) {
		const struct vms_numa *n = &x->numa[i];

		if (vm ? vm != &m->vms->vm[i] : !m->vms->vm[i].in_window)
			continue;
		for (k = 0; k < NP_N; k++)
			sum.v[k] += n->v[k];
		sum.moved += n->moved;
		sum.far.count += n->far.count;
		sum.far.sum += n->far.sum;
		sum.far.known += n->far.known;
	}
	return sum;
}

int vms_numa_metric(const struct model *m, const struct vms_vm *vm, enum vms_numa_what what, double *value)
{
	static const char *const part[] = {
		[VMS_NUMA_HINT] = "numa.hint", [VMS_NUMA_MIGRATED] = "numa.migrate", [VMS_NUMA_DISTANCE] = "numa.tasks",
	};
	struct vms_numa sum;
	struct vms_extra x;
	int err;

	if (what != VMS_NUMA_ALLOC && numa_pages_lack(m, part[what]) && !(what == VMS_NUMA_HINT && numa_hint_by_pages(m)))
		return -ENODATA;
	err = vms_extra_load(m, &x);
	if (!err && !x.numa)
		err = -ENODATA;
	if (!err) {
		sum = sum_of(m, &x, vm);
		*value = what == VMS_NUMA_ALLOC ? vms_pages_off(&sum) : what == VMS_NUMA_HINT ? numa_hint_off(m, sum.v) :
			 what == VMS_NUMA_MIGRATED ? (double)sum.moved : numa_far_mean(&sum.far);
	}
	vms_extra_free(&x);
	return err;
}

/* ---------------------------------------------------------------- tables */

static void put_n(struct table *t, bool known, uint64_t v)
{
	if (known)
		table_u64(t, v);
	else
		table_none(t);
}

void vms_numa_put(struct table *t, const struct model *m, const struct vms_numa *n, bool cross)
{
	bool hops = n && !numa_pages_lack(m, "numa.tasks"), hint = n && !numa_pages_lack(m, "numa.hint"),
	     pages = n && !numa_pages_lack(m, "numa.hint.pages"), moved = n && !numa_pages_lack(m, "numa.migrate");

	put_n(t, hint, hint ? n->v[NP_HINT_LOCAL] + n->v[NP_HINT_REMOTE] : 0);
	put_n(t, pages, pages ? n->v[NP_HINT_PAGES] : 0);
	table_known(t, n ? numa_hint_off(m, n->v) : (double)NAN);
	put_n(t, moved, moved ? n->moved : 0);
	put_n(t, moved, moved ? n->failed : 0);
	if (cross)
		put_n(t, hops, hops ? n->far.count : 0);
	table_known(t, hops ? numa_far_mean(&n->far) : (double)NAN);
}

struct table *vms_numa_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		{ .id = "vm", .head = "VM", .type = COL_TEXT, .flags = COL_KEY, .max = 20 }, VMS_NUMA_COLS(0, VMS_NUMA_CROSS),
	};
	struct table *t = table_new("numa", "Hint faults and migrations of VMs", cols, sizeof(cols) / sizeof(cols[0]));
	const char *why = v->extra.numa ? numa_pages_lack(v->m, "numa.hint") : NULL;
	size_t i;

	for (i = 0; t && v->extra.numa && i < v->n; i++) {
		table_text(t, v->vm[i]->name);
		vms_numa_put(t, v->m, &v->extra.numa[v->vm[i] - v->x->vm], true);
	}
	if (t && why && v->n)
		table_note(t, "hint faults by VM are not available: %s", why);
	return t;
}

struct table *vms_ways_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		{ .id = "time_s", .head = "time", .unit = "s", .type = COL_FLOAT, .prec = 3, .flags = COL_NO_TEXT },
		{ .id = "vm", .head = "VM", .type = COL_TEXT, .flags = COL_KEY, .max = 20 },
		VMS_NUMA_COUNT("pid", "pid", NULL, COL_KEY | COL_NO_TEXT), VMS_NUMA_COUNT("from", "from", "node", COL_KEY),
		VMS_NUMA_COUNT("to", "to", "node", COL_KEY),
		{ .id = "distance", .head = "distance", .unit = "x", .type = COL_FLOAT, .prec = 2 },
		VMS_NUMA_COUNT("vcpus", "vCPUs", "migrated", 0), VMS_NUMA_COUNT("pages", "pages", "migrated", 0),
		{ .id = "mib", .head = "", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .group = "migrated" },
	};
	struct table *t = table_new("ways", "From node to node", cols, sizeof(cols) / sizeof(cols[0]));
	bool hops = !numa_pages_lack(v->m, "numa.tasks"), pages = !numa_pages_lack(v->m, "numa.migrate.nodes");
	size_t i, k;

	for (i = 0; t && i < v->n; i++) {
		for (k = 0; k < v->extra.n_way; k++) {
			const struct vms_way *w = &v->extra.way[k];
			bool known = w->from != NUMA_NO_NODE && w->to != NUMA_NO_NODE;

			if (&v->x->vm[w->vm] != v->vm[i])
				continue;
			table_known(t, v->real_s);
			table_text(t, v->vm[i]->name);
			table_u64(t, v->vm[i]->tgid);
			put_n(t, w->from != NUMA_NO_NODE, w->from);
			put_n(t, w->to != NUMA_NO_NODE, w->to);
			table_known(t, known ? numa_distance(v->m, w->from, w->to) : (double)NAN);
			put_n(t, hops && known, w->vcpus);
			put_n(t, pages || !known, w->pages);
			table_known(t, pages || !known ? (double)w->pages * v->page_kb / 1024 : (double)NAN);
		}
	}
	return t;
}
