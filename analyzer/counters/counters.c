// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "counters.h"

static const char lack_prefix[] = "not available: ", event_key[] = "counters.event.";

enum { C_SEGMENT = COUNTER_N, C_CPU, C_EVENT };
const char *const counters_cols[COUNTERS_COLS] = { "count", "enabled", "running", "segment", "cpu", "event" };

static int event_of(struct model *m, const struct mmt_cell *name, uint32_t *at)
{
	struct counters *c = m->counters;
	const char **e;
	size_t i;

	for (i = 0; i < c->n_events; i++) {
		if (strlen(c->events[i]) == name->len && (!name->len || !memcmp(c->events[i], name->p, name->len))) {
			*at = (uint32_t)i;
			return 0;
		}
	}
	if (c->n_events == COUNTERS_MAX)
		return -EBADMSG;
	e = array_more(&c->events, &c->n_events, &c->cap_events, sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = arena_str(m->mem, name->p, name->len);
	*at = (uint32_t)(e - c->events);
	return *e ? 0 : -ENOMEM;
}

static struct counter_use *use_of(struct counters *c, uint32_t event, uint32_t cpu)
{
	uint64_t key = (uint64_t)cpu * COUNTERS_MAX + event;
	uint32_t i = u64map_get(&c->map, key);
	struct counter_use *u;

	if (i != U64MAP_NONE)
		return &c->uses[i];
	u = array_more(&c->uses, &c->n_uses, &c->cap_uses, sizeof(*u));
	if (!u || u64map_put(&c->map, key, (uint32_t)(u - c->uses)))
		return NULL;
	u->event = event;
	u->cpu = cpu;
	return u;
}

int counters_row(struct model *m, const struct row *r)
{
	struct counter_use *u;
	uint32_t event;
	int err, i;

	if (!m->counters)
		m->counters = calloc(1, sizeof(*m->counters));
	if (!m->counters)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, C_SEGMENT)))
		return 0;
	err = event_of(m, row_blob(r, C_EVENT), &event);
	if (err)
		return err;
	u = use_of(m->counters, event, (uint32_t)row_u64(r, C_CPU));
	if (!u)
		return -ENOMEM;
	for (i = 0; i < COUNTER_N; i++)
		u->v[i] += row_u64(r, i);
	return 0;
}

void counters_forget(struct counters *c)
{
	if (!c)
		return;
	u64map_free(&c->map);
	memset(&c->map, 0, sizeof(c->map));
	c->n_uses = 0;
}

void counters_free(struct counters *c)
{
	if (!c)
		return;
	counters_forget(c);
	free(c->events);
	free(c->uses);
	free(c);
}

/* What is after "not available: "; NULL: something else is said. */
static const char *lack_of(const char *value)
{
	return strncmp(value, lack_prefix, sizeof(lack_prefix) - 1) ? NULL : value + sizeof(lack_prefix) - 1;
}

const char *counters_missing(const struct model *m)
{
	const char *fact = model_meta(m, "counters");

	if (m->counters || (fact && !strcmp(fact, "yes")))
		return NULL;
	if (!fact)
		return "";
	return lack_of(fact) ? lack_of(fact) : fact;
}

bool counters_of_tasks(const struct model *m)
{
	const char *scope = model_meta(m, "counters.scope");

	return scope && !strcmp(scope, "tasks");
}

/* ---------------------------------------------------------------- sums */

static bool lies_on(const struct model *m, uint32_t cpu, enum counter_where where, uint32_t number)
{
	uint32_t i;

	if (where == COUNTER_ALL)
		return true;
	if (where == COUNTER_CPU)
		return cpu == number;
	i = u64map_get(&m->by_cpu, cpu);
	return i != U64MAP_NONE && m->cpus[i].in_topology && m->cpus[i].node == number;
}

/* "1e-06 msec" */
static double unit_of(const struct model *m, struct counter *c)
{
	char key[160];
	const char *value;
	double scale;
	char *end;

	snprintf(key, sizeof(key), "counters.unit.%s", c->name);
	value = model_meta(m, key);
	c->unit = "";
	if (!value)
		return 1;
	scale = strtod(value, &end);
	if (!(scale > 0))
		return 1;
	c->unit = end + (*end == ' ');
	return scale;
}

