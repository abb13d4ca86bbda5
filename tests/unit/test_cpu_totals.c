// SPDX-License-Identifier: GPL-2.0-only
/* Counters of CPUs that are read while a switch is half counted, and of CPUs that are not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/probe.h"
#include "../../collector/totals.h"

#define GONE (MMT_MAX_CPUS - 1) /* no machine that this is built for has it */

static struct mmt_cpu cpus[MMT_MAX_CPUS];

static void test_half_a_switch(void **state)
{
	struct mmt_probe bpf = { .cpus = cpus, .n_cpus = 1 };
	struct mmt_cpu_totals c = { 0 };

	(void)state;
	memset(cpus, 0, sizeof(cpus));
	assert_int_equal(mmt_cpu_totals__init(&c, &bpf), 0);
	cpus[0] = (struct mmt_cpu){ .switches = 10, .done = 10, .last = 1000, .idle_ns = 900 };
	mmt_cpu_totals__read(&c, &bpf);
	assert_int_equal(c.now[0].switches, 10);
	/* the time of the switch is there, what was idle until then is not yet */
	cpus[0].switches = 11;
	cpus[0].last = 5000;
	mmt_cpu_totals__read(&c, &bpf);
	assert_int_equal(c.now[0].switches, 10);
	assert_int_equal(c.now[0].last, 1000);
	cpus[0].idle_ns = 4900;
	cpus[0].done = 11;
	mmt_cpu_totals__read(&c, &bpf);
	assert_int_equal(c.now[0].switches, 11);
	assert_int_equal(c.now[0].last, 5000);
	assert_int_equal(c.now[0].idle_ns, 4900);
	mmt_cpu_totals__free(&c);
}

/* Slots are read before CPUs: of a CPU that came back in between they tell what it ran before it went. */
static void test_absent(void **state)
{
	struct mmt_probe bpf = { .cpus = cpus, .n_cpus = MMT_MAX_CPUS };
	struct mmt_cpu_totals c = { 0 };

	(void)state;
	memset(cpus, 0, sizeof(cpus));
	assert_int_equal(mmt_cpu_totals__init(&c, &bpf), 0);
	mmt_cpu_totals__read(&c, &bpf);
	assert_true(mmt_cpu_in(bpf.offline, GONE));
	assert_true(mmt_cpu_in(bpf.absent, GONE));
	assert_false(mmt_cpu_in(bpf.absent, 0));
	/* CPU 0, as if it had been away at the last reading: until it switches it is, and absent once more */
	bpf.offline[0] |= 1;
	mmt_cpu_totals__read(&c, &bpf);
	assert_true(mmt_cpu_in(bpf.offline, 0));
	cpus[0].switches = cpus[0].done = 1;
	mmt_cpu_totals__read(&c, &bpf);
	assert_false(mmt_cpu_in(bpf.offline, 0));
	assert_true(mmt_cpu_in(bpf.absent, 0));
	mmt_cpu_totals__read(&c, &bpf);
	assert_false(mmt_cpu_in(bpf.absent, 0));
	mmt_cpu_totals__free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_half_a_switch), cmocka_unit_test(test_absent) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
