// SPDX-License-Identifier: GPL-2.0-only
/*
 * Explanations: a planted cause comes first, company does not; groups, blocks, twins,
 * constants, missing values, too little to say anything; tasks, CPUs and times from traces.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "../../analyzer/explain/explain.h"
#include "synth.h"

#define MOST 24

static char said[2000];

static void note(void *ctx, enum mmt_log_level level, const char *msg)
{
	size_t n = strlen(said);

	(void)ctx;
	(void)level;
	snprintf(said + n, sizeof(said) - n, "%s\n", msg);
}

/* Two arms of n iterations; in blocks (A B B A ...) where asked for. */
static void start(struct cmp *c, size_t n, bool blocks)
{
	size_t i;
	int k;

	said[0] = '\0';
	cmp_init(c);
	c->log = note;
	for (k = 0; k < 2; k++) {
		struct cmp_arm *a = cmp_arm(c, k ? "b" : "a");

		assert_non_null(a);
		for (i = 0; i < n; i++) {
			struct cmp_iteration *it = cmp_iteration(a, a->name, (unsigned int)i + 1);

			assert_non_null(it);
			it->complete = it->traced = true;
			it->start = blocks ? (double)(2 * i + (size_t)((k + (int)i) & 1)) : NAN;
		}
	}
}

/* x: of both arms, one after the other; NAN leaves a value out. */
static void put(struct cmp *c, const char *name, enum cmp_source source, enum metric_kind kind, const double *x)
{
	int m = cmp_metric(c, name, source == CMP_BENCHMARK ? "s" : "count", METRIC_LOWER, source);
	size_t i, n = c->arm[0].n_iter;

	assert_true(m >= 0);
	c->metric[m].kind = kind;
	for (i = 0; i < 2 * n; i++)
		if (!isnan(x[i]))
			assert_int_equal(cmp_value(c, (uint32_t)m, &c->arm[i / n], &c->arm[i / n].iter[i % n], x[i]), 0);
}

/* About normal, the same on every machine. */
static double noise(uint64_t *seed)
{
	double s = 0;
	int i;

	for (i = 0; i < 12; i++) {
		*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
		s += (double)(*seed >> 11) / 9007199254740992.0;
	}
	return s - 6;
}

static int explain(const struct cmp *c, const char *result, struct cmp_result *r, struct explain *e)
{
	struct explain_opts o = { .result = result, .no_carriers = true };
	int err;

	assert_int_equal(cmp_decide(c, NULL, r), 0);
	err = explain_compute(c, r, &o, e);
	if (err)
		cmp_result_free(r);
	return err;
}

static void finish(struct cmp *c, struct cmp_result *r, struct explain *e)
{
	explain_free(e);
	cmp_result_free(r);
	cmp_free(c);
}

static const struct explain_metric *get(const struct cmp *c, const struct explain *e, const char *name)
{
	size_t i;

	for (i = 0; i < e->n_metrics; i++)
		if (!strcmp(c->metric[e->m[i].metric].name, name))
			return &e->m[i];
	fail_msg("no metric %s", name);
	return NULL;
}

static const char *first(const struct cmp *c, const struct explain *e)
{
	return c->metric[e->m[e->order[0]].metric].name;
}

