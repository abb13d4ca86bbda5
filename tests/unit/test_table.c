// SPDX-License-Identifier: GPL-2.0-only
/* The table engine and the JSON writer: missing, undefined and zero stay apart in every format. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/table.h"

static const struct table_col cols[] = {
	{ .id = "name", .head = "name", .type = COL_TEXT, .flags = COL_KEY, .max = 6 },
	{ .id = "count", .head = "count", .type = COL_COUNT },
	{ .id = "t_ns", .head = "time", .unit = "us", .type = COL_NS, .prec = 1 },
	{ .id = "x", .head = "x", .unit = "%", .type = COL_FLOAT, .prec = 2, .flags = COL_SIGN },
	{ .id = "machine", .head = "machine", .type = COL_COUNT, .flags = COL_NO_TEXT },
	{ .id = "people", .head = "people", .type = COL_TEXT, .flags = COL_ONLY_TEXT },
	{ .id = "none", .head = "none", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
};

static struct table *sample(void)
{
	struct table *t = table_new("sample", "Sample", cols, sizeof(cols) / sizeof(cols[0]));

	assert_non_null(t);
	table_text(t, "zero");
	table_u64(t, 0);
	table_u64(t, 0);
	table_f64(t, 0);
	table_u64(t, 1);
	table_text(t, "p");
	table_u64(t, 0);

	table_text(t, "a,\"b\"");
	table_none(t);
	table_none(t);
	table_none(t);
	table_none(t);
	table_none(t);
	table_none(t);

	table_text(t, "long\tname\033[1m");
	table_u64(t, 18446744073709551615ull);
	table_u64(t, 1234567);
	table_f64(t, NAN);
	table_u64(t, 2);
	table_textf(t, "%d", 7);
	table_none(t);
	assert_int_equal(table_err(t), 0);
	return t;
}

static char *render(const struct table *t, enum table_fmt fmt, int width)
{
	struct table_out o = { .fmt = fmt, .width = width };
	char *buf = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&buf, &n);

	assert_non_null(f);
	table_write(t, f, &o);
	fclose(f);
	return buf;
}

static void expect(const struct table *t, enum table_fmt fmt, int width, const char *want)
{
	char *got = render(t, fmt, width);

	assert_string_equal(got, want);
	free(got);
}

static void test_formats(void **state)
{
	struct table *t = sample();

	(void)state;
	expect(t, TABLE_TEXT, 0,
	       "Sample\n"
	       "name                  count   time     x people\n"
	       "                                us     %\n"
	       "zero                      0    0.0 +0.00 p\n"
	       "a,\"b\"                     -      -     - -\n"
	       "lon~1m 18446744073709551615 1234.6   nan 7\n");
	expect(t, TABLE_CSV, 0,
	       "name,count,t_ns,x,machine,none\n"
	       "zero,0,0,0,1,0\n"
	       "\"a,\"\"b\"\"\",,,,,\n"
	       "long\tname\033[1m,18446744073709551615,1234567,nan,2,\n");
	expect(t, TABLE_NDJSON, 0,
	       "{\"table\": \"sample\", \"name\": \"zero\", \"count\": 0, \"t_ns\": 0, \"x\": 0, \"machine\": 1, \"none\": 0}\n"
	       "{\"table\": \"sample\", \"name\": \"a,\\\"b\\\"\"}\n"
	       "{\"table\": \"sample\", \"name\": \"long\\tname\\u001b[1m\", \"count\": 18446744073709551615, \"t_ns\": 1234567, "
	       "\"x\": null, \"machine\": 2}\n");
	table_free(t);
}

static void test_blocks(void **state)
{
	struct table *t = sample();

	(void)state;
	expect(t, TABLE_TEXT, 30,
	       "Sample\n"
	       "name                  count\n"
	       "zero                      0\n"
	       "a,\"b\"                     -\n"
	       "lon~1m 18446744073709551615\n"
	       "\n"
	       "name     time     x people\n"
	       "           us     %\n"
	       "zero      0.0 +0.00 p\n"
	       "a,\"b\"       -     - -\n"
	       "lon~1m 1234.6   nan 7\n");
	table_free(t);
}

static void test_sort(void **state)
{
	struct table *t = sample();
	char *s;

	(void)state;
	assert_int_equal(table_sort(t, "count", true), 0);
	s = render(t, TABLE_CSV, 0);
	assert_true(strstr(s, "long") < strstr(s, "zero") && strstr(s, "zero") < strstr(s, "\"a"));
	free(s);
	assert_int_equal(table_sort(t, "count", false), 0);
	s = render(t, TABLE_CSV, 0);
	/* what is missing is last whichever way */
	assert_true(strstr(s, "zero") < strstr(s, "long") && strstr(s, "long") < strstr(s, "\"a"));
	free(s);
	assert_int_equal(table_sort(t, "x", true), 0);
	assert_int_equal(table_sort(t, "nonsense", true), -ENOENT);
	table_limit(t, 1);
	assert_int_equal(table_rows(t), 1);
	assert_int_equal(table_note_count(t), 1);
	table_free(t);
}

static void test_unfinished_row(void **state)
{
	struct table *t = table_new("t", NULL, cols, 2);

	(void)state;
	table_text(t, "half");
	assert_int_equal(table_err(t), -EINVAL);
	table_free(t);
}

static void sig(double v, int digits, bool sign, const char *want)
{
	char buf[64];

	table_fmt_sig(buf, sizeof(buf), v, digits, sign);
	assert_string_equal(buf, want);
}

static void test_numbers(void **state)
{
	char buf[32];

	(void)state;
	sig(0, 4, false, "0");
	sig(1234567, 4, false, "1234567");
	sig(123.456, 4, false, "123.5");
	sig(1.23456, 4, false, "1.235");
	sig(0.0123456, 3, false, "0.0123");
	sig(0.000001, 3, false, "1.00e-06");
	sig(12.5, 3, true, "+12.5");
	sig(NAN, 3, false, "nan");
	table_fmt_p(buf, sizeof(buf), 0.00001);
	assert_string_equal(buf, "<.0001");
	table_fmt_p(buf, sizeof(buf), 0.0434);
	assert_string_equal(buf, "0.0434");
}

static void test_json(void **state)
{
	char *buf = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&buf, &n);
	struct json j;

	(void)state;
	json_init(&j, f, false);
	json_obj(&j, NULL);
	json_num(&j, "third", 1.0 / 3);
	json_num(&j, "nan", NAN);
	json_num(&j, "inf", INFINITY);
	json_s64(&j, "min", INT64_MIN);
	json_arr(&j, "list");
	json_bool(&j, NULL, true);
	json_str(&j, NULL, NULL);
	json_arr(&j, NULL);
	json_end(&j);
	json_end(&j);
	json_str(&j, "utf8", "\xc3\xa4 \xff \xc0\x80 \xed\xa0\x80 \xf0\x9f\x98\x80 \"\\\n");
	json_end(&j);
	fclose(f);
	assert_string_equal(buf, "{\"third\": 0.33333333333333331, \"nan\": null, \"inf\": null, \"min\": -9223372036854775808, "
			    "\"list\": [true, null, []], \"utf8\": \"\xc3\xa4 \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd "
			    "\xf0\x9f\x98\x80 \\\"\\\\\\n\"}\n");
	free(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats), cmocka_unit_test(test_blocks), cmocka_unit_test(test_sort),
		cmocka_unit_test(test_unfinished_row), cmocka_unit_test(test_numbers), cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
