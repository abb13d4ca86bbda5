// SPDX-License-Identifier: GPL-2.0-only
/* Hot spots as others read them: folded paths, speedscope, trees of flame graphs. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <jansson.h>

#include "../../analyzer/hot/diff_int.h"
#include "../../analyzer/hot/folded.h"
#include "../../analyzer/hot/page.h"
#include "../../analyzer/hot/speedscope.h"

enum { MAIN, WORK, COPY, FAULT, HANDLE, EVIL, PLACE, JITTED, WORK2 };

static const struct hot_frame frames[] = {
	[MAIN] = { "main", "/usr/bin/prog", "prog.c", 90, 0 },
	[WORK] = { "work", "/usr/bin/prog", "prog.c", 40, 0 },
	[COPY] = { "copy_in", "/usr/bin/prog", "prog.h", 12, HOT_INLINED },
	[FAULT] = { "asm_exc_page_fault", "[kernel]", NULL, 0, HOT_KERNEL },
	[HANDLE] = { "handle_mm_fault", "[kernel]", NULL, 0, HOT_KERNEL },
	[EVIL] = { "a;b\n</script><script>document.documentElement.dataset.evil=1</script>", "<img src=x>", "e\"v.c", 1, 0 },
	[PLACE] = { "[libx.so+0x1234]", "/lib/libx.so", NULL, 0, HOT_UNKNOWN },
	[JITTED] = { "LFoo;bar", "", NULL, 0, HOT_JIT },
	[WORK2] = { "work", "/usr/bin/prog", "prog.c", 44, 0 },
};

/* Leaf first. */
static const uint32_t seq[][5] = {
	{ HANDLE, FAULT, COPY, WORK, MAIN }, { COPY, WORK, MAIN }, { WORK2, MAIN }, { EVIL, MAIN }, { PLACE }, { JITTED, MAIN }, { HANDLE, FAULT },
};
static const struct hot_path paths[] = {
	{ seq[0], 5, 2, 0 }, { seq[1], 3, 0, 0 }, { seq[2], 2, 0, 0 }, { seq[3], 2, 0, 0 }, { seq[4], 1, 0, HOT_P_TRUNCATED },
	{ seq[5], 2, 0, 0 }, { seq[6], 2, 2, HOT_P_NO_USER },
};

static void add(struct stacks *s, size_t run, const char *group, size_t path, double w)
{
	stacks_add(s, run, group, frames, &paths[path], w, w);
}

static struct stacks *some(enum hot_kind kind)
{
	static const size_t arm[] = { 0 };
	struct stacks *s = stacks_new(kind, STACKS_BY_COMM, arm, 1);

	assert_non_null(s);
	add(s, 0, "prog", 0, 60);
	add(s, 0, "prog", 1, 10);
	add(s, 0, "prog", 2, 5.5);
	add(s, 0, "prog", 3, 7);
	add(s, 0, "other;x", 4, 8);
	add(s, 0, "other;x", 5, 9);
	add(s, 0, "prog", 0, 1);
	add(s, 0, "other;x", 6, 2);
	assert_int_equal(stacks_finish(s), 0);
	return s;
}

static char *text_of(const struct stacks *s, bool diff)
{
	char *buf = NULL;
	size_t len;
	FILE *f = open_memstream(&buf, &len);

	assert_int_equal(folded_write(s, diff, f), 0);
	fclose(f);
	return buf;
}

static void test_stacks(void **state)
{
	struct stacks *s = some(HOT_FAULT);
	size_t i;

	(void)state;
	assert_int_equal(s->n_groups, 2);
	assert_string_equal(s->group[0], "other;x");
	assert_int_equal(s->n_lines, 7);
	assert_true(s->weight[0] == 102.5);
	for (i = 0; i < s->n_fns; i++) /* two lines of one function: the heavier is shown */
		if (!strcmp(s->fn[i].name, "work")) {
			assert_int_equal(s->fn[i].line, 40);
			assert_int_equal(s->fn[i].n_lines, 2);
			assert_true(s->fn[i].heaviest == 71);
		}
	stacks_free(s);
}

