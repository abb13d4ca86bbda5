// SPDX-License-Identifier: GPL-2.0-only
/* Rows of virtual CPUs -> sums, quantiles, metrics, reports; names of exit reasons against the kernel's headers. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<asm/vmx.h>) && __has_include(<asm/svm.h>)
#include <asm/svm.h>
#include <asm/vmx.h>
/* of the processor; svm.h wants them, but no header for programs has them */
enum {
	DE_VECTOR, DB_VECTOR, BP_VECTOR = 3, OF_VECTOR, BR_VECTOR, UD_VECTOR, NM_VECTOR, DF_VECTOR, TS_VECTOR = 10, NP_VECTOR,
	SS_VECTOR, GP_VECTOR, PF_VECTOR, MF_VECTOR = 16, AC_VECTOR, MC_VECTOR, XM_VECTOR,
};
#endif
#endif

#include "analyzer/kvm/kvm.h"
#include "analyzer/metrics.h"
#include "analyzer/report.h"
#include "bpf/kvm_shared.h"
#include "collector/kvm_names.h"
#include "synth.h"

#define SEC 1000000000ull

static const struct synth_kvm svm_rows[] = {
	{ SEC, 1, 1, 0x7b, "io", "exit", "svm", 9999, 0, 0, 0, 0 }, /* before the iteration */
	{ 2 * SEC, 2, 1, 0x7b, "io", "exit", "svm", 100, 99, 990000, 16000, 13 },
	{ 3 * SEC, 2, 1, 0x7b, "io", "exit", "svm", 10, 11, 110000, 70000, 15 },
	{ 3 * SEC, 2, 2, 0x7b, "io", "exit", "svm", 5, 5, 50000, 12000, 13 },
	{ 3 * SEC, 2, 1, 0x78, "hlt", "exit", "svm", 40, 40, 400 * 1000000, 20000000, 23 },
	{ 3 * SEC, 2, 1, 0x400, "npf", "exit", "svm", 7, 7, 70000, 11000, 13 },
	{ 3 * SEC, 2, 2, 0x6b, "", "exit", "svm", 3, 3, 3000, 1100, 9 },
	{ 3 * SEC, 2, 0, UINT64_MAX, "", "exit", "", 2, 0, 0, 0, 0 },
	{ 3 * SEC, 2, 1, 0, "", "entry", "", 165, 0, 0, 0, 0 },
	{ 3 * SEC, 2, 1, 2, "io", "user", "", 110, 110, 600000, 9000, 12 },
	{ 3 * SEC, 2, 2, 48, "signal", "user", "", 1, 0, 0, 0, 0 },
	{ 3 * SEC, 2, 1, 0, "poll", "halt_poll", "", 10, 10, 50000, 9000, 12 },
	{ 3 * SEC, 2, 1, 0, "wait", "halt_poll", "", 30, 30, 390 * 1000000, 19000000, 23 },
	{ 3 * SEC, 2, 1, 0, "grow", "halt_poll", "", 3, 3, 70000, 40000, 14 },
};

static void make(struct synth *s, const struct synth_kvm *rows, size_t n, const char *fact)
{
	size_t i;

	synth_open(s);
	if (fact)
		synth_meta(s, "kvm", fact);
	synth_task(s, 1, 11, 10, 5, 0, 0, "CPU 0/KVM");
	synth_task(s, 2, 12, 10, 6, 0, 0, "CPU 1/KVM");
	synth_mark(s, 1, 0, MARK_START, "start");
	for (i = 0; i < n; i++) {
		if (i == 1) {
			synth_seal(s);
			synth_mark(s, 2, SEC, MARK_ITER_START, "x");
		}
		synth_kvm(s, &rows[i]);
	}
	if (n)
		synth_mark(s, 3, 3 * SEC, MARK_ITER_END, "x");
	synth_close(s);
}

#define MAKE(s) make(s, svm_rows, sizeof(svm_rows) / sizeof(svm_rows[0]), "yes")

static int metric(const struct model *m, const char *name, double *v)
{
	struct metric_ctx ctx;
	int err;

	assert_non_null(metric_find(name));
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	err = metric_value(&ctx, metric_find(name), v);
	metric_ctx_free(&ctx);
	return err;
}

static void is(const struct model *m, const char *name, double want)
{
	double v = NAN;

	assert_int_equal(metric(m, name, &v), 0);
	assert_float_equal(v, want, fabs(want) * 1e-9);
}

