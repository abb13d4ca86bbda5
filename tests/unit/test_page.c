// SPDX-License-Identifier: GPL-2.0-only
/* What a page is made of: escapes, numbers for people, axes. The page as a whole: tests/cli/page.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/page/html.h"
#include "../../analyzer/page/svg.h"
#include "../../analyzer/pool.h"

#define M "\xe2\x88\x92"     /* minus */
#define S "\xe2\x80\xaf"     /* narrow space */
#define BAD "\xef\xbf\xbd"

static const char *text(const char *in)
{
	static char out[512];
	FILE *f = fmemopen(out, sizeof(out), "w");

	out[0] = '\0';
	html_text(f, in);
	fclose(f);
	return out;
}

static void test_escapes(void **state)
{
	char *json = NULL;
	size_t len;
	FILE *f;

	(void)state;
	assert_string_equal(text("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
	assert_string_equal(text("</script><!--"), "&lt;/script&gt;&lt;!--");
	assert_string_equal(text("line\nand\ttab"), "line and tab");
	assert_string_equal(text("\033[31m\x7f"), BAD "[31m" BAD);
	assert_string_equal(text("\xff\xc3"), BAD BAD); /* no UTF-8, and cut short */
	assert_string_equal(text("\xc2\x9b"), BAD);     /* a control character in two bytes */
	assert_string_equal(text("\xc2\xb5s \xe2\x82\xac"), "\xc2\xb5s \xe2\x82\xac");
	assert_string_equal(text(""), "");
	assert_string_equal(text(NULL), "");
	f = open_memstream(&json, &len);
	html_json(f, "{\"a\":\"</script>&\"}", 18);
	fclose(f);
	assert_string_equal(json, "{\"a\":\"\\u003c/script\\u003e\\u0026\"}");
	free(json);
	json = NULL;
	f = open_memstream(&json, &len);
	html_name(f, "sched.wait_<b>.p99");
	fclose(f);
	assert_string_equal(json, "sched.<wbr>wait_<wbr>&lt;b&gt;.<wbr>p99");
	free(json);
}

static void test_numbers(void **state)
{
	static const struct { double v; int digits; const char *text; } num[] = {
		{ 0, 4, "0" }, { -0.0, 4, "0" }, { 1234, 4, "1234" }, { 12345, 4, "12" S "345" }, { -1234567, 4, M "1" S "234" S "567" },
		{ 0.46321, 4, "0.4632" }, { 12345.678, 4, "12" S "346" }, { 3.14159, 3, "3.14" }, { 1e20, 3, "1.00e+20" }, { 1e-9, 3, "1.00e-09" },
		{ 0.00912345, 4, "0.009123" },
	};
	static const struct { double v; bool sign; const char *text; } pct[] = {
		{ -12.54, true, M "12.5 %" }, { 12.54, true, "+12.5 %" }, { 12.54, false, "12.5 %" }, { 0.001, true, "0.00 %" },
		{ -0.001, true, "0.00 %" }, { 99.96, true, "+100 %" }, { 9.996, false, "10.0 %" }, { -12345, true, M "12" S "345 %" },
	};
	char buf[NUM_BUF];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(num) / sizeof(num[0]); i++)
		assert_string_equal(num_text(buf, num[i].v, num[i].digits), num[i].text);
	for (i = 0; i < sizeof(pct) / sizeof(pct[0]); i++)
		assert_string_equal(num_percent(buf, pct[i].v, pct[i].sign), pct[i].text);
	assert_string_equal(num_text(buf, NAN, 4), "undefined");
	assert_string_equal(num_percent(buf, NAN, true), "undefined");
	assert_string_equal(num_percent(buf, -INFINITY, true), M "\xe2\x88\x9e %");
	assert_string_equal(num_p(buf, 0.00001), "p < 0.0001");
	assert_string_equal(num_p(buf, 0.04961), "p = 0.0496");
	assert_string_equal(num_p(buf, NAN), "p undefined");
}

static const char *cell(bool have, double v)
{
	static char out[256];
	FILE *f = fmemopen(out, sizeof(out), "w");

	html_cell(f, have, v, 4);
	fclose(f);
	return out;
}

/* Missing, undefined and 0 are three things. */
static void test_cells(void **state)
{
	char out[256];
	FILE *f;

	(void)state;
	assert_string_equal(cell(true, 0), "<td class=\"n\" data-v=\"0\">0</td>");
	assert_string_equal(cell(true, NAN), "<td class=\"n\">undefined</td>");
	assert_non_null(strstr(cell(false, 0), "no value"));
	assert_null(strstr(cell(false, 0), "data-v"));
	f = fmemopen(out, sizeof(out), "w");
	html_cell_p(f, 0.25);
	html_cell_p(f, 1e-7);
	html_cell_p(f, NAN);
	fclose(f);
	assert_string_equal(out, "<td class=\"n\" data-v=\"0.25\">0.2500</td><td class=\"n\" data-v=\"1e-07\">&lt; 0.0001</td>"
			    "<td class=\"n\">undefined</td>");
}

static void test_axes(void **state)
{
	static const double span[][2] = { { 0.488, 0.766 }, { 0, 1 }, { -5, 3 }, { 1e6, 1.0001e6 }, { 7, 7 }, { 0, 0 }, { -1e-9, 2e-9 }, { 996, 1004 } };
	struct svg_axis a;
	double steps;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(span) / sizeof(span[0]); i++) {
		svg_axis_linear(&a, span[i][0], span[i][1], 100, 0, 4);
		steps = (a.hi - a.lo) / a.step;
		assert_true(a.lo <= span[i][0] && a.hi >= span[i][1]);
		assert_true(fabs(steps - rint(steps)) < 1e-6 && steps > 1.5 && steps < 9);
		assert_true(svg_at(&a, span[i][0]) <= 100 && svg_at(&a, span[i][1]) >= 0);
		assert_true(svg_at(&a, a.lo) == 100 && fabs(svg_at(&a, a.hi)) < 1e-9);
	}
	svg_axis_log(&a, 3, 4000, 0, 400);
	assert_true(a.lo == 0 && a.hi == 4);
	assert_true(fabs(svg_at(&a, 100) - 200) < 1e-9);
	assert_true(svg_at(&a, 0) == 0); /* nothing below the axis */
	svg_axis_log(&a, 10, 10, 0, 1);
	assert_true(a.hi > a.lo);
}

static void count(void *ctx, size_t i)
{
	((unsigned char *)ctx)[i]++;
}

static void test_pool(void **state)
{
	static const unsigned int threads[] = { 0, 1, 3, 100 };
	unsigned char seen[1000];
	size_t i, k;

	(void)state;
	for (k = 0; k < 4; k++) {
		memset(seen, 0, sizeof(seen));
		pool_run(sizeof(seen), threads[k], count, seen);
		for (i = 0; i < sizeof(seen); i++)
			assert_int_equal(seen[i], 1);
		pool_run(0, threads[k], count, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes), cmocka_unit_test(test_numbers), cmocka_unit_test(test_cells), cmocka_unit_test(test_axes),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
