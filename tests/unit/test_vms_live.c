// SPDX-License-Identifier: GPL-2.0-only
/* Virtual machines live: what an interval knows from those before it, and what it forgets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/vms/live.h"
#include "../../analyzer/vms/show.h"
#include "near.h"
#include "synth.h"

#define SEC 1000000000ull
#define MIB 1024ull

struct live {
	struct vms_live *l;
	struct synth s;
};

static void vm(struct live *x, uint64_t time, uint64_t segment, uint64_t event)
{
	const struct synth_vm v = { .time = time, .segment = segment, .number = 1, .event = event, .name = "web", .tgid = 100, .epoch = 1,
				    .cgroup = 7, .vcpus = 1 };

	synth_vm(&x->s, &v);
}

static void vcpu(struct live *x, uint64_t time, uint64_t segment, uint64_t event)
{
	synth_vcpu(&x->s, time, segment, 1, 0, 101, 2, event);
}

static void memory(struct live *x, uint64_t time, uint64_t segment, const uint64_t mib[2])
{
	uint64_t i;

	for (i = 0; i < 2; i++) {
		struct synth_placement p = { .time = time, .segment = segment, .epoch = 1, .node = i, .kb = mib[i] * MIB, .cost_ns = 1000 };

		synth_placement(&x->s, &p);
	}
}

/* Two nodes with a CPU each, a VM with a virtual CPU. */
static void start(struct live *x)
{
	static const uint64_t dist[2][2] = { { 10, 20 }, { 20, 10 } };
	const struct mmt_writer_opts o = { .sz = sizeof(o) };
	unsigned int i;

	memset(x, 0, sizeof(*x));
	assert_int_equal(vms_live_new(&x->l), 0);
	assert_int_equal(mmt_writer__open_rows(vms_live_row, x->l, &o, &x->s.w), 0);
	synth_meta(&x->s, "place", "yes");
	synth_meta(&x->s, "vm", "yes");
	synth_meta(&x->s, "page.kb", "4");
	synth_meta(&x->s, "totals.place", "node");
	for (i = 0; i < 2; i++) {
		synth_cpu(&x->s, i, i, i, i);
		synth_node(&x->s, i, 1 << 20, dist[i], 2);
	}
	synth_task(&x->s, 1, 100, 100, 1, 0, 0, "qemu-system-x86");
	synth_task(&x->s, 2, 101, 100, 1, 0, 0, "CPU 0/KVM");
	vm(x, 1, 0, 0);
	vcpu(x, 1, 0, 0);
	synth_mark(&x->s, 1, SEC, MARK_START, "start");
	assert_null(vms_live_model(x->l));
}

static void stop(struct live *x)
{
	mmt_writer__abandon(x->s.w);
	vms_live_free(x->l);
}

static void run(struct live *x, uint64_t time, uint64_t segment, unsigned int node, uint64_t ns)
{
	uint64_t v[2] = { 0 };

	v[node] = ns;
	synth_places(&x->s, time, segment, 2, v, 2);
}

static const struct vms_vm *only(const struct live *x)
{
	const struct model *m = vms_live_model(x->l);

	assert_non_null(m);
	assert_non_null(m->vms);
	assert_int_equal(m->vms->n_vm, 1);
	return &m->vms->vm[0];
}

/* A measurement stands until the next one; run time between two is held against both. */
static void test_memory_stands(void **state)
{
	static const uint64_t far[2] = { 0, 100 }, near_by[2] = { 60, 0 };
	struct live x;

	(void)state;
	start(&x);
	memory(&x, SEC + 1, 1, far);
	run(&x, 2 * SEC, 1, 0, SEC / 2);
	synth_mark(&x.s, 2, 2 * SEC, MARK_USER, "");
	assert_int_equal(vms_live_model(x.l)->duration, SEC);
	near(only(&x)->exposure.share, 1, 1e-12);
	near(only(&x)->kb, 100 * MIB, 1e-9);
	assert_true(only(&x)->place_cost_ns == 1000);
	assert_int_equal(only(&x)->n_vcpus, 1);
	/* nothing new of it */
	run(&x, 3 * SEC, 2, 0, SEC / 4);
	synth_mark(&x.s, 3, 3 * SEC, MARK_USER, "");
	near(only(&x)->exposure.share, 1, 1e-12);
	near(only(&x)->kb, 100 * MIB, 1e-9);
	assert_true(isnan(only(&x)->place_cost_ns));
	assert_true(only(&x)->part[VMS_VCPUS].v[MT_RUN_NS] == SEC / 4);
	/* half of the time before, half after the new one */
	run(&x, 3 * SEC + SEC / 2, 3, 0, SEC / 2);
	memory(&x, 3 * SEC + SEC / 2, 3, near_by);
	run(&x, 4 * SEC, 3, 0, SEC / 2);
	synth_mark(&x.s, 4, 4 * SEC, MARK_USER, "");
	near(only(&x)->exposure.share, .25, 1e-12);
	near(only(&x)->kb, 60 * MIB, 1e-9);
	/* and it stands */
	run(&x, 5 * SEC, 4, 0, SEC);
	synth_mark(&x.s, 5, 5 * SEC, MARK_USER, "");
	near(only(&x)->exposure.share, 0, 1e-12);
	stop(&x);
}

