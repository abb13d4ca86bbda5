// SPDX-License-Identifier: GPL-2.0-only
/* Arms, metrics and values of a comparison, and the rule that decides its rows. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

void cmp_init(struct cmp *c)
{
	memset(c, 0, sizeof(*c));
}

void cmp_free(struct cmp *c)
{
	size_t i, k;

	for (i = 0; i < c->n_arms; i++) {
		struct cmp_arm *a = &c->arm[i];

		for (k = 0; k < a->n_iter; k++) {
			free(a->iter[k].path);
			free(a->iter[k].why);
			free(a->iter[k].boot_id);
		}
		for (k = 0; k < a->n_facts; k++) {
			free(a->fact[k].key);
			free(a->fact[k].value);
		}
		free(a->iter);
		free(a->fact);
		free(a->name);
	}
	for (i = 0; i < c->n_metrics; i++) {
		free(c->metric[i].name);
		free(c->metric[i].unit);
	}
	cmp_free_jobs(c);
	free(c->arm);
	free(c->metric);
	free(c->value);
	free(c->benchmark);
	u64map_free(&c->by_name);
	memset(c, 0, sizeof(*c));
}

int cmp_say(const struct cmp *c, int err, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (c->log)
		c->log(c->log_ctx, err ? MMT_LOG_ERROR : MMT_LOG_WARN, line);
	return err;
}

struct cmp_arm *cmp_arm(struct cmp *c, const char *name)
{
	struct cmp_arm *a = reallocarray(c->arm, c->n_arms + 1, sizeof(*a));

	if (!a)
		return NULL;
	c->arm = a;
	a = memset(&c->arm[c->n_arms], 0, sizeof(*a));
	a->name = strdup(name);
	if (!a->name)
		return NULL;
	c->n_arms++;
	return a;
}

struct cmp_iteration *cmp_iteration(struct cmp_arm *arm, const char *path, unsigned int number)
{
	struct cmp_iteration *it = reallocarray(arm->iter, arm->n_iter + 1, sizeof(*it));

	if (!it)
		return NULL;
	arm->iter = it;
	it = memset(&arm->iter[arm->n_iter], 0, sizeof(*it));
	it->path = strdup(path);
	it->number = number;
	if (!it->path)
		return NULL;
	arm->n_iter++;
	return it;
}

/* A chain of probes over hashes: names with equal hashes stay apart. */
static uint64_t name_key(const char *s, enum cmp_source source)
{
	uint64_t h = 0xcbf29ce484222325ull + source;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return h;
}

