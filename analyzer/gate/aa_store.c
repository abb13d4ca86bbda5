// SPDX-License-Identifier: GPL-2.0-only
/* DIR/aa.json: every pair that was compared, and the floors that follow. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../json.h"
#include "aa.h"

static void pair_free(struct aa_pair *p)
{
	size_t i;

	for (i = 0; i < p->n_deltas; i++)
		free(p->delta[i].metric);
	free(p->delta);
	free(p->id);
	free(p->kernel);
	free(p->date);
}

void aa_store_free(struct aa_store *s)
{
	size_t i, k;

	for (i = 0; i < s->n; i++) {
		for (k = 0; k < s->h[i].n; k++)
			pair_free(&s->h[i].pair[k]);
		free(s->h[i].pair);
		free(s->h[i].host);
		free(s->h[i].benchmark);
		free(s->h[i].kind);
	}
	free(s->h);
	memset(s, 0, sizeof(*s));
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

struct aa_history *aa_store_history(struct aa_store *s, const char *host, const char *benchmark, const char *kind)
{
	struct aa_history *h;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (same(s->h[i].host, host) && same(s->h[i].benchmark, benchmark) && same(s->h[i].kind, kind))
			return &s->h[i];
	h = reallocarray(s->h, s->n + 1, sizeof(*h));
	if (!h)
		return NULL;
	s->h = h;
	h += s->n++;
	*h = (struct aa_history){ .host = host ? strdup(host) : NULL,
				  .benchmark = strdup(benchmark),
				  .kind = strdup(kind) };
	return (host && !h->host) || !h->benchmark || !h->kind ? NULL : h;
}

struct aa_pair *aa_history_pair(struct aa_history *h, const char *id)
{
	struct aa_pair *p;
	size_t i;

	for (i = 0; i < h->n && strcmp(h->pair[i].id, id) != 0; i++)
		;
	if (i == h->n && h->n >= AA_MOST_PAIRS)
		i = 0;
	if (i < h->n) {
		pair_free(&h->pair[i]);
		memmove(&h->pair[i], &h->pair[i + 1], (h->n - i - 1) * sizeof(*p));
		h->n--;
	}
	p = reallocarray(h->pair, h->n + 1, sizeof(*p));
	if (!p)
		return NULL;
	h->pair = p;
	p += h->n;
	*p = (struct aa_pair){ .id = strdup(id) };
	if (!p->id)
		return NULL;
	h->n++;
	return p;
}

int aa_pair_delta(struct aa_pair *p, struct aa_delta d)
{
	struct aa_delta *v = reallocarray(p->delta, p->n_deltas + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	p->delta = v;
	d.metric = strdup(d.metric);
	if (!d.metric)
		return -ENOMEM;
	v[p->n_deltas++] = d;
	return 0;
}

/* --------------------------------------------------------------------- read */

static int take_pair(struct aa_history *h, const json_t *j)
{
	const char *id = json_string_value(json_object_get(j, "id")), *s;
	struct aa_pair *p;
	size_t i;
	json_t *d;
	int err = 0;

	if (!id)
		return -EINVAL;
	p = aa_history_pair(h, id);
	if (!p)
		return -ENOMEM;
	s = json_string_value(json_object_get(j, "kernel"));
	p->kernel = s ? strdup(s) : NULL;
	s = json_string_value(json_object_get(j, "date"));
	p->date = s ? strdup(s) : NULL;
	p->units = json_integer_value(json_object_get(j, "units")) > 0
			   ? (size_t)json_integer_value(json_object_get(j, "units"))
			   : 0;
	json_array_foreach(json_object_get(j, "deltas"), i, d) {
		const json_t *pct = json_object_get(d, "delta_pct");
		const char *source = json_string_value(json_object_get(d, "source"));

		s = json_string_value(json_object_get(d, "metric"));
		if (!s || !source)
			return -EINVAL;
		err = aa_pair_delta(p,
				    (struct aa_delta){ .metric = (char *)s,
						       .source = !strcmp(source, "kernel") ? CMP_KERNEL : CMP_BENCHMARK,
						       .pct = json_is_number(pct) ? json_number_value(pct) : NAN,
						       .flagged = json_is_true(json_object_get(d, "flagged")),
						       .hidden = json_is_true(json_object_get(d, "hidden")) });
		if (err)
			return err;
	}
	return 0;
}