/* What ends is in the interval in which it does, and not after. */
static void test_ends(void **state)
{
	static const uint64_t far[2] = { 0, 100 };
	struct live x;

	(void)state;
	start(&x);
	memory(&x, SEC + 1, 1, far);
	run(&x, 2 * SEC, 1, 0, SEC / 2);
	synth_mark(&x.s, 2, 2 * SEC, MARK_USER, "");
	run(&x, 2 * SEC + 1000, 2, 0, 1000);
	vcpu(&x, 2 * SEC + 1000, 2, 1);
	vm(&x, 2 * SEC + 1000, 2, VMS_ENDED);
	synth_task(&x.s, 1, 100, 100, 1, 2 * SEC + 1000, 0, "qemu-system-x86");
	synth_task(&x.s, 2, 101, 100, 1, 2 * SEC + 1000, 0, "CPU 0/KVM");
	synth_mark(&x.s, 3, 3 * SEC, MARK_USER, "");
	assert_true(only(&x)->last == 2 * SEC + 1000);
	assert_true(only(&x)->part[VMS_WHOLE].v[MT_RUN_NS] == 1000);
	synth_mark(&x.s, 4, 4 * SEC, MARK_USER, "");
	assert_true(!vms_live_model(x.l)->vms || !vms_live_model(x.l)->vms->n_vm);
	assert_int_equal(vms_live_model(x.l)->n_tasks, 0);
	stop(&x);
}

/* Text, JSON and CSV of intervals: heads of CSV once. */
static void test_shown(void **state)
{
	struct vms_show_opts o = { .live = true, .out.fmt = TABLE_CSV };
	char *text = NULL, *p;
	size_t size, heads = 0, rows = 0;
	FILE *f = open_memstream(&text, &size);
	struct live x;
	uint64_t i;

	(void)state;
	assert_non_null(f);
	start(&x);
	for (i = 2; i < 5; i++) {
		run(&x, i * SEC, i - 1, 1, SEC);
		synth_mark(&x.s, i, i * SEC, MARK_USER, "");
		assert_int_equal(vms_show(vms_live_model(x.l), &o, f), 0);
		o.again = true;
	}
	fclose(f);
	for (p = text; (p = strstr(p, "time_s,")); p++)
		heads++;
	for (p = text; (p = strstr(p, ",web,")); p++)
		rows++;
	assert_int_equal(heads, 1);
	assert_int_equal(rows, 3);
	free(text);
	f = open_memstream(&text, &size);
	assert_non_null(f);
	o.out.fmt = TABLE_JSON;
	assert_int_equal(vms_show(vms_live_model(x.l), &o, f), 0);
	o.out.fmt = TABLE_TEXT;
	assert_int_equal(vms_show(vms_live_model(x.l), &o, f), 0);
	fclose(f);
	p = strchr(text, '\n');
	assert_non_null(p);
	*p = '\0';
	assert_non_null(strstr(text, "\"vcpus\": [{"));
	assert_non_null(strstr(p + 1, "VMs        1, 1 vCPU"));
	assert_non_null(strstr(p + 1, "memory     not available: not measured for any of these VMs"));
	free(text);
	stop(&x);
}

/* Three thousand intervals with tasks that come and go: no more is kept than what lives. */
static void test_flat(void **state)
{
	struct live x;
	uint64_t i;

	(void)state;
	start(&x);
	for (i = 2; i < 3000; i++) {
		synth_task(&x.s, 10 + i, 1000 + (unsigned int)i, 1000 + (unsigned int)i, i, 0, 0, "short");
		synth_task(&x.s, 10 + i, 1000 + (unsigned int)i, 1000 + (unsigned int)i, i, i * SEC, 0, "short");
		synth_mark(&x.s, i, i * SEC, MARK_USER, "");
		assert_true(vms_live_model(x.l)->n_tasks <= 3);
	}
	stop(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_stands), cmocka_unit_test(test_ends), cmocka_unit_test(test_shown), cmocka_unit_test(test_flat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