static void test_folded(void **state)
{
	struct stacks *s = some(HOT_FAULT);
	char *text = text_of(s, false);

	(void)state;
	assert_string_equal(text,
		"other:x;[no user stack];asm_exc_page_fault_[k];handle_mm_fault_[k] 2\n"
		"other:x;[truncated];[libx.so+0x1234] 8\n"
		"other:x;main;LFoo:bar_[j] 9\n"
		"prog;main;a:b </script><script>document.documentElement.dataset.evil=1</script> 7\n"
		"prog;main;work 5.5\n"
		"prog;main;work;copy_in_[i] 10\n"
		"prog;main;work;copy_in_[i];asm_exc_page_fault_[k];handle_mm_fault_[k] 61\n");
	free(text);
	stacks_free(s);
}

static struct stacks *two_arms(size_t runs)
{
	size_t arm[8], i;
	struct stacks *s;

	for (i = 0; i < 2 * runs; i++)
		arm[i] = i >= runs;
	s = stacks_new(HOT_CPU, STACKS_BY_NONE, arm, 2 * runs);
	for (i = 0; i < 2 * runs; i++) {
		add(s, i, "", 0, 1000 + 20 * (double)(i % 3));                    /* no more than noise */
		add(s, i, "", 1, (i < runs ? 300 : 700) + 5 * (double)(i % 2));   /* for sure */
		if (i < runs)
			add(s, i, "", 3, 50 + (double)i);                             /* gone */
		else
			add(s, i, "", 5, 40 + (double)i);                             /* new */
	}
	assert_int_equal(stacks_finish(s), 0);
	return s;
}

static void test_folded_diff(void **state)
{
	struct stacks *s = two_arms(2);
	char *text = text_of(s, true);

	(void)state;
	assert_non_null(strstr(text, "main;LFoo:bar_[j] 0 42.5\n"));
	assert_non_null(strstr(text, "main;work;copy_in_[i] 302.5 702.5\n"));
	assert_non_null(strstr(text, "=1</script> 50.5 0\n"));
	assert_int_not_equal(strncmp(text, ";", 1), 0);
	free(text);
	stacks_free(s);
}

/* ---------------------------------------------------------------- speedscope */

/* The rules of the format that concern us, checked on what was written. */
static void check_speedscope(const char *text, size_t profiles)
{
	json_error_t e;
	json_t *root = json_loads(text, 0, &e), *frame, *profile, *sample, *at;
	size_t i, k, d, n_frames;

	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "$schema")), "https://www.speedscope.app/file-format-schema.json");
	assert_true(json_is_string(json_object_get(root, "name")));
	assert_int_equal(strncmp(json_string_value(json_object_get(root, "exporter")), "mmt-trace", 9), 0);
	assert_int_equal(json_integer_value(json_object_get(root, "activeProfileIndex")), 0);
	frame = json_object_get(json_object_get(root, "shared"), "frames");
	n_frames = json_array_size(frame);
	assert_true(n_frames > 0);
	json_array_foreach(frame, i, at) {
		assert_true(json_is_string(json_object_get(at, "name")));
		assert_true(!json_object_get(at, "file") || json_is_string(json_object_get(at, "file")));
		assert_true(!json_object_get(at, "line") || json_integer_value(json_object_get(at, "line")) > 0);
		assert_true(!json_object_get(at, "line") || json_object_get(at, "file"));
	}
	assert_int_equal(json_array_size(json_object_get(root, "profiles")), profiles);
	json_array_foreach(json_object_get(root, "profiles"), i, profile) {
		const char *unit = json_string_value(json_object_get(profile, "unit")), *name = json_string_value(json_object_get(profile, "name"));
		json_t *samples = json_object_get(profile, "samples"), *weights = json_object_get(profile, "weights");
		double sum = 0;

		assert_string_equal(json_string_value(json_object_get(profile, "type")), "sampled");
		assert_non_null(name);
		assert_string_equal(unit, strncmp(name, "faults", 6) ? "nanoseconds" : "none");
		assert_true(json_is_array(samples) && json_is_array(weights));
		assert_int_equal(json_array_size(samples), json_array_size(weights));
		json_array_foreach(samples, k, sample) {
			assert_true(json_array_size(sample) > 0);
			json_array_foreach(sample, d, at) {
				assert_true(json_is_integer(at));
				assert_in_range(json_integer_value(at), 0, n_frames - 1);
			}
			assert_true(json_is_number(json_array_get(weights, k)));
			assert_true(json_number_value(json_array_get(weights, k)) >= 0);
			sum += json_number_value(json_array_get(weights, k));
		}
		assert_true(json_number_value(json_object_get(profile, "startValue")) == 0);
		assert_true(fabs(json_number_value(json_object_get(profile, "endValue")) - sum) < 1e-6);
	}
	json_decref(root);
}