static int take_history(struct aa_store *s, const json_t *j)
{
	const char *bench = json_string_value(json_object_get(j, "benchmark")),
		   *kind = json_string_value(json_object_get(j, "pairs_of"));
	const json_t *list = json_object_get(j, "pairs");
	struct aa_history *h;
	size_t i;
	json_t *p;
	int err = 0;

	if (!bench || !kind || !json_is_array(list))
		return -EINVAL;
	h = aa_store_history(s, json_string_value(json_object_get(j, "host")), bench, kind);
	if (!h)
		return -ENOMEM;
	json_array_foreach(list, i, p)
		if (!err)
			err = take_pair(h, p);
	return err;
}

int aa_store_load(const char *path, struct aa_store *s, char *why, size_t size)
{
	json_error_t e;
	json_t *j, *h;
	size_t i;
	int err = 0;

	memset(s, 0, sizeof(*s));
	if (access(path, F_OK))
		return -ENOENT;
	j = json_load_file(path, 0, &e);
	if (!j) {
		snprintf(why, size, "%s:%d: %s; remove it to begin anew", path, e.line, e.text);
		return -EINVAL;
	}
	if (json_integer_value(json_object_get(j, "version")) != 1 || !json_is_array(json_object_get(j, "histories")))
		err = -EINVAL;
	json_array_foreach(json_object_get(j, "histories"), i, h)
		if (!err)
			err = take_history(s, h);
	json_decref(j);
	if (err) {
		snprintf(why, size, "%s: %s", path,
			 err == -EINVAL ? "no history that this version wrote; remove it to begin anew"
					: strerror(-err));
		aa_store_free(s);
	}
	return err;
}

/* -------------------------------------------------------------------- write */

static const char *source_name(enum cmp_source s)
{
	return s == CMP_KERNEL ? "kernel" : "benchmark";
}

static int put_floors(struct json *j, const struct aa_history *h)
{
	struct aa_sum s;
	size_t i;
	int err = aa_sum(h, &s);

	if (err)
		return err;
	json_arr(j, "floors");
	for (i = 0; i < s.n; i++) {
		if (s.m[i].pairs < AA_LEAST_PAIRS)
			continue;
		json_obj(j, NULL);
		json_str(j, "metric", s.m[i].name);
		json_str(j, "source", source_name(s.m[i].source));
		json_u64(j, "pairs", s.m[i].pairs);
		json_num(j, "floor_pct", s.m[i].floor);
		json_end(j);
	}
	json_end(j);
	aa_sum_free(&s);
	return 0;
}

static void put_pair(struct json *j, const struct aa_pair *p)
{
	size_t i;

	json_obj(j, NULL);
	json_str(j, "id", p->id);
	json_str(j, "kernel", p->kernel);
	json_str(j, "date", p->date);
	json_u64(j, "units", p->units);
	json_arr(j, "deltas");
	for (i = 0; i < p->n_deltas; i++) {
		json_obj(j, NULL);
		json_str(j, "metric", p->delta[i].metric);
		json_str(j, "source", source_name(p->delta[i].source));
		json_num(j, "delta_pct", p->delta[i].pct);
		json_bool(j, "flagged", p->delta[i].flagged);
		json_bool(j, "hidden", p->delta[i].hidden);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static int put_store(const struct aa_store *s, FILE *f)
{
	struct json j;
	size_t i, k;
	int err = 0;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "aa");
	json_u64(&j, "version", 1);
	json_arr(&j, "histories");
	for (i = 0; i < s->n && !err; i++) {
		json_obj(&j, NULL);
		json_str(&j, "host", s->h[i].host);
		json_str(&j, "benchmark", s->h[i].benchmark);
		json_str(&j, "pairs_of", s->h[i].kind);
		err = put_floors(&j, &s->h[i]);
		json_arr(&j, "pairs");
		for (k = 0; k < s->h[i].n; k++)
			put_pair(&j, &s->h[i].pair[k]);
		json_end(&j);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	return err;
}

int aa_store_save(const char *path, const struct aa_store *s)
{
	char *tmp;
	FILE *f;
	int err;

	if (asprintf(&tmp, "%s.%d.new", path, getpid()) < 0)
		return -ENOMEM;
	f = fopen(tmp, "we");
	err = f ? put_store(s, f) : -errno;
	if (f && ferror(f) && !err)
		err = -EIO;
	if (f && fclose(f) && !err)
		err = -errno;
	if (!err && rename(tmp, path))
		err = -errno;
	if (err && f)
		unlink(tmp);
	free(tmp);
	return err;
}