/* The result follows migrations; switches follow migrations; five others shift for reasons of their own. */
static void planted(struct cmp *c, size_t n, double within, uint64_t seed)
{
	double cause[2 * MOST], follow[2 * MOST], y[2 * MOST], other[2 * MOST], z;
	char name[32];
	size_t i, k;

	for (i = 0; i < 2 * n; i++) {
		z = (i < n ? 0 : 5) + noise(&seed);
		cause[i] = 1000 * (1 + 0.02 * z);
		follow[i] = 500 * (1 + 0.01 * (z + 0.1 * noise(&seed)));
		y[i] = 10 * (1 + 0.01 * (within * z + sqrt(1 - within * within) * noise(&seed)));
	}
	put(c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	for (k = 0; k < 5; k++) {
		for (i = 0; i < 2 * n; i++)
			other[i] = 100 * (1 + (i < n ? 0 : 0.3) + 0.02 * noise(&seed));
		snprintf(name, sizeof(name), "mm.other%zu", k);
		put(c, name, CMP_KERNEL, METRIC_COUNT, other);
	}
	put(c, "sched.switches", CMP_KERNEL, METRIC_COUNT, follow);
	put(c, "sched.migrations", CMP_KERNEL, METRIC_COUNT, cause);
	for (i = 0; i < 2 * n; i++)
		other[i] = 7;
	put(c, "numa.none", CMP_KERNEL, METRIC_COUNT, other);
}

static void test_cause(void **state)
{
	const struct explain_metric *cause, *m;
	struct cmp_result r;
	struct explain e;
	struct cmp c;
	size_t i;

	(void)state;
	start(&c, 12, false);
	planted(&c, 12, 0.98, 1);
	assert_int_equal(explain(&c, NULL, &r, &e), 0);
	assert_true(e.changed && !e.candidates && e.log_result && !e.n_blocks);
	assert_int_equal(e.n_tested, 7);
	cause = get(&c, &e, "sched.migrations");
	m = get(&c, &e, "sched.switches");
	/* they move as one: either may stand for both */
	assert_int_equal(cause->group, m->group);
	assert_int_equal(e.n_groups, 6);
	assert_true(&e.m[e.order[0]] == cause || &e.m[e.order[0]] == m);
	assert_true(&e.m[e.order[1]] == cause || &e.m[e.order[1]] == m);
	assert_int_equal(cause->section, EXPLAIN_BOTH);
	assert_true(cause->share > 0.8 && cause->share < 1.2 && cause->signs && cause->s.r_within > 0.9);
	assert_true(e.unexplained < 0.2 && e.unexplained >= 0);
	assert_int_equal(cause->scale, EXPLAIN_LOG);
	for (i = 0; i < 5; i++) {
		char name[32];

		snprintf(name, sizeof(name), "mm.other%zu", i);
		m = get(&c, &e, name);
		assert_true(m->section == EXPLAIN_BETWEEN || m->section == EXPLAIN_BYSTANDER);
		assert_true(m->shift_sd > cause->shift_sd); /* and yet not first */
		assert_true(m->q_a < 0.05 && m->q_a >= m->s.a_p);
	}
	assert_int_equal(get(&c, &e, "numa.none")->section, EXPLAIN_UNTESTED);
	finish(&c, &r, &e);
}

static void put_json(struct cmp *c, const char *name, enum cmp_source source, const json_t *a, const json_t *b)
{
	size_t n = json_array_size(a), i;
	double x[2 * MOST];

	assert_true(n == json_array_size(b) && n <= MOST);
	for (i = 0; i < n; i++) {
		x[i] = json_number_value(json_array_get(a, i));
		x[n + i] = json_number_value(json_array_get(b, i));
	}
	put(c, name, source, METRIC_RATE, x);
}

/* The worked examples of the statistic: the cause planted there is the first here, too. */
static void test_examples(void **state)
{
	const char *top = getenv("TOP");
	json_t *root, *examples, *ex, *in, *metric;
	const char *name, *want;
	struct cmp_result r;
	struct explain e;
	char path[4096];
	size_t i, seen = 0;
	struct cmp c;

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/data/stats-examples.json", top ? top : ".");
	root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	examples = json_object_get(json_object_get(root, "explain"), "examples");
	json_array_foreach(examples, i, ex) {
		want = json_string_value(json_object_get(json_object_get(ex, "out"), "expected_top"));
		in = json_object_get(ex, "in");
		if (!want)
			continue;
		start(&c, json_array_size(json_object_get(in, "y_a")), false);
		put_json(&c, "y", CMP_BENCHMARK, json_object_get(in, "y_a"), json_object_get(in, "y_b"));
		json_object_foreach(json_object_get(in, "metrics"), name, metric)
			put_json(&c, name, CMP_KERNEL, json_object_get(metric, "a"), json_object_get(metric, "b"));
		assert_int_equal(explain(&c, NULL, &r, &e), 0);
		assert_string_equal(first(&c, &e), want);
		assert_int_equal(e.m[e.order[0]].section, EXPLAIN_BOTH);
		finish(&c, &r, &e);
		seen++;
	}
	assert_true(seen > 0);
	json_decref(root);
}

/* How often the rule puts the cause first: about as often as its simulation says. */
static void test_rank_rate(void **state)
{
	static const struct { size_t n; double within; int least; } plan[] = { { 3, 0.9, 50 }, { 5, 0.9, 85 }, { 10, 0.6, 75 } };
	struct cmp_result r;
	struct explain e;
	struct cmp c;
	size_t k;
	int i, hits;

	(void)state;
	for (k = 0; k < 3; k++) {
		for (i = hits = 0; i < 100; i++) {
			const struct explain_metric *m, *best = NULL;
			size_t at;

			start(&c, plan[k].n, false);
			planted(&c, plan[k].n, plan[k].within, 1000 * (k + 1) + (uint64_t)i);
			assert_int_equal(explain(&c, "time", &r, &e), 0);
			assert_int_equal(e.candidates, plan[k].n < EXPLAIN_FLOOR);
			for (at = 0; at < e.n_metrics; at++) {
				m = &e.m[at];
				if (m->s.share > 0 && !isnan(m->p_joint) && (!best || m->p_joint < best->p_joint))
					best = m;
			}
			hits += best && (best == get(&c, &e, "sched.migrations") || best == get(&c, &e, "sched.switches"));
			finish(&c, &r, &e);
		}
		if (hits < plan[k].least)
			fail_msg("n %zu, r %g: the cause is first in %d of 100", plan[k].n, plan[k].within, hits);
	}
}

static void test_unchanged(void **state)
{
	double y[16], moved[16], still[16], both[16];
	struct cmp_result r;
	struct explain e;
	uint64_t seed = 5;
	struct cmp c;
	int i;

	(void)state;
	for (i = 0; i < 16; i++) {
		double z = noise(&seed);

		y[i] = 10 * (1 + 0.02 * z);
		moved[i] = i < 8 ? 50 + noise(&seed) : 80 + noise(&seed);
		still[i] = 20 * (1 + 0.02 * z + 0.001 * noise(&seed));
	}
	for (i = 0; i < 8; i++) /* the same values in both arms: surely no change */
		y[8 + i] = y[i] * 1.00001, still[8 + i] = still[i], both[i] = still[i], both[8 + i] = 2 * still[i];
	start(&c, 8, false);
	put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	put(&c, "sched.switches", CMP_KERNEL, METRIC_COUNT, moved);
	put(&c, "sched.wait", CMP_KERNEL, METRIC_TIME, still);
	put(&c, "mm.faults", CMP_KERNEL, METRIC_COUNT, both);
	assert_int_equal(explain(&c, NULL, &r, &e), 0);
	assert_false(e.changed);
	/* shifted and linked: but there is nothing that it could have carried */
	assert_true(get(&c, &e, "mm.faults")->p_joint < 0.05 && get(&c, &e, "mm.faults")->s.share > 0);
	assert_int_equal(get(&c, &e, "mm.faults")->section, EXPLAIN_BYSTANDER);
	assert_true(isnan(e.unexplained));
	assert_int_equal(get(&c, &e, "sched.switches")->section, EXPLAIN_BYSTANDER);
	assert_int_equal(get(&c, &e, "sched.wait")->section, EXPLAIN_SCATTER);
	assert_true(isnan(get(&c, &e, "sched.wait")->share));
	finish(&c, &r, &e);
}

/* What drifts with the hour goes with the result in both arms alike: blocks take that out, and nothing else does. */
static void test_blocks(void **state)
{
	double y[20], drift[20], cause[20];
	struct cmp_result r;
	struct explain e;
	uint64_t seed = 9;
	int i, blocks;
	struct cmp c;

	(void)state;
	for (i = 0; i < 20; i++) {
		double hour = i % 10, z = (i < 10 ? 0 : 4) + noise(&seed);

		cause[i] = 100 * exp(0.02 * z);
		drift[i] = 40 * exp(0.02 * hour + (i < 10 ? 0 : 0.05) + 0.002 * noise(&seed));
		y[i] = 10 * exp(0.02 * hour + 0.02 * z + 0.004 * noise(&seed));
	}
	for (blocks = 0; blocks < 2; blocks++) {
		start(&c, 10, blocks);
		put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
		put(&c, "sched.migrations", CMP_KERNEL, METRIC_COUNT, cause);
		put(&c, "mm.faults", CMP_KERNEL, METRIC_COUNT, drift);
		assert_int_equal(explain(&c, NULL, &r, &e), 0);
		assert_int_equal(e.n_blocks, blocks ? 10 : 0);
		if (blocks) {
			assert_string_equal(first(&c, &e), "sched.migrations");
			assert_int_equal(e.m[e.order[0]].section, EXPLAIN_BOTH);
			assert_true(e.m[e.order[0]].s.r_within > 0.9);
			assert_int_not_equal(get(&c, &e, "mm.faults")->section, EXPLAIN_BOTH);
		} else {
			assert_true(get(&c, &e, "mm.faults")->s.r_within > 0.8);
		}
		finish(&c, &r, &e);
	}
}

/* Evidence of mirrored arms is not counted twice: the slope's test is that of differences on differences. */
static void test_block_numbers(void **state)
{
	static const double y[] = { 1, 2, 4, 3, 6, 2, 5, 5, 7, 6 }, m[] = { 10, 14, 13, 11, 20, 13, 19, 18, 19, 25 };
	const struct explain_metric *x;
	double dy[5], dm[5], my = 0, mm = 0, xx = 0, yy = 0, xy = 0, r, t;
	struct cmp_result res;
	struct explain e;
	struct cmp c;
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		dy[i] = log(y[5 + i]) - log(y[i]);
		dm[i] = log(m[5 + i]) - log(m[i]);
		my += dy[i] / 5;
		mm += dm[i] / 5;
	}
	for (i = 0; i < 5; i++) {
		xx += (dm[i] - mm) * (dm[i] - mm);
		yy += (dy[i] - my) * (dy[i] - my);
		xy += (dm[i] - mm) * (dy[i] - my);
	}
	r = xy / sqrt(xx * yy);
	t = r * sqrt(3 / (1 - r * r));
	start(&c, 5, true);
	put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	put(&c, "sched.wait", CMP_KERNEL, METRIC_TIME, m);
	assert_int_equal(explain(&c, NULL, &res, &e), 0);
	x = get(&c, &e, "sched.wait");
	assert_true(fabs(x->s.r_within - r) < 1e-12);
	assert_true(fabs(x->s.b - xy / xx) < 1e-12);
	assert_true(fabs(x->s.b / x->s.b_se - t) < 1e-9);
	assert_true(fabs(x->s.a - mm) < 1e-12 && fabs(e.total - my) < 1e-12);
	finish(&c, &res, &e);
}