static char *speedscope_of(struct stacks *const *s, size_t n, bool groups)
{
	struct speedscope_opts o = { .name = "a.mmt", .version = "1", .groups = groups };
	char *buf = NULL;
	size_t len;
	FILE *f = open_memstream(&buf, &len);

	assert_int_equal(speedscope_write(s, n, &o, f), 0);
	fclose(f);
	return buf;
}

static void test_speedscope(void **state)
{
	struct stacks *s[] = { some(HOT_FAULT), some(HOT_CPU) };
	char *text = speedscope_of(s, 2, false);
	json_t *root, *first, *samples;
	size_t i;

	(void)state;
	check_speedscope(text, 2);
	root = json_loads(text, 0, NULL);
	first = json_array_get(json_object_get(root, "profiles"), 0);
	samples = json_object_get(first, "samples");
	assert_int_equal(json_array_size(samples), 7);
	for (i = 0; i < 7; i++) { /* the root comes first: the group */
		json_int_t f = json_integer_value(json_array_get(json_array_get(samples, i), 0));
		const char *name = json_string_value(json_object_get(json_array_get(json_object_get(json_object_get(root, "shared"), "frames"),
										    (size_t)f), "name"));

		assert_true(!strcmp(name, "prog") || !strcmp(name, "other;x"));
	}
	json_decref(root);
	free(text);
	text = speedscope_of(s, 2, true);
	check_speedscope(text, 4);
	root = json_loads(text, 0, NULL);
	first = json_array_get(json_object_get(root, "profiles"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "name")), "faults: prog"); /* the heaviest */
	json_decref(root);
	free(text);
	stacks_free(s[0]);
	stacks_free(s[1]);
}

/* --------------------------------------------------------------------- trees */

static const struct flame_node *find(const struct flame *fl, const char *name)
{
	size_t i;

	for (i = 0; i < fl->n; i++)
		if (!strcmp(flame_name(fl, &fl->node[i]), name))
			return &fl->node[i];
	return NULL;
}

/* A node weighs what it has itself and what its children have. */
static void check_sums(const struct flame *fl)
{
	size_t i, k;
	unsigned int a;

	for (i = 0; i < fl->n; i++)
		for (a = 0; a < STACKS_ARMS; a++) {
			double sum = fl->node[i].self[a];

			for (k = i + 1; k < fl->n && fl->node[k].depth > fl->node[i].depth; k++)
				if (fl->node[k].depth == fl->node[i].depth + 1)
					sum += fl->node[k].w[a];
			assert_true(fabs(sum - fl->node[i].w[a]) <= 1e-9 * (1 + sum));
		}
}

