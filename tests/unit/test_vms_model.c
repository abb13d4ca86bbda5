// SPDX-License-Identifier: GPL-2.0-only
/* Virtual machines of made-up traces: whose threads did what, where; names, lives and memory. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/metrics.h"
#include "../../analyzer/vms/extra.h"
#include "../../analyzer/vms/vms.h"
#include "near.h"
#include "synth.h"

#define SEC 1000000000ull
#define MS 1000000ull
#define MIB 1024ull

/* Two nodes of two CPUs. */
static void machine(struct synth *s, const char *place)
{
	static const uint64_t dist[2][2] = { { 10, 20 }, { 20, 10 } };
	unsigned int i;

	synth_open(s);
	synth_meta(s, "vm", "yes");
	synth_meta(s, "place", "yes");
	synth_meta(s, "totals.place", place);
	for (i = 0; i < 4; i++)
		synth_cpu(s, i, i, i, i / 2);
	for (i = 0; i < 2; i++)
		synth_node(s, i, 1 << 20, dist[i], 2);
	synth_cgroup(s, 7, "/a");
}

static void put(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t node, uint64_t mib, uint64_t lo, uint64_t hi)
{
	const struct synth_placement p = {
		.time = time, .segment = segment, .epoch = epoch, .node = node, .method = 1, .kb = mib * MIB, .lo = lo * MIB,
		.hi = hi * MIB, .n = 100, .sampled = 100, .cost_ns = 1000,
	};

	synth_placement(s, &p);
}

static void run(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, unsigned int place, uint64_t ns)
{
	uint64_t v[4] = { 0 };

	v[place] = ns;
	synth_places(s, time, segment, epoch, v, place + 1);
}

static void waits(struct synth *s, uint64_t epoch, uint64_t each, unsigned int n, uint64_t nivcsw, uint64_t cross)
{
	uint64_t v[MT_N] = { [MT_NIVCSW] = nivcsw, [MT_MIG_CROSS] = cross, [MT_WAIT_N] = n }, wait[64];
	unsigned int i;

	for (i = 0; i < n; i++)
		wait[i] = each;
	v[MT_WAIT_NS] = n * each;
	synth_totals(s, SEC, 1, epoch, 7, v, wait, wait);
}

static void vm(struct synth *s, uint64_t time, uint64_t number, unsigned int event, const char *name, uint64_t tgid, uint64_t epoch)
{
	const struct synth_vm v = { .time = time, .segment = 1, .number = number, .event = event, .name = name, .tgid = tgid,
				    .epoch = epoch, .cgroup = 7, .vcpus = event == VMS_ENDED ? 0 : 2 };

	synth_vm(s, &v);
}

/* One VM of two virtual CPUs, an I/O thread and a kernel thread; something else runs too. */
static void make(struct synth *s, const char *place)
{
	bool cpus = !strcmp(place, "cpu");

	machine(s, place);
	synth_mark(s, 1, 0, MARK_START, "start");
	synth_task(s, 1, 100, 100, 10, 0, 0, "qemu");
	synth_task(s, 2, 101, 100, 11, 0, 0, "CPU 0/KVM");
	synth_task(s, 3, 102, 100, 11, 0, 0, "CPU 1/KVM");
	synth_task(s, 4, 103, 103, 12, 0, TASK_KTHREAD, "vhost-100");
	synth_task(s, 5, 200, 200, 5, 0, 0, "other");
	synth_task(s, 6, 201, 201, 9, 0, TASK_KTHREAD, "vhost-100"); /* of an older process with that number */
	synth_task(s, 7, 202, 202, 12, 0, 0, "vhost-100"); /* named so, but no thread of the kernel's */
	vm(s, 1, 1, VMS_FOUND, "web", 100, 1);
	synth_vcpu(s, 1, 1, 1, 1, 102, 3, VMS_VCPU_FOUND);
	synth_vcpu(s, 1, 1, 1, 0, 101, 2, VMS_VCPU_FOUND);
	put(s, 1, 1, 1, 0, 25, 20, 40);
	put(s, 1, 1, 1, 1, 75, 60, 80);
	run(s, SEC, 1, 1, cpus ? 2 : 1, 10 * MS);
	run(s, SEC, 1, 2, cpus ? 1 : 0, 600 * MS);
	run(s, SEC, 1, 3, cpus ? 3 : 1, 200 * MS);
	run(s, SEC, 1, 4, 0, 5 * MS);
	run(s, SEC, 1, 5, 0, 900 * MS);
	run(s, SEC, 1, 6, 0, 900 * MS);
	run(s, SEC, 1, 7, 0, 900 * MS);
	waits(s, 2, 1 * MS, 10, 3, 2);
	waits(s, 3, 4 * MS, 10, 4, 1);
	synth_mark(s, 2, SEC, MARK_END, "end");
	synth_close(s);
}