static void test_twins(void **state)
{
	double y[12], dur[12], count[12], rate[12], busy[12], beside[12], even[12], wait[12];
	struct cmp_result r;
	struct explain e;
	uint64_t seed = 3;
	struct cmp c;
	int i, fixed;

	(void)state;
	for (fixed = 0; fixed < 2; fixed++) {
		for (i = 0; i < 12; i++) {
			y[i] = (i < 6 ? 2 : 3) * (1 + 0.03 * noise(&seed));
			dur[i] = fixed ? y[i] + 0.01 : 10 * (1 + 0.0001 * noise(&seed));
			count[i] = 1000 * (1 + 0.02 * noise(&seed));
			rate[i] = count[i] / dur[i];
			busy[i] = 2 * y[i];
			even[i] = 300 * (1 + 0.01 * noise(&seed)); /* what goes on beside the work, a second */
			beside[i] = even[i] * dur[i];
			wait[i] = 10 * y[i] * (1 + 0.02 * noise(&seed));
		}
		start(&c, 6, false);
		put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
		put(&c, "run.duration", CMP_KERNEL, METRIC_TIME, dur);
		put(&c, "sched.switches", CMP_KERNEL, METRIC_COUNT, count);
		put(&c, "sched.switches.rate", CMP_KERNEL, METRIC_RATE, rate);
		put(&c, "trace.events", CMP_KERNEL, METRIC_COUNT, rate);
		put(&c, "sched.run_time", CMP_KERNEL, METRIC_TIME, busy);
		put(&c, "mm.faults", CMP_KERNEL, METRIC_COUNT, beside);
		put(&c, "mm.faults.rate", CMP_KERNEL, METRIC_RATE, even);
		assert_int_equal(explain(&c, NULL, &r, &e), 0);
		assert_int_equal(e.fixed_work, fixed);
		assert_int_equal(get(&c, &e, "run.duration")->dropped, fixed ? EXPLAIN_IS_RESULT : EXPLAIN_KEPT);
		assert_int_equal(get(&c, &e, "sched.switches")->dropped, fixed ? EXPLAIN_KEPT : EXPLAIN_TWIN);
		assert_int_equal(get(&c, &e, "sched.switches.rate")->dropped, fixed ? EXPLAIN_TWIN : EXPLAIN_KEPT);
		assert_int_equal(get(&c, &e, "trace.events")->dropped, EXPLAIN_OF_TRACER);
		/* on fixed work CPU time is a part of the result: it explains nothing */
		assert_int_equal(get(&c, &e, "sched.run_time")->section, EXPLAIN_BOTH);
		assert_int_equal(get(&c, &e, "sched.run_time")->tied, fixed);
		assert_int_equal(get(&c, &e, "mm.faults")->tied, fixed);
		assert_false(get(&c, &e, "sched.switches")->tied);
		assert_true(fixed ? e.unexplained == 1 : e.unexplained < 0.1);
		explain_free(&e);
		cmp_result_free(&r);
		/* with something that is not tied, that comes first, though its link is weaker */
		put(&c, "sched.wait.p99", CMP_KERNEL, METRIC_TIME, wait);
		assert_int_equal(explain(&c, NULL, &r, &e), 0);
		assert_true(get(&c, &e, "sched.wait.p99")->p_joint > get(&c, &e, "sched.run_time")->p_joint);
		assert_string_equal(first(&c, &e), fixed ? "sched.wait.p99" : "sched.run_time");
		assert_true(e.unexplained < 0.5);
		finish(&c, &r, &e);
	}
}

