// SPDX-License-Identifier: GPL-2.0-only
/* Virtual machines that come, go and change, in made-up trees of /proc and by a made-up clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../../collector/vm_watch.h"
#include "trace_make.h"
#include "vm_tree.h"

#define MS 1000000ULL
#define SEC 1000000000ULL

struct host {
	struct vm_tree t;
	struct mmt_vm_watch w;
	char kvm[80];
	uint64_t clock, price; /* ns; of a look */
	char log[1024];       /* what happened: "+1:web +1.0@101 " */
};

static uint64_t now(void *p)
{
	const struct host *h = p;

	return h->clock;
}

static uint64_t used(void *p)
{
	const struct host *h = p;

	return h->w.looks * h->price;
}

static void say(struct host *h, const char *what)
{
	size_t at = strlen(h->log);

	snprintf(h->log + at, sizeof(h->log) - at, "%s%s", at ? " " : "", what);
}

static int on_vm(void *p, struct mmt_watched *vm, enum mmt_vm_event event, uint64_t at)
{
	static const char mark[] = "+=-.";
	char s[192];

	(void)at;
	snprintf(s, sizeof(s), "%c%u:%s", mark[event], vm->number, vm->name);
	say(p, s);
	return 0;
}

static int on_cpu(void *p, struct mmt_watched *vm, struct mmt_watched_cpu *cpu, enum mmt_vcpu_event event, uint64_t at)
{
	static const char mark[] = "+-.";
	char s[64];

	(void)at;
	snprintf(s, sizeof(s), "%c%u.%u@%u", mark[event], vm->number, cpu->index, cpu->tid);
	say(p, s);
	return 0;
}

static const struct mmt_vm_watch_ops ops = { .now = now, .used = used, .vm = on_vm, .cpu = on_cpu };

/* kvm: it tells of its VMs */
static void host_open(struct host *h, bool kvm)
{
	memset(h, 0, sizeof(*h));
	vm_tree_open(&h->t);
	snprintf(h->kvm, sizeof(h->kvm), "%s/kvm", h->t.dir);
	if (kvm)
		mkdir(h->kvm, 0755);
	h->clock = 100 * SEC;
	mmt_vm_watch__init(&h->w, h->t.dir, h->kvm, &ops, h);
}

static void host_close(struct host *h)
{
	mmt_vm_watch__free(&h->w);
	vm_tree_close(&h->t);
}

/* This long, with a pass each 10 ms; what happened must be this. */
static void expect(struct host *h, uint64_t ns, const char *log)
{
	uint64_t end = h->clock + ns;

	while (h->clock < end) {
		h->clock += 10 * MS;
		assert_int_equal(mmt_vm_watch__work(&h->w, 2 * MS), 0);
	}
	assert_string_equal(h->log, log);
	h->log[0] = 0;
}

static void tell(struct host *h, enum mmt_watch_what what, uint32_t tid, uint32_t tgid, uint32_t ppid, const char *comm)
{
	const struct mmt_watch_task t = { .tid = tid, .tgid = tgid, .ppid = ppid, .kernel = ppid == 2, .comm = comm };

	assert_int_equal(mmt_vm_watch__task(&h->w, what, &t), 0);
}

static void gone(struct host *h, uint32_t tid, uint32_t tgid)
{
	assert_int_equal(mmt_vm_watch__gone(&h->w, tid, tgid, h->clock), 0);
}

/* QEMU with KVM and named threads: 2 virtual CPUs. */
static void qemu(struct host *h, unsigned int pid, const char *name)
{
	char line[128];

	snprintf(line, sizeof(line), "/usr/bin/qemu-system-x86_64 -name guest=%s,debug-threads=on", name);
	vm_tree_process(&h->t, pid, line, "0::/\n");
	snprintf(line, sizeof(line), "Name:\tqemu-system-x86\nTgid:\t%u\n", pid);
	vm_tree_file(&h->t, pid, "status", line);
	vm_tree_fd(&h->t, pid, 9, "anon_inode:kvm-vm");
	vm_tree_fd(&h->t, pid, 10, "anon_inode:kvm-vcpu:0");
	vm_tree_fd(&h->t, pid, 11, "anon_inode:kvm-vcpu:1");
	vm_tree_thread(&h->t, pid, pid, "qemu-system-x86\n", NULL);
	vm_tree_thread(&h->t, pid, pid + 1, "CPU 0/KVM\n", NULL);
	vm_tree_thread(&h->t, pid, pid + 2, "CPU 1/KVM\n", NULL);
}

