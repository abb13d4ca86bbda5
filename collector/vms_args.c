// SPDX-License-Identifier: GPL-2.0-only
/* What the command lines of programs that run virtual machines tell. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"
#include "vms_int.h"

#define CMDLINE 65536
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* The one after s; NULL after the last. */
static const char *next_arg(const struct mmt_args *a, const char *s)
{
	s += strlen(s) + 1;
	return s < a->buf + a->len ? s : NULL;
}

/* "--name X" or "--name=X"; QEMU takes options with one dash too. */
static const char *option(const struct mmt_args *a, const char *name)
{
	const char *s;
	size_t n;

	for (s = a->len ? next_arg(a, a->buf) : NULL; s; s = next_arg(a, s)) {
		n = strspn(s, "-");
		if (n < 1 || n > 2 || !mmt_vms__begins(s + n, name))
			continue;
		n += strlen(name);
		if (s[n] == '=' && s[1] == '-')
			return s + n + 1;
		if (!s[n])
			return next_arg(a, s);
	}
	return NULL;
}

/* A word without a value. */
static bool flag(const struct mmt_args *a, const char *name)
{
	const char *s;

	for (s = a->len ? next_arg(a, a->buf) : NULL; s; s = next_arg(a, s))
		if (*s == '-' && !strcmp(s + strspn(s, "-"), name))
			return true;
	return false;
}

bool mmt_vmm_is_qemu(const char *program)
{
	return mmt_vms__begins(program, "qemu-system-") || !strcmp(program, "qemu-kvm") || !strcmp(program, "kvm") || !strcmp(program, "qemu");
}

enum mmt_vmm mmt_vmm_of(const char *program)
{
	static const struct { const char *name; enum mmt_vmm vmm; } known[] = {
		{ "firecracker", MMT_VMM_FIRECRACKER }, { "cloud-hypervisor", MMT_VMM_CLOUD_HYPERVISOR }, { "cloud-hyperviso", MMT_VMM_CLOUD_HYPERVISOR },
		{ "crosvm", MMT_VMM_CROSVM }, { "lkvm", MMT_VMM_KVMTOOL }, { "lkvm-static", MMT_VMM_KVMTOOL }, { "vm", MMT_VMM_KVMTOOL },
	};
	size_t i;

	if (mmt_vmm_is_qemu(program))
		return MMT_VMM_QEMU;
	for (i = 0; i < N(known); i++)
		if (!strcmp(program, known[i].name))
			return known[i].vmm;
	return MMT_VMM_OTHER;
}

static const char *base_name(const char *path)
{
	const char *s = strrchr(path, '/');

	return s ? s + 1 : path;
}

/* QEMU: "X" or "guest=X,debug-threads=on"; a comma of the name is written twice. */
static void qemu_name(const char *s, char *name, size_t size)
{
	const char *g = mmt_vms__begins(s, "guest=") ? s : strstr(s, ",guest=");
	size_t n = 0;

	if (g)
		s = strchr(g, '=') + 1;
	else if (mmt_vms__begins(s, "process=") || mmt_vms__begins(s, "debug-threads="))
		s = "";
	while (*s && n + 1 < size) {
		if (*s == ',' && *++s != ',')
			break;
		name[n++] = *s++;
	}
	name[n] = 0;
}

/* "/run/vm one.sock", "path=/run/vm.sock,x=y": the file's name without its ending */
static void socket_name(const char *s, char *name, size_t size)
{
	char *dot;

	s = mmt_vms__begins(s, "path=") ? s + 5 : s;
	snprintf(name, size, "%.*s", (int)strcspn(s, ","), s);
	memmove(name, base_name(name), strlen(base_name(name)) + 1);
	dot = strrchr(name, '.');
	if (dot && dot != name)
		*dot = 0;
}

const char *mmt_args__program(const struct mmt_args *a)
{
	return base_name(a->buf);
}

void mmt_args__name(const struct mmt_args *a, struct mmt_vm *vm)
{
	static const char *const option_of[] = {
		[MMT_VMM_OTHER] = "name", [MMT_VMM_QEMU] = "name", [MMT_VMM_FIRECRACKER] = "id", [MMT_VMM_CLOUD_HYPERVISOR] = NULL,
		[MMT_VMM_CROSVM] = "name", [MMT_VMM_KVMTOOL] = "name",
	};
	static const char *const socket_of[] = {
		[MMT_VMM_FIRECRACKER] = "api-sock", [MMT_VMM_CLOUD_HYPERVISOR] = "api-socket", [MMT_VMM_CROSVM] = "socket",
		[MMT_VMM_KVMTOOL] = NULL,
	};
	const char *s = option_of[vm->vmm] ? option(a, option_of[vm->vmm]) : NULL;

	if (s && vm->vmm == MMT_VMM_QEMU)
		qemu_name(s, vm->name, sizeof(vm->name));
	else if (s)
		snprintf(vm->name, sizeof(vm->name), "%s", s);
	vm->named = MMT_VM_NAMED_OPTION;
	if (vm->name[0])
		return;
	s = socket_of[vm->vmm] ? option(a, socket_of[vm->vmm]) : NULL;
	if (s && !mmt_vms__begins(s, "fd="))
		socket_name(s, vm->name, sizeof(vm->name));
	vm->named = MMT_VM_NAMED_SOCKET;
}

/* QEMU without KVM says so, or says nothing: TCG is its default. */
enum mmt_accel mmt_args__accel(const struct mmt_args *a)
{
	const char *s = option(a, "accel"), *m = option(a, "machine");

	m = m ? m : option(a, "M");
	if ((s && mmt_vms__begins(s, "kvm")) || (m && strstr(m, "accel=kvm")) || flag(a, "enable-kvm"))
		return MMT_ACCEL_KVM;
	return MMT_ACCEL_TCG;
}

bool mmt_args__asks(const struct mmt_args *a)
{
	const char *m = option(a, "machine");

	m = m ? m : option(a, "M");
	return m && mmt_vms__begins(m, "none") && (!m[4] || m[4] == ',');
}

int mmt_args__read(const char *proc, uint32_t pid, struct mmt_args *a)
{
	char path[PATH_MAX];
	ssize_t n;

	*a = (struct mmt_args){ .buf = malloc(CMDLINE) };
	if (!a->buf)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/%u/cmdline", proc, pid);
	n = mmt_read_file(path, a->buf, CMDLINE);
	a->len = n > 0 ? (size_t)n : 0;
	if (n >= 0 || !mmt_vms__short_of((int)-n))
		return 0;
	free(a->buf);
	a->buf = NULL;
	return (int)n;
}
