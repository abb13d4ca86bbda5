// SPDX-License-Identifier: GPL-2.0-only
/* Names of perf's events -> what the kernel is asked for, on made-up machines of both vendors; what is wrong with a name. */
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/perf_events.h"
#include "analyzer/suggest.h"
#include "trace_make.h"

#define CACHE(id, op, result) \
	(PERF_COUNT_HW_CACHE_##id | PERF_COUNT_HW_CACHE_OP_##op << 8 | PERF_COUNT_HW_CACHE_RESULT_##result << 16)

static const char *const intel[][2] = {
	{ "cpu/type", "4\n" }, { "cpu/format/event", "config:0-7\n" }, { "cpu/format/umask", "config:8-15\n" },
	{ "cpu/format/edge", "config:18\n" }, { "cpu/format/cmask", "config:24-31\n" }, { "cpu/format/ldlat", "config1:0-15\n" },
	{ "cpu/format/offcore_rsp", "config1:0-63\n" }, { "cpu/format/odd", "config9:0-63\n" },
	{ "cpu/events/cpu-cycles", "event=0x3c\n" }, { "cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n" },
	{ "cpu/events/slots", "event=0x00,umask=0x4\n" }, { "cpu/events/asks", "event=?,umask=0x4\n" },
	{ "uncore_imc_0/type", "14\n" }, { "uncore_imc_0/cpumask", "0,18\n" }, { "uncore_imc_0/format/event", "config:0-7\n" },
	{ "uncore_imc_0/format/umask", "config:8-15\n" }, { "uncore_imc_0/events/cas_count_read", "event=0x04,umask=0x03\n" },
	{ "uncore_imc_0/events/cas_count_read.scale", "6.103515625e-5\n" }, { "uncore_imc_0/events/cas_count_read.unit", "MiB\n" },
	{ "uncore_imc_10/type", "15\n" }, { "uncore_imc_10/cpumask", "0,18\n" }, { "uncore_imc_10/format/event", "config:0-7\n" },
	{ "uncore_imc_10/format/umask", "config:8-15\n" }, { "uncore_imc_10/events/cas_count_read", "event=0x04,umask=0x03\n" },
	{ "uncore_imc_free_running/type", "16\n" },
	{ "power/type", "9\n" }, { "power/cpumask", "0,18\n" }, { "power/format/event", "config:0-7\n" },
	{ "power/events/energy-pkg", "event=0x02\n" }, { "power/events/energy-pkg.unit", "Joules\n" },
	{ "power/events/energy-pkg.scale", "2.3283064365386962890625e-10\n" },
	{ "software/type", "1\n" }, { "msr/type", "8\n" }, { "msr/format/event", "config:0-63\n" }, { "msr/events/tsc", "event=0x00\n" },
};

static const char *const amd[][2] = {
	{ "cpu/type", "4\n" }, { "cpu/format/event", "config:0-7,32-35\n" }, { "cpu/format/umask", "config:8-15\n" },
	{ "cpu/format/cmask", "config:24-31\n" }, { "cpu/format/inv", "config:23\n" },
	{ "cpu/events/cpu-cycles", "event=0x76\n" },
	{ "amd_df/type", "13\n" }, { "amd_df/cpumask", "0,64\n" }, { "amd_df/format/event", "config:0-7,32-35,59-60\n" },
	{ "amd_df/format/umask", "config:8-15\n" },
};

static const char *const hybrid[][2] = {
	{ "cpu_core/type", "4\n" }, { "cpu_core/cpus", "0-3\n" }, { "cpu_core/format/event", "config:0-7\n" },
	{ "cpu_atom/type", "10\n" }, { "cpu_atom/cpus", "4-7\n" }, { "cpu_atom/format/event", "config:0-7\n" },
};

static const char *const none[][2] = { { "software/type", "1\n" }, { "msr/type", "8\n" } };

static char root[32];

static void machine(const char *const (*files)[2], size_t n)
{
	char path[512], *s;
	size_t i;

	strcpy(root, "/tmp/mmt-pmu-XXXXXX");
	assert_non_null(mkdtemp(root));
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/sys/bus/event_source/devices/%s", root, files[i][0]);
		for (s = path + strlen(root) + 1; (s = strchr(s, '/')); s++) {
			*s = '\0';
			mkdir(path, 0755);
			*s = '/';
		}
		trace_spill(path, files[i][1], strlen(files[i][1]));
	}
}
#define MACHINE(m) machine(m, sizeof(m) / sizeof(m[0]))

static void forget(void)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -r %s", root);
	assert_int_equal(system(cmd), 0);
}