static void test_sums(void **state)
{
	const struct vms_vm *v;
	const struct vms_vcpu *c;
	enum vms_part part;
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "cpu");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(vms_recorded(m) && m->vms->n_vm == 1 && m->vms->n_vcpu == 2);
	v = m->vms->vm;
	assert_string_equal(v->name, "web");
	assert_string_equal(v->kind, "qemu");
	assert_string_equal(v->accel, "kvm");
	assert_true(v->number == 1 && v->tgid == 100 && v->n_names == 1 && v->in_window && !v->last && v->vcpus_told == 2);
	assert_int_equal(v->part[VMS_VCPUS].tasks, 2);
	assert_int_equal(v->part[VMS_VCPUS].v[MT_RUN_NS], 800 * MS);
	assert_int_equal(v->part[VMS_HELPERS].v[MT_RUN_NS], 10 * MS);
	assert_int_equal(v->part[VMS_KERNEL].v[MT_RUN_NS], 5 * MS);
	assert_int_equal(v->part[VMS_WHOLE].v[MT_RUN_NS], 815 * MS);
	assert_int_equal(v->part[VMS_WHOLE].tasks, 4);
	assert_int_equal(v->part[VMS_VCPUS].v[MT_NIVCSW], 7);
	assert_int_equal(v->part[VMS_VCPUS].v[MT_MIG_CROSS], 3);
	assert_int_equal(v->part[VMS_VCPUS].node[0], 600 * MS);
	assert_int_equal(v->part[VMS_VCPUS].node[1], 200 * MS);
	near(v->part[VMS_VCPUS].wait_p99, 4e6, 4e6 * .032);
	near(v->part[VMS_VCPUS].wait_p50, 1e6, 1e6 * .032);
	assert_true(v->part[VMS_VCPUS].wait_max == 4e6 && isnan(v->part[VMS_HELPERS].wait_p99));
	near(vms_wait_share(&v->part[VMS_VCPUS]), 50. / 850, 1e-12);
	assert_int_equal(m->vms->part[VMS_WHOLE].v[MT_RUN_NS], 815 * MS);
	c = &m->vms->vcpu[v->first_vcpu];
	assert_int_equal(v->n_vcpus, 2);
	assert_true(c[0].index == 0 && c[1].index == 1 && c[1].tid == 102 && c[0].in_window);
	assert_int_equal(c[0].sum.v[MT_RUN_NS], 600 * MS);
	near(c[1].sum.wait_p50, 4e6, 4e6 * .032);
	assert_ptr_equal(vms_of_task(m, model_task(m, 3), &part), v);
	assert_int_equal(part, VMS_VCPUS);
	assert_ptr_equal(vms_of_task(m, model_task(m, 4), &part), v);
	assert_int_equal(part, VMS_KERNEL);
	assert_null(vms_of_task(m, model_task(m, 5), NULL));
	assert_null(vms_of_task(m, model_task(m, 6), NULL));
	assert_null(vms_of_task(m, model_task(m, 7), NULL));
	model_free(m);
	synth_remove(&s);
}

