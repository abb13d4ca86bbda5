// SPDX-License-Identifier: GPL-2.0-only
/* Exits of made-up virtual machines and their virtual CPUs: sums, reasons, metrics, tables; what is not known is not 0. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/metrics.h"
#include "../../analyzer/vms/exits.h"
#include "../../analyzer/vms/metric.h"
#include "../../analyzer/vms/show.h"
#include "near.h"
#include "synth.h"

#define SEC 1000000000ull
#define MS 1000000ull

enum { A_MAIN = 1, A_CPU0, A_CPU1, B_CPU0, T_CPU0, OTHER };

static const struct synth_kvm told[] = {
	{ SEC, 1, A_CPU0, 120, "hlt", "exit", "svm", 100, 100, 900 * MS, 20 * MS, 23 },
	{ SEC, 1, A_CPU0, 123, "io", "exit", "svm", 60, 60, 30 * MS, MS, 19 },
	{ SEC, 1, A_CPU0, 0, "", "entry", "", 160, 0, 0, 0, 0 },
	{ SEC, 1, A_CPU0, 2, "io", "user", "", 50, 50, 20 * MS, MS, 19 },
	{ SEC, 1, A_CPU0, 0, "poll", "halt_poll", "", 25, 25, 2 * MS, MS, 16 },
	{ SEC, 1, A_CPU0, 0, "wait_invalid", "halt_poll", "", 75, 75, 800 * MS, 20 * MS, 23 },
	{ SEC, 1, A_CPU1, 123, "io", "exit", "svm", 90, 90, 70 * MS, MS, 19 },
	{ SEC, 1, A_CPU1, 0x400, "npf", "exit", "svm", 10, 10, 20 * MS, MS, 20 },
	{ SEC, 1, A_CPU1, 0, "", "entry", "", 100, 0, 0, 0, 0 },
	{ SEC, 1, A_MAIN, 123, "io", "exit", "svm", 1, 0, 0, 0, 0 }, /* a thread of it that nobody knows as a virtual CPU's */
	{ SEC, 1, B_CPU0, 0x72, "cpuid", "exit", "svm", 40, 40, MS, MS, 14 },
	{ SEC, 1, B_CPU0, 0, "", "entry", "", 40, 0, 0, 0, 0 },
	{ SEC, 1, OTHER, 0x72, "cpuid", "exit", "svm", 5000, 0, 0, 0, 0 }, /* no VM's */
	{ SEC, 1, 0, 0x72, "cpuid", "exit", "svm", 7000, 0, 0, 0, 0 },
};
static const struct synth_kvm silent[] = {
	{ SEC, 1, A_CPU0, 2, "io", "user", "", 50, 50, 20 * MS, MS, 19 },
	{ SEC, 1, A_CPU0, 0, "wait", "halt_poll", "", 4, 4, 800 * MS, 20 * MS, 23 },
};

static void ran(struct synth *s, uint64_t epoch, uint64_t ns)
{
	uint64_t v[MT_N] = { [MT_RUN_NS] = ns };

	synth_totals(s, SEC, 1, epoch, 7, v, NULL, NULL);
}

/* fact NULL: it was not asked for */
static void make(struct synth *s, const char *fact, const struct synth_kvm *rows, size_t n)
{
	static const struct synth_vm vms[] = {
		{ .time = 1, .segment = 1, .number = 1, .name = "a", .tgid = 100, .epoch = A_MAIN, .vcpus = 2 },
		{ .time = 1, .segment = 1, .number = 2, .name = "b", .tgid = 200, .epoch = 9, .vcpus = 1 },
		{ .time = 1, .segment = 1, .number = 3, .name = "t", .tgid = 300, .epoch = 10, .accel = "tcg" },
	};
	size_t i;

	synth_open(s);
	synth_meta(s, "vm", "yes");
	if (fact)
		synth_meta(s, "kvm", fact);
	synth_cgroup(s, 7, "/a");
	synth_mark(s, 1, 0, MARK_START, "start");
	synth_task(s, A_MAIN, 100, 100, 10, 0, 0, "qemu");
	synth_task(s, A_CPU0, 101, 100, 11, 0, 0, "CPU 0/KVM");
	synth_task(s, A_CPU1, 102, 100, 11, 0, 0, "CPU 1/KVM");
	synth_task(s, 9, 200, 200, 10, 0, 0, "qemu");
	synth_task(s, B_CPU0, 201, 200, 11, 0, 0, "CPU 0/KVM");
	synth_task(s, 10, 300, 300, 10, 0, 0, "qemu");
	synth_task(s, T_CPU0, 301, 300, 11, 0, 0, "CPU 0/TCG");
	synth_task(s, OTHER, 400, 400, 11, 0, 0, "other");
	for (i = 0; i < N(vms); i++)
		synth_vm(s, &vms[i]);
	synth_vcpu(s, 1, 1, 1, 0, 101, A_CPU0, VMS_VCPU_FOUND);
	synth_vcpu(s, 1, 1, 1, 1, 102, A_CPU1, VMS_VCPU_FOUND);
	synth_vcpu(s, 1, 1, 2, 0, 201, B_CPU0, VMS_VCPU_FOUND);
	synth_vcpu(s, 1, 1, 3, 0, 301, T_CPU0, VMS_VCPU_FOUND);
	ran(s, A_CPU0, 200 * MS);
	ran(s, A_CPU1, 600 * MS);
	ran(s, B_CPU0, 100 * MS);
	ran(s, T_CPU0, 100 * MS);
	for (i = 0; i < n; i++)
		synth_kvm(s, &rows[i]);
	synth_mark(s, 2, 2 * SEC, MARK_END, "end");
	synth_close(s);
}