static struct mmt_perf_events parse(const char *list)
{
	struct mmt_perf_parse p = { .root = root };
	struct mmt_perf_events ev = { 0 };

	if (mmt_perf_events__parse(&p, list, &ev))
		fail_msg("%s: %s", list, p.why);
	return ev;
}

/* One event, of one box. */
static void is(const char *list, const char *name, uint32_t type, uint64_t config, uint64_t config1)
{
	struct mmt_perf_events ev = parse(list);

	assert_int_equal(ev.n, 1);
	assert_string_equal(ev.v[0].name, name);
	assert_int_equal(ev.v[0].n_boxes, 1);
	assert_int_equal(ev.v[0].boxes[0].type, type);
	assert_int_equal(ev.v[0].boxes[0].config, config);
	assert_int_equal(ev.v[0].boxes[0].config1, config1);
	mmt_perf_events__free(&ev);
}

static void wrong(const char *list, const char *why)
{
	struct mmt_perf_parse p = { .root = root, .hint = suggest_hint };
	struct mmt_perf_events ev = { 0 };

	assert_int_equal(mmt_perf_events__parse(&p, list, &ev), -EINVAL);
	if (!strstr(p.why, why) || strchr(p.why, '\n'))
		fail_msg("%s: says '%s', not '%s'", list, p.why, why);
}

