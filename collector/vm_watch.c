// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sysfs.h"
#include "vm_watch.h"

#define MS 1000000ULL
#define SEC 1000000000ULL
#define SHARE 200              /* of the time: one in so many ns */
#define CREDIT_NS (50 * MS)    /* that is saved up, at most */
#define OVERDRAFT_NS (200 * MS) /* that may be used before, where something was told */
#define FIRST_NS (20 * MS)     /* after something happened to a process: it is not ready at once */
#define EXEC_NS (50 * MS)      /* after it executed a program */
#define AGAIN_NS (10 * SEC)    /* between looks at a VM whose threads are all known */
#define GIVE_UP_NS (10 * SEC)  /* a process that is no VM so long after it executed a program that need not be one */
#define KVM_NS (100 * MS)      /* between looks at KVM's directory */
#define SWEEP_NS (30 * SEC)    /* between looks at all processes, where KVM does not tell */

void mmt_vm_watch__init(struct mmt_vm_watch *w, const char *proc, const char *kvm_dir, const struct mmt_vm_watch_ops *ops, void *ctx)
{
	*w = (struct mmt_vm_watch){ .proc = proc, .kvm_dir = kvm_dir, .ops = ops, .ctx = ctx };
}

static void vm_free(struct mmt_watched *vm)
{
	free(vm->cpu);
}

void mmt_vm_watch__free(struct mmt_vm_watch *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		vm_free(&w->vm[i]);
	free(w->vm);
	free(w->cand);
	free(w->kvm_pids);
	w->vm = NULL;
	w->cand = NULL;
	w->kvm_pids = NULL;
	w->n = w->n_cand = w->n_kvm = 0;
}

static uint64_t now_of(const struct mmt_vm_watch *w)
{
	return w->ops->now(w->ctx);
}

static uint64_t used_of(const struct mmt_vm_watch *w)
{
	return w->ops->used ? w->ops->used(w->ctx) : now_of(w);
}

/* Room for one more at array; false without memory. */
static bool grow(void *array, size_t n, size_t *cap, size_t size)
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

/* ---------------------------------------------------------------- candidates */

static struct mmt_vm_candidate *cand_of(const struct mmt_vm_watch *w, uint32_t pid)
{
	size_t i;

	for (i = 0; i < w->n_cand; i++)
		if (w->cand[i].pid == pid)
			return &w->cand[i];
	return NULL;
}

static void cand_drop(struct mmt_vm_watch *w, uint32_t pid)
{
	struct mmt_vm_candidate *c = cand_of(w, pid);

	if (c)
		*c = w->cand[--w->n_cand];
}

/* urgent: something told that it is a VM; likely: its program runs VMs */
static int cand_add(struct mmt_vm_watch *w, uint32_t pid, bool urgent, bool likely, uint64_t now)
{
	struct mmt_vm_candidate *c = cand_of(w, pid);

	if (!c) {
		if (!grow(&w->cand, w->n_cand, &w->cap_cand, sizeof(*w->cand)))
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

static int cpu_gone(struct mmt_vm_watch *w, struct mmt_watched *vm, size_t at, uint64_t now)
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
			err = cpu_gone(w, vm, k, now);
			k = vm->n_cpus;
		}
		if (k < vm->n_cpus || err)
			continue;
		if (!grow(&vm->cpu, vm->n_cpus, &vm->cap_cpus, sizeof(*vm->cpu)))
			return -ENOMEM;
		vm->cpu[vm->n_cpus++] = (struct mmt_watched_cpu){ .tid = c->tid, .index = c->index };
		err = w->ops->cpu(w->ctx, vm, &vm->cpu[vm->n_cpus - 1], MMT_VCPU_FOUND, now);
	}
	return err;
}

static bool takes_name(struct mmt_watched *vm, const struct mmt_vm *seen)
{
	bool other = strcmp(vm->name, seen->name) || strcmp(vm->scope, seen->scope) || vm->accel != seen->accel || vm->vmm != seen->vmm;

	memcpy(vm->name, seen->name, sizeof(vm->name));
	memcpy(vm->scope, seen->scope, sizeof(vm->scope));
	vm->accel = seen->accel;
	vm->vmm = seen->vmm;
	return other;
}

/* All its virtual CPUs are known, as far as that can be told. */
static bool complete(const struct mmt_watched *vm)
{
	return vm->told ? vm->n_cpus >= vm->told : vm->n_cpus > 0;
}

