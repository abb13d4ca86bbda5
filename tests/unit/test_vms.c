// SPDX-License-Identifier: GPL-2.0-only
/* Virtual machines are found in made-up trees of /proc, by every mark that they have; what is none is not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../collector/vms.h"
#include "vm_tree.h"

static const struct mmt_vm *find(const struct mmt_vms *s, unsigned int pid)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].pid == pid)
			return &s->v[i];
	fail_msg("no VM %u", pid);
	return NULL;
}

static void test_qemu(void **state)
{
	const struct mmt_vm *vm;
	struct mmt_vms s;
	struct vm_tree t;

	(void)state;
	vm_tree_open(&t);
	/* libvirt */
	vm_tree_process(&t, 100, "/usr/bin/qemu-system-x86_64 -name guest=web,,1,debug-threads=on -S -object x -machine pc,accel=kvm",
		"0::/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope/libvirt/emulator\n");
	vm_tree_fd(&t, 100, 10, "/dev/kvm");
	vm_tree_fd(&t, 100, 11, "anon_inode:kvm-vm");
	vm_tree_fd(&t, 100, 12, "anon_inode:kvm-vcpu:0");
	vm_tree_fd(&t, 100, 13, "anon_inode:kvm-vcpu:1");
	vm_tree_thread(&t, 100, 100, "qemu-system-x86\n", "271 0x1 0x2 0x3\n");
	vm_tree_thread(&t, 100, 112, "CPU 1/KVM\n", "running\n");
	vm_tree_thread(&t, 100, 111, "CPU 0/KVM\n", "16 0xc 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f\n");
	vm_tree_thread(&t, 100, 115, "kvm-nx-lpage-re\n", "16 0xc 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f\n"); /* the kernel's */
	vm_tree_thread(&t, 100, 113, "IO mon_iothread\n", NULL);
	vm_tree_thread(&t, 100, 114, "CPU zero/KVM\n", NULL);
	/* no names of threads: one is in KVM_RUN, one is running */
	vm_tree_process(&t, 200, "/usr/libexec/qemu-kvm -enable-kvm -name old -m 1G", "11:cpu:/x\n0::/user.slice\n");
	vm_tree_fd(&t, 200, 9, "anon_inode:kvm-vm");
	vm_tree_fd(&t, 200, 14, "anon_inode:kvm-vcpu:0");
	vm_tree_fd(&t, 200, 15, "anon_inode:kvm-vcpu:1");
	vm_tree_thread(&t, 200, 200, "qemu-kvm\n", "16 0xe 0xae81 0x0\n");
	vm_tree_thread(&t, 200, 201, "qemu-kvm\n", "16 0xf 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f\n");
	vm_tree_thread(&t, 200, 202, "qemu-kvm\n", "running\n");
	vm_tree_thread(&t, 200, 203, "qemu-kvm\n", "16 0x9 0xae80 0x0\n"); /* not on a vCPU's descriptor */
	/* without KVM; the name is of the scope */
	vm_tree_process(&t, 300, "qemu-system-aarch64 -accel tcg,thread=multi", "0::/machine.slice/machine-qemu\\x2d12\\x2darm.scope\n");
	vm_tree_thread(&t, 300, 300, "qemu-system-aar\n", NULL);
	vm_tree_thread(&t, 300, 301, "CPU 0/TCG\n", NULL);
	vm_tree_process(&t, 310, "qemu-system-riscv64 --name debug-threads=on", "0::/\n");
	vm_tree_thread(&t, 310, 311, "ALL CPUs/TCG\n", NULL);
	/* libvirt asks what it can do: no VM, though KVM was tried and it has threads */
	vm_tree_process(&t, 320, "/usr/bin/qemu-system-x86_64 -S -no-user-config -nodefaults -machine none,accel=kvm:tcg -qmp unix:/x -daemonize", NULL);
	vm_tree_fd(&t, 320, 9, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 320, 320, "qemu-system-x86\n", NULL);
	vm_tree_thread(&t, 320, 321, "qemu-system-x86\n", NULL);
	vm_tree_thread(&t, 320, 322, "qemu-system-x86\n", NULL);
	assert_int_equal(mmt_vms__scan(t.dir, &s), 0);
	assert_int_equal(s.n, 4);
	vm = find(&s, 100);
	assert_string_equal(vm->name, "web,1");
	assert_int_equal(vm->named, MMT_VM_NAMED_OPTION);
	assert_string_equal(vm->scope, "machine-qemu\\x2d3\\x2dweb\\x2d1.scope");
	assert_int_equal(vm->vmm, MMT_VMM_QEMU);
	assert_int_equal(vm->accel, MMT_ACCEL_KVM);
	assert_int_equal(vm->n_fds, 2);
	assert_int_equal(vm->n_vcpus, 2);
	assert_int_equal(vm->vcpus[0].tid, 111);
	assert_int_equal(vm->vcpus[1].tid, 112);
	assert_int_equal(vm->vcpus[1].index, 1);
	vm = find(&s, 200);
	assert_string_equal(vm->name, "old");
	assert_string_equal(vm->scope, "");
	assert_int_equal(vm->n_fds, 2);
	assert_int_equal(vm->n_vcpus, 1);
	assert_int_equal(vm->vcpus[0].tid, 201);
	assert_int_equal(vm->vcpus[0].index, 1);
	vm = find(&s, 300);
	assert_string_equal(vm->name, "arm");
	assert_int_equal(vm->named, MMT_VM_NAMED_SCOPE);
	assert_int_equal(vm->accel, MMT_ACCEL_TCG);
	assert_int_equal(vm->n_vcpus, 1);
	vm = find(&s, 310);
	assert_string_equal(vm->name, "qemu-310");
	assert_int_equal(vm->named, MMT_VM_NAMED_PID);
	assert_int_equal(vm->vcpus[0].index, MMT_VCPU_ALL);
	mmt_vms__free(&s);
	vm_tree_close(&t);
}

