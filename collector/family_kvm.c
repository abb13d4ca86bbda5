// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kvm family: counters of the threads that run virtual CPUs -> rows of what was added.
 * What found no counters of its own is with the others, epoch 0.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../bpf/kvm_shared.h"
#include "cells.h"
#include "clock.h"
#include "family.h"
#include "kvm.skel.h"
#include "kvm_module.h"
#include "kvm_names.h"
#include "kvm_raw.skel.h"
#include "kvm_stats.h"
#include "vm_watch.h"

#define VCPUS_A_CPU 16u /* threads with counters of their own */
#define VCPUS_MIN 256u
#define VCPUS_MAX 16384u
#define CELLS_A_VCPU 24u /* reasons; the pool is shared */
#define STATS_SHARE 200  /* of the time may go to reading KVM's statistics between marks: one part in so many */

struct kvm {
	struct mmt_kvm_slot *slots; /* of tasks */
	struct mmt_kvm_vcpu *vcpus;
	struct mmt_kvm_cell *cells, *cells_done;
	struct mmt_kvm_others *others, others_done;
	struct { void *p; size_t len; } maps[4];
	uint32_t n_vcpus, n_cells;
	int free_vcpus_fd, free_cells_fd;
	uint64_t exits, entries, users, unread, other; /* all that were written */
	uint64_t seen;          /* KVM was, while recording; 0: not yet, or from the start */
	/* KVM's own statistics */
	uint32_t *flushed, round; /* by vCPU: of this flush already */
	uint64_t stats_next, stats_cost;
	enum mmt_kvm_stats_from stats_from;
	int stats_err;
};

/* ---------------------------------------------------------------- life */

/* Fewer for tests. */
static uint32_t n_vcpus_of(const struct mmt_family_ctx *ctx)
{
	const char *said = getenv("MMT_KVM_VCPUS");
	unsigned long asked = said ? strtoul(said, NULL, 10) : 0;
	uint32_t n = ctx->probe->n_cpus * VCPUS_A_CPU;

	if (asked > 1 && asked < VCPUS_MAX)
		return (uint32_t)asked;
	return n < VCPUS_MIN ? VCPUS_MIN : n > VCPUS_MAX ? VCPUS_MAX : n;
}

static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct kvm *k = ctx->priv;
	struct mmt_kvm_config *c;
	size_t size;
	int err;

	c = (struct mmt_kvm_config *)bpf_map__initial_value(mmt_probe__section(obj, ".rodata.family"), &size);
	if (!c || size != sizeof(*c))
		return -EINVAL;
	*c = (struct mmt_kvm_config){ .exit_args = mmt_kvm__exit_args() };
	err = mmt_family__size(ctx, obj, "kvm_slots", ctx->probe->cfg.n_slots);
	err = err ? err : mmt_family__size(ctx, obj, "kvm_vcpus", k->n_vcpus);
	err = err ? err : mmt_family__size(ctx, obj, "kvm_free_vcpus", k->n_vcpus);
	err = err ? err : mmt_family__size(ctx, obj, "kvm_cells", k->n_cells);
	return err ? err : mmt_family__size(ctx, obj, "kvm_free_cells", k->n_cells);
}

static int map_all(struct mmt_family_ctx *ctx)
{
	struct kvm *k = ctx->priv;
	void **at[4] = { (void **)&k->slots, (void **)&k->vcpus, (void **)&k->cells, (void **)&k->others };
	static const char *const names[4] = { "kvm_slots", "kvm_vcpus", "kvm_cells", "kvm_others" };
	int i, err = 0;

	for (i = 0; i < 4 && !err; i++) {
		err = mmt_family__mmap(ctx, names[i], at[i], &k->maps[i].len);
		k->maps[i].p = err ? NULL : *at[i];
	}
	return err;
}

static int load(struct mmt_family_ctx *ctx)
{
	static const struct mmt_family_elf elf = { "mmt_kvm", kvm_bpf__elf_bytes, kvm_raw__elf_bytes };
	struct kvm *k = ctx->priv;
	int err;

	k->n_vcpus = n_vcpus_of(ctx);
	k->n_cells = k->n_vcpus * CELLS_A_VCPU;
	k->cells_done = calloc(k->n_cells, sizeof(*k->cells_done));
	k->flushed = calloc(k->n_vcpus, sizeof(*k->flushed));
	if (!k->cells_done || !k->flushed)
		return -ENOMEM;
	err = mmt_family__load(ctx, &elf, setup);
	err = err ? err : map_all(ctx);
	if (err)
		return err;
	k->free_vcpus_fd = bpf_object__find_map_fd_by_name(ctx->obj, "kvm_free_vcpus");
	k->free_cells_fd = bpf_object__find_map_fd_by_name(ctx->obj, "kvm_free_cells");
	err = mmt_family__free_numbers(k->free_vcpus_fd, k->n_vcpus);
	return err ? err : mmt_family__free_numbers(k->free_cells_fd, k->n_cells);
}

