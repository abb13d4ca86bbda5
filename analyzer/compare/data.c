// SPDX-License-Identifier: GPL-2.0-only
/* What a comparison knows: arms, their iterations, metrics and samples. */
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
			free(a->iter[k].trace);
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
	free(c->dir);
	free(c->floor_file);
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
	it->start = it->user = it->system = it->elapsed = NAN;
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

/* Seen again: one that says nothing of unit or direction is no disagreement. */
static bool agree(struct cmp_metric *m, const char *unit, enum metric_direction better)
{
	char *s;

	if (better != METRIC_NEITHER && m->better != METRIC_NEITHER && m->better != better)
		m->unit_varies = true;
	if (m->better == METRIC_NEITHER)
		m->better = better;
	if (!unit || !*unit || !strcmp(m->unit, unit))
		return true;
	if (*m->unit) {
		m->unit_varies = true;
		return true;
	}
	s = strdup(unit);
	if (!s)
		return false;
	free(m->unit);
	m->unit = s;
	return true;
}

int cmp_metric(struct cmp *c, const char *name, const char *unit, enum metric_direction better, enum cmp_source source)
{
	uint64_t key = name_key(name, source);
	struct cmp_metric *m;
	uint32_t i;

	for (; (i = u64map_get(&c->by_name, key)) != U64MAP_NONE; key++)
		if (c->metric[i].source == source && !strcmp(c->metric[i].name, name))
			return agree(&c->metric[i], unit, better) ? (int)i : -ENOMEM;
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
	if (c->n_values == c->cap_values) {
		size_t cap = c->cap_values ? c->cap_values * 2 : 256;
		struct cmp_value *v = reallocarray(c->value, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		c->value = v;
		c->cap_values = cap;
	}
	c->value[c->n_values] = (struct cmp_value){
		.metric = metric, .arm = (uint32_t)(arm - c->arm), .iter = (uint32_t)(it - arm->iter),
		.seq = (uint32_t)c->n_values, .value = value,
	};
	c->n_values++;
	return 0;
}

int cmp_exclude(struct cmp *c, const char *list)
{
	char *copy = strdup(list), *p = copy, *one, *colon, *end;
	size_t k, i;
	int err = copy ? 0 : -ENOMEM;

	while (!err && (one = strsep(&p, ","))) {
		bool found = false;
		unsigned long n;

		if (!*one)
			continue;
		colon = strrchr(one, ':');
		n = colon ? strtoul(colon + 1, &end, 10) : 0;
		if (!colon || end == colon + 1 || *end) {
			err = cmp_say(c, -EINVAL, "--drop-iter %s: expected NAME:N, a run and the number of an iteration", one);
			break;
		}
		*colon = '\0';
		for (k = 0; k < c->n_arms; k++)
			for (i = 0; !strcmp(c->arm[k].name, one) && i < c->arm[k].n_iter; i++) {
				if (c->arm[k].iter[i].number != n)
					continue;
				c->arm[k].iter[i].excluded = found = true;
			}
		if (!found)
			err = cmp_say(c, -EINVAL, "--drop-iter %s:%lu: there is no such iteration", one, n);
	}
	free(copy);
	return err;
}