static void test_tree(void **state)
{
	struct stacks *s = some(HOT_FAULT);
	struct flame fl;

	(void)state;
	assert_int_equal(flame_make(s, false, 1000, &fl), 0);
	check_sums(&fl);
	assert_true(fl.total[0] == 102.5);
	assert_int_equal(fl.folded, 0);
	assert_int_equal(fl.node[0].fn, FLAME_ALL);
	assert_string_equal(flame_name(&fl, &fl.node[1]), "prog"); /* the heaviest first */
	assert_true(find(&fl, "work")->w[0] == 76.5);
	assert_true(find(&fl, "work")->self[0] == 5.5);
	assert_null(find(&fl, "(other)"));
	assert_int_equal(flame_step(&fl, find(&fl, "work")), 0);
	flame_free(&fl);
	stacks_free(s);
}

/* n paths of up to 30 frames, their weights falling. */
static struct stacks *many(size_t n, char **names)
{
	static const size_t arm[] = { 0 };
	struct stacks *s = stacks_new(HOT_CPU, STACKS_BY_COMM, arm, 1);
	struct hot_frame *f = calloc(3000, sizeof(*f));
	uint32_t frame[30], seed = 1;
	size_t i, k;

	*names = calloc(3000, 64);
	for (i = 0; i < 3000; i++) {
		snprintf(*names + 64 * i, 64, "some_function_with_a_longish_name_%zu", i);
		f[i] = (struct hot_frame){ *names + 64 * i, "/usr/lib/x86_64-linux-gnu/libsomething.so.1", "src/some/dir/file.c", (uint32_t)i + 1,
					   i % 5 ? 0 : HOT_KERNEL };
	}
	for (i = 0; i < n; i++) {
		struct hot_path p = { frame, 5 + i % 25, 0, 0 };

		for (k = 0; k < p.n; k++) { /* near the root paths have much in common */
			seed = seed * 1664525 + 1013904223;
			frame[p.n - 1 - k] = (uint32_t)((seed >> 8) % (k < 3 ? 4 : 2900 / (p.n - k))) + (uint32_t)k;
		}
		stacks_add(s, 0, "prog", f, &p, 1e6 / (double)(i + 10), 0);
	}
	assert_int_equal(stacks_finish(s), 0);
	free(f);
	return s;
}

static void test_folding(void **state)
{
	char *names;
	struct stacks *s = many(5000, &names);
	struct flame fl;
	size_t i;

	(void)state;
	assert_int_equal(flame_make(s, false, 1000000, &fl), 0);
	check_sums(&fl);
	assert_true(fl.min_share == FLAME_MIN_SHARE);
	assert_true(fl.folded > 0);
	for (i = 0; i < fl.n; i++)
		assert_true(fl.node[i].fn == FLAME_OTHER || fl.node[i].w[0] >= FLAME_MIN_SHARE * fl.total[0]);
	flame_free(&fl);
	assert_int_equal(flame_make(s, false, 300, &fl), 0);
	check_sums(&fl);
	assert_true(fl.n <= 300);
	assert_true(fl.min_share > FLAME_MIN_SHARE);
	flame_free(&fl);
	stacks_free(s);
	free(names);
}

static void test_diff(void **state)
{
	struct stacks *s = two_arms(4);
	struct flame fl;

	(void)state;
	assert_int_equal(flame_make(s, true, 1000, &fl), 0);
	check_sums(&fl);
	assert_int_equal(fl.noise, FLAME_RUNS);
	assert_int_equal(flame_step(&fl, find(&fl, "LFoo;bar")), 3);             /* new */
	assert_int_equal(flame_step(&fl, find(&fl, frames[EVIL].name)), -3);     /* gone */
	assert_int_equal(flame_step(&fl, find(&fl, "copy_in")), 2);              /* 1300 to 1700 */
	assert_int_equal(flame_step(&fl, find(&fl, "handle_mm_fault")), 0);      /* noise */
	assert_true(find(&fl, "handle_mm_fault")->p > FLAME_ALPHA);
	flame_free(&fl);
	stacks_free(s);
	s = two_arms(1); /* by sampling alone: the variance is the weight */
	assert_int_equal(flame_make(s, true, 1000, &fl), 0);
	assert_int_equal(fl.noise, FLAME_SAMPLING);
	assert_int_equal(flame_step(&fl, find(&fl, "handle_mm_fault")), 0);
	assert_int_equal(flame_step(&fl, find(&fl, "LFoo;bar")), 3);
	flame_free(&fl);
	stacks_free(s);
}