static void kvm_dir(const struct host *h, unsigned int pid, unsigned int fd)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%u-%u", h->kvm, pid, fd);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void test_life(void **state)
{
	struct host h;

	(void)state;
	host_open(&h, true);
	qemu(&h, 100, "web");
	vm_tree_process(&h.t, 50, "bash", NULL);
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	expect(&h, SEC, "+1:web +1.0@101 +1.1@102");
	/* hotplug: a descriptor and a thread more; it is looked at within two seconds */
	tell(&h, MMT_WATCH_NEW, 103, 100, 1, "qemu-system-x86");
	vm_tree_fd(&h.t, 100, 12, "anon_inode:kvm-vcpu:2");
	vm_tree_thread(&h.t, 100, 103, "CPU 2/KVM\n", NULL);
	expect(&h, 2 * SEC, "+1.2@103");
	gone(&h, 103, 100);
	gone(&h, 150, 100); /* a worker */
	expect(&h, 10 * MS, "-1.2@103");
	vm_tree_remove(&h.t, "100/task/103");
	vm_tree_remove(&h.t, "100/fd/12");
	/* its thread is named: at once */
	vm_tree_fd(&h.t, 100, 12, "anon_inode:kvm-vcpu:2");
	vm_tree_thread(&h.t, 100, 104, "CPU 2/KVM\n", NULL);
	tell(&h, MMT_WATCH_NAME, 104, 100, 1, "CPU 2/KVM");
	expect(&h, 30 * MS, "+1.2@104");
	/* in another scope, which names it */
	vm_tree_process(&h.t, 100, "/usr/bin/qemu-system-x86_64", "0::/machine.slice/machine-qemu\\x2d1\\x2ddb.scope\n");
	tell(&h, MMT_WATCH_MOVED, 100, 100, 1, "qemu-system-x86");
	expect(&h, 30 * MS, "=1:db");
	/* its title is written anew, which nothing tells */
	vm_tree_process(&h.t, 100, "/usr/bin/qemu-system-x86_64 -name mail", NULL);
	expect(&h, 15 * SEC, "=1:mail");
	gone(&h, 100, 100);
	vm_tree_remove(&h.t, "100");
	expect(&h, 15 * SEC, "-1.2@104 -1.1@102 -1.0@101 -1:mail");
	host_close(&h);
}

