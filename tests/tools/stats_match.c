// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats_match EXAMPLES RESULTS [STATISTIC...]: does RESULTS, {statistic: {id: {field: value}}},
 * hold what the examples of EXAMPLES say, within the tolerance stated there? Every field
 * expected has to be there; a field more is reported only with STATS_MATCH_EXTRA set.
 * Exit status: 0 all, 1 not all.
 */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct match {
	double rel, abs;
	const char *stat, *id;
	bool extra;
	unsigned int compared, wrong, more;
};

/* Where a statistic's note or definition says more than its two numbers do. */
struct rule {
	const char *stat, *id, *field; /* id, field: prefix; "" is any */
	double rel, abs;
};

static const struct rule rules[] = {
	{ "bootstrap", "", "acceleration", 1e-8, 1e-12 }, /* 0 but for rounding where the arm is symmetric */
	{ "mmtests_stats", "", "AmeanCI", 1e-6, 1e-12 },
	{ "mmtests_stats", "", "HmeanCI", 1e-6, 1e-12 },
	{ "mmtests_compare", "", "cidiff", 1e-6, 1e-9 },
	{ "percentiles", "", "nearest_rank", 0, 0 },
	{ "percentiles", "", "mmtests_", 0, 0 },
	{ "percentiles", "", "ci95_ranks", 0, 0 },
	{ "histogram", "", "", 0, 0 },
	{ "edivisive", "", "tau", 0, 0 },
	{ "edivisive", "", "kappa", 0, 0 },
	{ "edivisive", "", "change_points", 0, 1 },
	{ "power", "", "n_per_arm", 0, 0 },
};

static void tolerance(const struct match *m, const char *field, double *rel, double *abs)
{
	size_t i;

	*rel = m->rel;
	*abs = m->abs;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		if (strcmp(r->stat, m->stat) || strncmp(r->id, m->id, strlen(r->id)) ||
		    strncmp(r->field, field, strlen(r->field)))
			continue;
		*rel = r->rel;
		*abs = r->abs;
		return;
	}
}

static void wrong(struct match *m, const char *path, const char *what)
{
	printf("%s %s: %s: %s\n", m->stat, m->id, path, what);
	m->wrong++;
}

/* A bracket [min, max] where the result is one number. */
static bool bracket(const json_t *want, const json_t *got)
{
	return json_is_array(want) && json_array_size(want) == 2 && json_is_number(got);
}

static void number(struct match *m, const char *path, const char *field, double lo, double hi, const json_t *got)
{
	double rel, abs, v = json_number_value(got);
	char text[120];

	m->compared++;
	tolerance(m, field, &rel, &abs);
	if (json_is_number(got) && v >= lo - rel * fabs(lo) - abs && v <= hi + rel * fabs(hi) + abs)
		return;
	snprintf(text, sizeof(text), "want %.17g%s%.17g, got %.17g%s", lo, lo == hi ? " = " : " .. ", hi, v,
		 json_is_number(got) ? "" : " (no number)");
	wrong(m, path, text);
}

static void compare(struct match *m, const char *path, const char *field, const json_t *want, const json_t *got);

static void object(struct match *m, const char *path, const json_t *want, const json_t *got)
{
	const char *name;
	char sub[300];
	json_t *e;

	json_object_foreach((json_t *)want, name, e) {
		snprintf(sub, sizeof(sub), "%s.%s", path, name);
		if (json_object_get(got, name))
			compare(m, sub, name, e, json_object_get(got, name));
		else
			wrong(m, sub, "missing");
	}
	json_object_foreach((json_t *)got, name, e) {
		if (json_object_get(want, name))
			continue;
		m->more++;
		if (m->extra)
			printf("%s %s: %s.%s: not expected\n", m->stat, m->id, path, name);
	}
}

static void compare(struct match *m, const char *path, const char *field, const json_t *want, const json_t *got)
{
	size_t i, n = json_array_size(want);
	char sub[300];

	if (bracket(want, got)) {
		number(m, path, field, json_number_value(json_array_get(want, 0)), json_number_value(json_array_get(want, 1)),
		       got);
	} else if (json_is_object(want)) {
		object(m, path, want, got);
	} else if (json_is_array(want)) {
		if (!json_is_array(got) || json_array_size(got) != n) {
			wrong(m, path, "another number of elements");
			return;
		}
		for (i = 0; i < n; i++) {
			snprintf(sub, sizeof(sub), "%s[%zu]", path, i);
			compare(m, sub, field, json_array_get(want, i), json_array_get(got, i));
		}
	} else if (json_is_number(want)) {
		number(m, path, field, json_number_value(want), json_number_value(want), got);
	} else {
		m->compared++;
		if (!json_equal(want, got))
			wrong(m, path, "differs");
	}
}

static void statistic(struct match *m, const json_t *one, const json_t *results)
{
	const json_t *tol = json_object_get(one, "tolerance"), *examples = json_object_get(one, "examples"), *got;
	size_t i;

	m->rel = json_number_value(json_object_get(tol, "rel"));
	m->abs = json_number_value(json_object_get(tol, "abs"));
	if (json_object_get(tol, "q_rel"))
		m->rel = json_number_value(json_object_get(tol, "q_rel"));
	if (json_is_true(json_object_get(tol, "bracket")))
		m->rel = 1e-9;
	for (i = 0; i < json_array_size(examples); i++) {
		const json_t *e = json_array_get(examples, i);

		m->id = json_string_value(json_object_get(e, "id"));
		got = json_object_get(results, m->id);
		if (got)
			compare(m, "", "", json_object_get(e, "out"), got);
		else
			wrong(m, "", "no result");
	}
}

static bool wanted(const char *name, char **only, int n)
{
	int i;

	for (i = 0; i < n && strcmp(only[i], name); i++)
		;
	return !n || i < n;
}

int main(int argc, char **argv)
{
	struct match m = { .extra = getenv("STATS_MATCH_EXTRA") };
	json_t *want, *got, *one;
	json_error_t e;

	if (argc < 3)
		return 2;
	want = json_load_file(argv[1], 0, &e);
	got = want ? json_load_file(argv[2], 0, &e) : NULL;
	if (!got) {
		printf("%s:%d: %s\n", e.source, e.line, e.text);
		json_decref(want);
		return 2;
	}
	json_object_foreach(want, m.stat, one) {
		m.id = "";
		if (wanted(m.stat, argv + 3, argc - 3))
			statistic(&m, one, json_object_get(got, m.stat));
	}
	printf("%u compared, %u wrong, %u not expected\n", m.compared, m.wrong, m.more);
	json_decref(want);
	json_decref(got);
	return m.wrong || !m.compared;
}
