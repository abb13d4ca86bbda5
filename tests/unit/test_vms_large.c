// SPDX-License-Identifier: GPL-2.0-only
/* A host with 500 virtual machines of 16 virtual CPUs, replayed: its /proc, its trace, its live view; what they cost. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "../../analyzer/vms/live.h"
#include "../../analyzer/vms/show.h"
#include "../../collector/vms.h"
#include "synth.h"
#include "vm_tree.h"

#define VMS 500
#define VCPUS 16
#define NODES 4
#define SEC 1000000000ull
#define LIMIT_MS 1000.0
#define LIMIT_BYTES (64u << 20)

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static size_t memory(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static unsigned int pid_of(unsigned int vm)
{
	return 1000 + vm * 100;
}

static void make_proc(struct vm_tree *t)
{
	char text[256], fd[64], comm[32];
	unsigned int vm, k;

	strcpy(t->dir, "/dev/shm/mmt-vms-XXXXXX"); /* some 30000 files */
	if (!mkdtemp(t->dir))
		vm_tree_open(t);
	for (vm = 0; vm < VMS; vm++) {
		snprintf(text, sizeof(text), "/usr/bin/qemu-system-x86_64 -name guest=vm%u,debug-threads=on -accel kvm", vm);
		vm_tree_process(t, pid_of(vm), text, "0::/machine.slice/machine-qemu.scope\n");
		vm_tree_fd(t, pid_of(vm), 9, "anon_inode:kvm-vm");
		vm_tree_thread(t, pid_of(vm), pid_of(vm), "qemu-system-x86\n", NULL);
		for (k = 0; k < VCPUS; k++) {
			snprintf(fd, sizeof(fd), "anon_inode:kvm-vcpu:%u", k);
			snprintf(comm, sizeof(comm), "CPU %u/KVM\n", k);
			vm_tree_fd(t, pid_of(vm), 10 + k, fd);
			vm_tree_thread(t, pid_of(vm), pid_of(vm) + 1 + k, comm, NULL);
		}
	}
}

static uint64_t epoch_of(unsigned int vm, unsigned int k)
{
	return 1 + vm * (VCPUS + 1ull) + k;
}

/* The host as the scan found it. */
static void begin(struct synth *s, const struct mmt_vms *found)
{
	static const uint64_t dist[NODES][NODES] = { { 10, 20, 20, 20 }, { 20, 10, 20, 20 }, { 20, 20, 10, 20 }, { 20, 20, 20, 10 } };
	unsigned int i, k;

	synth_meta(s, "place", "yes");
	synth_meta(s, "vm", "yes");
	synth_meta(s, "page.kb", "4");
	synth_meta(s, "totals.place", "node");
	for (i = 0; i < NODES; i++)
		synth_node(s, i, 64 << 20, dist[i], NODES);
	for (i = 0; i < 128; i++)
		synth_cpu(s, i, i, i, i / 32);
	synth_mark(s, 1, SEC, MARK_START, "start");
	for (i = 0; i < found->n; i++) {
		const struct mmt_vm *f = &found->v[i];
		const struct synth_vm v = { .time = SEC, .segment = 1, .number = i + 1, .name = f->name, .tgid = f->pid,
					    .epoch = epoch_of(i, 0), .cgroup = 7, .vcpus = f->n_fds };

		synth_task(s, epoch_of(i, 0), f->pid, f->pid, i + 1, 0, 0, "qemu-system-x86");
		synth_vm(s, &v);
		for (k = 0; k < f->n_vcpus; k++) {
			synth_task(s, epoch_of(i, k + 1), f->vcpus[k].tid, f->pid, i + 1, 0, 0, "CPU/KVM");
			synth_vcpu(s, SEC, 1, i + 1, f->vcpus[k].index, f->vcpus[k].tid, epoch_of(i, k + 1), 0);
		}
	}
}

/* A second: VM i is on node i % 4, its memory is there and on the next. */
static void second(struct synth *s, uint64_t time, uint64_t segment)
{
	unsigned int vm, k, n;

	for (vm = 0; vm < VMS; vm++) {
		for (n = 0; n < 2; n++) {
			struct synth_placement p = { .time = time, .segment = segment, .epoch = epoch_of(vm, 0), .node = (vm + n) % NODES,
						     .kb = 1 << 20, .cost_ns = 1000 };

			synth_placement(s, &p);
		}
		for (k = 0; k < VCPUS; k++) {
			const uint64_t wait[] = { 1000 + vm * k, 90000 };
			uint64_t v[MT_N] = { [MT_RUN_NS] = SEC / 100, [MT_NVCSW] = 10, [MT_NIVCSW] = 3, [MT_WAIT_N] = 2 }, run[NODES] = { 0 };

			run[vm % NODES] = SEC / 100;
			synth_totals(s, time, segment, epoch_of(vm, k + 1), 7, v, wait, NULL);
			synth_places(s, time, segment, epoch_of(vm, k + 1), run, NODES);
		}
	}
}