static int metric(const struct model *m, const char *name, double *v)
{
	struct vms_named *named = NULL;
	struct metric_ctx ctx;
	size_t n = 0;
	int err;

	*v = -1;
	if (strncmp(name, "vm:", 3)) {
		assert_int_equal(metric_ctx_init(&ctx, m), 0);
		err = metric_value(&ctx, metric_find(name), v);
		metric_ctx_free(&ctx);
		return err;
	}
	assert_int_equal(vms_named_metrics(m, name, &named, &n), 0);
	if (n)
		*v = named[0].value;
	vms_named_free(named, n);
	return n ? 0 : -ENODATA;
}

static void is(const struct model *m, const char *name, double want)
{
	double v;

	assert_int_equal(metric(m, name, &v), 0);
	near(v, want, 1e-9);
}

static void lacks(const struct model *m, const char *name)
{
	double v;

	assert_int_equal(metric(m, name, &v), -ENODATA);
}

static void test_sums(void **state)
{
	const struct vms_vm *a, *b;
	const struct vms_vcpu *c;
	char buf[64];
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "yes", told, N(told));
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_null(vms_exits_missing(m));
	a = &m->vms->vm[0];
	b = &m->vms->vm[1];
	c = &m->vms->vcpu[a->first_vcpu];
	assert_int_equal(a->exits.exits, 261);
	assert_int_equal(a->exits.entries, 260);
	assert_int_equal(a->exits.returns, 50);
	assert_int_equal(a->exits.out_ns, 120 * MS); /* not the halts */
	assert_true(a->exits.polled == 25 && a->exits.slept == 75 && a->exits.polled_ns == 2 * MS && a->exits.slept_ns == 800 * MS);
	/* hlt leads on one virtual CPU, io in the whole machine */
	assert_string_equal(vms_exits_top(m, &a->exits, buf, sizeof(buf)), "io");
	assert_int_equal(a->exits.top_n, 151);
	assert_string_equal(vms_exits_top(m, &c[0].exits, buf, sizeof(buf)), "hlt");
	assert_true(c[0].exits.exits == 160 && c[0].exits.top_n == 100);
	assert_string_equal(vms_exits_top(m, &c[1].exits, buf, sizeof(buf)), "io");
	near(vms_exits_out(m, &c[1].exits, 600. * MS), .15, 1e-12);
	assert_string_equal(vms_exits_top(m, &b->exits, buf, sizeof(buf)), "cpuid");
	assert_int_equal(m->vms->exits.exits, 301);
	assert_int_equal(m->vms->exits.top_n, 151);
	is(m, "vm.kvm.exits", 301);
	is(m, "vm.kvm.exits.rate", 301 / 2.);
	is(m, "vm.kvm.exit_time.share", 100 * 121. / 900);
	is(m, "vm.kvm.returns.rate", 25);
	is(m, "vm.kvm.halts.rate", 50);
	is(m, "vm.kvm.halts.polled", 1);
	is(m, "vm.kvm.halts.slept", 400);
	is(m, "vm:a.kvm.exits", 261);
	is(m, "vm:a.kvm.exit_time.share", 100 * 120. / 800);
	is(m, "vm:b.kvm.halts.rate", 0); /* it had none */
	lacks(m, "vm:t.kvm.exits");      /* KVM has nothing to do with it */
	model_free(m);
	synth_remove(&s);
}

static bool only_b(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "b");
}

static void test_picked(void **state)
{
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "yes", told, N(told));
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(vms_pick(m, only_b, NULL), 0);
	is(m, "vm.kvm.exits", 40);
	assert_int_equal(m->vms->exits.top_n, 40);
	model_free(m);
	synth_remove(&s);
}