static char *written(const struct cmp *c, const struct cmp_result *r, const struct explain *e, enum table_fmt fmt, bool carriers)
{
	struct explain_opts o = { .carriers = carriers };
	struct table_out to = { .fmt = fmt, .width = 80 };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(explain_write(c, r, e, &o, &to, f), 0);
	fclose(f);
	return text;
}

/* No spread, missing values, zeros, fractions: no number that is none. */
static void test_odd_values(void **state)
{
	static const double y[] = { 5, 5.1, 5.2, 5, 5.05, 9, 9.1, 9.2, 9, 9.3 }, cpus[] = { 2, 2, 2, 2, 2, 1, 1, 1, 1, 1 },
			    zero[] = { 0, 1, 0, 4, 0, 9, 16, 9, 4, 9 }, part[] = { 10, 11, 12, 10, 11, 90, 91, 92, 93, 90 },
			    one[] = { NAN, 3, 4, NAN, 5, 7, NAN, 8, 9, 7 }, none[] = { 1, 2, 3, 2, 1, NAN, NAN, NAN, NAN, NAN };
	const struct explain_metric *m;
	static const enum table_fmt fmt[] = { TABLE_TEXT, TABLE_CSV, TABLE_JSON, TABLE_NDJSON };
	struct cmp_result r;
	struct explain e;
	struct cmp c;
	char *text;
	size_t i;

	(void)state;
	start(&c, 5, false);
	put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	put(&c, "sched.cpus.used", CMP_KERNEL, METRIC_COUNT, cpus);
	put(&c, "sched.migrations", CMP_KERNEL, METRIC_COUNT, zero);
	put(&c, "sched.wait.share", CMP_KERNEL, METRIC_FRACTION, part);
	put(&c, "sched.wait", CMP_KERNEL, METRIC_TIME, one);
	put(&c, "mm.faults", CMP_KERNEL, METRIC_COUNT, none);
	assert_int_equal(explain(&c, NULL, &r, &e), 0);
	m = get(&c, &e, "sched.cpus.used");
	assert_int_equal(m->section, EXPLAIN_BETWEEN);
	assert_true(m->constant && isinf(m->shift_sd) && m->shift_sd < 0 && isnan(m->s.r_within) && m->q_a == 0);
	m = get(&c, &e, "sched.migrations");
	assert_int_equal(m->scale, EXPLAIN_SQRT);
	assert_true(fabs(m->s.a - (13 - 3) / 5.0) > 0.1 && m->mean[0] == 1);
	m = get(&c, &e, "sched.wait.share");
	assert_int_equal(m->scale, EXPLAIN_LOGIT);
	m = get(&c, &e, "sched.wait");
	assert_int_equal(m->n[0], 3);
	assert_int_equal(m->n[1], 4);
	m = get(&c, &e, "mm.faults");
	assert_int_equal(m->section, EXPLAIN_UNTESTED);
	assert_int_equal(m->n[1], 0);
	assert_true(isnan(m->mean[1]));
	for (i = 0; i < 4; i++) {
		text = written(&c, &r, &e, fmt[i], false);
		assert_null(strstr(text, "inf,"));
		assert_null(strstr(text, "nan"));
		assert_non_null(strstr(text, "sched.cpus.used"));
		if (fmt[i] == TABLE_TEXT) {
			assert_non_null(strstr(text, "exact"));
			assert_non_null(strstr(text, "onsistent with"));
			assert_null(strstr(text, "caused by"));
			assert_non_null(strstr(text, "Unexplained: 100 %"));
			assert_non_null(strstr(text, "taskset"));
		}
		free(text);
	}
	finish(&c, &r, &e);
}