static void check_model(const struct model *m)
{
	assert_non_null(m);
	assert_non_null(m->vms);
	assert_int_equal(m->vms->n_vm, VMS);
	assert_int_equal(m->vms->n_vcpu, VMS * VCPUS);
	assert_true(m->vms->vm[VMS - 1].exposure.share == 0.5);
}

/* All tables. */
static size_t show(const struct model *m, enum table_fmt fmt, bool live)
{
	struct vms_show_opts o = { .out.fmt = fmt, .live = live };
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(vms_show(m, &o, f), 0);
	fclose(f);
	free(text);
	return size;
}

static double of_trace(const struct synth *s, size_t *bytes)
{
	double before = cpu_ms();
	size_t was = memory();
	struct model *m = synth_model(s, WINDOW_AUTO, NULL);

	check_model(m);
	*bytes = memory() - was;
	assert_true(show(m, TABLE_TEXT, false) > 50000);
	assert_true(show(m, TABLE_JSON, false) > 1000000);
	model_free(m);
	return cpu_ms() - before;
}

static void make_trace(struct synth *s, const struct mmt_vms *found, unsigned int seconds)
{
	unsigned int i;

	synth_open(s);
	begin(s, found);
	for (i = 1; i <= seconds; i++) {
		second(s, SEC + i * SEC, 1);
		synth_seal(s);
	}
	synth_mark(s, 2, SEC + seconds * SEC, MARK_END, "end");
	synth_close(s);
}

static int scan(void **state)
{
	static struct mmt_vms found;
	struct vm_tree t;
	double ms;

	make_proc(&t);
	ms = cpu_ms();
	assert_int_equal(mmt_vms__scan(t.dir, &found), 0);
	ms = cpu_ms() - ms;
	vm_tree_close(&t);
	print_message("500 VMs of 16 virtual CPUs: found in %.0f ms of CPU time\n", ms);
	assert_true(ms < LIMIT_MS);
	assert_int_equal(found.n, VMS);
	assert_int_equal(found.v[VMS - 1].n_vcpus, VCPUS);
	*state = &found;
	return 0;
}

static int forget(void **state)
{
	mmt_vms__free(*state);
	return 0;
}

static void test_trace(void **state)
{
	const struct mmt_vms *found = *state;
	struct synth s;
	double ms;
	size_t few, many;

	make_trace(&s, found, 2);
	of_trace(&s, &few);
	synth_remove(&s);
	make_trace(&s, found, 10);
	ms = of_trace(&s, &many);
	synth_remove(&s);
	print_message("a trace of 10 s: text and JSON in %.0f ms of CPU time, the model takes %.1f MiB (of 2 s: %.1f MiB)\n", ms,
		      (double)many / (1 << 20), (double)few / (1 << 20));
	assert_true(ms < LIMIT_MS);
	assert_true(many < LIMIT_BYTES);
#ifndef __SANITIZE_ADDRESS__ /* which has an allocator of its own */
	assert_true(many < few + few / 4); /* not with time */
#endif
}

static void test_live(void **state)
{
	const struct mmt_writer_opts o = { .sz = sizeof(o) };
	const struct mmt_vms *found = *state;
	struct vms_live *l;
	struct synth s = { 0 };
	double ms = 0, before;
	size_t was = memory(), first = 0, last = 0;
	uint64_t i;

	assert_int_equal(vms_live_new(&l), 0);
	assert_int_equal(mmt_writer__open_rows(vms_live_row, l, &o, &s.w), 0);
	begin(&s, found);
	for (i = 2; i < 8; i++) {
		before = cpu_ms();
		second(&s, i * SEC, i - 1);
		synth_mark(&s, i, i * SEC, MARK_USER, "");
		check_model(vms_live_model(l));
		show(vms_live_model(l), TABLE_JSON, true);
		ms = cpu_ms() - before;
		last = memory() - was;
		first = first ? first : last;
	}
	print_message("live: an interval in %.0f ms of CPU time, %.1f MiB\n", ms, (double)last / (1 << 20));
	assert_true(ms < LIMIT_MS);
	assert_true(last < LIMIT_BYTES);
#ifndef __SANITIZE_ADDRESS__
	assert_true(last < first + first / 4);
#endif
	mmt_writer__abandon(s.w);
	vms_live_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_trace), cmocka_unit_test(test_live) };

	return cmocka_run_group_tests(tests, scan, forget);
}
