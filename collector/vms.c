// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sysfs.h"
#include "vms_int.h"

#define FDS 4096 /* of a process that need not be a VM, looked at */
#define N(a) (sizeof(a) / sizeof((a)[0]))

const char *mmt_vmm_name(enum mmt_vmm vmm)
{
	static const char *const name[] = { "other", "qemu", "firecracker", "cloud-hypervisor", "crosvm", "kvmtool" };

	return (size_t)vmm < N(name) ? name[vmm] : "?";
}

const char *mmt_accel_name(enum mmt_accel accel)
{
	static const char *const name[] = { "unknown", "kvm", "tcg" };

	return (size_t)accel < N(name) ? name[accel] : "?";
}

/* ---------------------------------------------------------------- cgroup */

/* systemd writes what a unit's name may not have as \xNN. */
static void unescape(char *s)
{
	char *to = s, hex[3] = "";

	while (*s) {
		if (s[0] == '\\' && s[1] == 'x' && isxdigit((unsigned char)s[2]) && isxdigit((unsigned char)s[3])) {
			memcpy(hex, s + 2, 2);
			*to++ = (char)strtoul(hex, NULL, 16);
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

/* libvirt: .../machine-qemu\x2d3\x2dNAME.scope, with what it puts below that */
static void scope_name(const char *path, struct mmt_vm *vm)
{
	const char *s = strstr(path, "/machine-");
	char name[256], *end, *p;

	if (!s)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(s + 1, "/"), s + 1);
	memcpy(vm->scope, name, sizeof(vm->scope));
	end = strstr(name, ".scope");
	if (!end)
		return;
	*end = 0;
	unescape(name);
	p = name + strlen("machine-");
	/* "qemu-3-web-1": what drives it, a number, the name */
	s = strchr(p, '-');
	if (s) {
		strtoul(s + 1, &end, 10);
		if (end != s + 1 && *end == '-' && end[1])
			p = end + 1;
	}
	if (vm->name[0] && vm->named == MMT_VM_NAMED_OPTION)
		return;
	snprintf(vm->name, sizeof(vm->name), "%.*s", (int)sizeof(vm->name) - 1, p);
	vm->named = MMT_VM_NAMED_SCOPE;
}

static void read_scope(const char *proc, uint32_t pid, struct mmt_vm *vm)
{
	char path[PATH_MAX], buf[4096], *line, *save = NULL, *s;

	snprintf(path, sizeof(path), "%s/%u/cgroup", proc, pid);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return;
	for (line = strtok_r(buf, "\n", &save); line && !vm->scope[0]; line = strtok_r(NULL, "\n", &save)) {
		s = strchr(line, '/');
		if (s)
			scope_name(s, vm);
	}
}

/* ---------------------------------------------------------------- descriptors and threads */

static bool link_of(const char *proc, uint32_t pid, const char *fd, char *to, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%u/fd/%s", proc, pid, fd);
	n = readlink(path, to, size - 1);
	to[n > 0 ? n : 0] = 0;
	return n > 0;
}

/*
 * Has it a VM of KVM? Counts its virtual CPUs. -errno as mmt_vms__short_of(). A server may have a million
 * descriptors; who runs VMs has that of KVM among the first, which come first.
 */
static int look_at_fds(const char *proc, uint32_t pid, struct mmt_vm *vm, bool *kvm)
{
	unsigned int most = vm->vmm == MMT_VMM_OTHER ? FDS : UINT_MAX;
	char path[PATH_MAX], to[64];
	const struct dirent *e;
	DIR *dir;

	*kvm = false;
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	dir = opendir(path);
	vm->fds_denied = !dir && errno == EACCES;
	if (!dir)
		return mmt_vms__short_of(errno);
	while ((e = readdir(dir)) && (*kvm || most--)) {
		if (!mmt_is_number(e->d_name) || !link_of(proc, pid, e->d_name, to, sizeof(to)))
			continue;
		if (!strcmp(to, "anon_inode:kvm-vm")) {
			*kvm = true;
			vm->vm_fd = (int)strtol(e->d_name, NULL, 10);
		}
		vm->n_fds += mmt_vms__begins(to, "anon_inode:kvm-vcpu:");
	}
	closedir(dir);
	return 0;
}

/* "CPU 3/KVM", "ALL CPUs/TCG", "fc_vcpu 3", "vcpu3", "crosvm_vcpu3", "kvm-vcpu-3" */
static bool vcpu_name(const char *comm, uint32_t *index, enum mmt_accel *accel)
{
	static const char *const prefix[] = { "CPU ", "fc_vcpu ", "crosvm_vcpu", "kvm-vcpu-", "vcpu" };
	char *end;
	size_t i;

	if (mmt_vms__begins(comm, "ALL CPUs/")) {
		*index = MMT_VCPU_ALL;
		*accel = MMT_ACCEL_TCG;
		return true;
	}
	for (i = 0; i < N(prefix); i++) {
		const char *s = comm + strlen(prefix[i]);

		if (!mmt_vms__begins(comm, prefix[i]) || !isdigit((unsigned char)*s))
			continue;
		*index = (uint32_t)strtoul(s, &end, 10);
		if (i ? *end : *end != '/')
			continue;
		if (!i)
			*accel = !strcmp(end, "/KVM") ? MMT_ACCEL_KVM : !strcmp(end, "/TCG") ? MMT_ACCEL_TCG : *accel;
		return true;
	}
	return false;
}

/* A worker that the kernel started within the first KVM_RUN: it looks as if it were in it still. */
static bool is_worker(const char *comm)
{
	return mmt_vms__begins(comm, "kvm-nx-lpage");
}

/* In ioctl(fd, KVM_RUN)? "16 0x1b 0xae80 0x0 ..." of a thread that is not on a CPU */
static bool vcpu_syscall(const char *proc, uint32_t pid, const char *tid, uint32_t *index)
{
	char path[PATH_MAX], buf[256], to[64], fd[24], *s;
	static const char prefix[] = "anon_inode:kvm-vcpu:";
	unsigned long long nr, arg[2];

	snprintf(path, sizeof(path), "%s/%u/task/%s/syscall", proc, pid, tid);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0 || !isdigit((unsigned char)buf[0]))
		return false;
	nr = strtoull(buf, &s, 10);
	arg[0] = strtoull(s, &s, 16);
	arg[1] = strtoull(s, &s, 16);
	if (nr != SYS_ioctl || (arg[1] & UINT32_MAX) != KVM_RUN)
		return false;
	snprintf(fd, sizeof(fd), "%llu", arg[0] & UINT32_MAX);
	if (!link_of(proc, pid, fd, to, sizeof(to)) || !mmt_vms__begins(to, prefix))
		return false;
	*index = (uint32_t)strtoul(to + strlen(prefix), NULL, 10);
	return true;
}

static int add_vcpu(struct mmt_vm *vm, uint32_t tid, uint32_t index)
{
	if (vm->n_vcpus == vm->cap_vcpus) {
		size_t cap = vm->cap_vcpus ? vm->cap_vcpus * 2 : 8;
		struct mmt_vcpu *v = reallocarray(vm->vcpus, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		vm->vcpus = v;
		vm->cap_vcpus = cap;
	}
	vm->vcpus[vm->n_vcpus++] = (struct mmt_vcpu){ tid, index };
	return 0;
}

static int cmp_vcpu(const void *a, const void *b)
{
	const struct mmt_vcpu *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

bool mmt_vms__vcpu_of(const char *comm, uint32_t *index, enum mmt_accel *accel)
{
	return vcpu_name(comm, index, accel);
}

bool mmt_vms__vcpu_name(const char *comm)
{
	enum mmt_accel accel;
	uint32_t index;

	return vcpu_name(comm, &index, &accel);
}

bool mmt_vms__vmm_name(const char *comm)
{
	/* QEMU may be called anything, but its threads begin as what they were started as */
	return mmt_vms__begins(comm, "qemu-") || mmt_vmm_is_qemu(comm) || (mmt_vmm_of(comm) != MMT_VMM_OTHER && strcmp(comm, "vm"));
}

uint32_t mmt_vms__works_for(const char *comm)
{
	static const char *const prefix[] = { "vhost-", "kvm-pit/" };
	size_t i, n;

	for (i = 0; i < N(prefix); i++) {
		n = strlen(prefix[i]);
		if (mmt_vms__begins(comm, prefix[i]) && mmt_is_number(comm + n))
			return (uint32_t)strtoul(comm + n, NULL, 10);
	}
	return 0;
}

void mmt_vms__ask_kvm(const char *proc, const char *kvm_dir, struct mmt_vm *vm)
{
	char path[PATH_MAX], buf[32];
	uint32_t tid;
	unsigned int i;
	size_t k;

	for (i = 0; vm->vm_fd >= 0 && i < vm->n_fds && vm->n_vcpus < vm->n_fds; i++) {
		snprintf(path, sizeof(path), "%s/%u-%d/vcpu%u/pid", kvm_dir, vm->pid, vm->vm_fd, i);
		if (mmt_read_file(path, buf, sizeof(buf)) <= 0)
			continue;
		tid = (uint32_t)strtoul(buf, NULL, 10);
		for (k = 0; k < vm->n_vcpus && vm->vcpus[k].tid != tid; k++)
			;
		if (!tid || k < vm->n_vcpus) /* 0: it has not run yet */
			continue;
		snprintf(path, sizeof(path), "%s/%u/task/%u", proc, vm->pid, tid); /* KVM tells who ran it last, gone or not */
		if (!access(path, F_OK))
			(void)add_vcpu(vm, tid, i);
	}
	if (vm->n_vcpus)
		qsort(vm->vcpus, vm->n_vcpus, sizeof(*vm->vcpus), cmp_vcpu);
}

static int look_at_threads(const char *proc, uint32_t pid, struct mmt_vm *vm)
{
	char path[PATH_MAX], comm[64];
	const struct dirent *e;
	uint32_t index;
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%u/task", proc, pid);
	dir = opendir(path);
	if (!dir)
		return mmt_vms__short_of(errno);
	while (!err && (e = readdir(dir))) {
		if (!mmt_is_number(e->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%u/task/%s/comm", proc, pid, e->d_name);
		if (mmt_read_file(path, comm, sizeof(comm)) < 0)
			continue;
		comm[strcspn(comm, "\n")] = 0;
		vm->n_threads++;
		if (vcpu_name(comm, &index, &vm->accel) || (!is_worker(comm) && vcpu_syscall(proc, pid, e->d_name, &index)))
			err = add_vcpu(vm, (uint32_t)strtoul(e->d_name, NULL, 10), index);
	}
	closedir(dir);
	if (vm->n_vcpus)
		qsort(vm->vcpus, vm->n_vcpus, sizeof(*vm->vcpus), cmp_vcpu);
	return err;
}

/* ---------------------------------------------------------------- processes */

static void name_it(const char *proc, const struct mmt_args *a, struct mmt_vm *vm)
{
	mmt_args__name(a, vm);
	read_scope(proc, vm->pid, vm);
	if (vm->name[0])
		return;
	snprintf(vm->name, sizeof(vm->name), "%s-%u", vm->vmm == MMT_VMM_OTHER ? "vm" : mmt_vmm_name(vm->vmm), vm->pid);
	vm->named = MMT_VM_NAMED_PID;
}

bool mmt_vms__identify(const char *proc, uint32_t pid, const char *comm, struct mmt_vm *vm)
{
	struct mmt_args a;
	bool there;

	*vm = (struct mmt_vm){ .pid = pid, .vm_fd = -1, .vmm = mmt_vmm_of(comm) };
	there = !mmt_args__read(proc, pid, &a) && a.len;
	if (there && mmt_vmm_of(mmt_args__program(&a)) != MMT_VMM_OTHER)
		vm->vmm = mmt_vmm_of(mmt_args__program(&a));
	if (there && vm->vmm == MMT_VMM_QEMU) {
		vm->accel = mmt_args__accel(&a);
		vm->asks = mmt_args__asks(&a);
	}
	name_it(proc, &a, vm);
	free(a.buf);
	return there;
}

int mmt_vms__look(const char *proc, uint32_t pid, struct mmt_vm *vm)
{
	struct mmt_args a;
	bool kvm;
	int err;

	*vm = (struct mmt_vm){ .pid = pid, .vm_fd = -1 };
	err = mmt_args__read(proc, pid, &a);
	if (err)
		return err;
	if (!a.len) /* gone, or a kernel thread */
		goto out;
	vm->vmm = mmt_vmm_of(mmt_args__program(&a));
	vm->asks = vm->vmm == MMT_VMM_QEMU && mmt_args__asks(&a);
	if (vm->asks)
		goto out;
	err = look_at_fds(proc, pid, vm, &kvm);
	if (err || (!kvm && vm->vmm == MMT_VMM_OTHER))
		goto out;
	vm->accel = kvm ? MMT_ACCEL_KVM : vm->vmm == MMT_VMM_QEMU ? mmt_args__accel(&a) : MMT_ACCEL_UNKNOWN;
	err = look_at_threads(proc, pid, vm);
	/*
	 * A manager of that name without a VM: the API server of Firecracker before it starts one,
	 * crosvm's helpers; anything that is called vm; QEMU that has no CPU yet, asks for something else, or has forked.
	 */
	if (err || (!kvm && !vm->n_vcpus && (vm->vmm != MMT_VMM_QEMU || vm->n_threads < MMT_QEMU_THREADS))) {
		mmt_vm__free(vm);
		goto out;
	}
	if (!strcmp(proc, "/proc"))
		mmt_vms__ask_kvm(proc, MMT_KVM_DIR, vm);
	name_it(proc, &a, vm);
	err = 1;
out:
	free(a.buf);
	return err;
}

void mmt_vm__free(struct mmt_vm *vm)
{
	free(vm->vcpus);
	vm->vcpus = NULL;
	vm->n_vcpus = vm->cap_vcpus = 0;
}

static int cmp_vm(const void *a, const void *b)
{
	const struct mmt_vm *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int keep(struct mmt_vms *s, const struct mmt_vm *vm)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		struct mmt_vm *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = *vm;
	return 0;
}

int mmt_vms__scan(const char *proc, struct mmt_vms *out)
{
	const struct dirent *e;
	struct mmt_vm vm;
	DIR *dir = opendir(proc);
	int err = 0;

	*out = (struct mmt_vms){ 0 };
	if (!dir)
		return -errno;
	while (err >= 0 && (e = readdir(dir))) {
		if (!mmt_is_number(e->d_name))
			continue;
		err = mmt_vms__look(proc, (uint32_t)strtoul(e->d_name, NULL, 10), &vm);
		if (err <= 0)
			continue;
		err = keep(out, &vm);
		if (err)
			mmt_vm__free(&vm);
	}
	closedir(dir);
	if (err < 0) {
		mmt_vms__free(out);
		return err;
	}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), cmp_vm);
	return 0;
}

void mmt_vms__free(struct mmt_vms *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		mmt_vm__free(&s->v[i]);
	free(s->v);
	*s = (struct mmt_vms){ 0 };
}
