// SPDX-License-Identifier: GPL-2.0-only
/* What aa recorded beside the results: how far a metric moves when nothing has changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read_int.h"

/* The host that all arms ran on, as far as that is known. */
static const char *host_of(const struct cmp *c)
{
	const char *host = NULL, *h;
	size_t k;

	for (k = 0; k < c->n_arms; k++) {
		h = cmp_one_fact(&c->arm[k], "host.name");
		if (h && host && strcmp(h, host) != 0)
			return ""; /* two hosts: no floor is of both */
		host = h ? h : host;
	}
	return host;
}

static bool is_for(const struct cmp *c, const json_t *history, const char *host)
{
	const char *bench = json_string_value(json_object_get(history, "benchmark"));
	const char *where = json_string_value(json_object_get(history, "host"));

	return bench && c->benchmark && !strcmp(bench, c->benchmark) && (!host || !where || !strcmp(host, where));
}

static void raise_floor(struct cmp_floor *f, double rel, json_int_t pairs)
{
	if (rel > f->rel)
		*f = (struct cmp_floor){ rel, (uint32_t)pairs };
}

/*
 * Pairs one after the other move more than pairs in blocks, and do not count for these. The
 * other way round the floor of blocks is the least that there can be.
 */
static void take_floors(struct cmp *c, const json_t *history)
{
	const char *kind = json_string_value(json_object_get(history, "pairs_of"));
	bool blocks = kind && strcmp(kind, "sequence") != 0;
	size_t i, k;
	json_t *f;

	json_array_foreach(json_object_get(history, "floors"), i, f) {
		const char *name = json_string_value(json_object_get(f, "metric"));
		const char *source = json_string_value(json_object_get(f, "source"));
		const json_t *pct = json_object_get(f, "floor_pct");
		json_int_t pairs = json_integer_value(json_object_get(f, "pairs"));
		enum cmp_source from = source && !strcmp(source, "kernel") ? CMP_KERNEL : CMP_BENCHMARK;

		if (!name || !json_is_number(pct) || !(json_number_value(pct) > 0) || pairs <= 0 || pairs > 1000000)
			continue;
		for (k = 0; k < c->n_metrics; k++) {
			struct cmp_metric *m = &c->metric[k];

			if (m->source != from || strcmp(m->name, name) != 0)
				continue;
			raise_floor(&m->floor, json_number_value(pct) / 100, pairs);
			if (blocks)
				raise_floor(&m->floor_blocks, json_number_value(pct) / 100, pairs);
		}
	}
}

int cmp_load_floors(struct cmp *c)
{
	const char *host = host_of(c);
	char path[READ_PATH];
	json_error_t why;
	json_t *j, *h;
	size_t i;

	if (!c->dir || !read_join(path, c->dir, "aa.json") || access(path, F_OK))
		return 0;
	j = json_load_file(path, 0, &why);
	if (!j)
		return cmp_say(c, -EINVAL, "%s:%d: %s; mmt-trace aa writes it anew where it is removed", path, why.line,
			       why.text);
	json_array_foreach(json_object_get(j, "histories"), i, h)
		if (is_for(c, h, host))
			take_floors(c, h);
	json_decref(j);
	c->floor_file = strdup(path);
	return c->floor_file ? 0 : -ENOMEM;
}