/* We have no descriptor left to look with: nothing ends by that, and what begins is found later. */
static void test_no_files(void **state)
{
	struct rlimit all, none;
	struct host h;
	int kvm;

	(void)state;
	for (kvm = 0; kvm < 2; kvm++) {
		host_open(&h, kvm);
		qemu(&h, 100, "web");
		assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
		expect(&h, SEC, "+1:web +1.0@101 +1.1@102");
		assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
		none = (struct rlimit){ 0, all.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
		tell(&h, MMT_WATCH_MOVED, 100, 100, 1, "qemu-system-x86");
		expect(&h, 45 * SEC, "");
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
		expect(&h, 15 * SEC, "");
		gone(&h, 100, 100);
		expect(&h, SEC, "-1.1@102 -1.0@101 -1:web");
		host_close(&h);
	}
}

/* What starts later, as KVM, names or programs tell; without any of these nothing is looked at. */
static void test_found(void **state)
{
	struct host h;
	uint64_t looks;

	(void)state;
	host_open(&h, true);
	vm_tree_process(&h.t, 50, "bash", NULL);
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	expect(&h, SEC, "");
	looks = h.w.looks;
	tell(&h, MMT_WATCH_EXEC, 60, 60, 50, "make");
	tell(&h, MMT_WATCH_NEW, 61, 61, 60, "make");
	tell(&h, MMT_WATCH_NEW, 62, 60, 60, "make");
	expect(&h, 60 * SEC, "");
	assert_int_equal(h.w.looks, looks);
	/* a program of that name, long before it has a VM: KVM tells */
	tell(&h, MMT_WATCH_EXEC, 200, 200, 50, "qemu-system-x86");
	vm_tree_process(&h.t, 200, "qemu-system-x86_64 -S", NULL);
	vm_tree_thread(&h.t, 200, 200, "qemu-system-x86\n", NULL);
	expect(&h, 30 * SEC, "");
	assert_in_range(h.w.looks, looks + 5, looks + 12);
	qemu(&h, 200, "slow");
	kvm_dir(&h, 200, 9);
	expect(&h, 200 * MS, "+1:slow +1.0@201 +1.1@202");
	/* an unknown program whose VM was made by another thread */
	vm_tree_process(&h.t, 300, "./vmm", NULL);
	vm_tree_fd(&h.t, 300, 5, "anon_inode:kvm-vm");
	vm_tree_thread(&h.t, 300, 300, "vmm\n", NULL);
	vm_tree_file(&h.t, 301, "status", "Name:\tx\nTgid:\t300\nPid:\t301\n");
	kvm_dir(&h, 301, 5);
	expect(&h, 200 * MS, "+2:vm-300");
	/* one went and another came within a look */
	gone(&h, 300, 300);
	vm_tree_remove(&h.t, "300");
	vm_tree_remove(&h.t, "kvm/301-5");
	qemu(&h, 400, "next");
	kvm_dir(&h, 400, 9);
	expect(&h, 200 * MS, "-2:vm-300 +3:next +3.0@401 +3.1@402");
	/* no KVM: by the name of the program, of a thread, of a thread of the kernel's */
	vm_tree_process(&h.t, 500, "qemu-system-arm -name arm", NULL);
	vm_tree_thread(&h.t, 500, 501, "ALL CPUs/TCG\n", NULL);
	tell(&h, MMT_WATCH_EXEC, 500, 500, 50, "qemu-system-arm");
	expect(&h, 60 * MS, "+4:arm +4.4294967295@501");
	vm_tree_process(&h.t, 600, "renamed -name x", NULL);
	vm_tree_fd(&h.t, 600, 5, "anon_inode:kvm-vm");
	vm_tree_thread(&h.t, 600, 601, "vcpu0\n", NULL);
	tell(&h, MMT_WATCH_NAME, 601, 600, 50, "vcpu0");
	expect(&h, 30 * MS, "+5:x +5.0@601");
	vm_tree_process(&h.t, 700, "renamed -name y", NULL);
	vm_tree_fd(&h.t, 700, 5, "anon_inode:kvm-vm");
	tell(&h, MMT_WATCH_NEW, 750, 750, 2, "vhost-700");
	expect(&h, 30 * MS, "+6:y");
	/* what a VM forks is none, though it looks like one for a moment */
	qemu(&h, 800, "slow");
	looks = h.w.looks;
	tell(&h, MMT_WATCH_NEW, 800, 800, 200, "qemu-system-x86");
	expect(&h, SEC, "");
	assert_in_range(h.w.looks, looks, looks + 12); /* threads of y are not known: it is looked at */
	host_close(&h);
}

/* KVM does not tell: whatever executes something is looked at a few times, all now and then. */
static void test_no_kvm(void **state)
{
	struct host h;
	uint64_t looks;

	(void)state;
	host_open(&h, false);
	vm_tree_process(&h.t, 50, "bash", NULL);
	vm_tree_process(&h.t, 60, "daemon", NULL);
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	vm_tree_process(&h.t, 100, "./vmm", NULL);
	tell(&h, MMT_WATCH_EXEC, 100, 100, 50, "vmm");
	expect(&h, SEC, "");
	vm_tree_fd(&h.t, 100, 5, "anon_inode:kvm-vm");
	vm_tree_thread(&h.t, 100, 101, "vcpu0\n", NULL);
	expect(&h, 2 * SEC, "+1:vm-100 +1.0@101");
	/* long after its start */
	vm_tree_fd(&h.t, 60, 5, "anon_inode:kvm-vm");
	vm_tree_thread(&h.t, 60, 61, "vcpu0\n", NULL);
	expect(&h, 35 * SEC, "+2:vm-60 +2.0@61");
	looks = h.w.looks;
	expect(&h, 30 * SEC, "");
	assert_in_range(h.w.looks, looks + 2, looks + 10);
	/* ended before its turn */
	tell(&h, MMT_WATCH_EXEC, 300, 300, 50, "true");
	gone(&h, 300, 300);
	assert_int_equal(h.w.n_cand, 0);
	host_close(&h);
}

/* Threads without names: seen in KVM_RUN one by one, or told by KVM. */
static void test_threads(void **state)
{
	struct mmt_vm vm;
	struct host h;

	(void)state;
	host_open(&h, true);
	vm_tree_process(&h.t, 100, "qemu-kvm -name old", NULL);
	vm_tree_fd(&h.t, 100, 9, "anon_inode:kvm-vm");
	vm_tree_fd(&h.t, 100, 14, "anon_inode:kvm-vcpu:0");
	vm_tree_fd(&h.t, 100, 15, "anon_inode:kvm-vcpu:1");
	vm_tree_thread(&h.t, 100, 100, "qemu-kvm\n", "running\n");
	vm_tree_thread(&h.t, 100, 101, "qemu-kvm\n", "16 0xe 0xae80 0x0\n");
	vm_tree_thread(&h.t, 100, 102, "qemu-kvm\n", "running\n");
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	expect(&h, SEC, "+1:old +1.0@101");
	vm_tree_thread(&h.t, 100, 101, "qemu-kvm\n", "running\n"); /* it is not seen now, and is there */
	vm_tree_thread(&h.t, 100, 102, "qemu-kvm\n", "16 0xf 0xae80 0x0\n");
	expect(&h, 2 * SEC, "+1.1@102");
	expect(&h, 60 * SEC, "");
	assert_int_equal(mmt_vms__look(h.t.dir, 100, &vm), 1);
	assert_true(vm.n_vcpus == 1 && vm.n_fds == 2 && vm.vm_fd == 9);
	kvm_dir(&h, 100, 9);
	{
		char path[160];

		snprintf(path, sizeof(path), "%s/100-9/vcpu0", h.kvm);
		assert_int_equal(mkdir(path, 0755), 0);
		strcat(path, "/pid");
		trace_spill(path, "103\n", 4);
		mmt_vms__ask_kvm(h.t.dir, h.kvm, &vm);
		assert_int_equal(vm.n_vcpus, 1); /* it ran it last, and is gone */
		trace_spill(path, "101\n", 4);
	}
	mmt_vms__ask_kvm(h.t.dir, h.kvm, &vm);
	assert_true(vm.n_vcpus == 2 && vm.vcpus[0].tid == 101 && vm.vcpus[0].index == 0 && vm.vcpus[1].tid == 102);
	mmt_vm__free(&vm);
	host_close(&h);
}

/* Looks are dear: they take one part in 200 of the time, whatever happens. */
static void test_budget(void **state)
{
	uint64_t begin, cost;
	struct host h;
	unsigned int i;

	(void)state;
	host_open(&h, false);
	for (i = 1; i <= 200; i++)
		vm_tree_process(&h.t, i * 10, "qemu-system-x86_64 -S", NULL);
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	h.w.looks = 0;
	h.price = MS / 2;
	for (i = 1; i <= 200; i++)
		tell(&h, MMT_WATCH_EXEC, i * 10, i * 10, 1, "qemu-system-x86");
	begin = h.clock;
	cost = h.w.cost_ns;
	expect(&h, 10 * SEC, "");
	cost = h.w.cost_ns - cost;
	assert_in_range(cost, (h.clock - begin) / 400, (h.clock - begin) / 200 + 3 * MS);
	/* what is told does not wait its turn */
	assert_true(h.w.credit < (int64_t)MS);
	vm_tree_process(&h.t, 5000, "vmm -name now", NULL);
	vm_tree_fd(&h.t, 5000, 5, "anon_inode:kvm-vm");
	vm_tree_thread(&h.t, 5000, 5001, "vcpu0\n", NULL);
	tell(&h, MMT_WATCH_NAME, 5001, 5000, 1, "vcpu0");
	expect(&h, 40 * MS, "+1:now +1.0@5001");
	/* but not for ever */
	for (i = 1; i <= 2000; i++)
		tell(&h, MMT_WATCH_NAME, 10000 * i, 10000 * i, 1, "vcpu0");
	begin = h.clock;
	cost = h.w.cost_ns;
	expect(&h, 10 * SEC, "");
	cost = h.w.cost_ns - cost;
	assert_in_range(cost, 200 * MS, (h.clock - begin) / 200 + 210 * MS);
	host_close(&h);
}

static void tell_epoch(struct host *h, enum mmt_watch_what what, uint32_t tid, uint32_t tgid, const char *comm, uint64_t epoch)
{
	const struct mmt_watch_task t = { .tid = tid, .tgid = tgid, .ppid = 1, .comm = comm, .epoch = epoch };

	assert_int_equal(mmt_vm_watch__task(&h->w, what, &t), 0);
}

/* VMs that end before there is a look at them: known by the records of their tasks. */
static void test_short(void **state)
{
	struct host h;

	(void)state;
	host_open(&h, true);
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	/* all records come at once, its name could be read just before */
	vm_tree_process(&h.t, 100, "/usr/bin/qemu-system-x86_64 -name guest=brief,debug-threads=on", NULL);
	tell_epoch(&h, MMT_WATCH_EXEC, 100, 100, "qemu-system-x86", 7);
	vm_tree_remove(&h.t, "100");
	tell_epoch(&h, MMT_WATCH_NEW, 101, 100, "qemu-system-x86", 8);
	tell_epoch(&h, MMT_WATCH_NEW, 102, 100, "qemu-system-x86", 9);
	tell_epoch(&h, MMT_WATCH_NAME, 102, 100, "CPU 0/TCG", 9);
	assert_string_equal(h.log, "+1:brief +1.0@102");
	assert_true(h.w.vm[0].epoch == 7 && h.w.vm[0].cpu[0].epoch == 9 && h.w.vm[0].accel == MMT_ACCEL_TCG && h.w.vm[0].vmm == MMT_VMM_QEMU);
	/* a pass between its records; the process is gone, they are not */
	expect(&h, 100 * MS, "+1:brief +1.0@102");
	tell_epoch(&h, MMT_WATCH_NAME, 103, 100, "CPU 1/TCG", 10);
	gone(&h, 103, 100);
	gone(&h, 102, 100);
	gone(&h, 100, 100);
	/* its first thread was not the last one */
	tell_epoch(&h, MMT_WATCH_NEW, 104, 100, "CPU 2/TCG", 10);
	gone(&h, 104, 100);
	expect(&h, SEC, "+1.1@103 -1.1@103 -1.0@102 -1:brief");
	assert_int_equal(h.w.n_cand, 0);
	assert_int_equal(mmt_vm_watch__missed(&h.w), 0);
	/* nor its name: it goes by its number */
	tell_epoch(&h, MMT_WATCH_EXEC, 200, 200, "firecracker", 11);
	tell_epoch(&h, MMT_WATCH_NAME, 201, 200, "fc_vcpu 0", 12);
	gone(&h, 200, 200);
	expect(&h, SEC, "+2:firecracker-200 +2.0@201 -2.0@201 -2:firecracker-200");
	assert_true(h.w.nameless == 1 && h.w.unseen == 2);
	/* QEMU whose threads have no names was one if it had them; a question to it was not */
	vm_tree_process(&h.t, 300, "qemu-system-x86_64 -name quiet -enable-kvm", NULL);
	tell(&h, MMT_WATCH_EXEC, 300, 300, 1, "qemu-system-x86");
	vm_tree_remove(&h.t, "300");
	tell(&h, MMT_WATCH_NEW, 301, 300, 1, "qemu-system-x86");
	tell(&h, MMT_WATCH_NEW, 302, 300, 1, "qemu-system-x86");
	gone(&h, 302, 300);
	gone(&h, 301, 300);
	gone(&h, 300, 300);
	tell(&h, MMT_WATCH_EXEC, 310, 310, 1, "qemu-system-x86");
	tell(&h, MMT_WATCH_NEW, 311, 310, 1, "qemu-system-x86");
	gone(&h, 310, 310);
	vm_tree_process(&h.t, 312, "qemu-system-x86_64 -machine none -qmp unix:/x", NULL);
	tell(&h, MMT_WATCH_EXEC, 312, 312, 1, "qemu-system-x86");
	tell(&h, MMT_WATCH_NEW, 313, 312, 1, "qemu-system-x86");
	tell(&h, MMT_WATCH_NEW, 314, 312, 1, "qemu-system-x86");
	gone(&h, 312, 312);
	tell(&h, MMT_WATCH_EXEC, 320, 320, 1, "firecracker");
	gone(&h, 320, 320);
	expect(&h, SEC, "+3:quiet -3:quiet");
	/* one that becomes another program */
	tell(&h, MMT_WATCH_EXEC, 330, 330, 1, "qemu-system-x86");
	tell(&h, MMT_WATCH_EXEC, 330, 330, 1, "sh");
	tell(&h, MMT_WATCH_NEW, 331, 330, 1, "sh");
	tell(&h, MMT_WATCH_NEW, 332, 330, 1, "sh");
	gone(&h, 330, 330);
	expect(&h, SEC, "");
	assert_int_equal(h.w.n_cand, 0);
	assert_int_equal(mmt_vm_watch__missed(&h.w), 0);
	/* an unknown program that had a thread named like one, and was never looked at */
	tell(&h, MMT_WATCH_NAME, 401, 400, 1, "vcpu0");
	gone(&h, 400, 400);
	assert_int_equal(mmt_vm_watch__missed(&h.w), 1);
	/* its record is lost: it is dropped when it is found to be gone */
	tell(&h, MMT_WATCH_NAME, 501, 500, 1, "vcpu0");
	expect(&h, SEC, "");
	assert_int_equal(mmt_vm_watch__missed(&h.w), 2);
	assert_int_equal(h.w.n_cand, 0);
	/* a VM that is gone and whose record does not come */
	qemu(&h, 600, "lost");
	tell(&h, MMT_WATCH_EXEC, 600, 600, 1, "qemu-system-x86");
	expect(&h, 100 * MS, "+4:lost +4.0@601 +4.1@602");
	vm_tree_remove(&h.t, "600");
	expect(&h, 15 * SEC, "-4.1@602 -4.0@601 -4:lost");
	host_close(&h);
}

static int uevent(struct host *h, const char *event, unsigned int pid)
{
	char msg[256];
	int n = snprintf(msg, sizeof(msg), "change@/devices/virtual/misc/kvm%cACTION=change%cDEVPATH=/devices/virtual/misc/kvm%cSUBSYSTEM=misc%c"
		"CREATED=3%cCOUNT=1%cEVENT=%s%cPID=%u%cSEQNUM=7", 0, 0, 0, 0, 0, 0, event, 0, pid, 0);

	return mmt_vm_watch__uevent(&h->w, msg, (size_t)n + 1);
}

/* KVM says when it has a new VM, also where nothing is mounted to see it. */
static void test_uevents(void **state)
{
	static const char other[] = "add@/devices/virtual/misc/x\0ACTION=add\0DEVPATH=/devices/virtual/misc/x\0EVENT=create\0PID=60";
	struct host h;

	(void)state;
	host_open(&h, false);
	assert_int_equal(mmt_vm_watch__scan(&h.w), 0);
	vm_tree_process(&h.t, 60, "./vmm --name one", NULL);
	vm_tree_fd(&h.t, 60, 5, "anon_inode:kvm-vm");
	vm_tree_thread(&h.t, 60, 62, "vcpu0\n", NULL);
	vm_tree_file(&h.t, 61, "status", "Name:\tvmm\nTgid:\t60\n");
	assert_int_equal(mmt_vm_watch__uevent(&h.w, other, sizeof(other)), 0);
	assert_int_equal(mmt_vm_watch__uevent(&h.w, other, sizeof(other) - 1), 0);
	assert_int_equal(mmt_vm_watch__uevent(&h.w, "", 0), 0);
	assert_int_equal(uevent(&h, "destroy", 61), 0);
	expect(&h, SEC, "");
	assert_int_equal(uevent(&h, "create", 61), 0);
	expect(&h, 40 * MS, "+1:one +1.0@62");
	assert_int_equal(uevent(&h, "create", 61), 0); /* another of the same process */
	assert_int_equal(mmt_vm_watch__missed(&h.w), 0);
	/* gone when it is told: one that is known from records, one that nothing tells of */
	tell(&h, MMT_WATCH_EXEC, 70, 70, 1, "firecracker");
	tell(&h, MMT_WATCH_NAME, 71, 70, 1, "fc_vcpu 0");
	gone(&h, 70, 70);
	assert_int_equal(uevent(&h, "create", 70), 0);
	assert_int_equal(mmt_vm_watch__missed(&h.w), 0);
	assert_int_equal(uevent(&h, "create", 80), 0);
	assert_int_equal(mmt_vm_watch__missed(&h.w), 1);
	expect(&h, SEC, "+2:firecracker-70 +2.0@71 -2.0@71 -2:firecracker-70");
	host_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life), cmocka_unit_test(test_found), cmocka_unit_test(test_no_files), cmocka_unit_test(test_no_kvm),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_budget),
		cmocka_unit_test(test_short), cmocka_unit_test(test_uevents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