static int kvm_open(struct mmt_family_ctx *ctx)
{
	ctx->priv = calloc(1, sizeof(struct kvm));
	if (!ctx->priv)
		return -ENOMEM;
	if (mmt_kvm__is_there())
		return load(ctx);
	snprintf(ctx->why, sizeof(ctx->why), "this kernel runs no KVM now (neither kvm_amd nor kvm_intel is loaded)");
	ctx->later = !access("/proc/modules", F_OK);
	if (ctx->later)
		log_warn(ctx->log, "kvm: %s: exits are counted from when it is loaded", ctx->why);
	return ctx->later ? 0 : -ENOENT;
}

static int kvm_attach(struct mmt_family_ctx *ctx)
{
	return ctx->obj ? mmt_family__attach(ctx) : 0;
}

static int write_meta(struct mmt_family_ctx *ctx, const char *key, const char *value)
{
	const struct mmt_cell c[] = { cell_s(key), cell_s(value) };

	return ROW(ctx->w, MMT_TB_META, c);
}

static int write_from(struct mmt_family_ctx *ctx)
{
	uint64_t now = mmt_probe__now(ctx->probe);
	char text[160];
	int err;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)now);
	err = write_meta(ctx, "kvm", "yes");
	err = err ? err : write_meta(ctx, "kvm.from", text);
	snprintf(text, sizeof(text), "kvm: KVM was loaded while recording: exits are counted from then on");
	log_warn(ctx->log, "%s", text);
	{
		const struct mmt_cell c[] = { cell_u(now), cell_u(1), cell_s(text) };

		return err ? err : ROW(ctx->w, MMT_TB_NOTE, c);
	}
}

/* KVM was not there at first. */
static int kvm_pass(struct mmt_family_ctx *ctx)
{
	struct kvm *k = ctx->priv;
	char text[200];
	int err;

	if (!ctx->later || !mmt_kvm__is_ready(&k->seen, mmt_probe__now(ctx->probe)))
		return 0;
	ctx->later = false;
	ctx->why[0] = '\0';
	err = load(ctx);
	err = err ? err : mmt_family__attach(ctx);
	malloc_trim(0); /* parsing the kernel's types took 20 MB for a moment */
	if (!err)
		return write_from(ctx);
	mmt_family__detach(ctx);
	bpf_object__close(ctx->obj);
	ctx->obj = NULL;
	snprintf(text, sizeof(text), "not available: %s", ctx->why[0] ? ctx->why : strerror(-err));
	log_warn(ctx->log, "kvm: %s", text);
	return write_meta(ctx, "kvm", text);
}

static void kvm_close(struct mmt_family_ctx *ctx)
{
	struct kvm *k = ctx->priv;
	int i;

	for (i = 0; k && i < 4; i++)
		if (k->maps[i].p)
			munmap(k->maps[i].p, k->maps[i].len);
	if (k) {
		free(k->cells_done);
		free(k->flushed);
	}
	free(k);
}

/* ---------------------------------------------------------------- rows */

/* What a key is in the table. */
static void describe(uint32_t key, uint32_t isa, uint64_t *reason, const char **name, const char **class)
{
	static const char *const polls[] = { "poll", "wait", "poll_invalid", "wait_invalid", "grow", "shrink" };

	*reason = 0;
	*name = "";
	if (key < MMT_KVM_ENTRY) {
		*class = "exit";
		*reason = mmt_kvm_reason(key);
		*name = mmt_kvm_exit_name(isa, *reason);
	} else if (key == MMT_KVM_ENTRY) {
		*class = "entry";
	} else if (key <= MMT_KVM_SHRINK) {
		*class = "halt_poll";
		*name = polls[key - MMT_KVM_POLL];
	} else {
		*class = "user";
		*reason = key - MMT_KVM_USER;
		*name = key == MMT_KVM_USER_SIGNAL ? "signal" : key == MMT_KVM_USER_ERROR ? "error" :
			mmt_kvm_user_name(key - MMT_KVM_USER);
	}
}