static char *show(const struct model *m, enum vms_by by, enum table_fmt fmt)
{
	const struct vms_show_opts o = { .by = by, .out = { .fmt = fmt } };
	char *buf = NULL;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	assert_non_null(f);
	assert_int_equal(vms_show(m, &o, f), 0);
	fclose(f);
	return buf;
}

static void has(char *text, const char *line, bool want)
{
	if (!strstr(text, line) == want)
		fail_msg("'%s' is %sin:\n%s", line, want ? "not " : "", text);
}

static void test_show(void **state)
{
	struct synth s;
	struct model *m;
	char *t;

	(void)state;
	make(&s, "yes", told, N(told));
	m = synth_model(&s, WINDOW_AUTO, NULL);
	t = show(m, VMS_BY_VM, TABLE_CSV);
	has(t, ",exits,exit_rate,exit_top,exit_top_pct,exit_out_ns,exit_out_pct,return_rate,halt_rate,halt_polled_pct,halt_polled_ns,"
	       "halt_slept_ns", true);
	has(t, ",261,130.5,io,57.854", true);
	has(t, ",120000000,15,25,50,25,2000000,800000000", true);
	has(t, ",40,20,cpuid,100,1000000,1,0,0,,0,0", true); /* no halts: no share of them */
	has(t, ",,,,,,,,,,,\n", true);                         /* of TCG nothing */
	free(t);
	t = show(m, VMS_BY_VCPU, TABLE_CSV);
	has(t, ",160,80,hlt,62.5,30000000,15,25,50,25,2000000,800000000", true);
	free(t);
	t = show(m, VMS_BY_ALL, TABLE_TEXT);
	has(t, "exits      150 per second; the time until the next entry is 13.4 % of the run time of vCPUs", true);
	has(t, "halts      50 per second, 25.0 % of them ended without sleeping", true);
	has(t, "Exits of VMs\n", true);
	has(t, "Exits of virtual CPUs\n", false);
	free(t);
	t = show(m, VMS_BY_VCPU, TABLE_TEXT);
	has(t, "Exits of virtual CPUs\n", true);
	has(t, "Exits of VMs\n", false);
	free(t);
	t = show(m, VMS_BY_ALL, TABLE_JSON);
	has(t, "\"exit_top\": \"io\"", true);
	has(t, "\"exits\": 301", true);
	has(t, "\"halt_slept_ns\": 800000000", true);
	free(t);
	model_free(m);
	synth_remove(&s);
}

/* Not recorded, not available, not told by this KVM, and none: four things. */
static void test_missing(void **state)
{
	struct synth s;
	struct model *m;
	char *t;

	(void)state;
	make(&s, NULL, NULL, 0);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_string_equal(vms_exits_missing(m), "");
	lacks(m, "vm.kvm.exits");
	lacks(m, "vm:a.kvm.halts.rate");
	t = show(m, VMS_BY_ALL, TABLE_TEXT);
	has(t, "exits ", false);
	has(t, "Exits", false);
	free(t);
	model_free(m);
	synth_remove(&s);

	make(&s, "not available: no KVM here", NULL, 0);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	lacks(m, "vm.kvm.returns.rate");
	t = show(m, VMS_BY_ALL, TABLE_TEXT);
	has(t, "exits      not available: no KVM here\n", true);
	has(t, "Exits", false);
	free(t);
	t = show(m, VMS_BY_ALL, TABLE_JSON);
	has(t, "\"exits\": \"no KVM here\"", true);
	free(t);
	model_free(m);
	synth_remove(&s);

	make(&s, "yes", silent, N(silent));
	m = synth_model(&s, WINDOW_AUTO, NULL);
	lacks(m, "vm.kvm.exits");
	lacks(m, "vm:a.kvm.exits.rate");
	is(m, "vm:a.kvm.returns.rate", 25);
	is(m, "vm.kvm.halts.slept", 400);
	t = show(m, VMS_BY_VM, TABLE_CSV);
	has(t, ",,,,,,,25,2,0,0,800000000", true);
	free(t);
	t = show(m, VMS_BY_ALL, TABLE_TEXT);
	has(t, "exits      not available: this host's KVM runs virtual CPUs without telling", true);
	free(t);
	model_free(m);
	synth_remove(&s);

	make(&s, "yes", NULL, 0);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	is(m, "vm.kvm.exits", 0);
	is(m, "vm:a.kvm.exits.rate", 0);
	is(m, "vm.kvm.exit_time.share", 0);
	model_free(m);
	synth_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_picked),
		cmocka_unit_test(test_show),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