static void test_metrics(void **state)
{
	struct synth s;
	struct model *m;

	(void)state;
	MAKE(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	is(m, "kvm.exits", 110 + 5 + 40 + 7 + 3 + 2);
	is(m, "kvm.exits.rate", 167 / 2.0);
	is(m, "kvm.exits.hlt", 40);
	is(m, "kvm.exits.io", 115);
	is(m, "kvm.exits.msr", 0);
	is(m, "kvm.exits.fault", 7);
	is(m, "kvm.exit_time", (990000 + 110000 + 50000 + 70000 + 3000) / 1e9);
	is(m, "kvm.returns", 111);
	is(m, "kvm.halt_time", 0.39005);
	model_free(m);
	synth_remove(&s);
}

/* 0, missing because it was not recorded, missing because this KVM does not tell: three different things. */
static void test_missing(void **state)
{
	static const struct synth_kvm silent[] = {
		{ SEC, 1, 1, 2, "io", "user", "", 1, 0, 0, 0, 0 },
		{ 2 * SEC, 2, 1, 2, "io", "user", "", 50, 0, 0, 0, 0 },
	};
	struct synth s;
	struct model *m;
	double v;

	(void)state;
	make(&s, NULL, 0, NULL);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric(m, "kvm.exits", &v), -ENODATA);
	assert_string_equal(kvm_missing(m), "");
	model_free(m);
	synth_remove(&s);

	make(&s, NULL, 0, "not available: no KVM here");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric(m, "kvm.exits", &v), -ENODATA);
	assert_string_equal(kvm_missing(m), "no KVM here");
	model_free(m);
	synth_remove(&s);

	make(&s, NULL, 0, "yes");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	is(m, "kvm.exits", 0);
	is(m, "kvm.returns", 0);
	model_free(m);
	synth_remove(&s);

	make(&s, silent, 2, "yes");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(metric(m, "kvm.exits", &v), -ENODATA);
	assert_int_equal(metric(m, "kvm.exit_time", &v), -ENODATA);
	is(m, "kvm.returns", 50);
	model_free(m);
	synth_remove(&s);
}

static void test_quantiles(void **state)
{
	struct kvm_sum s = { .max_ns = 3000 };

	(void)state;
	assert_true(isnan(kvm_q(&s, 0.5)));
	s.hist[10] = 98; /* 1024 .. 2047 */
	s.hist[11] = 2;
	assert_true(kvm_q(&s, 0.5) >= 1024 && kvm_q(&s, 0.5) < 2048);
	assert_float_equal(kvm_q(&s, 0.49), 1024 * sqrt(2), 1);
	assert_true(kvm_q(&s, 0.99) > 2048 && kvm_q(&s, 0.99) <= 3000);
	assert_float_equal(kvm_q(&s, 1), 3000, 0); /* no more than the longest */
}

static void log_line(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)level;
	snprintf(ctx, 256, "%s", msg);
}

static char *report(const struct model *m, struct report_opts o, int want, char said[256])
{
	char *buf = NULL;
	size_t size;
	FILE *f = open_memstream(&buf, &size);

	assert_non_null(f);
	said[0] = 0;
	o.kvm = true;
	o.log = log_line;
	o.log_ctx = said;
	assert_int_equal(report_write(m, &o, f), want);
	fclose(f);
	return buf;
}

static void has(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("'%s' is not in:\n%s", line, text);
}