static void test_too_little(void **state)
{
	static const double y[] = { 1, 2, 3, 4 }, m[] = { 5, 6, 7, 9 };
	struct cmp_result r;
	struct explain e;
	struct cmp c;

	(void)state;
	start(&c, 1, false);
	put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	put(&c, "sched.wait", CMP_KERNEL, METRIC_TIME, m);
	assert_int_equal(explain(&c, NULL, &r, &e), -ENODATA);
	assert_non_null(strstr(said, "1 iteration with both time and a trace"));
	cmp_free(&c);

	start(&c, 2, false); /* two an arm: candidates, as far as they go */
	put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	put(&c, "sched.wait", CMP_KERNEL, METRIC_TIME, m);
	assert_int_equal(explain(&c, "Time", &r, &e), -EINVAL);
	assert_non_null(strstr(said, "--result Time: no such metric; there are time"));
	assert_int_equal(explain(&c, NULL, &r, &e), 0);
	assert_true(e.candidates);
	finish(&c, &r, &e);

	start(&c, 2, false);
	put(&c, "time", CMP_BENCHMARK, METRIC_TIME, y);
	c.arm[1].iter[0].traced = c.arm[1].iter[1].traced = false;
	assert_int_equal(explain(&c, NULL, &r, &e), -ENODATA);
	assert_non_null(strstr(said, "b: no usable trace"));
	cmp_free(&c);

	cmp_init(&c);
	c.log = note;
	assert_non_null(cmp_arm(&c, "lonely"));
	said[0] = '\0';
	assert_int_equal(explain(&c, NULL, &r, &e), -ENODATA);
	assert_non_null(strstr(said, "only one run (lonely)"));
	cmp_free(&c);
}