static void test_others(void **state)
{
	const struct mmt_vm *vm;
	struct mmt_vms s;
	struct vm_tree t;

	(void)state;
	vm_tree_open(&t);
	vm_tree_process(&t, 10, "/firecracker --id 551e7604-e35c --api-sock /run/fc.sock", NULL);
	vm_tree_fd(&t, 10, 8, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 10, 10, "firecracker\n", NULL);
	vm_tree_thread(&t, 10, 11, "fc_api\n", NULL);
	vm_tree_thread(&t, 10, 13, "fc_vcpu 1\n", NULL);
	vm_tree_thread(&t, 10, 12, "fc_vcpu 0\n", NULL);
	vm_tree_process(&t, 20, "/usr/bin/cloud-hypervisor --api-socket path=/run/ch/db~one.sock,x=y --cpus boot=2", NULL);
	vm_tree_fd(&t, 20, 8, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 20, 21, "vcpu0\n", NULL);
	vm_tree_thread(&t, 20, 22, "vcpu10\n", NULL);
	vm_tree_thread(&t, 20, 23, "vcpu2x\n", NULL);
	vm_tree_process(&t, 30, "crosvm run --name=arc --cpus 1 vmlinux", NULL);
	vm_tree_fd(&t, 30, 8, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 30, 31, "crosvm_vcpu0\n", NULL);
	vm_tree_process(&t, 40, "/usr/bin/lkvm run --name guest-7", NULL);
	vm_tree_fd(&t, 40, 8, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 40, 41, "kvm-vcpu-0\n", NULL);
	/* a test of ours, or of somebody else */
	vm_tree_process(&t, 50, "./tinyvm", NULL);
	vm_tree_fd(&t, 50, 4, "anon_inode:kvm-vm");
	vm_tree_fd(&t, 50, 5, "anon_inode:kvm-vcpu:0");
	vm_tree_thread(&t, 50, 50, "tinyvm\n", "16 0x5 0xae80 0x0 0x0 0x0 0x0 0x7f 0x7f\n");
	/* in a scope of libvirt's, which gives the socket as a descriptor; in a jail, without an id; without a name */
	vm_tree_process(&t, 51, "cloud-hypervisor --api-socket fd=3", "0::/machine.slice/machine-ch\\x2d4\\x2dcache.scope\n");
	vm_tree_fd(&t, 51, 4, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 51, 52, "vcpu0\n", NULL);
	vm_tree_thread(&t, 51, 53, "vmm\n", NULL);
	vm_tree_process(&t, 54, "cloud-hypervisor --api-socket fd=3", NULL);
	vm_tree_fd(&t, 54, 4, "anon_inode:kvm-vm");
	vm_tree_process(&t, 55, "/firecracker --api-sock=/run/fc-7.sock --start-time-us 5", "0::/firecracker/7\n");
	vm_tree_fd(&t, 55, 4, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 55, 56, "fc_vcpu 0\n", NULL);
	vm_tree_process(&t, 57, "/usr/bin/crosvm run --socket /run/vm/termina.sock vmlinux", NULL);
	vm_tree_fd(&t, 57, 4, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 57, 58, "crosvm_vcpu0\n", NULL);
	/* a library with Firecracker's names in another program */
	vm_tree_process(&t, 59, "/usr/bin/krun-vm box", NULL);
	vm_tree_fd(&t, 59, 4, "anon_inode:kvm-vm");
	vm_tree_thread(&t, 59, 64, "fc_vcpu 0\n", NULL);
	/* its descriptors are not ours to see */
	vm_tree_process(&t, 65, "lkvm run --name soft", NULL);
	vm_tree_thread(&t, 65, 66, "kvm-vcpu-0\n", NULL);
	/* none: no VM yet, a tool of QEMU's, one that only opened /dev/kvm, a kernel thread, no process */
	vm_tree_process(&t, 60, "firecracker --id later", NULL);
	vm_tree_thread(&t, 60, 60, "firecracker\n", NULL);
	vm_tree_process(&t, 67, "./vm --name nothing", NULL);
	vm_tree_thread(&t, 67, 67, "vm\n", NULL);
	vm_tree_process(&t, 61, "/usr/bin/qemu-img convert -name x", NULL);
	vm_tree_process(&t, 62, "libvirtd", NULL);
	vm_tree_fd(&t, 62, 3, "/dev/kvm");
	vm_tree_file(&t, 63, "cmdline", "");
	vm_tree_thread(&t, 63, 63, "kvm-pit/100\n", NULL);
	vm_tree_file(&t, 0, "x", "");
	assert_int_equal(mmt_vms__scan(t.dir, &s), 0);
	assert_int_equal(s.n, 11);
	assert_string_equal(find(&s, 51)->name, "cache");
	assert_int_equal(find(&s, 51)->n_vcpus, 1);
	assert_string_equal(find(&s, 54)->name, "cloud-hypervisor-54");
	assert_string_equal(find(&s, 55)->name, "fc-7");
	assert_int_equal(find(&s, 55)->named, MMT_VM_NAMED_SOCKET);
	assert_string_equal(find(&s, 57)->name, "termina");
	assert_string_equal(find(&s, 59)->name, "vm-59");
	assert_int_equal(find(&s, 59)->vcpus[0].tid, 64);
	assert_int_equal(find(&s, 65)->vmm, MMT_VMM_KVMTOOL);
	vm = find(&s, 10);
	assert_int_equal(vm->vmm, MMT_VMM_FIRECRACKER);
	assert_string_equal(vm->name, "551e7604-e35c");
	assert_int_equal(vm->n_vcpus, 2);
	assert_int_equal(vm->vcpus[0].tid, 12);
	vm = find(&s, 20);
	assert_int_equal(vm->vmm, MMT_VMM_CLOUD_HYPERVISOR);
	assert_string_equal(vm->name, "db one");
	assert_int_equal(vm->n_vcpus, 2);
	assert_int_equal(vm->vcpus[1].index, 10);
	vm = find(&s, 30);
	assert_int_equal(vm->vmm, MMT_VMM_CROSVM);
	assert_string_equal(vm->name, "arc");
	vm = find(&s, 40);
	assert_int_equal(vm->vmm, MMT_VMM_KVMTOOL);
	assert_string_equal(vm->name, "guest-7");
	assert_int_equal(vm->n_vcpus, 1);
	vm = find(&s, 50);
	assert_int_equal(vm->vmm, MMT_VMM_OTHER);
	assert_string_equal(vm->name, "vm-50");
	assert_int_equal(vm->vcpus[0].tid, 50);
	mmt_vms__free(&s);
	vm_tree_close(&t);
	assert_int_equal(mmt_vms__scan("/nonexistent", &s), -ENOENT);
	assert_int_equal(mmt_vms__scan("/proc", &s), 0);
	mmt_vms__free(&s);
}