static void test_report(void **state)
{
	struct report_opts o = { .by = REPORT_MACHINE, .out = { .fmt = TABLE_CSV } };
	struct synth s;
	struct model *m;
	char said[256], *t;

	(void)state;
	MAKE(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	t = report(m, o, 0, said);
	has(t, "reason,nr,isa,count,share_pct,rate,timed,time_ns,mean_ns,p50_ns,p99_ns,max_ns\nhlt,120,svm,40,");
	has(t, "\nio,123,svm,115,");
	has(t, ",57.5,115,1150000,10000,"); /* a second, timed, time, mean */
	has(t, ",70000\n");
	has(t, "\nreason 0x6b,107,svm,3,");
	has(t, "\nreason not known,,,2,");
	has(t, ",1,0,,,,,\n"); /* no times: nothing, not 0 */
	free(t);
	o.by = REPORT_TASK;
	t = report(m, o, 0, said);
	has(t, "\nCPU 0/KVM,11,io,123,svm,110,");
	has(t, "\nCPU 1/KVM,12,io,123,svm,5,");
	has(t, "\n(others),,reason not known,,,2,");
	free(t);
	o.by = REPORT_PROCESS;
	o.sort = "count";
	t = report(m, o, 0, said);
	has(t, "io,123,svm,115,");
	free(t);
	o = (struct report_opts){ .by = REPORT_MACHINE, .out = { .fmt = TABLE_JSON } };
	t = report(m, o, 0, said);
	has(t, "\"kind\": \"report.kvm\"");
	has(t, "\"exits\": 167");
	has(t, "\"kvm_returns\"");
	has(t, "\"awake_pct\": 25");
	free(t);
	o.out.fmt = TABLE_TEXT;
	t = report(m, o, 0, said);
	has(t, "167 exits\n");
	has(t, "CPU 0/KVM");
	has(t, "wait ");
	free(t);
	o.by = REPORT_CPU;
	free(report(m, o, -EINVAL, said));
	has(said, "--by machine");
	o.by = REPORT_MACHINE;
	o.numa = true;
	free(report(m, o, -EINVAL, said));
	has(said, "--kvm goes alone");
	o.numa = false;
	o.sort = "nonsense";
	free(report(m, o, -ENOENT, said));
	has(said, "for example, time");
	model_free(m);
	synth_remove(&s);
}

static void test_report_missing(void **state)
{
	struct report_opts o = { .by = REPORT_MACHINE, .out = { .fmt = TABLE_TEXT } };
	struct synth s;
	struct model *m;
	char said[256];

	(void)state;
	make(&s, NULL, 0, NULL);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	free(report(m, o, -ENODATA, said));
	has(said, "record it with -e kvm");
	model_free(m);
	synth_remove(&s);
	make(&s, NULL, 0, "not available: no KVM here");
	m = synth_model(&s, WINDOW_AUTO, NULL);
	free(report(m, o, -ENODATA, said));
	has(said, "not available: no KVM here");
	model_free(m);
	synth_remove(&s);
	make(&s, NULL, 0, "yes"); /* it was there, and nothing happened */
	m = synth_model(&s, WINDOW_AUTO, NULL);
	free(report(m, o, 0, said));
	model_free(m);
	synth_remove(&s);
}

/* ---------------------------------------------------------------- names */

/* Every key that a reason is folded into is told back as that reason; see key_of() of bpf/kvm.bpf.c. */
static void test_keys(void **state)
{
	(void)state;
	assert_int_equal(mmt_kvm_reason(0), 0);
	assert_int_equal(mmt_kvm_reason(0xff), 0xff);
	assert_int_equal(mmt_kvm_reason(MMT_KVM_NESTED + 3), 0x403);
	assert_int_equal(mmt_kvm_reason(MMT_KVM_HIGH + 0x21), 0x80000021);
	assert_int_equal(mmt_kvm_reason(MMT_KVM_TOP + 5), 0x8000fffd);
	assert_int_equal(mmt_kvm_reason(MMT_KVM_ERROR), 0xffffffff);
	assert_true(mmt_kvm_reason(MMT_KVM_OTHER) == UINT64_MAX);
	assert_string_equal(mmt_kvm_exit_name(1, 0x80000021), "invalid_state"); /* a failed entry, by its cause */
	assert_string_equal(mmt_kvm_exit_name(2, 0x80000021), "");
	assert_string_equal(mmt_kvm_exit_name(2, 0x78), "hlt");
	assert_string_equal(mmt_kvm_exit_name(1, 12), "hlt");
	assert_string_equal(mmt_kvm_exit_name(2, 0xffffffff), "invalid_guest_state");
	assert_string_equal(mmt_kvm_exit_name(1, UINT64_MAX), "");
	assert_string_equal(mmt_kvm_exit_name(2, UINT64_MAX), "");
	assert_string_equal(mmt_kvm_exit_name(0, 12), "");
	assert_string_equal(mmt_kvm_user_name(2), "io");
	assert_string_equal(mmt_kvm_user_name(47), "");
	assert_string_equal(mmt_kvm_user_name(UINT32_MAX), "");
}

#ifdef VMX_EXIT_REASONS
/* The kernel's word for it in ours: lower case, '_' for '-', "PF excp" is excp_pf. */
static void same_name(uint32_t isa, int64_t reason, const char *theirs)
{
	char want[64];
	size_t i;

	if (strlen(theirs) > 5 && !strcmp(theirs + 2, " excp"))
		snprintf(want, sizeof(want), "excp_%.2s", theirs);
	else
		snprintf(want, sizeof(want), "%s", theirs);
	for (i = 0; want[i]; i++)
		want[i] = want[i] == '-' ? '_' : want[i];
	if (strcasecmp(mmt_kvm_exit_name(isa, (uint32_t)reason), want))
		fail_msg("isa %u, reason %lld: '%s', the kernel's header says '%s'", isa, (long long)reason,
			 mmt_kvm_exit_name(isa, (uint32_t)reason), theirs);
}

static void test_names(void **state)
{
	static const struct { int64_t reason; const char *name; } vmx[] = { VMX_EXIT_REASONS }, svm[] = { SVM_EXIT_REASONS };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(vmx) / sizeof(vmx[0]); i++)
		same_name(1, vmx[i].reason, vmx[i].name);
	for (i = 0; i < sizeof(svm) / sizeof(svm[0]); i++)
		same_name(2, svm[i].reason, svm[i].name);
}
#else
static void test_names(void **state)
{
	(void)state;
	print_message("skipped: no <asm/vmx.h> and <asm/svm.h>\n");
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_missing),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
