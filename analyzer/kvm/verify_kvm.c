// SPDX-License-Identifier: GPL-2.0-only
/*
 * The collector reads KVM's statistics of a VM at marks, just before it writes what was
 * counted for the VM's threads; and now and then in between, of which what was read last is
 * in the trace when the VM has ended.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../vms/vms.h"
#include "kvm.h"
#include "verify_kvm.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_PARTS 3 /* statistics that are added up */

static const char edge_read[] =
	"KVM's statistics are read VM by VM just before ours: an exit in between is on one side of the mark for KVM, on the other for us";
static const char edge_halts[] =
	"read like exits; and a halt that was over at once, while KVM was not to poll, has a time with us and none with KVM";
static const char edge_signal[] = "KVM does not count it where a program asks KVM_RUN to return at once; we do";

static const struct what {
	const char *what, *unit;
	enum kvm_class class;
	const char *names; /* of kinds; NULL: all */
	int col;
	const char *edge, *theirs[MAX_PARTS];
} whats[] = {
	{ "exits of VMs", "count", KVM_EXIT, NULL, KVM_COUNT, edge_read, { "exits" } },
	{ "exits by halts", "count", KVM_EXIT, "hlt,idle_halt", KVM_COUNT, edge_read, { "halt_exits" } },
	{ "exits by port I/O", "count", KVM_EXIT, "io,io_instruction", KVM_COUNT, edge_read, { "io_exits" } },
	{ "exits by interrupts", "count", KVM_EXIT, "interrupt,external_interrupt", KVM_COUNT, edge_read, { "irq_exits" } },
	{ "returns by signals", "count", KVM_USER, "signal", KVM_COUNT, edge_signal, { "signal_exits" } },
	{ "time of halts", "ns", KVM_HALT_POLL, "poll,wait,poll_invalid,wait_invalid", KVM_TIME_NS, edge_halts,
	  { "halt_poll_success_ns", "halt_poll_fail_ns", "halt_wait_ns" } },
};

/* Readings of a VM at the window's ends; the last one of a VM that has ended, and what of ours came after that; by row. */
struct readings {
	uint64_t begin[N(whats)], end[N(whats)], last[N(whats)], since[N(whats)];
	uint32_t n_begin[N(whats)], n_end[N(whats)], n_last[N(whats)];
	uint64_t last_time;
};

static int parts(const struct what *w)
{
	int n = 0;

	while (n < MAX_PARTS && w->theirs[n])
		n++;
	return n;
}

/* The row that a statistic of KVM is part of; -1: none. */
static int row_of(const char *stat)
{
	size_t i;
	int k;

	for (i = 0; i < N(whats); i++)
		for (k = 0; k < parts(&whats[i]); k++)
			if (!strcmp(whats[i].theirs[k], stat))
				return (int)i;
	return -1;
}

static void take(const struct model *m, const struct model_sample *s, struct readings *r)
{
	bool last = !strcmp(m->names[s->source], "kvm.stat.last"), since = !strcmp(m->names[s->source], "kvm.stat.since");
	int at = row_of(m->names[s->name]), edge = last || since ? 0 : model_edge(m, s->segment);

	if (at < 0)
		return;
	if (since) {
		r->since[at] += s->value;
	} else if (last) {
		r->last[at] += s->value;
		r->n_last[at]++;
		r->last_time = s->time;
	} else if (edge > 0) {
		r->begin[at] += s->value;
		r->n_begin[at]++;
	} else if (edge < 0) {
		r->end[at] += s->value;
		r->n_end[at]++;
	}
}

static struct readings *read_all(const struct model *m)
{
	struct readings *r = calloc(m->vms->n_vm + 1, sizeof(*r));
	size_t i;

	for (i = 0; r && i < m->n_samples; i++) {
		const struct model_sample *s = &m->samples[i];
		uint32_t vm;

		if (strncmp(m->names[s->source], "kvm.stat", 8))
			continue;
		vm = u64map_get(&m->vms->by_number, (uint64_t)s->scope);
		if (vm != U64MAP_NONE)
			take(m, s, &r[vm]);
	}
	return r;
}

/* Does the window have one beginning only? */
static bool in_one(const struct model *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->n_marks; i++)
		n += model_edge(m, m->marks[i].seq) > 0;
	return n == 1;
}

static bool started(const struct model *m, const struct model_task *t, uint64_t from)
{
	const struct model_clock *c = m->n_clocks ? &m->clocks[0] : NULL;

	return t && c && t->start && t->start - c->boot + c->time >= from;
}

/* Did it begin in the window, and after exits were counted? It is found a little later than it begins. */
static bool is_born(const struct model *m, const struct vms_vm *vm)
{
	const char *meta = model_meta(m, "kvm.from");
	uint64_t from = meta ? strtoull(meta, NULL, 10) : 0;
	uint32_t i;

	from = from > m->t0 ? from : m->t0;
	if (vm->first <= from || started(m, vm->task, from) || vm->first > from + 500000000)
		return vm->first > from;
	for (i = 0; i < vm->n_vcpus; i++)
		if (!started(m, m->vms->vcpu[vm->first_vcpu + i].task, from))
			return false;
	return vm->n_vcpus;
}

