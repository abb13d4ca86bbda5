// SPDX-License-Identifier: GPL-2.0-only
/* Exits of made-up VMs against made-up statistics of KVM, read at marks and before VMs ended. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/verify.h"
#include "../../analyzer/vms/vms.h"
#include "synth.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SEC 1000000000ull

enum { STAYS = 1, COMES, GOES, BRIEF }; /* VMs; their virtual CPUs' epochs are 10 more */

static void exits(struct synth *s, uint64_t time, uint64_t segment, uint64_t vm, const char *name, const char *class, uint64_t n, uint64_t ns)
{
	const struct synth_kvm k = { time, segment, vm + 10, 1, name, class, "svm", n, ns ? n : 0, ns, ns, 10 };

	synth_kvm(s, &k);
}

static void stat_of(struct synth *s, const char *source, uint64_t time, uint64_t segment, uint64_t vm, const char *name, uint64_t v)
{
	const struct mmt_cell c[] = {
		{ .u = time }, { .u = segment }, { .p = source, .len = (uint32_t)strlen(source) },
		{ .p = name, .len = (uint32_t)strlen(name) }, { .u = vm }, { .u = v },
	};

	assert_int_equal(mmt_writer__row(s->w, MMT_TB_COUNTER, c, N(c)), 0);
}

/* At the mark that begins the segment. */
static void stat(struct synth *s, uint64_t segment, uint64_t vm, const char *name, uint64_t v)
{
	stat_of(s, "kvm.stat", 0, segment, vm, name, v);
}

static void vm(struct synth *s, uint64_t number, uint64_t from, uint64_t to)
{
	static const char *const names[] = { "", "stays", "comes", "goes", "brief" };
	struct synth_vm v = {
		.time = from, .segment = 1, .number = number, .name = names[number], .tgid = 100 * number, .epoch = number, .vcpus = 1,
	};

	synth_task(s, number, (unsigned int)(100 * number), (unsigned int)(100 * number), from, to, 0, "qemu");
	synth_task(s, number + 10, (unsigned int)(100 * number + 1), (unsigned int)(100 * number), from + 1, to, 0, "CPU 0/KVM");
	synth_vm(s, &v);
	synth_vcpu(s, from + 2, 1, number, 0, 100 * number + 1, number + 10, VMS_VCPU_FOUND);
	if (!to)
		return;
	v.time = to;
	v.event = VMS_ENDED;
	synth_vm(s, &v);
}

/* stats: what meta says of KVM's statistics, NULL: nothing; wrong: what KVM has more of "comes" than we */
static void make(struct synth *s, const char *stats, bool told, uint64_t wrong)
{
	synth_open(s);
	synth_meta(s, "vm", "yes");
	synth_meta(s, "kvm", "yes");
	if (stats)
		synth_meta(s, "kvm.stat", stats);
	synth_mark(s, 1, SEC, MARK_START, "start");
	vm(s, STAYS, 1, 0);
	vm(s, COMES, 2 * SEC, 0);
	vm(s, GOES, 2, 4 * SEC + 500);
	vm(s, BRIEF, 3 * SEC, 3 * SEC + 5000);
	if (told) {
		exits(s, 3 * SEC, 1, STAYS, "io", "exit", 70, 0);
		exits(s, 4 * SEC, 1, STAYS, "hlt", "exit", 30, 0);
		exits(s, 3 * SEC, 1, COMES, "hlt", "exit", 8, 0);
		exits(s, 4 * SEC, 1, GOES, "hlt", "exit", 500, 0);
		exits(s, 4 * SEC + 400, 1, GOES, "hlt", "exit", 33, 0); /* after KVM was asked: these and those below */
		exits(s, 4 * SEC + 400, 1, GOES, "io", "exit", 11, 0);
		exits(s, 4 * SEC + 600, 1, GOES, "npf", "exit", 5, 0); /* told after the VM's end */
		exits(s, 3 * SEC + 4000, 1, BRIEF, "hlt", "exit", 77, 0);
	}
	exits(s, 4 * SEC, 1, STAYS, "signal", "user", 5, 0);
	exits(s, 4 * SEC, 1, STAYS, "wait", "halt_poll", 3, 3000);
	exits(s, 4 * SEC, 1, STAYS, "grow", "halt_poll", 3, 5000);
	if (stats && strncmp(stats, "not", 3)) {
		stat(s, 1, STAYS, "exits", 1000);
		stat(s, 2, STAYS, "exits", 1100);
		stat(s, 1, STAYS, "halt_exits", 1);
		stat(s, 2, STAYS, "halt_exits", 31);
		stat(s, 1, STAYS, "halt_poll_success_ns", 7);
		stat(s, 1, STAYS, "halt_poll_fail_ns", 7);
		stat(s, 1, STAYS, "halt_wait_ns", 7);
		stat(s, 2, STAYS, "halt_poll_success_ns", 107);
		stat(s, 2, STAYS, "halt_poll_fail_ns", 407);
		stat(s, 2, STAYS, "halt_wait_ns", 2507);
		stat(s, 2, COMES, "exits", 8 + wrong);
		stat(s, 1, GOES, "exits", 40);
		stat_of(s, "kvm.stat.last", 3 * SEC, 1, GOES, "exits", 540);
		stat_of(s, "kvm.stat.since", 3 * SEC, 1, GOES, "exits", 44);
	}
	synth_mark(s, 2, 5 * SEC, MARK_END, "end");
	synth_close(s);
}

