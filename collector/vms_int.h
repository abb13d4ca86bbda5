/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files that look for virtual machines. */
#ifndef MMT_VMS_INT_H
#define MMT_VMS_INT_H

#include <errno.h>
#include <string.h>

#include "vms.h"

static inline bool mmt_vms__begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* That we have nothing left to look with says nothing of the process. */
static inline int mmt_vms__short_of(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM ? -err : 0;
}

bool mmt_vmm_is_qemu(const char *program);
enum mmt_vmm mmt_vmm_of(const char *program);

/* A command line: words, each with its 0. */
struct mmt_args {
	char *buf;
	size_t len;
};

/* Of at most 64 KB, or empty; -errno as mmt_vms__short_of(), then without a buffer. */
int mmt_args__read(const char *proc, uint32_t pid, struct mmt_args *a);
/* Without its directory. */
const char *mmt_args__program(const struct mmt_args *a);
/* vm->name and ->named, by the options and the socket of vm->vmm; "": they do not tell */
void mmt_args__name(const struct mmt_args *a, struct mmt_vm *vm);
/* Of QEMU. */
enum mmt_accel mmt_args__accel(const struct mmt_args *a);
/* QEMU as libvirt starts it to learn of it: it may have a VM of KVM, without CPUs. */
bool mmt_args__asks(const struct mmt_args *a);

#endif