/* What a process's words and cgroup tell of it before it is a VM. */
static void test_identify(void **state)
{
	struct mmt_vm vm;
	struct vm_tree t;

	(void)state;
	vm_tree_open(&t);
	vm_tree_process(&t, 10, "/usr/bin/qemu-system-x86_64 -M q35,accel=kvm -name guest=a", NULL);
	assert_true(mmt_vms__identify(t.dir, 10, "qemu-system-x86", &vm));
	assert_true(vm.vmm == MMT_VMM_QEMU && vm.accel == MMT_ACCEL_KVM && vm.named == MMT_VM_NAMED_OPTION);
	assert_string_equal(vm.name, "a");
	vm_tree_process(&t, 10, "/usr/bin/renamed -enable-kvm", "0::/machine.slice/machine-qemu\\x2d1\\x2db.scope\n");
	assert_true(mmt_vms__identify(t.dir, 10, "qemu-kvm", &vm));
	assert_true(vm.vmm == MMT_VMM_QEMU && vm.accel == MMT_ACCEL_KVM && vm.named == MMT_VM_NAMED_SCOPE);
	assert_string_equal(vm.name, "b");
	vm_tree_process(&t, 12, "qemu-system-x86_64 -m 1", NULL);
	assert_true(mmt_vms__identify(t.dir, 12, "qemu-system-x86", &vm));
	assert_true(vm.accel == MMT_ACCEL_TCG && vm.named == MMT_VM_NAMED_PID);
	/* gone: only what it is called */
	assert_false(mmt_vms__identify(t.dir, 11, "cloud-hyperviso", &vm));
	assert_true(vm.vmm == MMT_VMM_CLOUD_HYPERVISOR && vm.accel == MMT_ACCEL_UNKNOWN);
	assert_string_equal(vm.name, "cloud-hypervisor-11");
	vm_tree_close(&t);
}