static void test_generic(void **state)
{
	(void)state;
	MACHINE(none);
	is("cycles", "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0);
	is("cpu-cycles", "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0);
	is("branch-instructions", "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 0);
	is("branch-misses", "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, 0);
	is("faults", "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 0);
	is("cs", "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, 0);
	is(" minor-faults, ", "minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, 0);
	is("node-loads", "node-loads", PERF_TYPE_HW_CACHE, CACHE(NODE, READ, ACCESS), 0);
	is("node-load-misses", "node-load-misses", PERF_TYPE_HW_CACHE, CACHE(NODE, READ, MISS), 0);
	is("node-stores", "node-stores", PERF_TYPE_HW_CACHE, CACHE(NODE, WRITE, ACCESS), 0);
	is("node-store-misses", "node-store-misses", PERF_TYPE_HW_CACHE, CACHE(NODE, WRITE, MISS), 0);
	is("L1-dcache-load-misses", "L1-dcache-load-misses", PERF_TYPE_HW_CACHE, CACHE(L1D, READ, MISS), 0);
	is("llc-loads", "LLC-loads", PERF_TYPE_HW_CACHE, CACHE(LL, READ, ACCESS), 0);
	is("dTLB-prefetch-misses", "dTLB-prefetch-misses", PERF_TYPE_HW_CACHE, CACHE(DTLB, PREFETCH, MISS), 0);
	is("branch-load-misses", "branch-load-misses", PERF_TYPE_HW_CACHE, CACHE(BPU, READ, MISS), 0);
	is("r01A8", "r1a8", PERF_TYPE_RAW, 0x1a8, 0);
	forget();
}

static void test_intel(void **state)
{
	struct mmt_perf_events ev;

	(void)state;
	MACHINE(intel);
	is("cpu/event=0xcd,umask=1,ldlat=0x1ff/", "cpu/event=0xcd,umask=1,ldlat=0x1ff/", 4, 0x1cd, 0x1ff);
	is("cpu/cpu-cycles/", "cpu/cpu-cycles/", 4, 0x3c, 0);
	is("cpu/mem-loads/", "cpu/mem-loads/", 4, 0x1cd, 3);
	is("cpu/mem-loads,ldlat=30/", "cpu/mem-loads,ldlat=30/", 4, 0x1cd, 30);
	is("mem-loads", "mem-loads", 4, 0x1cd, 3);
	is("slots:u", "slots:u", 4, 0x400, 0);
	is("cpu/event=0xb7,umask=1,offcore_rsp=0x63fc00491/", "cpu/event=0xb7,umask=1,offcore_rsp=0x63fc00491/", 4, 0x1b7, 0x63fc00491);
	is("cpu/event=0xd1,edge,cmask=2/", "cpu/event=0xd1,edge,cmask=2/", 4, 0xd1 | 1 << 18 | 2 << 24, 0);
	is("cpu/config=0x1d3,name=node-load-misses/", "node-load-misses", 4, 0x1d3, 0);
	is("msr/tsc/", "msr/tsc/", 8, 0, 0);
	/* a box for each memory controller, on the CPUs that the kernel says */
	ev = parse("uncore_imc/cas_count_read/");
	assert_int_equal(ev.v[0].kind, MMT_PERF_PMU);
	assert_int_equal(ev.v[0].n_boxes, 2);
	assert_int_equal(ev.v[0].boxes[0].type, 14);
	assert_int_equal(ev.v[0].boxes[1].type, 15);
	assert_int_equal(ev.v[0].boxes[1].config, 0x304);
	assert_true(ev.v[0].boxes[1].some && mmt_cpuset__has(&ev.v[0].boxes[1].cpus, 18) && !mmt_cpuset__has(&ev.v[0].boxes[1].cpus, 1));
	assert_float_equal(ev.v[0].scale, 1 / 16384.0, 1e-12);
	assert_string_equal(ev.v[0].unit, "MiB");
	mmt_perf_events__free(&ev);
	ev = parse("imc/cas_count_read/,uncore_imc_10/cas_count_read/,power/energy-pkg/,cas_count_read");
	assert_int_equal(ev.v[0].n_boxes, 2);
	assert_int_equal(ev.v[1].n_boxes, 1);
	assert_int_equal(ev.v[3].n_boxes, 2);
	assert_string_equal(ev.v[2].unit, "Joules");
	assert_float_equal(ev.v[2].scale * 4294967296.0, 1, 1e-12);
	mmt_perf_events__free(&ev);
	assert_true(mmt_perf_pmu__core(root));
	forget();
}

static void test_amd(void **state)
{
	(void)state;
	MACHINE(amd);
	/* the upper bits of an event are elsewhere in the word */
	is("cpu/event=0x43,umask=0x40/", "cpu/event=0x43,umask=0x40/", 4, 0x4043, 0);
	is("cpu/event=0x1c7,umask=0xff,inv/", "cpu/event=0x1c7,umask=0xff,inv/", 4, 0xffc7 | 1 << 23 | 1ULL << 32, 0);
	is("amd_df/event=0x3f1f,umask=0x47/", "amd_df/event=0x3f1f,umask=0x47/", 13, 0x471f | 0xfULL << 32 | 3ULL << 59, 0);
	wrong("amd_df/event=0x4000/", "amd_df: event=0x4000 is too large: it has 14 bits");
	forget();
}

/* CPUs of two kinds: each counts its own. */
static void test_hybrid(void **state)
{
	struct mmt_perf_events ev;

	(void)state;
	MACHINE(hybrid);
	ev = parse("cycles,node-loads,cpu_atom/event=0x3c/");
	assert_int_equal(ev.v[0].n_boxes, 2);
	assert_int_equal(ev.v[0].boxes[0].type, PERF_TYPE_HARDWARE);
	assert_int_equal(ev.v[0].boxes[0].config, 10ULL << 32);
	assert_true(mmt_cpuset__has(&ev.v[0].boxes[0].cpus, 7) && !mmt_cpuset__has(&ev.v[0].boxes[0].cpus, 0));
	assert_int_equal(ev.v[0].boxes[1].config, 4ULL << 32);
	assert_int_equal(ev.v[1].boxes[0].config, 10ULL << 32 | CACHE(NODE, READ, ACCESS));
	assert_int_equal(ev.v[2].n_boxes, 1);
	assert_int_equal(ev.v[2].kind, MMT_PERF_CORE);
	assert_true(ev.v[2].boxes[0].some && mmt_cpuset__has(&ev.v[2].boxes[0].cpus, 4));
	mmt_perf_events__free(&ev);
	assert_true(mmt_perf_pmu__core(root));
	forget();
}

static void test_groups(void **state)
{
	struct mmt_perf_events ev;

	(void)state;
	MACHINE(none);
	ev = parse(MMT_PERF_DEFAULT);
	assert_int_equal(ev.n, 6);
	assert_int_equal(ev.n_groups, 3);
	assert_int_equal(ev.v[0].group, ev.v[1].group);
	assert_int_equal(ev.v[2].group, ev.v[3].group);
	assert_int_equal(ev.v[4].group, ev.v[5].group);
	assert_int_not_equal(ev.v[0].group, ev.v[2].group);
	mmt_perf_events__free(&ev);
	/* those that belong together find each other, those of other code do not; braces say it all */
	ev = parse("node-loads,instructions,faults,node-load-misses,cycles:u,node-stores,cs");
	assert_int_equal(ev.v[0].group, ev.v[3].group);
	assert_int_not_equal(ev.v[0].group, ev.v[5].group);
	assert_int_not_equal(ev.v[1].group, ev.v[4].group);
	assert_int_not_equal(ev.v[2].group, ev.v[6].group);
	mmt_perf_events__free(&ev);
	ev = parse("{cycles,faults} instructions {cs migrations}");
	assert_int_equal(ev.v[0].group, ev.v[1].group);
	assert_int_not_equal(ev.v[0].group, ev.v[2].group);
	assert_int_equal(ev.v[3].group, ev.v[4].group);
	mmt_perf_events__free(&ev);
	forget();
}

static void test_modifiers(void **state)
{
	struct mmt_perf_events ev;

	(void)state;
	MACHINE(intel);
	ev = parse("cycles:u,cycles:kh,cycles:G,cpu/event=1/I,cpu/event=1/:HD,page-faults");
	assert_true(!ev.v[0].no_user && ev.v[0].no_kernel && ev.v[0].no_hv && !ev.v[0].no_guest);
	assert_true(ev.v[1].no_user && !ev.v[1].no_kernel && !ev.v[1].no_hv);
	assert_true(ev.v[2].no_host && !ev.v[2].no_guest && !ev.v[2].no_user);
	assert_true(ev.v[3].no_idle);
	assert_string_equal(ev.v[3].name, "cpu/event=1/:I");
	assert_true(ev.v[4].pinned && ev.v[4].no_guest);
	assert_true(!ev.v[5].no_user && !ev.v[5].no_kernel && !ev.v[5].no_guest && !ev.v[5].no_idle);
	mmt_perf_events__free(&ev);
	wrong("cycles:x", "no modifier 'x'");
	wrong("cycles:pp", "modifier 'p' is of sampling");
	wrong("cycles:", "no modifier after the colon");
	forget();
}

static void test_wrong(void **state)
{
	char many[1024] = "";
	int i;

	(void)state;
	MACHINE(intel);
	wrong("node-laods", "no counter 'node-laods' (did you mean 'node-loads'?); mmt-trace list counters has all");
	wrong("page-fault", "did you mean 'page-faults'?");
	wrong("cycles,qqqqqqqq", "no counter 'qqqqqqqq'; ");
	wrong("", "no counter is named");
	wrong(" , ", "no counter is named");
	wrong("cycles,cpu-cycles", "counter 'cycles' is there twice");
	wrong("{cycles", "a brace is not closed");
	wrong("cycles}", "was not open");
	wrong("{cycles,{cs}}", "braces within braces");
	wrong("rxyz", "no counter 'rxyz'");
	wrong("cpu", "no counter 'cpu'");
	wrong("cpu/", "a PMU's event is PMU/event/");
	wrong("cpv/event=1/", "this machine has no PMU 'cpv' (did you mean 'cpu'?); there are: cpu, msr, power");
	wrong("uncore_imc/cas_count_raed/", "no event or term 'cas_count_raed' (did you mean 'cas_count_read'?)");
	wrong("cpu/umsk=1/", "PMU cpu has no event or term 'umsk' (did you mean 'umask'?)");
	wrong("cpu/event=0x100/", "cpu: event=0x100 is too large: it has 8 bits");
	wrong("cpu/event=zwei/", "cpu: event=zwei is not a number");
	wrong("cpu/event=-1/", "cpu: event=-1 is not a number");
	wrong("cpu/asks/", "cpu: the event needs a value: add event=VALUE");
	wrong("cpu/odd=1/", "has a format that is not known here: config9:0-63");
	wrong("cpu/../type/", "no event or term");
	for (i = 0; i < 70; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "r%x,", i + 1);
	wrong(many, "more than 64 counters");
	memset(many, 'x', 300);
	many[300] = '\0';
	wrong(many, "too long for a counter");
	forget();
	MACHINE(none);
	assert_false(mmt_perf_pmu__core(root));
	wrong("uncore_imc/cas_count_read/", "this machine has no PMU 'uncore_imc'; there are: msr, software");
	forget();
}

/* All names that are listed are taken, and by no other meaning. */
static void test_names(void **state)
{
	const char *name, *kind;
	char buf[64];
	unsigned int i;

	(void)state;
	MACHINE(none);
	for (i = 0; (name = mmt_perf_events__name(i, &kind, buf, sizeof(buf))); i++) {
		struct mmt_perf_events ev = parse(name);

		assert_string_equal(ev.v[0].name, name);
		assert_int_equal(ev.v[0].kind, strcmp(kind, "software") ? MMT_PERF_CORE : MMT_PERF_SOFT);
		mmt_perf_events__free(&ev);
	}
	assert_int_equal(i, 20 + 7 * 6);
	forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generic), cmocka_unit_test(test_intel), cmocka_unit_test(test_amd), cmocka_unit_test(test_hybrid),
		cmocka_unit_test(test_groups), cmocka_unit_test(test_modifiers), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