/* What KVM counted in the window; *last: until it was asked for the last time, and the VM ended later. */
static bool theirs(const struct model *m, const struct vms_vm *vm, const struct readings *r, int at, bool one, uint64_t *v, bool *last)
{
	uint32_t n = (uint32_t)parts(&whats[at]);
	bool ended = one && vm->last && vm->last <= m->t1 && r->n_last[at] == n && r->last_time > m->t0;

	*last = false;
	if (r->n_begin[at] && r->n_begin[at] == r->n_end[at] && r->n_begin[at] % (uint32_t)n == 0) {
		*v = r->end[at] - r->begin[at];
		return true;
	}
	if (!one || (r->n_begin[at] != n && !is_born(m, vm)))
		return false;
	if (ended) {
		*v = r->last[at] - r->begin[at];
		*last = true;
		return true;
	}
	*v = r->end[at];
	return !r->n_begin[at] && r->n_end[at] == n;
}

struct check {
	const struct model *m;
	struct readings *r;
	uint64_t *ours;    /* by VM and row */
	bool one, told;
};

static uint64_t *ours_of(const struct check *c, size_t vm, size_t row)
{
	return &c->ours[vm * N(whats) + row];
}

static void add_ours(const struct check *c)
{
	const struct kvm *k = c->m->kvm;
	uint64_t all;
	size_t i, w;
	bool last;

	for (i = 0; k && i < k->n_sums; i++) {
		const struct kvm_sum *s = &k->sums[i];
		const struct model_task *t = s->epoch ? model_task(c->m, s->epoch) : NULL;
		const struct vms_vm *vm = t ? vms_of_task(c->m, t, NULL) : NULL;
		size_t at = vm ? (size_t)(vm - c->m->vms->vm) : 0;

		for (w = 0; vm && w < N(whats); w++) {
			if (!kvm_is(&k->kinds[s->kind], whats[w].class, whats[w].names) ||
			    !theirs(c->m, vm, &c->r[at], (int)w, c->one, &all, &last))
				continue;
			/* a thread whose end was told after that of its VM */
			*ours_of(c, at, w) += s->v[whats[w].col] - (last && s->last > vm->last ? s->last_v[whats[w].col] : 0);
		}
	}
	for (i = 0; i < c->m->vms->n_vm; i++)
		for (w = 0; w < N(whats); w++)
			if (theirs(c->m, &c->m->vms->vm[i], &c->r[i], (int)w, c->one, &all, &last) && last)
				*ours_of(c, i, w) -= c->r[i].since[w];
}

/* How many VMs it was compared for. */
static size_t add_row(const struct check *c, size_t w, struct verify *v)
{
	struct verify_row *row = NULL;
	const struct vms *x = c->m->vms;
	uint64_t kernel;
	size_t i, n = 0;
	bool last;

	for (i = 0; i < x->n_vm; i++) {
		uint64_t ours = *ours_of(c, i, w), d;

		if (!x->vm[i].in_window || !theirs(c->m, &x->vm[i], &c->r[i], (int)w, c->one, &kernel, &last))
			continue;
		n++;
		if (whats[w].class == KVM_EXIT && !c->told)
			continue;
		row = row ? row : verify_add(v, whats[w].what, "KVM", whats[w].unit, whats[w].edge);
		if (!row)
			break;
		row->vms = true;
		row->compared = n;
		row->ours += ours;
		row->kernel += kernel;
		d = ours > kernel ? ours - kernel : kernel - ours;
		if (d > row->worst) {
			row->worst = d;
			row->worst_task = x->vm[i].name;
		}
	}
	return n;
}

static void say(const struct check *c, size_t n, struct verify *v)
{
	const char *from = model_meta(c->m, "kvm.stat");
	size_t i, all = 0;

	for (i = 0; i < c->m->vms->n_vm; i++)
		all += c->m->vms->vm[i].in_window && !strcmp(c->m->vms->vm[i].accel, "kvm");
	if (!c->told && n)
		verify_note(v, "exits of VMs, KVM: not compared: this host's KVM counts them and does not tell them (kvm_exit never fired)");
	if (all && !n && from && !strncmp(from, "not available", 13))
		verify_note(v, "exits of VMs, KVM: %s", from);
	else if (all && !n && !from)
		verify_note(v, "exits of VMs, KVM: not available: the trace has no statistics of KVM");
	else if (n < all)
		verify_note(v, "KVM: %zu VM%s of %zu not compared: KVM's statistics were not read at both ends of the window, or of the VM's life in it",
			    all - n, all - n == 1 ? "" : "s", all);
}

int verify_kvm(const struct model *m, struct verify *v)
{
	struct check c = { .m = m, .one = in_one(m) };
	int err = -ENOMEM;
	size_t w, n = 0, one;
	double sum;

	if (kvm_missing(m) || !m->vms || !m->vms->n_vm)
		return 0;
	c.told = !kvm_total(m, KVM_EXIT, NULL, KVM_COUNT, &sum);
	c.r = read_all(m);
	c.ours = calloc(m->vms->n_vm * N(whats), sizeof(*c.ours));
	if (!c.r || !c.ours)
		goto out;
	add_ours(&c);
	for (w = 0; w < N(whats); w++) {
		one = add_row(&c, w, v);
		n = one > n ? one : n;
	}
	say(&c, n, v);
	err = 0;
out:
	free(c.r);
	free(c.ours);
	return err;
}