/* Which of KVM's own statistics are to be what is in these rows too? */
static void add_since(struct mmt_kvm_stats *s, const char *class, const char *name, const struct mmt_kvm_cell *c)
{
	bool exit = !strcmp(class, "exit");

	if (exit)
		s->since[MMT_KS_EXITS] += c->count;
	if (exit && (!strcmp(name, "hlt") || !strcmp(name, "idle_halt")))
		s->since[MMT_KS_HALT_EXITS] += c->count;
	if (exit && (!strcmp(name, "io") || !strcmp(name, "io_instruction")))
		s->since[MMT_KS_IO_EXITS] += c->count;
	if (exit && (!strcmp(name, "interrupt") || !strcmp(name, "external_interrupt")))
		s->since[MMT_KS_IRQ_EXITS] += c->count;
	if (!strcmp(class, "user") && !strcmp(name, "signal"))
		s->since[MMT_KS_SIGNAL_EXITS] += c->count;
	if (!strcmp(class, "halt_poll") && (!strncmp(name, "poll", 4) || !strncmp(name, "wait", 4)))
		s->since[MMT_KS_WAIT_NS] += c->time_ns;
}

/* s: of its VM; NULL: none */
static int write_row(struct mmt_family_ctx *ctx, uint64_t now, uint64_t epoch, uint32_t isa, uint32_t key,
		     const struct mmt_kvm_cell *c, struct mmt_kvm_stats *s)
{
	uint64_t reason, hist[MMT_KVM_HIST + MMT_KVM_HIST_SHIFT] = { 0 };
	struct kvm *k = ctx->priv;
	uint8_t buf[(MMT_KVM_HIST + MMT_KVM_HIST_SHIFT) * 5 + 16];
	const char *name, *class;
	unsigned int i, n = 0;
	int len = 0;

	k->exits += key < MMT_KVM_ENTRY ? c->count : 0;
	k->unread += key == MMT_KVM_OTHER ? c->count : 0;
	k->entries += key == MMT_KVM_ENTRY ? c->count : 0;
	k->users += key >= MMT_KVM_USER ? c->count : 0;
	k->other += epoch ? 0 : c->count;
	describe(key, isa, &reason, &name, &class);
	if (s)
		add_since(s, class, name, c);
	for (i = 0; i < MMT_KVM_HIST; i++) {
		hist[i + MMT_KVM_HIST_SHIFT] = c->hist[i];
		if (c->hist[i])
			n = i + MMT_KVM_HIST_SHIFT + 1;
	}
	if (n)
		len = mmt_vec_pack(hist, n, buf, sizeof(buf));
	if (len < 0)
		return len;
	{
		const struct mmt_cell cells[] = {
			cell_u(now), cell_u(ctx->segment), cell_u(epoch), cell_u(reason), cell_s(name), cell_s(class),
			cell_s(key < MMT_KVM_ENTRY ? mmt_kvm_isa_name(isa) : ""), cell_u(c->count), cell_u(c->timed),
			cell_u(c->time_ns), cell_u(c->timed ? c->max_ns : 0), cell_b(buf, (size_t)len),
		};

		return ROW(ctx->w, MMT_TB_KVM_TOTALS, cells);
	}
}

/* What was added since *done, which becomes *cur; the maximum stays what it is. False: nothing. */
static bool grown(const struct mmt_kvm_cell *cur, struct mmt_kvm_cell *done, struct mmt_kvm_cell *d)
{
	const volatile struct mmt_kvm_cell *v = cur;
	uint32_t i, n;

	memset(d, 0, sizeof(*d));
	if (v->count == done->count && v->timed == done->timed)
		return false;
	d->count = v->count - done->count;
	done->count += d->count;
	do { /* a time and its count go together */
		n = v->timed;
		d->time_ns = v->time_ns - done->time_ns;
		d->max_ns = v->max_ns;
		for (i = 0; i < MMT_KVM_HIST; i++)
			d->hist[i] = v->hist[i] - done->hist[i];
	} while (n != v->timed);
	d->timed = n - done->timed;
	done->timed = n;
	done->max_ns = d->max_ns;
	done->time_ns += d->time_ns;
	for (i = 0; i < MMT_KVM_HIST; i++)
		done->hist[i] += d->hist[i];
	return true;
}

