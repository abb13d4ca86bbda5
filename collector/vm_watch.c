// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"
#include "vm_watch_int.h"

#define SHARE 200              /* of the time: one in so many ns */
#define CREDIT_NS (50 * MS)    /* that is saved up, at most */
#define OVERDRAFT_NS (200 * MS) /* that may be used before, where something was told */
#define EXEC_NS (50 * MS)      /* after it executed a program */
#define AGAIN_NS (10 * SEC)    /* between looks at a VM whose threads are all known */
#define GIVE_UP_NS (10 * SEC)  /* a process that is no VM so long after it executed a program that need not be one */
#define SWEEP_NS (30 * SEC)    /* between looks at all processes, where KVM does not tell */

void mmt_vm_watch__init(struct mmt_vm_watch *w, const char *proc, const char *kvm_dir, const struct mmt_vm_watch_ops *ops, void *ctx)
{
	*w = (struct mmt_vm_watch){ .proc = proc, .kvm_dir = kvm_dir, .ops = ops, .ctx = ctx };
}

static void vm_free(struct mmt_watched *vm)
{
	free(vm->cpu);
}

void mmt_watch__as_free(struct mmt_vm_candidate *c)
{
	if (c->as)
		vm_free(c->as);
	free(c->as);
	c->as = NULL;
}

void mmt_vm_watch__free(struct mmt_vm_watch *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		vm_free(&w->vm[i]);
	for (i = 0; i < w->n_cand; i++)
		mmt_watch__as_free(&w->cand[i]);
	free(w->vm);
	free(w->cand);
	free(w->kvm_pids);
	w->vm = NULL;
	w->cand = NULL;
	w->kvm_pids = NULL;
	w->n = w->n_cand = w->n_kvm = 0;
}

uint64_t mmt_watch__now(const struct mmt_vm_watch *w)
{
	return w->ops->now(w->ctx);
}

uint64_t mmt_watch__used(const struct mmt_vm_watch *w)
{
	return w->ops->used ? w->ops->used(w->ctx) : mmt_watch__now(w);
}

bool mmt_watch__grow(void *array, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return true;
	p = reallocarray(*(void **)array, more, size);
	if (!p)
		return false;
	*(void **)array = p;
	*cap = more;
	return true;
}

void mmt_watch__pay(struct mmt_vm_watch *w, uint64_t ns)
{
	w->credit -= (int64_t)ns;
	w->cost_ns += ns;
}

