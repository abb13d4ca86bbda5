// SPDX-License-Identifier: GPL-2.0-only
/* Configs: what is read, and that every wrong line is named with what would be right. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../runner/bench.h"
#include "../../runner/conf.h"

#define HEAD "[benchmark]\nname = x\ncommand = true\n"
#define TAIL "[metric t]\npattern = (1)\nunit = s\n"

static int load(const char *text, struct conf **c, struct conf_err *err)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	int ret;

	assert_non_null(f);
	ret = conf_load_stream(f, "f.conf", c, err);
	fclose(f);
	if (!ret) {
		ret = conf_check(*c, err);
		if (ret)
			conf_free(*c);
	}
	return ret;
}

static void test_reads_all(void **state)
{
	struct conf_err err;
	struct conf *c;

	(void)state;
	assert_int_equal(load("# comment\n[benchmark]\nname = n-${m}\ntitle = T\ncommand = prog a\n  b c\nlog = l\n"
			      "[params]\nloops = 5\nempty =\n[matrix]\nm = a, b\n[metric t/s]\npattern = ^T: ([0-9]+)\n"
			      "unit = ops/s\npick = last\n[run]\niterations = 7\nwarmup = 2\n[trace]\nprofile = light\n"
			      "waking = yes\nevents = sched, sched:waking\n[env]\nA = b\n[arm x]\nwrap = taskset -c 0\nparams.loops = 9\nenv.Q = r\n", &c, &err), 0);
	assert_string_equal(c->command, "prog a b c");
	assert_string_equal(conf_pairs_get(&c->params, "loops"), "5");
	assert_string_equal(conf_pairs_get(&c->params, "empty"), "");
	assert_int_equal(c->iterations, 7);
	assert_int_equal(c->warmup, 2);
	assert_true(c->waking);
	assert_string_equal(c->events, "sched, sched:waking");
	assert_int_equal(c->n_metrics, 1);
	assert_string_equal(c->metrics[0].name, "t/s");
	assert_int_equal(c->n_arms, 1);
	assert_string_equal(c->arms[0].wrap, "taskset -c 0");
	assert_string_equal(conf_pairs_get(&c->arms[0].set, "params.loops"), "9");
	assert_string_equal(conf_pairs_get(&c->arms[0].env, "Q"), "r");
	conf_free(c);
}

static void test_bad_lines(void **state)
{
	static const struct { const char *text, *say[3]; } cases[] = {
		{ "[benchmark]\ncomand = x\n", { "f.conf:2:", "comand", "'command'" } },
		{ "[benchmrk]\nname = x\n", { "f.conf:2:", "[benchmrk]", "[benchmark]" } },
		{ "name = x\n", { "f.conf:1:", "before any", NULL } },
		{ "[benchmark]\nname = x\nnonsense\n", { "f.conf:3:", "key = value", NULL } },
		{ "[run]\niterations = many\n", { "f.conf:2:", "from 1 to", NULL } },
		{ "[run]\niterations = 0\n", { "f.conf:2:", "from 1 to", NULL } },
		{ "[run]\niterations = -3\n", { "f.conf:2:", "from 1 to", NULL } },
		{ "[trace]\nprofile = fast\n", { "f.conf:2:", "light|default|full", NULL } },
		{ "[trace]\nprofile = lightdefault\n", { "f.conf:2:", "light|default|full", NULL } },
		{ "[trace]\nevents = sched,shed\n", { "f.conf:2:", "no event 'shed'", "sched:waking" } },
		{ "[trace]\nwaking = perhaps\n", { "f.conf:2:", "yes or no", NULL } },
		{ "[metric]\nunit = s\n", { "f.conf:2:", "needs a name", NULL } },
		{ "[metric a b]\nunit = s\n", { "f.conf:2:", "one word", NULL } },
		{ "[metric t]\npattern = (a\n", { "f.conf:2:", "pattern", NULL } },
		{ "[metric t]\npattern = a\n", { "f.conf:2:", "exactly one", NULL } },
		{ "[metric t]\npattern = (a)(b)\n", { "f.conf:2:", "exactly one", NULL } },
		{ "[metric t]\npatern = (a)\n", { "f.conf:2:", "'pattern'", NULL } },
		{ "[arm x/y]\nwrap = a\n", { "f.conf:2:", "without '/'", NULL } },
		{ "[arm x]\nwarp = a\n", { "f.conf:2:", "'wrap'", NULL } },
		{ HEAD, { "f.conf", "no [metric", NULL } },
		{ TAIL, { "f.conf", "no name", NULL } },
		{ HEAD "[metric t]\npattern = (1)\n", { "f.conf:5:", "unit", NULL } },
		{ HEAD "[metric t]\npattern = (1)\nunit = frobs\n", { "f.conf:5:", "direction", "frobs" } },
		{ HEAD "[metric t]\npattern = (1)\njson = a\nunit = s\n", { "f.conf:5:", "one of", NULL } },
		{ HEAD TAIL "[params]\na = 1\n[matrix]\na = 1, 2\n", { "f.conf", "'a'", "[matrix]" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_err err = { "" };
		struct conf *c;

		assert_int_equal(load(cases[i].text, &c, &err), -EINVAL);
		for (size_t k = 0; k < 3 && cases[i].say[k]; k++)
			if (!strstr(err.text, cases[i].say[k]))
				fail_msg("%s\nsays '%s', not '%s'", cases[i].text, err.text, cases[i].say[k]);
	}
}

static void test_long_line(void **state)
{
	char text[600] = HEAD "title = ";
	struct conf_err err;
	struct conf *c;

	(void)state;
	memset(text + strlen(text), 'x', 400);
	assert_int_equal(load(text, &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "f.conf:4: line is longer"));
}

static void test_override(void **state)
{
	struct conf_err err;
	struct conf *c;

	(void)state;
	assert_int_equal(load(HEAD TAIL "[matrix]\ng = 1, 2\n", &c, &err), 0);
	assert_int_equal(conf_override(c, "run.iterations", "3", &err), 0);
	assert_int_equal(c->iterations, 3);
	assert_int_equal(conf_override(c, "metric t.unit", "ms", &err), 0);
	assert_string_equal(c->metrics[0].unit, "ms");
	assert_int_equal(conf_override(c, "params.g", "4", &err), 0);
	assert_string_equal(conf_pairs_get(&c->matrix, "g"), "4");
	assert_null(conf_pairs_get(&c->params, "g"));
	assert_int_equal(conf_override(c, "run.iteratons", "3", &err), -EINVAL);
	assert_non_null(strstr(err.text, "'iterations'"));
	assert_int_equal(conf_override(c, "iterations", "3", &err), -EINVAL);
	assert_int_equal(conf_override(c, ".x", "3", &err), -EINVAL);
	assert_int_equal(conf_override(c, "run.", "3", &err), -EINVAL);
	conf_free(c);
}

static void test_arm_spec(void **state)
{
	struct conf_err err;
	struct conf_arm a;

	(void)state;
	assert_int_equal(conf_arm_parse("pin:wrap=taskset -c 0\\,1,params.g=2,env.X=y=z", &a, &err), 0);
	assert_string_equal(a.name, "pin");
	assert_string_equal(a.wrap, "taskset -c 0,1");
	assert_string_equal(conf_pairs_get(&a.set, "params.g"), "2");
	assert_string_equal(conf_pairs_get(&a.env, "X"), "y=z");
	conf_arm_free(&a);
	assert_int_equal(conf_arm_parse("plain", &a, &err), 0);
	conf_arm_free(&a);
	assert_int_equal(conf_arm_parse(":wrap=x", &a, &err), -EINVAL);
	assert_int_equal(conf_arm_parse("a:wrap", &a, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no '='"));
	assert_int_equal(conf_arm_parse("a:frob=x", &a, &err), -EINVAL);
	assert_int_equal(conf_arm_parse("a/b:wrap=x", &a, &err), -EINVAL);
}

static void test_matrix(void **state)
{
	const struct bench_machine m = { 4, 1 };
	struct benches b = { 0 };
	struct conf_err err;
	struct conf *c;

	(void)state;
	assert_int_equal(load("[benchmark]\nname = n-${mode}\ncommand = p ${mode} -g ${g} '${ipc} x' ${logs}/f $${HOME}\n"
			      "log = l-${mode}-${g}\n[params]\nipc = a b\n[matrix]\nmode = pr:-P, th:-T\n"
			      "g = 1, ${ncpu}, ${ncpu*2}, ${ncpu/8}\n" TAIL, &c, &err), 0);
	assert_int_equal(bench_expand(c, &m, &b, &err), 0);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.v[0].name, "n-pr");
	assert_string_equal(b.v[1].name, "n-th");
	assert_int_equal(b.v[0].n_parts, 3); /* ncpu/8 is 1 again */
	assert_string_equal(b.v[0].parts[2].a, "8");
	assert_string_equal(b.v[0].parts[2].b, "_");
	assert_string_equal(b.v[0].parts[2].label, "g=8");
	assert_string_equal(b.v[1].parts[1].log, "l-th-4");
	assert_int_equal(b.v[1].parts[1].argc, 7);
	assert_string_equal(b.v[1].parts[1].argv[1], "-T");
	assert_string_equal(b.v[1].parts[1].argv[3], "4");
	assert_string_equal(b.v[1].parts[1].argv[4], "a b x");
	assert_string_equal(b.v[1].parts[1].argv[5], BENCH_LOGS "/f");
	assert_string_equal(b.v[1].parts[1].argv[6], "${HOME}");
	benches_free(&b);
	conf_free(c);
}