static struct mmt_kvm_vcpu *vcpu_of(struct kvm *k, uint32_t slot, uint32_t *at)
{
	*at = ((const volatile struct mmt_kvm_slot *)k->slots)[slot].vcpu;
	return *at && *at < k->n_vcpus ? &k->vcpus[*at] : NULL;
}

static int task_rows(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct kvm *k = ctx->priv;
	uint32_t at, key, cell;
	struct mmt_kvm_vcpu *v = vcpu_of(k, e->slot, &at);
	struct mmt_watched *vm = v && ctx->vms ? mmt_vm_watch__find(ctx->vms, e->tgid) : NULL;
	struct mmt_kvm_cell d;
	int err = 0;

	if (v && k->flushed[at] == k->round)
		return 0;
	if (v)
		k->flushed[at] = k->round;
	for (key = 0; v && key < MMT_KVM_KEYS && !err; key++) {
		cell = ((const volatile uint32_t *)v->cell)[key];
		if (cell && cell < k->n_cells && grown(&k->cells[cell], &k->cells_done[cell], &d))
			err = write_row(ctx, now, e->id, v->isa, key, &d, vm ? &vm->stats : NULL);
	}
	return err;
}

static int other_rows(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct kvm *k = ctx->priv;
	const volatile struct mmt_kvm_others *o = k->others;
	uint32_t key;
	int err = 0;

	for (key = 0; key < MMT_KVM_KEYS && !err; key++) {
		struct mmt_kvm_cell d = { .count = o->count[key] - k->others_done.count[key] };

		if (!d.count)
			continue;
		k->others_done.count[key] += d.count;
		err = write_row(ctx, now, 0, o->isa, key, &d, NULL);
	}
	return err;
}

/* ---------------------------------------------------------------- KVM's own statistics */

/* unknown: of a thread without a slot */
static bool is_wanted(const struct mmt_family_ctx *ctx, uint32_t tid, bool unknown)
{
	const struct mmt_epoch *e = ctx->probe->cfg.filter ? mmt_tasks__find(ctx->tasks, tid) : NULL;

	if (!ctx->probe->cfg.filter)
		return true;
	return e ? ctx->probe->slots[e->slot].flags & MMT_SF_WANT : unknown;
}

/* Do all its virtual CPUs count? Where the filters leave some out, there is nothing to check with. */
static bool is_recorded(const struct mmt_family_ctx *ctx, const struct mmt_watched *vm)
{
	bool known = false;
	size_t i;

	for (i = 0; i < vm->n_cpus; i++) {
		if (!is_wanted(ctx, vm->cpu[i].tid, true))
			return false;
		known |= is_wanted(ctx, vm->cpu[i].tid, false);
	}
	return vm->accel == MMT_ACCEL_KVM && (known || is_wanted(ctx, vm->pid, false));
}

/* Where they are from, or why they cannot be read; one reason is enough. */
static int tell_stats(struct mmt_family_ctx *ctx, const struct mmt_kvm_stats *s, int err)
{
	struct kvm *k = ctx->priv;
	char text[256];

	if (!err && k->stats_from == s->from)
		return 0;
	if (err && (k->stats_from || k->stats_err == err || err == -ESRCH))
		return 0;
	k->stats_err = err;
	k->stats_from = err ? k->stats_from : s->from;
	snprintf(text, sizeof(text), "%s%s", err ? "not available: " : "",
		 err ? mmt_kvm_stats__why(err) : mmt_kvm_stats__from(s->from));
	return write_meta(ctx, "kvm.stat", text);
}

static int vm_rows(struct mmt_family_ctx *ctx, struct mmt_watched *vm, uint64_t now)
{
	struct kvm *k = ctx->priv;
	uint64_t begin = mmt_used_ns();
	struct mmt_kvm_stats s;
	int ret = mmt_kvm_stats__read("/proc", MMT_KVM_DIR, vm->pid, &s), err;
	size_t i;

	k->stats_cost += mmt_used_ns() - begin;
	err = tell_stats(ctx, &s, ret);
	/* right after them, so that as little as can be comes between */
	for (i = 0; i < vm->n_cpus && !err; i++) {
		const struct mmt_epoch *e = mmt_tasks__find(ctx->tasks, vm->cpu[i].tid);

		err = e ? task_rows(ctx, e, now) : 0;
	}
	if (ret || err) /* it ends: what was read before stands */
		return err;
	vm->stats = s;
	vm->stats.time = now;
	return ctx->mark ? mmt_kvm_stats__rows(ctx->w, ctx->segment + 1, vm->number, &vm->stats, false) : 0;
}