static void test_families(void **state)
{
	const struct metric *all;
	size_t i, n;

	(void)state;
	assert_string_equal(explain_family("sched.wait.p99")->name, "wait");
	assert_string_equal(explain_family("sched.switches.involuntary.share")->name, "preemption");
	assert_string_equal(explain_family("sched.switches.voluntary")->name, "switching");
	assert_string_equal(explain_family("sched.migrations.cross_node.rate")->name, "numa");
	assert_string_equal(explain_family("numa.exposure")->name, "numa");
	assert_string_equal(explain_family("numa.hint.remote.share")->name, "numa balancing");
	assert_string_equal(explain_family("numa.hint_faults")->name, "numa balancing");
	assert_string_equal(explain_family("vm.exposure.distance")->name, "vm placement");
	assert_string_equal(explain_family("vm:a.b-1.exposure.distance")->name, "vm placement");
	assert_string_equal(explain_family("vm:web.steal")->name, "vms");
	assert_string_equal(explain_family("sched.migrations.llc")->name, "migration");
	assert_true(explain_family("kernel.time.steal")->confounder);
	assert_string_equal(explain_family("blocked.futex")->name, "locks");
	assert_string_equal(explain_family("blocked.poll")->name, "sleeping");
	assert_string_equal(explain_family("what.ever")->name, "other");
	all = metrics_all(&n);
	for (i = 0; i < n; i++)
		if (!strcmp(explain_family(all[i].name)->name, "other"))
			fail_msg("%s belongs to no family", all[i].name);
}