static void test_bad_expansion(void **state)
{
	static const struct { const char *text, *say; } cases[] = {
		{ "[benchmark]\nname = x\ncommand = p ${nope}\n" TAIL, "nope" },
		{ "[benchmark]\nname = x\ncommand = p ${nope\n" TAIL, "'}'" },
		{ "[benchmark]\nname = x\ncommand = p 'a\n" TAIL, "never closed" },
		{ "[benchmark]\nname = x/y\ncommand = p\n" TAIL, "without '/'" },
		{ "[benchmark]\nname = x\nlog = a/b\ncommand = p\n" TAIL, "without '/'" },
		{ "[benchmark]\nname = x\ncommand = p ${ncpu*0}\n" TAIL, "number from 1" },
		{ HEAD TAIL "[matrix]\na = 1, 2\nb = 1, 2\nc = 1, 2\n", "more than two" },
	};
	const struct bench_machine m = { 2, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct benches b = { 0 };
		struct conf_err err;
		struct conf *c;

		assert_int_equal(load(cases[i].text, &c, &err), 0);
		assert_int_equal(bench_expand(c, &m, &b, &err), -EINVAL);
		if (!strstr(err.text, cases[i].say))
			fail_msg("%s\nsays '%s', not '%s'", cases[i].text, err.text, cases[i].say);
		benches_free(&b);
		conf_free(c);
	}
}

