// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kvm/kvm.h"
#include "exits.h"
#include "show_int.h"

/* ---------------------------------------------------------------- sums */

static bool is_halt(const char *exit)
{
	return !strcmp(exit, "hlt") || !strcmp(exit, "idle_halt");
}

static void add(struct vms_exits *e, const struct kvm_kind *k, const struct kvm_sum *s)
{
	bool polled = !strncmp(k->name, "poll", 4), slept = !strncmp(k->name, "wait", 4);

	switch (k->class) {
	case KVM_EXIT:
		e->exits += s->v[KVM_COUNT];
		e->out_ns += is_halt(k->name) ? 0 : s->v[KVM_TIME_NS];
		break;
	case KVM_ENTRY:
		e->entries += s->v[KVM_COUNT];
		break;
	case KVM_USER:
		e->returns += s->v[KVM_COUNT];
		break;
	case KVM_HALT_POLL:
		e->polled += polled ? s->v[KVM_COUNT] : 0;
		e->polled_ns += polled ? s->v[KVM_TIME_NS] : 0;
		e->slept += slept ? s->v[KVM_COUNT] : 0;
		e->slept_ns += slept ? s->v[KVM_TIME_NS] : 0;
		break;
	default:
		break;
	}
}

static void most(struct vms_exits *e, uint32_t kind, uint64_t n)
{
	if (n <= e->top_n)
		return;
	e->top_n = n;
	e->top = kind;
}

/* The VM of a sum's task; NULL: none, or nobody knows. */
static struct vms_vm *vm_of(const struct model *m, const struct kvm_sum *s)
{
	const struct model_task *t = s->epoch ? model_task(m, s->epoch) : NULL;
	const struct vms_vm *vm = t ? vms_of_task(m, t, NULL) : NULL;

	return vm ? &m->vms->vm[vm - m->vms->vm] : NULL;
}

void vms_exits_all(struct model *m)
{
	struct vms *x = m->vms;
	const struct kvm *k = m->kvm;
	uint64_t *n = k ? calloc(k->n_kinds + 1, sizeof(*n)) : NULL;
	size_t i;

	memset(&x->exits, 0, sizeof(x->exits));
	for (i = 0; k && i < k->n_sums; i++) {
		const struct kvm_sum *s = &k->sums[i];
		const struct vms_vm *vm = vm_of(m, s);

		if (!vm || !vm->in_window)
			continue;
		add(&x->exits, &k->kinds[s->kind], s);
		if (n && k->kinds[s->kind].class == KVM_EXIT)
			most(&x->exits, s->kind, n[s->kind] += s->v[KVM_COUNT]);
	}
	free(n);
}

/* Exits of VMs by kind, for the reason of most. */
struct counts { struct u64map map; uint64_t *n; uint32_t used; };

static int count(struct counts *c, struct vms_vm *vm, size_t at, const struct kvm_sum *s)
{
	uint64_t key = (uint64_t)at * KVM_MAX_KINDS + s->kind;
	uint32_t i = u64map_get(&c->map, key);

	if (i == U64MAP_NONE) {
		i = c->used++;
		if (u64map_put(&c->map, key, i))
			return -ENOMEM;
	}
	c->n[i] += s->v[KVM_COUNT];
	most(&vm->exits, s->kind, c->n[i]);
	return 0;
}

int vms_exits_finish(struct model *m)
{
	struct vms *x = m->vms;
	const struct kvm *k = m->kvm;
	struct counts c = { .n = calloc((k ? k->n_sums : 0) + 1, sizeof(*c.n)) };
	struct u64map vcpus = { 0 };
	int err = c.n ? 0 : -ENOMEM;
	uint32_t at;
	double all;
	size_t i;

	x->exits_told = !kvm_missing(m) && !kvm_total(m, KVM_EXIT, NULL, KVM_COUNT, &all);
	for (i = 0; k && i < x->n_vcpu && !err; i++)
		err = x->vcpu[i].epoch ? u64map_put(&vcpus, x->vcpu[i].epoch, (uint32_t)i) : 0;
	for (i = 0; k && i < k->n_sums && !err; i++) {
		const struct kvm_sum *s = &k->sums[i];
		const struct kvm_kind *kind = &k->kinds[s->kind];
		struct vms_vm *vm = vm_of(m, s);

		at = s->epoch ? u64map_get(&vcpus, s->epoch) : U64MAP_NONE;
		if (at != U64MAP_NONE) {
			add(&x->vcpu[at].exits, kind, s);
			if (kind->class == KVM_EXIT)
				most(&x->vcpu[at].exits, s->kind, s->v[KVM_COUNT]);
		}
		if (!vm)
			continue;
		add(&vm->exits, kind, s);
		if (kind->class == KVM_EXIT)
			err = count(&c, vm, (size_t)(vm - x->vm), s);
	}
	u64map_free(&vcpus);
	u64map_free(&c.map);
	free(c.n);
	return err;
}