/* What hot_diff_load() would have made of runs of two arms, as many seconds long as their number. */
#define DIFF_RUNS 5

static void test_of_diff(void **state)
{
	static const char *const name[] = { "base", "new" };
	static struct diff_sum sum[2 * DIFF_RUNS][4];
	struct diff_tag comm = { HOT_DIFF_NO_PATH, "prog" };
	struct diff_iter iter[2 * DIFF_RUNS];
	struct hot_diff_int in = { .names = { .tag = &comm, .n_tags = 1 }, .iter = iter, .n_iter = 2 * DIFF_RUNS };
	struct hot_diff d = { .frame = (struct hot_frame *)frames, .path = (struct hot_path *)paths, .priv = &in };
	const struct cmp_opts how = { .kernel_adjust = STATS_BH, .adjust_set = true };
	struct cmp_arm *arm;
	struct stacks *s;
	struct flame fl;
	struct cmp c;
	size_t i, k;

	(void)state;
	cmp_init(&c);
	memset(iter, 0, sizeof(iter));
	for (i = 0; i < 2 * DIFF_RUNS; i++) {
		size_t b = i >= DIFF_RUNS, r = i % DIFF_RUNS;
		char path[32];

		arm = r ? &c.arm[b] : cmp_arm(&c, name[b]);
		assert_non_null(arm);
		snprintf(path, sizeof(path), "%s-%zu", name[b], r);
		assert_non_null(cmp_iteration(arm, path, (unsigned int)r + 1));
		iter[i] = (struct diff_iter){ .arm = (uint32_t)b, .iter = (uint32_t)r, .seconds = (double)r + 1, .n = { [HOT_CPU] = 4 },
					      .has = { [HOT_CPU] = true }, .exact = { [HOT_CPU] = 1e6 * ((double)r + 1) },
					      .sum = { [HOT_CPU] = sum[i] } };
		for (k = 0; k < 4; k++)
			sum[i][k] = (struct diff_sum){ .path = (uint32_t[]){ 0, 1, 3, 5 }[k], .comm = k ? 0 : DIFF_NONE };
		sum[i][0].weight = 1000 + 40 * (double)((i * 7) % 5);  /* no more than noise */
		sum[i][1].weight = (b ? 700 : 300) + 9 * (double)(r % 3);
		sum[i][2].weight = b ? 0 : 200 + 5 * (double)(r % 2);  /* gone */
		sum[i][3].weight = b ? 150 + 5 * (double)(r % 3) : 0;  /* new */
		for (k = 0; k < 4; k++)
			sum[i][k].weight *= (double)r + 1;
	}
	d.c = &c;
	assert_int_equal(stacks_of_diff(&d, HOT_FAULT, STACKS_BY_NONE, true, &how, &s), -ENODATA);
	assert_int_equal(stacks_of_diff(&d, HOT_CPU, STACKS_BY_COMM, true, &how, &s), 0);
	assert_string_equal(s->unit, "ns a second");
	assert_int_equal(s->n_groups, 2);
	assert_true(fabs(stacks_mean(s, s->total, 1) - 1e6) < 1e-3);
	stacks_free(s);
	assert_int_equal(stacks_of_diff(&d, HOT_CPU, STACKS_BY_NONE, true, &how, &s), 0);
	assert_int_equal(flame_make(s, true, 1000, &fl), 0);
	assert_int_equal(fl.noise, FLAME_RUNS);
	print_message("# %s\n", fl.how);
	assert_int_equal(flame_step(&fl, find(&fl, "handle_mm_fault")), 0);
	assert_int_equal(flame_step(&fl, find(&fl, "copy_in")), 2);
	assert_int_equal(flame_step(&fl, find(&fl, "LFoo;bar")), 3);
	assert_int_equal(flame_step(&fl, find(&fl, frames[EVIL].name)), -3);
	flame_free(&fl);
	stacks_free(s);
	cmp_free(&c);
}