static void test_memory(void **state)
{
	uint64_t cpu[4] = { 0 };
	const struct vms_vm *v;
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "cpu");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	v = m->vms->vm;
	near(v->kb, 100 * MIB, 1e-9);
	assert_int_equal(v->main_node, 0);
	near(v->off, .75, 1e-12);
	near(v->off_lo, .6, 1e-12);
	near(v->off_hi, .8, 1e-12);
	/* 600 ms on node 0, where a quarter of the memory is, 210 ms on node 1 */
	near(v->exposure.share, (600 * .75 + 210 * .25) / 810, 1e-12);
	assert_true(v->exposure.lo < v->exposure.share && v->exposure.share < v->exposure.hi && v->exposure.covered == 1);
	near(numa_exposure(&m->vms->exposure).share, v->exposure.share, 1e-12);
	near(m->vms->vcpu[0].off, .75, 1e-12);
	near(m->vms->vcpu[1].off, .25, 1e-12);
	near(v->place_cost_ns, 1000, 0);
	assert_true(vms_run_by_cpu(m, &m->vms->vcpu[1], cpu, 4));
	assert_true(!cpu[0] && !cpu[1] && !cpu[2] && cpu[3] == 200 * MS);
	model_free(m);
	synth_remove(&s);

	make(&s, "node"); /* of a larger machine: CPUs are not told apart */
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_false(vms_run_by_cpu(m, &m->vms->vcpu[1], cpu, 4));
	assert_int_equal(m->vms->vm->part[VMS_VCPUS].node[0], 600 * MS);
	near(m->vms->vcpu[1].off, .25, 1e-12);
	model_free(m);
	synth_remove(&s);
}