/* ---------------------------------------------------------------- carriers */

/* One second; "victim" on CPU 0, "intruder" on CPU 1 in its last 400 ms where there is one. */
static void one_trace(struct synth *s, unsigned int i, bool intruder)
{
	uint64_t v[MT_N], c[MC_N], t;
	unsigned int k;

	synth_open(s);
	synth_mark(s, 1, 1000000000, MARK_ITER_START, "");
	synth_task(s, 1, 10, 10, 0, 0, 0, "victim");
	synth_task(s, 2, 11, 11, 0, 0, 0, "intruder");
	synth_task(s, 3, 12, 12, 0, 0, TASK_KTHREAD, "kworker/0:1");
	synth_task(s, 4, 13, 13, 0, 0, TASK_KTHREAD, "kworker/1:7");
	for (k = 0; k < 10; k++) {
		const uint64_t wait[] = { intruder && k >= 6 ? 30000000 : 1000000 };

		t = 1000000000 + (k + 1) * 100000000ull;
		memset(v, 0, sizeof(v));
		v[MT_RUN_NS] = 50000000 + i * 10000;
		v[MT_NVCSW] = 10 + (i + k) % 3;
		v[MT_WAIT_N] = 1;
		synth_totals(s, t, 1, 1, 7, v, wait, NULL);
		memset(v, 0, sizeof(v));
		v[MT_NVCSW] = 1;
		synth_totals(s, t, 1, 3 + k % 2, 7, v, NULL, NULL);
		memset(c, 0, sizeof(c));
		c[MC_BUSY_NS] = 50000000 + i * 10000;
		c[MC_IDLE_NS] = 50000000 - i * 10000;
		synth_cpu_totals(s, t, 1, 0, c);
		c[MC_BUSY_NS] = intruder && k >= 6 ? 90000000 - i * 10000 : 0;
		c[MC_IDLE_NS] = 100000000 - c[MC_BUSY_NS];
		synth_cpu_totals(s, t, 1, 1, c);
		if (intruder && k >= 6) {
			memset(v, 0, sizeof(v));
			v[MT_RUN_NS] = c[MC_BUSY_NS];
			v[MT_NIVCSW] = 5;
			synth_totals(s, t, 1, 2, 7, v, NULL, NULL);
		}
	}
	synth_mark(s, 2, 2000000000, MARK_ITER_END, "");
	synth_close(s);
}