/* Where the VM of a process is, or would be. */
static size_t place_of(const struct mmt_vm_watch *w, uint32_t pid)
{
	size_t lo = 0, hi = w->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (w->vm[mid].pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct mmt_watched *mmt_vm_watch__find(const struct mmt_vm_watch *w, uint32_t pid)
{
	size_t at = place_of(w, pid);

	return at < w->n && w->vm[at].pid == pid ? &w->vm[at] : NULL;
}

static void note_end(struct mmt_vm_watch *w, uint32_t pid)
{
	unsigned int i = w->n_ended++ % MMT_VM_ENDED_KEPT;

	w->ended[i].pid = pid;
	w->ended[i].time = mmt_watch__now(w);
}

/* ---------------------------------------------------------------- candidates */

struct mmt_vm_candidate *mmt_watch__cand_of(const struct mmt_vm_watch *w, uint32_t pid)
{
	size_t i;

	for (i = 0; i < w->n_cand; i++)
		if (w->cand[i].pid == pid)
			return &w->cand[i];
	return NULL;
}

void mmt_watch__cand_drop(struct mmt_vm_watch *w, uint32_t pid)
{
	struct mmt_vm_candidate *c = mmt_watch__cand_of(w, pid);

	if (!c)
		return;
	mmt_watch__as_free(c);
	*c = w->cand[--w->n_cand];
}

/* What its program would have told is not missed. */
void mmt_watch__cand_lost(struct mmt_vm_watch *w, const struct mmt_vm_candidate *c)
{
	if (c->urgent && !c->as)
		*(c->of_kvm ? &w->lost_kvm : &w->lost) += 1;
	note_end(w, c->pid);
	mmt_watch__cand_drop(w, c->pid);
}

int mmt_watch__cand(struct mmt_vm_watch *w, uint32_t pid, bool urgent, bool likely, uint64_t now)
{
	struct mmt_vm_candidate *c = mmt_watch__cand_of(w, pid);

	if (!c) {
		if (!mmt_watch__grow(&w->cand, w->n_cand, &w->cap_cand, sizeof(*w->cand)))
			return -ENOMEM;
		c = &w->cand[w->n_cand++];
		*c = (struct mmt_vm_candidate){ .pid = pid };
	}
	c->urgent |= urgent;
	c->likely |= likely;
	c->since = now;
	c->wait = urgent ? FIRST_NS : EXEC_NS;
	c->due = now + c->wait;
	return 0;
}

/* ---------------------------------------------------------------- what a look finds */

static bool same_cpus(const struct mmt_watched *vm, const struct mmt_vm *seen)
{
	size_t i, k;

	for (i = 0; i < seen->n_vcpus; i++) {
		for (k = 0; k < vm->n_cpus && vm->cpu[k].tid != seen->vcpus[i].tid; k++)
			;
		if (k == vm->n_cpus)
			return false;
	}
	return true;
}

int mmt_watch__cpu_gone(struct mmt_vm_watch *w, struct mmt_watched *vm, size_t at, uint64_t now)
{
	struct mmt_watched_cpu c = vm->cpu[at];

	vm->n_cpus--;
	memmove(&vm->cpu[at], &vm->cpu[at + 1], (vm->n_cpus - at) * sizeof(c));
	return w->ops->cpu(w->ctx, vm, &c, MMT_VCPU_ENDED, now);
}

static int take_cpus(struct mmt_vm_watch *w, struct mmt_watched *vm, const struct mmt_vm *seen, uint64_t now)
{
	size_t i, k;
	int err = 0;

	for (i = 0; i < seen->n_vcpus && !err; i++) {
		const struct mmt_vcpu *c = &seen->vcpus[i];

		for (k = 0; k < vm->n_cpus && vm->cpu[k].tid != c->tid; k++)
			;
		if (k < vm->n_cpus && vm->cpu[k].index != c->index) { /* its number is used again */
			err = mmt_watch__cpu_gone(w, vm, k, now);
			k = vm->n_cpus;
		}
		if (k < vm->n_cpus || err)
			continue;
		if (!mmt_watch__grow(&vm->cpu, vm->n_cpus, &vm->cap_cpus, sizeof(*vm->cpu)))
			return -ENOMEM;
		vm->cpu[vm->n_cpus++] = (struct mmt_watched_cpu){ .tid = c->tid, .index = c->index };
		err = w->ops->cpu(w->ctx, vm, &vm->cpu[vm->n_cpus - 1], MMT_VCPU_FOUND, now);
	}
	return err;
}

bool mmt_watch__takes_name(struct mmt_watched *vm, const struct mmt_vm *seen)
{
	bool other = strcmp(vm->name, seen->name) || strcmp(vm->scope, seen->scope) || vm->accel != seen->accel || vm->vmm != seen->vmm;

	memcpy(vm->name, seen->name, sizeof(vm->name));
	memcpy(vm->scope, seen->scope, sizeof(vm->scope));
	vm->accel = seen->accel;
	vm->vmm = seen->vmm;
	return other;
}

bool mmt_watch__complete(const struct mmt_watched *vm)
{
	return vm->told ? vm->n_cpus >= vm->told : vm->n_cpus > 0;
}

int mmt_watch__vm_add(struct mmt_vm_watch *w, struct mmt_watched *vm, uint64_t now)
{
	size_t at = place_of(w, vm->pid);

	if (!mmt_watch__grow(&w->vm, w->n, &w->cap, sizeof(*w->vm))) {
		vm_free(vm);
		return -ENOMEM;
	}
	memmove(&w->vm[at + 1], &w->vm[at], (w->n++ - at) * sizeof(*vm));
	vm->number = ++w->numbers;
	vm->wait = FIRST_NS;
	vm->due = now + FIRST_NS;
	w->vm[at] = *vm;
	return w->ops->vm(w->ctx, &w->vm[at], MMT_VM_FOUND, now);
}

static int vm_new(struct mmt_vm_watch *w, const struct mmt_vm *seen, uint64_t now)
{
	struct mmt_watched v = { .pid = seen->pid, .told = seen->n_fds, .seen = true, .named = seen->named != MMT_VM_NAMED_PID }, *vm;
	int err;

	(void)mmt_watch__takes_name(&v, seen);
	err = mmt_watch__vm_add(w, &v, now);
	vm = err ? NULL : mmt_vm_watch__find(w, seen->pid);
	err = vm ? take_cpus(w, vm, seen, now) : err;
	if (vm && mmt_watch__complete(vm))
		vm->due = now + AGAIN_NS;
	return err;
}

int mmt_watch__vm_gone(struct mmt_vm_watch *w, struct mmt_watched *vm, uint64_t now)
{
	int err = 0, ret;

	while (vm->n_cpus) {
		ret = mmt_watch__cpu_gone(w, vm, vm->n_cpus - 1, now);
		err = err ? err : ret;
	}
	ret = w->ops->vm(w->ctx, vm, MMT_VM_ENDED, now);
	w->unseen += !vm->seen;
	w->nameless += !vm->seen && !vm->named;
	note_end(w, vm->pid);
	vm_free(vm);
	w->n--;
	memmove(vm, vm + 1, (w->n - (size_t)(vm - w->vm)) * sizeof(*vm));
	w->kvm_links = 0; /* another one may have come in its place */
	return err ? err : ret;
}

static int vm_again(struct mmt_vm_watch *w, struct mmt_watched *vm, const struct mmt_vm *seen, uint64_t now)
{
	bool news = !same_cpus(vm, seen) || seen->n_fds != vm->told;
	int err = 0;

	vm->told = seen->n_fds;
	vm->seen = true;
	vm->named = seen->named != MMT_VM_NAMED_PID;
	if (mmt_watch__takes_name(vm, seen))
		err = w->ops->vm(w->ctx, vm, MMT_VM_RENAMED, now);
	err = err ? err : take_cpus(w, vm, seen, now);
	/* something happened to it a moment ago: it may go on; else less and less often */
	vm->wait = news ? FIRST_NS : vm->wait * 2 > AGAIN_NS ? AGAIN_NS : vm->wait * 2;
	vm->due = now + (mmt_watch__complete(vm) ? AGAIN_NS : vm->wait);
	return err;
}

static bool gone_already(const struct mmt_vm_watch *w, uint32_t pid)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%u", w->proc, pid);
	return access(path, F_OK);
}

/* 1: it is a VM, 0: not, or -errno */
static int look(struct mmt_vm_watch *w, uint32_t pid)
{
	struct mmt_watched *vm = mmt_vm_watch__find(w, pid);
	uint64_t now = mmt_watch__now(w);
	struct mmt_vm seen;
	int is = mmt_vms__look(w->proc, pid, &seen), err = 0;

	w->looks++;
	if (vm)
		vm->urgent = false;
	if (is == -EMFILE || is == -ENFILE) { /* it may be there as well as not: later */
		if (vm)
			vm->due = now + SEC;
		return 0;
	}
	if (is < 0)
		return is;
	if (is && vm) {
		err = vm_again(w, vm, &seen, now);
	} else if (is) {
		err = vm_new(w, &seen, now);
	} else if (vm && !vm->gone && gone_already(w, pid)) { /* its records are on the way, and will end it */
		vm->gone = true;
		vm->due = now + SEC;
	} else if (vm) { /* another program now, or no record came */
		err = mmt_watch__vm_gone(w, vm, now);
	}
	if (is)
		mmt_vm__free(&seen);
	return err ? err : is;
}

/* ---------------------------------------------------------------- all processes */

static int each_process(struct mmt_vm_watch *w, int (*fn)(struct mmt_vm_watch *w, uint32_t pid))
{
	const struct dirent *e;
	DIR *dir = opendir(w->proc);
	int err = 0;

	if (!dir)
		return -errno;
	while (err >= 0 && (e = readdir(dir)))
		if (mmt_is_number(e->d_name))
			err = fn(w, (uint32_t)strtoul(e->d_name, NULL, 10));
	closedir(dir);
	return err < 0 ? err : 0;
}

int mmt_vm_watch__scan(struct mmt_vm_watch *w)
{
	uint64_t begin = mmt_watch__used(w);
	int err = each_process(w, look);

	w->sweep_at = w->credit_at = mmt_watch__now(w);
	w->cost_ns += mmt_watch__used(w) - begin;
	return err;
}

static int sweep_one(struct mmt_vm_watch *w, uint32_t pid)
{
	struct mmt_vm_candidate *c;
	int err;

	if (mmt_vm_watch__find(w, pid) || mmt_watch__cand_of(w, pid))
		return 0;
	err = mmt_watch__cand(w, pid, false, false, w->sweep_at);
	c = err ? NULL : mmt_watch__cand_of(w, pid);
	if (c)
		c->since = 0; /* one look */
	return err;
}

/* ---------------------------------------------------------------- work */

static void earn(struct mmt_vm_watch *w, uint64_t now)
{
	if (now <= w->credit_at)
		return;
	w->credit += (int64_t)((now - w->credit_at) / SHARE);
	w->credit_at = now;
	if (w->credit > (int64_t)CREDIT_NS)
		w->credit = (int64_t)CREDIT_NS;
}

/* Lower ranks first: what was told, likely ones, VMs, the rest; those that are due longest. */
static void rank(uint64_t due, unsigned int class, uint32_t pid, uint64_t now, uint64_t *best, uint32_t *who)
{
	uint64_t r = due | (uint64_t)class << 61;

	if (due > now || r >= *best)
		return;
	*best = r;
	*who = pid;
}

/* Who is looked at next, with the credit that there is; 0: nobody */
static uint32_t next_due(const struct mmt_vm_watch *w, uint64_t now)
{
	uint64_t best = w->credit > 0 ? UINT64_MAX : w->credit > -(int64_t)OVERDRAFT_NS ? 1ULL << 61 : 0;
	uint32_t pid = 0;
	size_t i;

	for (i = 0; i < w->n_cand; i++)
		rank(w->cand[i].due, w->cand[i].urgent ? 0 : w->cand[i].likely ? 1 : 3, w->cand[i].pid, now, &best, &pid);
	for (i = 0; i < w->n; i++)
		rank(w->vm[i].due, w->vm[i].urgent ? 0 : 2, w->vm[i].pid, now, &best, &pid);
	return pid;
}

static int look_due(struct mmt_vm_watch *w, uint32_t pid, uint64_t now)
{
	struct mmt_vm_candidate *c;
	int is = look(w, pid);

	c = is < 0 ? NULL : mmt_watch__cand_of(w, pid);
	if (c && !is && !c->as && gone_already(w, pid)) {
		mmt_watch__cand_lost(w, c);
	} else if (c && (is || (!c->likely && now - c->since > GIVE_UP_NS))) {
		mmt_watch__cand_drop(w, pid);
	} else if (c) {
		c->urgent = c->urgent && c->wait < SEC; /* what was told may not be so */
		c->wait = c->wait * 2 > SWEEP_NS ? SWEEP_NS : c->wait * 2;
		c->due = now + c->wait;
	}
	return is < 0 ? is : 0;
}

int mmt_vm_watch__work(struct mmt_vm_watch *w, uint64_t for_ns)
{
	uint64_t begin = mmt_watch__now(w), t = begin, used = mmt_watch__used(w), then;
	uint32_t pid;
	int err;

	earn(w, begin);
	err = mmt_watch__ask_kvm(w, begin);
	if (!err && !w->kvm_tells && begin - w->sweep_at > SWEEP_NS && w->credit > 0) {
		w->sweep_at = begin;
		err = each_process(w, sweep_one);
		err = err == -EMFILE || err == -ENFILE ? 0 : err; /* the next time, then */
	}
	while (!err && t - begin <= for_ns && (pid = next_due(w, t))) {
		err = look_due(w, pid, t);
		then = used;
		used = mmt_watch__used(w);
		mmt_watch__pay(w, used - then);
		t = mmt_watch__now(w);
		earn(w, t);
	}
	mmt_watch__pay(w, mmt_watch__used(w) - used);
	return err;
}