/* Five hundred VMs of sixteen virtual CPUs. */
static void test_many(void **state)
{
	char comm[32];
	struct mmt_vms s;
	struct vm_tree t;
	unsigned int i, k;

	(void)state;
	vm_tree_open(&t);
	for (i = 1; i <= 500; i++) {
		snprintf(comm, sizeof(comm), "qemu-system-x86_64 -name v%u", i);
		vm_tree_process(&t, i * 100, comm, NULL);
		for (k = 0; k < 16; k++) {
			snprintf(comm, sizeof(comm), "CPU %u/KVM\n", 15 - k);
			vm_tree_thread(&t, i * 100, i * 100 + k + 1, comm, NULL);
		}
	}
	assert_int_equal(mmt_vms__scan(t.dir, &s), 0);
	assert_int_equal(s.n, 500);
	for (i = 0; i < 500; i++) {
		assert_int_equal(s.v[i].pid, (i + 1) * 100);
		assert_int_equal(s.v[i].n_vcpus, 16);
		assert_int_equal(s.v[i].vcpus[15].index, 15);
		assert_int_equal(s.v[i].vcpus[0].tid, s.v[i].pid + 16);
	}
	mmt_vms__free(&s);
	vm_tree_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qemu), cmocka_unit_test(test_others), cmocka_unit_test(test_many),
		cmocka_unit_test(test_identify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