/* ---------------------------------------------------------------- what they say */

const char *vms_exits_missing(const struct model *m)
{
	const char *why = kvm_missing(m);

	return why ? why : m->vms && !m->vms->exits_told ? "this host's KVM runs virtual CPUs without telling (kvm_exit never fired)" : NULL;
}

bool vms_exits_known(const struct model *m, const struct vms_vm *vm)
{
	const char *filter = model_meta(m, "filter");

	return !kvm_missing(m) && strcmp(vm->accel, "tcg") && (vm->part[VMS_WHOLE].tasks || !filter || strcmp(filter, "yes"));
}

double vms_exits_rate(const struct model *m, uint64_t n)
{
	return m->duration ? 1e9 * (double)n / (double)m->duration : (double)NAN;
}

double vms_exits_out(const struct model *m, const struct vms_exits *e, double run_ns)
{
	return m->vms->exits_told && run_ns > 0 && (e->entries || !e->exits) ? (double)e->out_ns / run_ns : (double)NAN;
}

const char *vms_exits_top(const struct model *m, const struct vms_exits *e, char *buf, size_t size)
{
	return m->kvm && e->top_n ? kvm_name(&m->kvm->kinds[e->top], buf, size) : NULL;
}

static double share(uint64_t part, uint64_t all)
{
	return all ? 100 * (double)part / (double)all : (double)NAN;
}

/* Run time of the virtual CPUs that exits are of; vm NULL: of all VMs. */
static double run_of(const struct model *m, const struct vms_vm *vm)
{
	const struct vms *x = m->vms;
	double run = 0;
	size_t i;

	if (vm)
		return (double)vm->part[VMS_VCPUS].v[MT_RUN_NS];
	for (i = 0; i < x->n_vm; i++)
		if (x->vm[i].in_window && vms_exits_known(m, &x->vm[i]))
			run += (double)x->vm[i].part[VMS_VCPUS].v[MT_RUN_NS];
	return run;
}

int vms_exits_metric(const struct model *m, const struct vms_vm *vm, enum vms_exits_what what, double *value)
{
	const struct vms_exits *e = vm ? &vm->exits : &m->vms->exits;
	bool of_exits = what == VMS_EXITS_COUNT || what == VMS_EXITS_RATE || what == VMS_EXITS_TIME;

	if (kvm_missing(m) || (vm && !vms_exits_known(m, vm)) || (of_exits && !m->vms->exits_told))
		return -ENODATA;
	switch (what) {
	case VMS_EXITS_COUNT:
		*value = (double)e->exits;
		break;
	case VMS_EXITS_RATE:
		*value = vms_exits_rate(m, e->exits);
		break;
	case VMS_EXITS_TIME:
		if (!m->have_task_totals || !MODEL_HAS(m->task_has, MT_RUN_NS))
			return -ENODATA;
		*value = 100 * vms_exits_out(m, e, run_of(m, vm));
		break;
	case VMS_EXITS_RETURNS:
		*value = vms_exits_rate(m, e->returns);
		break;
	case VMS_EXITS_HALTS:
		*value = vms_exits_rate(m, e->polled + e->slept);
		break;
	default: /* ms a second */
		*value = vms_exits_rate(m, what == VMS_EXITS_POLLED ? e->polled_ns : e->slept_ns) / 1e6;
	}
	return 0;
}

/* ---------------------------------------------------------------- tables */

static void put_n(struct table *t, bool known, uint64_t v)
{
	if (known)
		table_u64(t, v);
	else
		table_none(t);
}

void vms_exits_put(struct table *t, const struct model *m, const struct vms_vm *vm, const struct vms_exits *e, double run_ns)
{
	bool known = vms_exits_known(m, vm), told = known && m->vms->exits_told;
	uint64_t halts = e->polled + e->slept;
	char buf[64];

	put_n(t, told, e->exits);
	table_known(t, told ? vms_exits_rate(m, e->exits) : (double)NAN);
	table_text(t, told ? vms_exits_top(m, e, buf, sizeof(buf)) : NULL);
	table_known(t, told ? share(e->top_n, e->exits) : (double)NAN);
	put_n(t, told && (e->entries || !e->exits), e->out_ns);
	table_known(t, told ? 100 * vms_exits_out(m, e, run_ns) : (double)NAN);
	table_known(t, known ? vms_exits_rate(m, e->returns) : (double)NAN);
	table_known(t, known ? vms_exits_rate(m, halts) : (double)NAN);
	table_known(t, known ? share(e->polled, halts) : (double)NAN);
	put_n(t, known, e->polled_ns);
	put_n(t, known, e->slept_ns);
}