/* One is renamed, ends, and its name and process number are used again; a virtual CPU comes and goes; one is not known. */
static void test_lives(void **state)
{
	const struct vms_vm *v;
	const struct vms_vcpu *c;
	struct synth s;
	struct model *m;

	(void)state;
	machine(&s, "cpu");
	synth_meta(&s, "vm.cost_ns", "12345");
	synth_mark(&s, 1, 0, MARK_START, "start");
	vm(&s, 2, 1, VMS_FOUND, "a", 100, 1);
	vm(&s, 3, 2, VMS_FOUND, "z", 300, 0);
	synth_vcpu(&s, 2, 1, 1, 0, 101, 0, VMS_VCPU_FOUND);
	synth_vcpu(&s, 2, 1, 1, 0, 101, 2, VMS_VCPU_STILL); /* its number is known now */
	synth_vcpu(&s, 2, 1, 1, 1, 102, 3, VMS_VCPU_FOUND);
	synth_vcpu(&s, 4, 1, 1, 1, 102, 3, VMS_VCPU_ENDED);
	synth_vcpu(&s, 5, 1, 1, 1, 105, 4, VMS_VCPU_FOUND);
	vm(&s, 6, 1, VMS_RENAMED, "b", 100, 1);
	vm(&s, SEC, 1, VMS_ENDED, "b", 100, 1);
	synth_seal(&s);
	synth_mark(&s, 2, 2 * SEC, MARK_USER, "later");
	vm(&s, 3 * SEC, 3, VMS_FOUND, "a", 100, 9);
	synth_task(&s, 1, 100, 100, 10, 0, 0, "qemu");
	synth_task(&s, 2, 101, 100, 11, 0, 0, "CPU 0/KVM");
	synth_task(&s, 9, 100, 100, 2 * SEC, 0, 0, "qemu");
	run(&s, SEC, 1, 2, 0, MS);
	run(&s, 4 * SEC, 2, 9, 3, 2 * MS);
	vm(&s, 5 * SEC, 3, VMS_STILL, "a", 100, 9);
	synth_mark(&s, 3, 5 * SEC, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(m->vms->n_vm, 3);
	near(m->vms->cost_ns, 12345, 0);
	v = m->vms->vm;
	assert_string_equal(v[0].name, "b");
	assert_int_equal(v[0].n_names, 2);
	assert_string_equal(v[0].names[0].name, "a");
	assert_true(v[0].names[1].time == 6 && v[0].first == 2 && v[0].last == SEC);
	assert_true(v[2].first == 3 * SEC && !v[2].last);
	assert_int_equal(v[0].part[VMS_WHOLE].v[MT_RUN_NS], MS);
	assert_int_equal(v[2].part[VMS_HELPERS].v[MT_RUN_NS], 2 * MS);
	assert_int_equal(v[0].n_vcpus, 3);
	c = &m->vms->vcpu[v[0].first_vcpu];
	assert_true(c[0].epoch == 2 && c[0].last == SEC && c[0].sum.v[MT_RUN_NS] == MS); /* the VM ended */
	assert_true(c[1].index == 1 && c[1].last == 4 && c[2].index == 1 && c[2].last == SEC && c[2].tid == 105);
	assert_true(c[2].task == NULL && c[2].sum.tasks == 0 && isnan(c[2].off));
	assert_true(v[1].task == NULL && isnan(v[1].kb) && isnan(v[1].exposure.share) && v[1].main_node == -1);
	model_free(m);
	m = synth_model(&s, WINDOW_NAME, "later");
	v = m->vms->vm;
	assert_true(!v[0].in_window && v[2].in_window && v[1].in_window);
	assert_int_equal(v[0].part[VMS_WHOLE].tasks, 0);
	model_free(m);
	synth_remove(&s);

	machine(&s, "cpu"); /* there were none */
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(vms_recorded(m) && !m->vms);
	model_free(m);
	synth_remove(&s);
}

static bool is_name(void *ctx, const char *name)
{
	return !strcmp(ctx, name);
}

static double metric(const struct model *m, const char *name)
{
	struct metric_ctx ctx;
	double v = -1;

	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	if (metric_value(&ctx, metric_find(name), &v))
		v = -1;
	metric_ctx_free(&ctx);
	return v;
}

/* A model of some VMs only: tasks, sums, memory and metrics are theirs. */
static void test_pick(void **state)
{
	struct model_group *g;
	char names[100];
	struct synth s;
	struct model *m;
	size_t n;

	(void)state;
	machine(&s, "cpu");
	synth_mark(&s, 1, 0, MARK_START, "start");
	vm(&s, 1, 1, VMS_FOUND, "old", 100, 1);
	vm(&s, 2, 1, VMS_RENAMED, "web", 100, 1);
	vm(&s, 1, 2, VMS_FOUND, "db", 200, 3);
	synth_vcpu(&s, 1, 1, 1, 0, 101, 2, VMS_VCPU_FOUND);
	synth_vcpu(&s, 1, 1, 2, 0, 201, 4, VMS_VCPU_FOUND);
	synth_task(&s, 1, 100, 100, 10, 0, 0, "qemu");
	synth_task(&s, 2, 101, 100, 11, 0, 0, "CPU 0/KVM");
	synth_task(&s, 3, 200, 200, 10, 0, 0, "qemu");
	synth_task(&s, 4, 201, 200, 11, 0, 0, "CPU 0/KVM");
	synth_task(&s, 5, 300, 300, 10, 0, 0, "make");
	put(&s, 1, 1, 1, 1, 10, 10, 10);
	put(&s, 1, 1, 3, 0, 30, 30, 30);
	run(&s, SEC, 1, 2, 0, 100 * MS);
	run(&s, SEC, 1, 4, 0, 300 * MS);
	run(&s, SEC, 1, 5, 0, 500 * MS);
	run(&s, SEC, 1, 0, 0, 50 * MS); /* without counters of their own: anybody's */
	waits(&s, 4, MS, 10, 1, 1);
	synth_mark(&s, 2, SEC, MARK_END, "end");
	synth_close(&s);

	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_string_equal(vms_names(m, names, sizeof(names)), "web, db");
	near(metric(m, "vm.count"), 2, 0);
	near(metric(m, "vm.exposure"), 25, 1e-9);
	near(metric(m, "sched.run_time"), .95, 1e-9);
	assert_int_equal(vms_pick(m, is_name, "none"), -ENOENT);
	model_free(m);

	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(vms_pick(m, is_name, "old"), 0); /* it was called so */
	assert_string_equal(m->picked, "VM web");
	assert_int_equal(model_group(m, BY_TASK, true, &g, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(g->id, 2);
	model_groups_free(g, n);
	near(metric(m, "vm.count"), 1, 0);
	near(metric(m, "vm.exposure"), 100, 1e-9);
	near(metric(m, "numa.exposure"), 100, 1e-9);
	near(metric(m, "sched.run_time"), .1, 1e-9);
	near(metric(m, "vm.memory"), 10, 1e-9);
	assert_true(isnan(m->vms->part[VMS_WHOLE].wait_p99) && m->vms->part[VMS_WHOLE].tasks == 1);
	assert_true(!m->vms->vm[1].in_window && !m->vms->vcpu[m->vms->vm[1].first_vcpu].in_window);
	model_free(m);
	synth_remove(&s);
}

/* What -e numa says of VMs: of their tasks, of one and of all; pages that nobody's tasks moved are not theirs. */
static void test_numa(void **state)
{
	static const uint64_t vcpu[NP_N] = { [NP_LOCAL] = 10, [NP_REMOTE] = 30, [NP_HINT_LOCAL] = 6, [NP_HINT_REMOTE] = 2 },
			      helper[NP_N] = { [NP_LOCAL] = 60, [NP_HINT_LOCAL] = 1, [NP_HINT_REMOTE] = 1 },
			      other[NP_N] = { [NP_REMOTE] = 500, [NP_HINT_REMOTE] = 500 };
	static const char *const parts[] = { "numa", "numa.hint", "numa.migrate", "numa.migrate.nodes", "numa.tasks" };
	static const bool has[] = { true, false };
	struct vms_extra x;
	struct synth s;
	struct model *m;
	size_t i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		machine(&s, "cpu");
		for (i = 0; i < (has[k] ? 5 : 1); i++)
			synth_meta(&s, parts[i], "yes");
		synth_mark(&s, 1, 0, MARK_START, "start");
		vm(&s, 1, 1, VMS_FOUND, "web", 100, 1);
		vm(&s, 1, 2, VMS_FOUND, "db", 200, 3);
		synth_vcpu(&s, 1, 1, 1, 0, 101, 2, VMS_VCPU_FOUND);
		synth_task(&s, 1, 100, 100, 10, 0, 0, "qemu");
		synth_task(&s, 2, 101, 100, 11, 0, 0, "CPU 0/KVM");
		synth_task(&s, 3, 200, 200, 10, 0, 0, "qemu");
		synth_task(&s, 5, 300, 300, 10, 0, 0, "balancer");
		synth_numa_totals(&s, SEC, 1, 2, 7, 0, vcpu);
		synth_numa_totals(&s, SEC, 1, 1, 7, 0, helper);
		synth_numa_totals(&s, SEC, 1, 3, 7, 1, vcpu);
		synth_numa_totals(&s, SEC, 1, 5, 7, 1, other);
		synth_page_migration(&s, SEC, 1, 2, 7, "numa_misplaced", 1, 0, 40, 2);
		synth_page_migration(&s, SEC, 1, 1, 7, "compaction", 1, 0, 2, 0);
		synth_page_migration(&s, SEC, 1, 5, 7, "syscall", 0, 1, 1000, 0);
		synth_node_migration(&s, SEC, 1, 2, 7, 0, 1, 3);
		synth_node_migration(&s, SEC, 1, 1, 7, 0, 1, 100); /* no virtual CPU */
		synth_mark(&s, 2, SEC, MARK_END, "end");
		synth_close(&s);
		m = synth_model(&s, WINDOW_AUTO, NULL);
		near(metric(m, "vm.alloc.off_node"), 100.0 * 60 / 140, 1e-9);
		assert_int_equal(vms_extra_load(m, &x), 0);
		assert_int_equal(x.n_way, 2);
		assert_int_equal(x.way[0].from, 0);
		assert_int_equal(x.way[0].vcpus, 3);
		assert_int_equal(x.way[1].pages, 42);
		assert_int_equal(x.numa[0].failed, 2);
		assert_int_equal(x.numa[1].moved, 0);
		vms_extra_free(&x);
		if (has[k]) {
			double v;

			near(metric(m, "vm.hint.off_node"), 100.0 * 5 / 18, 1e-9);
			near(metric(m, "vm.migrated"), 42, 0);
			near(metric(m, "vm.migrations.distance"), 2, 1e-9);
			assert_int_equal(vms_numa_metric(m, &m->vms->vm[1], VMS_NUMA_HINT, &v), 0);
			near(v, 25, 1e-9);
			assert_int_equal(vms_numa_metric(m, &m->vms->vm[1], VMS_NUMA_DISTANCE, &v), 0);
			assert_true(isnan(v));
			assert_int_equal(vms_pick(m, is_name, "db"), 0);
			near(metric(m, "vm.migrated"), 0, 0);
		} else {
			assert_true(metric(m, "vm.hint.off_node") == -1);
			assert_true(metric(m, "vm.migrated") == -1);
			assert_true(metric(m, "vm.migrations.distance") == -1);
		}
		model_free(m);
		synth_remove(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_lives),
		cmocka_unit_test(test_pick),
		cmocka_unit_test(test_numa),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