static int vm_new(struct mmt_vm_watch *w, const struct mmt_vm *seen, uint64_t now)
{
	size_t at = place_of(w, seen->pid);
	struct mmt_watched *vm;
	int err;

	if (!grow(&w->vm, w->n, &w->cap, sizeof(*w->vm)))
		return -ENOMEM;
	vm = &w->vm[at];
	memmove(vm + 1, vm, (w->n++ - at) * sizeof(*vm));
	*vm = (struct mmt_watched){ .number = ++w->numbers, .pid = seen->pid, .told = seen->n_fds, .wait = FIRST_NS };
	(void)takes_name(vm, seen);
	err = w->ops->vm(w->ctx, vm, MMT_VM_FOUND, now);
	err = err ? err : take_cpus(w, vm, seen, now);
	vm->due = now + (complete(vm) ? AGAIN_NS : vm->wait);
	return err;
}

static int vm_gone(struct mmt_vm_watch *w, struct mmt_watched *vm, uint64_t now)
{
	int err = 0, ret;

	while (vm->n_cpus) {
		ret = cpu_gone(w, vm, vm->n_cpus - 1, now);
		err = err ? err : ret;
	}
	ret = w->ops->vm(w->ctx, vm, MMT_VM_ENDED, now);
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
	if (takes_name(vm, seen))
		err = w->ops->vm(w->ctx, vm, MMT_VM_RENAMED, now);
	err = err ? err : take_cpus(w, vm, seen, now);
	/* something happened to it a moment ago: it may go on; else less and less often */
	vm->wait = news ? FIRST_NS : vm->wait * 2 > AGAIN_NS ? AGAIN_NS : vm->wait * 2;
	vm->due = now + (complete(vm) ? AGAIN_NS : vm->wait);
	return err;
}

/* 1: it is a VM, 0: not, or -errno */
static int look(struct mmt_vm_watch *w, uint32_t pid)
{
	struct mmt_watched *vm = mmt_vm_watch__find(w, pid);
	uint64_t now = now_of(w);
	struct mmt_vm seen;
	int is = mmt_vms__look(w->proc, pid, &seen), err = 0;

	w->looks++;
	if (vm)
		vm->urgent = false;
	if (is < 0)
		return is;
	if (is && vm)
		err = vm_again(w, vm, &seen, now);
	else if (is)
		err = vm_new(w, &seen, now);
	else if (vm) /* gone (its task's end tells it too), or another program now */
		err = vm_gone(w, vm, now);
	if (is)
		mmt_vm__free(&seen);
	return err ? err : is;
}

static bool is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}

/* ---------------------------------------------------------------- KVM tells */

static bool kvm_links(struct mmt_vm_watch *w, uint64_t *links)
{
	struct stat st;

	w->kvm_tells = w->kvm_dir && !stat(w->kvm_dir, &st);
	*links = w->kvm_tells ? (uint64_t)st.st_nlink : 0;
	return w->kvm_tells;
}

/* The process of a thread, which made a VM. */
static uint32_t tgid_of(const struct mmt_vm_watch *w, uint32_t tid)
{
	char path[256], buf[2048], *s;

	snprintf(path, sizeof(path), "%s/%u/status", w->proc, tid);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	s = strstr(buf, "\nTgid:");
	return s ? (uint32_t)strtoul(s + 6, NULL, 10) : tid;
}

static bool in(const uint32_t *v, size_t n, uint32_t x)
{
	size_t i;

	for (i = 0; i < n && v[i] != x; i++)
		;
	return i < n;
}

/* Its directories are called PID-FD; those that were not there before are of new VMs. */
static int read_kvm(struct mmt_vm_watch *w, uint64_t now)
{
	uint32_t *old = w->kvm_pids, tid, pid;
	size_t n_old = w->n_kvm;
	const struct dirent *e;
	DIR *dir = opendir(w->kvm_dir);
	char *end;
	int err = 0;

	if (!dir)
		return 0;
	w->kvm_pids = NULL;
	w->n_kvm = w->cap_kvm = 0;
	while (!err && (e = readdir(dir))) {
		tid = (uint32_t)strtoul(e->d_name, &end, 10);
		if (end == e->d_name || *end != '-' || !is_number(end + 1))
			continue;
		if (!grow(&w->kvm_pids, w->n_kvm, &w->cap_kvm, sizeof(*w->kvm_pids))) {
			err = -ENOMEM;
			break;
		}
		w->kvm_pids[w->n_kvm++] = tid;
		pid = in(old, n_old, tid) ? 0 : tgid_of(w, tid);
		if (pid && !mmt_vm_watch__find(w, pid))
			err = cand_add(w, pid, true, true, now);
	}
	closedir(dir);
	free(old);
	return err;
}

static int ask_kvm(struct mmt_vm_watch *w, uint64_t now)
{
	uint64_t links;

	if (now - w->kvm_at < KVM_NS)
		return 0;
	w->kvm_at = now;
	if (!kvm_links(w, &links) || links == w->kvm_links)
		return 0;
	w->kvm_links = links;
	return read_kvm(w, now);
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
		if (is_number(e->d_name))
			err = fn(w, (uint32_t)strtoul(e->d_name, NULL, 10));
	closedir(dir);
	return err < 0 ? err : 0;
}