static void test_nothing(void **state)
{
	static const size_t arm[] = { 0 };
	struct stacks *s = stacks_new(HOT_CPU, STACKS_BY_COMM, arm, 1);
	struct hot_page_opts o = { .version = "1", .title = "t" };
	struct flame fl;
	char *text = text_of(s, false), *buf = NULL;
	size_t len;
	FILE *f;

	(void)state;
	assert_int_equal(stacks_finish(s), 0);
	assert_string_equal(text, "");
	assert_int_equal(flame_make(s, false, 10, &fl), -ENODATA);
	f = open_memstream(&buf, &len);
	assert_int_equal(hot_page_write(&s, 1, &o, f), 0);
	fclose(f);
	assert_non_null(strstr(buf, "Nothing of what was asked for"));
	free(buf);
	free(text);
	stacks_free(s);
}

/* ---------------------------------------------------------------------- pages */

static char *page_of(struct stacks *const *s, size_t n, const char *const *arm, size_t *len)
{
	struct hot_page_opts o = { .version = "1", .title = arm ? "base and <new>" : "a<b>.mmt", .sub = "kernel 6.18", .arm = arm };
	const char *keep = getenv("HOT_PAGES");
	char *buf = NULL, name[4096];
	FILE *f = open_memstream(&buf, len);

	assert_int_equal(hot_page_write(s, n, &o, f), 0);
	fclose(f);
	if (keep) { /* for a look at them in a browser */
		snprintf(name, sizeof(name), "%s/%s-%zu.html", keep, arm ? "diff" : "hot", n);
		f = fopen(name, "we");
		if (f) {
			fwrite(buf, 1, *len, f);
			fclose(f);
		}
	}
	return buf;
}

static void test_page(void **state)
{
	static const char *const arm[] = { "base", "new & <b>" };
	char *names, *page;
	struct stacks *s[] = { some(HOT_FAULT), some(HOT_BLOCKED), many(5000, &names) }, *d = two_arms(4);
	struct timespec t0, t1;
	size_t len;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	page = page_of(s, 3, NULL, &len);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	print_message("# %zu bytes, %.0f ms\n", len, (double)(t1.tv_sec - t0.tv_sec) * 1e3 + (double)(t1.tv_nsec - t0.tv_nsec) / 1e6);
	assert_true(len < HOT_PAGE_MAX_BYTES);
	assert_null(strstr(page, "<script>document"));
	assert_null(strstr(page, "<img"));
	assert_non_null(strstr(page, "is folded into &quot;(other)&quot;"));
	assert_non_null(strstr(page, "<section id=\"hot-cpu\""));
	free(page);
	page = page_of(&d, 1, arm, &len);
	assert_non_null(strstr(page, "new &amp; &lt;b&gt;"));
	assert_non_null(strstr(page, "Welch"));
	assert_non_null(strstr(page, "class=\"m3\""));
	free(page);
	stacks_free(s[0]);
	stacks_free(s[1]);
	stacks_free(s[2]);
	stacks_free(d);
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks), cmocka_unit_test(test_folded), cmocka_unit_test(test_folded_diff),
		cmocka_unit_test(test_speedscope), cmocka_unit_test(test_tree), cmocka_unit_test(test_folding), cmocka_unit_test(test_diff),
		cmocka_unit_test(test_of_diff), 		cmocka_unit_test(test_nothing), cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