double vms_exits_run(const struct model *m, const struct vms_sum *s)
{
	return s->tasks && m->have_task_totals && MODEL_HAS(m->task_has, MT_RUN_NS) ? (double)s->v[MT_RUN_NS] : (double)NAN;
}

static void notes(struct table *t)
{
	table_note(t, "out: from exits but halts to the next entries, of the run time of vCPUs; polled: halts that were over without sleep");
}

struct table *vms_exits_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		{ .id = "vm", .head = "VM", .type = COL_TEXT, .flags = COL_KEY, .max = 20 }, VMS_EXITS_COLS(0),
	};
	struct table *t = table_new("exits", "Exits of VMs", cols, sizeof(cols) / sizeof(cols[0]));
	size_t i;

	for (i = 0; t && i < v->n && !kvm_missing(v->m); i++) {
		if (!vms_exits_known(v->m, v->vm[i]))
			continue;
		table_text(t, v->vm[i]->name);
		vms_exits_put(t, v->m, v->vm[i], &v->vm[i]->exits, vms_exits_run(v->m, &v->vm[i]->part[VMS_VCPUS]));
	}
	if (t)
		notes(t);
	return t;
}

struct table *vms_exits_vcpus_table(const struct vms_view *v)
{
	static const struct table_col cols[] = {
		{ .id = "vm", .head = "VM", .type = COL_TEXT, .flags = COL_KEY, .max = 20 },
		{ .id = "vcpu", .head = "vCPU", .type = COL_TEXT, .flags = COL_KEY | COL_RIGHT }, VMS_EXITS_COLS(0),
	};
	struct table *t = table_new("vcpu_exits", "Exits of virtual CPUs", cols, sizeof(cols) / sizeof(cols[0]));
	size_t i, k;

	for (i = 0; t && i < v->n && !kvm_missing(v->m); i++) {
		for (k = 0; k < v->vm[i]->n_vcpus; k++) {
			const struct vms_vcpu *c = &v->x->vcpu[v->vm[i]->first_vcpu + k];

			if (!c->in_window || !vms_exits_known(v->m, v->vm[i]))
				continue;
			table_text(t, v->vm[i]->name);
			table_textf(t, "%u", c->index);
			vms_exits_put(t, v->m, v->vm[i], &c->exits, vms_exits_run(v->m, &c->sum));
		}
	}
	if (t)
		notes(t);
	return t;
}

/* ---------------------------------------------------------------- heads */

static struct vms_exits add_up(const struct vms_view *v, double *run)
{
	struct vms_exits s = { 0 };
	size_t i;

	*run = 0;
	for (i = 0; i < v->n; i++) {
		const struct vms_exits *e = &v->vm[i]->exits;

		if (!vms_exits_known(v->m, v->vm[i]))
			continue;
		*run += run_of(v->m, v->vm[i]);
		s.exits += e->exits;
		s.entries += e->entries;
		s.returns += e->returns;
		s.out_ns += e->out_ns;
		s.polled += e->polled;
		s.slept += e->slept;
		s.polled_ns += e->polled_ns;
		s.slept_ns += e->slept_ns;
	}
	return s;
}

void vms_exits_head_text(const struct vms_view *v, FILE *f)
{
	const char *why = vms_exits_missing(v->m);
	struct vms_exits s;
	double run, out;

	if (!v->n || (why && !*why))
		return;
	s = add_up(v, &run);
	out = 100 * vms_exits_out(v->m, &s, run);
	if (why)
		fprintf(f, "exits      not available: %s\n", why);
	else
		fprintf(f, "exits      %.0f per second", vms_exits_rate(v->m, s.exits));
	if (!why && !isnan(out))
		fprintf(f, "; the time until the next entry is %.1f %% of the run time of vCPUs", out);
	if (!why)
		fputc('\n', f);
	if (!kvm_missing(v->m) && s.polled + s.slept)
		fprintf(f, "halts      %.0f per second, %.1f %% of them ended without sleeping\n", vms_exits_rate(v->m, s.polled + s.slept),
			share(s.polled, s.polled + s.slept));
}

void vms_exits_head_json(const struct vms_view *v, struct json *j)
{
	bool told = !vms_exits_missing(v->m);
	struct vms_exits s;
	double run;

	if (kvm_missing(v->m) || !v->n)
		return;
	s = add_up(v, &run);
	if (told) {
		json_u64(j, "exits", s.exits);
		json_u64(j, "exit_out_ns", s.out_ns);
	}
	json_u64(j, "returns", s.returns);
	json_u64(j, "halts", s.polled + s.slept);
	json_u64(j, "halt_polled_ns", s.polled_ns);
	json_u64(j, "halt_slept_ns", s.slept_ns);
}