int mmt_vm_watch__scan(struct mmt_vm_watch *w)
{
	uint64_t begin = used_of(w);
	int err = each_process(w, look);

	w->sweep_at = w->credit_at = now_of(w);
	w->cost_ns += used_of(w) - begin;
	return err;
}

static int sweep_one(struct mmt_vm_watch *w, uint32_t pid)
{
	struct mmt_vm_candidate *c;
	int err;

	if (mmt_vm_watch__find(w, pid) || cand_of(w, pid))
		return 0;
	err = cand_add(w, pid, false, false, w->sweep_at);
	c = err ? NULL : cand_of(w, pid);
	if (c)
		c->since = 0; /* one look */
	return err;
}

/* ---------------------------------------------------------------- what tasks tell */

/* Something happened to a VM: when is it to be looked at? */
static void vm_told(struct mmt_watched *vm, enum mmt_watch_what what, const struct mmt_watch_task *t, uint64_t now)
{
	/* threads come and go, to do I/O: they are no news where all virtual CPUs are known, unless there are more soon */
	bool told = what == MMT_WATCH_EXEC || what == MMT_WATCH_MOVED || mmt_vms__vcpu_name(t->comm), news = told || !complete(vm);
	uint64_t due = now + (news ? FIRST_NS : SEC);

	if (what == MMT_WATCH_NAME && !news)
		return;
	if (news)
		vm->wait = FIRST_NS;
	vm->urgent |= told;
	if (due < vm->due)
		vm->due = due;
}

int mmt_vm_watch__task(struct mmt_vm_watch *w, enum mmt_watch_what what, const struct mmt_watch_task *t)
{
	uint32_t works_for = t->kernel ? mmt_vms__works_for(t->comm) : 0;
	struct mmt_watched *vm = mmt_vm_watch__find(w, t->tgid);
	uint64_t now = now_of(w);

	if (works_for && !mmt_vm_watch__find(w, works_for))
		return cand_add(w, works_for, true, true, now);
	if (t->kernel)
		return 0;
	if (vm) {
		vm_told(vm, what, t, now);
		return 0;
	}
	if (what == MMT_WATCH_NAME || what == MMT_WATCH_NEW) {
		/* what a VM forks has its name and descriptors until it executes something */
		if (!mmt_vms__vcpu_name(t->comm) &&
		    (t->tid != t->tgid || !mmt_vms__vmm_name(t->comm) || mmt_vm_watch__find(w, t->ppid)))
			return 0;
		return cand_add(w, t->tgid, mmt_vms__vcpu_name(t->comm), mmt_vms__vmm_name(t->comm), now);
	}
	if (what == MMT_WATCH_EXEC && (mmt_vms__vmm_name(t->comm) || !w->kvm_tells))
		return cand_add(w, t->tgid, false, mmt_vms__vmm_name(t->comm), now);
	return 0;
}

int mmt_vm_watch__gone(struct mmt_vm_watch *w, uint32_t tid, uint32_t tgid, uint64_t now)
{
	struct mmt_watched *vm = mmt_vm_watch__find(w, tgid);
	size_t i;

	if (tid == tgid && w->n_cand)
		cand_drop(w, tgid);
	if (!vm)
		return 0;
	if (tid == tgid)
		return vm_gone(w, vm, now);
	for (i = 0; i < vm->n_cpus; i++)
		if (vm->cpu[i].tid == tid)
			return cpu_gone(w, vm, i, now);
	return 0;
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

static void pay(struct mmt_vm_watch *w, uint64_t ns)
{
	w->credit -= (int64_t)ns;
	w->cost_ns += ns;
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

	c = is < 0 ? NULL : cand_of(w, pid);
	if (c && (is || (!c->likely && now - c->since > GIVE_UP_NS))) {
		cand_drop(w, pid);
	} else if (c) {
		c->urgent = c->urgent && c->wait < SEC; /* what was told may not be so */
		c->wait = c->wait * 2 > SWEEP_NS ? SWEEP_NS : c->wait * 2;
		c->due = now + c->wait;
	}
	return is < 0 ? is : 0;
}

int mmt_vm_watch__work(struct mmt_vm_watch *w, uint64_t for_ns)
{
	uint64_t begin = now_of(w), t = begin, used = used_of(w), then;
	uint32_t pid;
	int err;

	earn(w, begin);
	err = ask_kvm(w, begin);
	if (!err && !w->kvm_tells && begin - w->sweep_at > SWEEP_NS && w->credit > 0) {
		w->sweep_at = begin;
		err = each_process(w, sweep_one);
	}
	while (!err && t - begin <= for_ns && (pid = next_due(w, t))) {
		err = look_due(w, pid, t);
		then = used;
		used = used_of(w);
		pay(w, used - then);
		t = now_of(w);
		earn(w, t);
	}
	pay(w, used_of(w) - used);
	return err;
}
