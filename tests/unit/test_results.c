// SPDX-License-Identifier: GPL-2.0-only
/* From output to numbers: patterns, JSON, which match counts; nothing is guessed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/order.h"
#include "../../runner/results.h"
#include "../../analyzer/suggest.h"
#include "../../analyzer/unit.h"

static const struct run_usage usage = { .elapsed = 1.5, .user = 0.25, .nvcsw = 23 };

struct one { struct conf_metric m; struct conf c; struct bench b; struct bench_part p; };

static int read_one(struct conf_metric m, const char *text, struct results *out, FILE *log, struct conf_err *err)
{
	struct one o = { .m = m, .p = { .a = (char *)"4", .b = (char *)"_" } };

	o.m.name = (char *)"t";
	o.m.unit = (char *)"s";
	o.c.metrics = &o.m;
	o.c.n_metrics = 1;
	o.b.conf = &o.c;
	*out = (struct results){ 0 };
	return results_read(&o.b, &o.p, text, &usage, log, out, err);
}

#define S(x) ((char *)(x))

static void expect(struct conf_metric m, const char *text, double value)
{
	struct conf_err err = { "" };
	struct results r;

	if (read_one(m, text, &r, NULL, &err))
		fail_msg("%s", err.text);
	assert_int_equal(r.n, 1);
	assert_true(r.v[0].value == value);
	assert_string_equal(r.v[0].a, "4");
	results_free(&r);
}

static void refuse(struct conf_metric m, const char *text, const char *say)
{
	struct conf_err err = { "" };
	struct results r;

	assert_int_equal(read_one(m, text, &r, NULL, &err), -EINVAL);
	if (!strstr(err.text, say))
		fail_msg("says '%s', not '%s'", err.text, say);
	results_free(&r);
}

static void test_pattern(void **state)
{
	struct conf_metric m = { .pattern = S("^T: ([0-9.]+)") };

	(void)state;
	expect(m, "x\nT: 2.5\ny\n", 2.5);
	expect(m, "T: 2.5", 2.5);
	refuse(m, " T: 2.5 T: 3\n", "nothing"); /* ^ is the start of a line */
	refuse(m, "", "nothing");
	refuse(m, "T: 1\nT: 2\n", "2 places");
	refuse(m, "T: 1.2.3\n", "no number");
	m.pattern = S("v=([^ ]*)");
	expect(m, "v=1e3 ", 1000);
	refuse(m, "v=nan ", "no number");
	refuse(m, "v= ", "no number");
	m.pattern = S("()"); /* matches everywhere, and must end */
	refuse(m, "abc", "no number");
}

static void test_pick(void **state)
{
	struct conf_metric m = { .pattern = S("v=([0-9]+)") };
	static const struct { const char *pick; double value; } cases[] = {
		{ "first", 3 }, { "last", 2 }, { "min", 1 }, { "max", 4 }, { "sum", 10 }, { "mean", 2.5 },
	};
	struct conf_err err;
	struct results r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m.pick = S(cases[i].pick);
		expect(m, "v=3 v=1\nv=4\nv=2", cases[i].value);
	}
	m.pick = S("all");
	assert_int_equal(read_one(m, "v=3 v=1", &r, NULL, &err), 0);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.v[1].interval, 1);
	results_free(&r);
}

static void test_json(void **state)
{
	static const char text[] = "chatter\n{\"a\": {\"0\": {\"x\": 2}, \"1\": {\"x\": 4}}, \"l\": [5, \"6.5\"], \"s\": \"q\"}\nmore";
	struct conf_metric m = { .json = S("a.1.x") };

	(void)state;
	expect(m, text, 4);
	m.json = S("l.1");
	expect(m, text, 6.5);
	m.json = S("a.*.x");
	refuse(m, text, "2 places");
	m.pick = S("mean");
	expect(m, text, 3);
	m.pick = NULL;
	m.json = S("s");
	refuse(m, text, "no number");
	m.json = S("a");
	refuse(m, text, "does not lead to a number");
	m.json = S("b.c");
	refuse(m, text, "nothing");
	refuse(m, "{\"b\": ", "no JSON");
	refuse(m, "", "no JSON");
}

static void test_builtin(void **state)
{
	struct conf_metric m = { .builtin = S("elapsed") };

	(void)state;
	expect(m, "", 1.5);
	m.builtin = S("nvcsw");
	expect(m, "", 23);
}

static void test_append(void **state)
{
	struct conf_metric m = { .pattern = S("v=([0-9.]+)"), .append = S("Total time: ${value} [sec]") };
	struct conf_err err;
	struct results r;
	char *text;
	size_t size;
	FILE *log = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(read_one(m, "v=0.123", &r, log, &err), 0);
	fclose(log);
	assert_string_equal(text, "Total time: 0.123 [sec]\n");
	free(text);
	results_free(&r);
}

static void test_write(void **state)
{
	struct conf_metric m = { .pattern = S("v=([0-9.]+)") };
	char path[] = "/tmp/mmt-results.XXXXXX", buf[200];
	struct conf_err err;
	struct results r;
	FILE *f;
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	assert_int_equal(read_one(m, "v=0.1", &r, NULL, &err), 0);
	assert_int_equal(results_write(&r, path), 0);
	f = fopen(path, "r");
	assert_non_null(fgets(buf, sizeof(buf), f));
	assert_string_equal(buf, "t\t4\t_\t0\t0.1\t_\n");
	fclose(f);
	assert_int_equal(results_write(&r, "/proc/nowhere/x"), -ENOENT);
	if (!access("/dev/full", W_OK))
		assert_int_equal(results_write(&r, "/dev/full"), -ENOSPC);
	results_free(&r);
	unlink(path);
}

static void test_order(void **state)
{
	static const size_t two[] = { 0, 1, 1, 0, 0, 1 }, three[] = { 0, 1, 2, 2, 1, 0 };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(order_arm(2, (unsigned int)i / 2, i % 2), two[i]);
		assert_int_equal(order_arm(3, (unsigned int)i / 3, i % 3), three[i]);
	}
	assert_int_equal(order_arm(1, 7, 0), 0);
}

static void test_words(void **state)
{
	static const char *const words[] = { "report", "record", "recover", "run", "list" };

	(void)state;
	assert_string_equal(suggest("reprot", words, 5), "report");
	assert_string_equal(suggest("recrod", words, 5), "record");
	assert_string_equal(suggest("lst", words, 5), "list");
	assert_null(suggest("frobnicate", words, 5));
	assert_int_equal(suggest_distance("", "abc"), 3);
	assert_int_equal(suggest_distance("ab", "ba"), 1);
	assert_string_equal(unit_better("usecs/op"), "lower");
	assert_string_equal(unit_better("ops/s"), "higher");
	assert_null(unit_better("bogo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern), cmocka_unit_test(test_pick), cmocka_unit_test(test_json),
		cmocka_unit_test(test_builtin), cmocka_unit_test(test_append), cmocka_unit_test(test_write),
		cmocka_unit_test(test_order), cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