static void test_command(void **state)
{
	char *argv[] = { (char *)"/bin/echo", (char *)"it's", (char *)"$a b", (char *)"", (char *)"${x}", NULL };
	const struct bench_machine m = { 2, 1 };
	struct benches b = { 0 };
	struct conf_err err;
	struct conf *c;

	(void)state;
	assert_int_equal(conf_from_command(argv, &c), 0);
	assert_int_equal(conf_check(c, &err), 0);
	assert_int_equal(bench_expand(c, &m, &b, &err), 0);
	assert_string_equal(b.v[0].name, "echo");
	assert_int_equal(b.v[0].parts[0].argc, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(b.v[0].parts[0].argv[i], argv[i]);
	benches_free(&b);
	conf_free(c);
}

static void test_mmtests(void **state)
{
	char path[] = "/tmp/mmt-conf.XXXXXX";
	static const char text[] = "### about\nexport MMTESTS=\"a b\"\nexport MMTEST_ITERATIONS=3 # three\n"
				   "export X='lit$eral'\nexport Y=$((1+2))\nexport Z=\"`id`\"\nif true; then\nrm -rf /nowhere\nfi\n";
	struct conf_mmtests m;
	struct conf_err err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_true(conf_is_mmtests(path));
	assert_int_equal(conf_mmtests_load(path, &m, &err), 0);
	assert_int_equal(m.n_tests, 2);
	assert_string_equal(m.tests[1], "b");
	assert_int_equal(m.tests_line, 2);
	assert_int_equal(m.iterations, 3);
	assert_int_equal(m.unused, 1);
	assert_int_equal(m.not_literal, 5);
	assert_int_equal(m.first_not_literal, 5);
	conf_mmtests_free(&m);
	unlink(path);
	assert_false(conf_is_mmtests(path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_all), cmocka_unit_test(test_bad_lines), cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_override), cmocka_unit_test(test_arm_spec), cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_bad_expansion), cmocka_unit_test(test_command), cmocka_unit_test(test_mmtests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