static void add_up(const struct model *m, enum counter_where where, uint32_t number, struct counter *c)
{
	double scale = unit_of(m, c), sum = 0;
	size_t i;
	int k;

	for (i = 0; m->counters && i < m->counters->n_uses; i++) {
		const struct counter_use *u = &m->counters->uses[i];
		const uint64_t *v = u->v;

		if (strcmp(m->counters->events[u->event], c->name) || !lies_on(m, u->cpu, where, number))
			continue;
		c->cpus++;
		c->blind += v[COUNTER_ENABLED] && !v[COUNTER_RUNNING];
		for (k = 0; k < COUNTER_N; k++)
			c->v[k] += v[k];
		if (v[COUNTER_RUNNING] && v[COUNTER_RUNNING] < v[COUNTER_ENABLED])
			sum += (double)v[COUNTER_COUNT] * ((double)v[COUNTER_ENABLED] / (double)v[COUNTER_RUNNING]);
		else
			sum += (double)v[COUNTER_COUNT];
	}
	c->value = c->cpus > c->blind ? sum * scale : NAN;
	c->counted = c->v[COUNTER_ENABLED] ? fmin((double)c->v[COUNTER_RUNNING] / (double)c->v[COUNTER_ENABLED], 1) : NAN;
}

int counters_list(const struct model *m, enum counter_where where, uint32_t number, struct counter **out, size_t *n)
{
	struct counter *v = calloc(m->n_meta + 1, sizeof(*v));
	size_t i;

	*n = 0;
	*out = v;
	for (i = 0; v && i < m->n_meta; i++) {
		const char *key = m->meta[i].key;

		if (strncmp(key, event_key, sizeof(event_key) - 1))
			continue;
		v[*n].name = key + sizeof(event_key) - 1;
		v[*n].lack = lack_of(m->meta[i].value);
		add_up(m, where, number, &v[(*n)++]);
	}
	return v ? 0 : -ENOMEM;
}

const struct counter *counters_find(const struct counter *v, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n && strcmp(v[i].name, name); i++)
		;
	return i < n ? &v[i] : NULL;
}

const char *counters_base(const char *name, char *buf, size_t size)
{
	static const char *const of[][2] = { /* ends of names */
		{ "-load-misses", "-loads" }, { "-store-misses", "-stores" }, { "-prefetch-misses", "-prefetches" },
		{ "branch-misses", "branches" }, { "cache-misses", "cache-references" }, { "instructions", "cycles" },
	};
	size_t i, len = strcspn(name, ":"), end;

	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		end = strlen(of[i][0]);
		if (len < end || strncmp(name + len - end, of[i][0], end) || (of[i][0][0] != '-' && len != end))
			continue;
		snprintf(buf, size, "%.*s%s%s", (int)(len - end), name, of[i][1], name + len); /* and its modifiers */
		return buf;
	}
	return NULL;
}

/* Of "a,b"; -ENODATA where one is missing. */
static int sum_of(const struct counter *v, size_t n, const char *names, double *sum)
{
	const char *p = names;
	char one[128];

	for (*sum = 0; *p; p += *p == ',') {
		size_t len = strcspn(p, ",");
		const struct counter *c;

		snprintf(one, sizeof(one), "%.*s", (int)len, p);
		c = counters_find(v, n, one);
		if (!c || c->lack || !c->cpus)
			return -ENODATA;
		*sum += c->value;
		p += len;
	}
	return 0;
}

int counters_metric(const struct model *m, const char *names, const char *over, double *value)
{
	struct counter *v;
	double part, whole = 1;
	size_t n;
	int err;

	if (!m->counters)
		return -ENODATA;
	err = counters_list(m, COUNTER_ALL, 0, &v, &n);
	err = err ? err : sum_of(v, n, names, &part);
	if (!err && over)
		err = sum_of(v, n, over, &whole);
	free(v);
	if (!err)
		*value = whole > 0 ? part / whole : NAN;
	return err;
}