int cmp_metric(struct cmp *c, const char *name, const char *unit, enum metric_direction better, enum cmp_source source)
{
	uint64_t key = name_key(name, source);
	struct cmp_metric *m;
	uint32_t i;

	for (; (i = u64map_get(&c->by_name, key)) != U64MAP_NONE; key++)
		if (c->metric[i].source == source && !strcmp(c->metric[i].name, name))
			return (int)i;
	m = reallocarray(c->metric, c->n_metrics + 1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	c->metric = m;
	m = &c->metric[c->n_metrics];
	*m = (struct cmp_metric){ .name = strdup(name), .unit = strdup(unit ? unit : ""), .better = better, .source = source };
	if (!m->name || !m->unit || u64map_put(&c->by_name, key, (uint32_t)c->n_metrics)) {
		free(m->name);
		free(m->unit);
		return -ENOMEM;
	}
	return (int)c->n_metrics++;
}

int cmp_value(struct cmp *c, uint32_t metric, const struct cmp_arm *arm, const struct cmp_iteration *it, double value)
{
	struct cmp_value *v;
	uint32_t a = (uint32_t)(arm - c->arm), i = (uint32_t)(it - arm->iter);
	size_t k;

	/* several values of one iteration: their mean; they come close to each other */
	for (k = c->n_values; k-- > 0;) {
		v = &c->value[k];
		if (v->arm != a || v->iter != i)
			break;
		if (v->metric != metric)
			continue;
		v->value += (value - v->value) / ++v->n;
		return 0;
	}
	if (c->n_values == c->cap_values) {
		size_t cap = c->cap_values ? c->cap_values * 2 : 256;

		v = reallocarray(c->value, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		c->value = v;
		c->cap_values = cap;
	}
	c->value[c->n_values++] = (struct cmp_value){ metric, a, i, value, 1 };
	return 0;
}

static void welch(const struct cmp_rule *rule, const double *a, size_t na, const double *b, size_t nb, struct stats_welch *w)
{
	stats_welch(a, na, b, nb, rule->level, w);
}

const struct cmp_rule cmp_rule_welch = {
	.name = "welch",
	.describe = "Welch's t test of each metric against the first arm, 95 % interval of the difference, p not adjusted",
	.level = 0.95,
	.decide = welch,
};

/* The arm's values of a metric; returns how many of its iterations should have had one. */
static size_t values_of(const struct cmp *c, uint32_t metric, uint32_t arm, double *x, size_t *n)
{
	const struct cmp_arm *a = &c->arm[arm];
	size_t i, due = 0;

	*n = 0;
	for (i = 0; i < c->n_values; i++)
		if (c->value[i].metric == metric && c->value[i].arm == arm)
			x[(*n)++] = c->value[i].value;
	for (i = 0; i < a->n_iter; i++)
		due += c->metric[metric].source == CMP_KERNEL ? a->iter[i].traced : a->iter[i].complete;
	return due;
}

static void relate(const struct cmp *c, struct cmp_row *r, double base)
{
	double sign = c->metric[r->metric].better == METRIC_LOWER ? -1 : 1, lo, hi;

	r->delta = r->lo = r->hi = NAN;
	if (!(fabs(base) > 0))
		return; /* never "100 %": the absolute difference stands in the machine formats */
	r->delta = sign * 100 * r->test.diff / fabs(base) + 0.0; /* no -0 */
	lo = sign * 100 * r->test.lo / fabs(base) + 0.0;
	hi = sign * 100 * r->test.hi / fabs(base) + 0.0;
	r->lo = sign < 0 ? hi : lo;
	r->hi = sign < 0 ? lo : hi;
}

static int by_position(const void *pa, const void *pb)
{
	const struct cmp_value *a = pa, *b = pb;

	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	if (a->arm != b->arm)
		return a->arm < b->arm ? -1 : 1;
	return (a->iter > b->iter) - (a->iter < b->iter);
}

int cmp_decide(const struct cmp *c, const struct cmp_rule *rule, struct cmp_row **rows, size_t *n)
{
	size_t most = 0, i, na, nb, due;
	struct cmp_row *r;
	double *a, *b;
	uint32_t m, k;

	for (i = 0; i < c->n_arms; i++)
		most = c->arm[i].n_iter > most ? c->arm[i].n_iter : most;
	r = calloc(c->n_metrics * c->n_arms + 1, sizeof(*r));
	a = calloc(2 * most + 2, sizeof(*a));
	if (!r || !a) {
		free(r);
		free(a);
		return -ENOMEM;
	}
	b = a + most + 1;
	if (c->n_values)
		qsort(c->value, c->n_values, sizeof(*c->value), by_position);
	*n = 0;
	for (m = 0; m < c->n_metrics; m++) {
		na = 0;
		for (k = 0; k < c->n_arms; k++) {
			struct cmp_row *row = &r[(*n)++];
			double *x = k ? b : a;
			size_t got;

			due = values_of(c, m, k, x, &got);
			nb = stats_clean(x, got);
			row->metric = m;
			row->arm = k;
			row->dropped = got - nb;
			row->missing = due > got ? due - got : 0;
			row->rule = rule;
			row->delta = row->lo = row->hi = NAN;
			stats_describe(x, nb, &row->desc);
			if (!k) {
				na = nb;
				continue;
			}
			if (!na || !nb)
				continue;
			rule->decide(rule, a, na, b, nb, &row->test);
			relate(c, row, stats_mean(a, na));
		}
	}
	free(a);
	*rows = r;
	return 0;
}
