/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtual machines among the processes, and which of their threads are virtual CPUs.
 *
 * A process is a VM when it holds a KVM VM (a file descriptor anon_inode:kvm-vm), or when
 * its program is one that runs VMs without KVM too (QEMU). Threads are known as virtual
 * CPUs by the names that QEMU (with debug-threads=on, as libvirt has it), Firecracker,
 * Cloud Hypervisor, crosvm and kvmtool give them; others by the system call they are in:
 * ioctl(KVM_RUN) on a descriptor anon_inode:kvm-vcpu:N. That shows only while a thread
 * does not run, so more of them may be found by looking again. Kernels since 6.0 tell it
 * themselves, in debugfs.
 */
#ifndef MMT_VMS_H
#define MMT_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mmt_vmm { MMT_VMM_OTHER, MMT_VMM_QEMU, MMT_VMM_FIRECRACKER, MMT_VMM_CLOUD_HYPERVISOR, MMT_VMM_CROSVM, MMT_VMM_KVMTOOL };
enum mmt_accel { MMT_ACCEL_UNKNOWN, MMT_ACCEL_KVM, MMT_ACCEL_TCG };
/* where a name is from, the better first */
enum mmt_vm_named { MMT_VM_NAMED_OPTION, MMT_VM_NAMED_SCOPE, MMT_VM_NAMED_SOCKET, MMT_VM_NAMED_PID };

#define MMT_QEMU_THREADS 3          /* QEMU with as many is a VM: itself, RCU's, a virtual CPU */
#define MMT_VCPU_ALL UINT32_MAX     /* one thread that runs all of them in turn (TCG) */

struct mmt_vcpu {
	uint32_t tid, index;
};

struct mmt_vm {
	uint32_t pid;
	enum mmt_vmm vmm;
	enum mmt_accel accel;
	enum mmt_vm_named named;
	char name[128];
	char scope[256];        /* its unit, as libvirt and systemd name it; "" none */
	struct mmt_vcpu *vcpus; /* threads that are known, by index */
	size_t n_vcpus, cap_vcpus;
	unsigned int n_fds;     /* virtual CPUs by descriptors; 0: none, or not ours to see */
	bool fds_denied;
	bool asks;              /* QEMU started to tell what it can do: it runs no VM */
	int vm_fd;              /* of KVM; -1 none */
	unsigned int n_threads;
};

struct mmt_vms {
	struct mmt_vm *v;       /* by pid */
	size_t n, cap;
};

/* proc: "/proc", or a made-up tree. 0, -errno of a look, or why proc cannot be read. */
int mmt_vms__scan(const char *proc, struct mmt_vms *out);
/* One process: 1 it is a VM, 0 it is not or is gone, or -ENOMEM, -EMFILE, -ENFILE; vm is to be freed in the first case. */
int mmt_vms__look(const char *proc, uint32_t pid, struct mmt_vm *vm);
/*
 * What its command line and its cgroup tell of a process, whether it is a VM (yet) or not:
 * vmm, accel (as asked for), name, named, scope. False: it is gone; then the name is made of the program.
 */
bool mmt_vms__identify(const char *proc, uint32_t pid, const char *comm, struct mmt_vm *vm);
#define MMT_KVM_DIR "/sys/kernel/debug/kvm"
/* Threads of virtual CPUs that the kernel tells: kvm_dir/PID-FD/vcpuN/pid. */
void mmt_vms__ask_kvm(const char *proc, const char *kvm_dir, struct mmt_vm *vm);
/* Is a thread of this name a virtual CPU's, a process of this name one that runs VMs? */
bool mmt_vms__vcpu_name(const char *comm);
/* Its number, and what runs it where the name says so; false: it is none. */
bool mmt_vms__vcpu_of(const char *comm, uint32_t *index, enum mmt_accel *accel);
bool mmt_vms__vmm_name(const char *comm);
/* The process that a kernel thread of this name works for: vhost-123, kvm-pit/123; 0: none that is told */
uint32_t mmt_vms__works_for(const char *comm);
void mmt_vm__free(struct mmt_vm *vm);
void mmt_vms__free(struct mmt_vms *s);
const char *mmt_vmm_name(enum mmt_vmm vmm);
const char *mmt_accel_name(enum mmt_accel accel);

#endif