static const struct explain_carrier *carrier(const struct explain *e, enum explain_of of, const char *quantity, const char *name)
{
	size_t i;

	for (i = 0; i < e->n_carriers; i++)
		if (e->carrier[i].of == of && !strcmp(explain_quantity(of, e->carrier[i].quantity)->name, quantity) &&
		    !strcmp(e->carrier[i].name, name))
			return &e->carrier[i];
	return NULL;
}

static void test_carriers(void **state)
{
	struct explain_opts o = { .result = "sched.wait" };
	const struct explain_carrier *k;
	struct synth s[2][3];
	char list[2][300] = { "", "" }, *text;
	struct cmp_result r;
	struct explain e;
	struct cmp c;
	unsigned int a, i;

	(void)state;
	said[0] = '\0';
	cmp_init(&c);
	c.log = note;
	c.patterns = "all";
	for (a = 0; a < 2; a++) {
		for (i = 0; i < 3; i++) {
			one_trace(&s[a][i], i, a);
			snprintf(list[a] + strlen(list[a]), sizeof(list[a]) - strlen(list[a]), "%s%s", i ? "," : "", s[a][i].path);
		}
		assert_int_equal(cmp_add_traces(&c, list[a]), 0);
	}
	assert_int_equal(cmp_load_traces(&c), 0);
	assert_int_equal(cmp_decide(&c, NULL, &r), 0);
	assert_int_equal(explain_compute(&c, &r, &o, &e), 0);
	assert_true(e.candidates);

	k = carrier(&e, EXPLAIN_TASK, "run_time", "intruder");
	assert_non_null(k);
	assert_true(k->mean[0] == 0 && fabs(k->mean[1] - 0.35996) < 1e-9 && k->share > 0.99 && k->p < 0.001);
	assert_int_equal(k->n[0], 3);
	k = carrier(&e, EXPLAIN_TASK, "wait", "victim");
	assert_true(k && fabs(k->diff - 4 * 0.029) < 1e-9 && fabs(k->share - 1) < 1e-9);
	k = carrier(&e, EXPLAIN_TASK, "switches", "kworker/*"); /* both of them */
	assert_true(k && k->mean[0] == 10 && k->diff == 0);
	assert_null(carrier(&e, EXPLAIN_TASK, "migrations", "victim")); /* 0 everywhere: no row */
	k = carrier(&e, EXPLAIN_CPU, "busy_time", "1");
	assert_true(k && k->share > 0.99);
	assert_int_equal(e.n_parts, 10);
	k = carrier(&e, EXPLAIN_TIME, "waiting", "0-10");
	assert_true(k && fabs(k->diff) < 1e-9);
	k = carrier(&e, EXPLAIN_TIME, "waiting", "80-90");
	assert_true(k && fabs(k->diff - 0.29) < 1e-6 && fabs(k->share - 0.25) < 1e-6);
	text = written(&c, &r, &e, TABLE_CSV, true);
	assert_non_null(strstr(text, "task,run_time,s,intruder,3,3,0,"));
	free(text);
	text = written(&c, &r, &e, TABLE_TEXT, false);
	assert_non_null(strstr(text, "intruder"));
	assert_non_null(strstr(text, "andidates"));
	free(text);
	explain_free(&e);
	cmp_result_free(&r);
	cmp_free(&c);
	for (a = 0; a < 2; a++)
		for (i = 0; i < 3; i++)
			synth_remove(&s[a][i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause), cmocka_unit_test(test_examples), cmocka_unit_test(test_rank_rate), cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_blocks), cmocka_unit_test(test_block_numbers), cmocka_unit_test(test_twins),
		cmocka_unit_test(test_odd_values), cmocka_unit_test(test_too_little), cmocka_unit_test(test_families),
		cmocka_unit_test(test_carriers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