/* At marks; and in between, for VMs that end before the next one. */
static int stats_rows(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct kvm *k = ctx->priv;
	bool due = ctx->mark || now >= k->stats_next;
	size_t i;
	int err = 0;

	k->stats_cost = 0;
	for (i = 0; ctx->vms && !ctx->totals_only && i < ctx->vms->n && !err; i++) {
		struct mmt_watched *vm = &ctx->vms->vm[i];

		if (due && is_recorded(ctx, vm))
			err = vm_rows(ctx, vm, now);
	}
	if (due)
		k->stats_next = now + k->stats_cost * STATS_SHARE;
	return err;
}

/* ---------------------------------------------------------------- what the session asks for */

static int kvm_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct mmt_tasks *t = ctx->tasks;
	struct kvm *k = ctx->priv;
	size_t i;
	int err;

	if (!full || !ctx->obj)
		return 0;
	k->round++;
	err = stats_rows(ctx, now);
	for (i = 0; i < t->n_live && !err; i++)
		err = task_rows(ctx, t->live[i], now);
	for (i = 0; ctx->vms && i < ctx->vms->n; i++) /* all that came by then is written */
		if (ctx->vms->vm[i].stats.time == now)
			memset(ctx->vms->vm[i].stats.since, 0, sizeof(ctx->vms->vm[i].stats.since));
	return err ? err : other_rows(ctx, now);
}

static void kvm_segment(struct mmt_family_ctx *ctx)
{
	struct kvm *k = ctx->priv;
	uint32_t i;

	for (i = 0; ctx->obj && i < k->n_cells; i++) {
		mmt_u64 *max = &k->cells_done[i].max_ns;

		/* what was longer since is of the new segment */
		if (*max)
			__atomic_compare_exchange_n(&k->cells[i].max_ns, max, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		*max = 0;
	}
}

static int kvm_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct kvm *k = ctx->priv;
	uint32_t at, key, cell;
	struct mmt_kvm_vcpu *v;
	int err;

	if (!ctx->obj)
		return 0;
	k->round++;
	err = task_rows(ctx, e, now);
	v = vcpu_of(k, e->slot, &at);
	k->slots[e->slot].vcpu = 0;
	for (key = 0; v && key < MMT_KVM_KEYS; key++) {
		cell = v->cell[key];
		if (!cell || cell >= k->n_cells)
			continue;
		memset(&k->cells[cell], 0, sizeof(k->cells[cell]));
		memset(&k->cells_done[cell], 0, sizeof(k->cells_done[cell]));
		bpf_map_update_elem(k->free_cells_fd, NULL, &cell, BPF_ANY);
	}
	if (v) {
		memset(v, 0, sizeof(*v));
		bpf_map_update_elem(k->free_vcpus_fd, NULL, &at, BPF_ANY);
	}
	return err;
}

static void kvm_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	const struct kvm *k = ctx->priv;

	if (k->users && !k->exits && !k->entries)
		snprintf(buf, size, "kvm: virtual CPUs ran, but this KVM tells neither their exits nor their entries: there are only returns to the program");
	else if (k->unread)
		snprintf(buf, size, "kvm: the reason of %llu exits could not be read (no types of kvm_amd or kvm_intel in the kernel's BTF)",
			 (unsigned long long)k->unread);
	else if (k->other)
		snprintf(buf, size, "kvm: %llu events of threads or reasons without counters of their own: they are counted with the others (epoch 0), without times",
			 (unsigned long long)k->other);
}

static const struct mmt_family_ops ops = {
	.open = kvm_open,
	.attach = kvm_attach,
	.pass = kvm_pass,
	.flush = kvm_flush,
	.segment = kvm_segment,
	.task_end = kvm_task_end,
	.note = kvm_note,
	.close = kvm_close,
};

const struct mmt_family mmt_family_kvm = {
	.name = "kvm",
	.summary = "virtual machines of KVM: exits by reason and virtual CPU, time until the next entry, halt polling",
	.fact = "kvm",
	.beside = &mmt_family_vm, /* whose exits they are, and what KVM says of them */
	.ops = &ops,
};