static const struct verify_row *row(const struct verify *v, const char *what)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (!strcmp(v->row[i].what, what) && !strcmp(v->row[i].source, "KVM"))
			return &v->row[i];
	return NULL;
}

static void is(const struct verify *v, const char *what, uint64_t ours, uint64_t kernel, uint64_t vms)
{
	const struct verify_row *r = row(v, what);

	assert_non_null(r);
	assert_int_equal(r->ours, ours);
	assert_int_equal(r->kernel, kernel);
	assert_int_equal(r->compared, vms);
	assert_true(r->vms);
}

static void check(struct synth *s, struct verify *v)
{
	struct model *m = synth_model(s, WINDOW_AUTO, NULL);

	assert_int_equal(verify_model(m, v), 0);
	/* names live with the model: none is asked for later than here, but by tests that keep it */
	model_free(m);
	synth_remove(s);
}

static void test_right(void **state)
{
	struct verify v;
	struct synth s;

	(void)state;
	make(&s, "debugfs", true, 0);
	check(&s, &v);
	is(&v, "exits of VMs", 100 + 8 + 500, 100 + 8 + 500, 3);
	assert_int_equal(row(&v, "exits of VMs")->worst, 0);
	is(&v, "exits by halts", 30, 30, 1);
	is(&v, "time of halts", 3000, 3000, 1);
	assert_null(row(&v, "exits by port I/O")); /* KVM was not asked */
	assert_null(row(&v, "returns by signals"));
	assert_int_equal(v.n_notes, 1);
	assert_non_null(strstr(v.note[0], "1 VM of 4 not compared"));
}

static void test_wrong(void **state)
{
	struct verify v;
	struct synth s;
	struct model *m;

	(void)state;
	make(&s, "debugfs", true, 4);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(verify_model(m, &v), 0);
	is(&v, "exits of VMs", 608, 612, 3);
	assert_int_equal(row(&v, "exits of VMs")->worst, 4);
	assert_string_equal(row(&v, "exits of VMs")->worst_task, "comes");
	model_free(m);
	synth_remove(&s);
}

static void test_missing(void **state)
{
	struct verify v;
	struct synth s;

	(void)state;
	make(&s, "not available: debugfs is not mounted", true, 0);
	check(&s, &v);
	assert_null(row(&v, "exits of VMs"));
	assert_int_equal(v.n_notes, 1);
	assert_string_equal(v.note[0], "exits of VMs, KVM: not available: debugfs is not mounted");

	make(&s, NULL, true, 0);
	check(&s, &v);
	assert_int_equal(v.n_notes, 1);
	assert_string_equal(v.note[0], "exits of VMs, KVM: not available: the trace has no statistics of KVM");

	make(&s, "debugfs", false, 0); /* a KVM that counts exits and tells none */
	check(&s, &v);
	assert_null(row(&v, "exits of VMs"));
	is(&v, "time of halts", 3000, 3000, 1);
	assert_non_null(strstr(v.note[0], "does not tell"));
}

/* KVM that was loaded after "comes" had begun, as far as is known: it may have had exits before. */
static void test_late(void **state)
{
	struct verify v;
	struct synth s;

	(void)state;
	make(&s, "debugfs", true, 0);
	check(&s, &v);
	assert_int_equal(row(&v, "exits of VMs")->compared, 3);
	synth_open(&s);
	synth_meta(&s, "vm", "yes");
	synth_meta(&s, "kvm", "yes");
	synth_meta(&s, "kvm.stat", "debugfs");
	synth_meta(&s, "kvm.from", "2000000100");
	synth_mark(&s, 1, SEC, MARK_START, "start");
	vm(&s, COMES, 2 * SEC, 0);
	exits(&s, 3 * SEC, 1, COMES, "hlt", "exit", 8, 0);
	stat(&s, 2, COMES, "exits", 20);
	synth_mark(&s, 2, 5 * SEC, MARK_END, "end");
	synth_close(&s);
	check(&s, &v);
	assert_null(row(&v, "exits of VMs"));
	assert_non_null(strstr(v.note[0], "1 VM of 1 not compared"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
