// SPDX-License-Identifier: GPL-2.0-only
/* From JSON to arrays and back. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../out.h"
#include "call.h"

int in_fail(const struct call *c, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_err("%s%s: %s", c->where, c->def->name, text);
	return -EINVAL;
}

int in_limit(const struct call *c, const char *key, size_t n, size_t most)
{
	return n <= most ? 0 : in_fail(c, "%zu values of '%s' are too many; at most %zu", n, key, most);
}

bool json_to_num(const json_t *j, double *v)
{
	const char *s;
	char *end;

	if (json_is_number(j)) {
		*v = json_number_value(j);
	} else if (json_is_null(j)) {
		*v = NAN;
	} else {
		s = json_string_value(j);
		if (!s || !*s)
			return false;
		*v = strtod(s, &end);
		if (*end)
			return false;
	}
	if (!isfinite(*v))
		*v = NAN;
	return true;
}

int in_sample_of(struct call *c, const json_t *array, const char *key, struct sample *s)
{
	size_t i, n = json_array_size(array);
	double *room;

	*s = (struct sample){ .n_raw = n };
	if (!json_is_array(array))
		return in_fail(c, array ? "'%s' is not an array" : "no '%s' in the input", key);
	room = arena_alloc(c->mem, (2 * n + 1) * sizeof(*room));
	s->at = arena_alloc(c->mem, (n + 1) * sizeof(*s->at));
	if (!room || !s->at)
		return -ENOMEM;
	s->raw = room;
	s->x = room + n;
	for (i = 0; i < n; i++) {
		if (!json_to_num(json_array_get(array, i), &s->raw[i]))
			return in_fail(c, "%s[%zu] is no number", key, i);
		if (isnan(s->raw[i]))
			continue;
		s->at[s->n] = i;
		s->x[s->n++] = s->raw[i];
	}
	return 0;
}

int in_sample(struct call *c, const char *key, struct sample *s)
{
	return in_sample_of(c, json_object_get(c->in, key), key, s);
}

static bool json_to_u64(const json_t *j, uint64_t *v)
{
	const char *s = json_string_value(j);
	double d;
	char *end;

	if (s) {
		errno = 0;
		*v = strtoull(s, &end, 10);
		return *s >= '0' && *s <= '9' && !*end && !errno;
	}
	if (json_is_integer(j)) {
		*v = (uint64_t)json_integer_value(j);
		return json_integer_value(j) >= 0;
	}
	d = json_real_value(j); /* 0 for what is none */
	*v = d >= 0 && d < 0x1p53 ? (uint64_t)d : 0;
	return json_is_real(j) && (double)*v == d;
}

int in_whole(struct call *c, const char *key, uint64_t **v, size_t *n)
{
	const json_t *array = json_object_get(c->in, key);
	size_t i;

	*n = json_array_size(array);
	if (!json_is_array(array))
		return in_fail(c, array ? "'%s' is not an array" : "no '%s' in the input", key);
	*v = arena_alloc(c->mem, (*n + 1) * sizeof(**v));
	if (!*v)
		return -ENOMEM;
	for (i = 0; i < *n; i++)
		if (!json_to_u64(json_array_get(array, i), &(*v)[i]))
			return in_fail(c, "%s[%zu] is no whole number from 0 to 2^64 - 1", key, i);
	return 0;
}

bool in_has(const struct call *c, const char *key)
{
	return json_object_get(c->in, key);
}

int in_num(const struct call *c, const char *key, double missing, double *v)
{
	const json_t *j = json_object_get(c->in, key);

	*v = missing;
	if (j && !json_to_num(j, v))
		return in_fail(c, "'%s' is no number", key);
	return 0;
}

const char *in_word(const struct call *c, const char *key, const char *missing)
{
	const char *s = json_string_value(json_object_get(c->in, key));

	return s ? s : missing;
}

int in_levels(const struct call *c, struct level *l, int *n)
{
	double level;
	int err = in_num(c, "level", NAN, &level);

	if (err || !in_has(c, "level"))
		return err;
	if (!(level > 0 && level < 1))
		return in_fail(c, "level is between 0 and 1, such as 0.95");
	*n = 1;
	l->value = level;
	snprintf(l->name, sizeof(l->name), "%.10g", level * 100);
	return 0;
}

int in_direction(const struct call *c, bool *higher, bool *lower)
{
	const char *d = in_word(c, "direction", "both");

	*higher = !strcasecmp(d, "higher") || !strcmp(d, "both");
	*lower = !strcasecmp(d, "lower") || !strcmp(d, "both");
	return *higher || *lower ? 0 : in_fail(c, "direction is lower, higher or both");
}

json_t *num_or_null(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

void add(struct call *c, json_t *list, json_t *v)
{
	c->nomem |= json_array_append_new(list, v) != 0;
}

static void set(struct call *c, json_t *o, const char *key, json_t *v)
{
	c->nomem |= json_object_set_new(o, key, v) != 0;
}

void put(struct call *c, json_t *o, const char *key, double v)
{
	set(c, o, key, num_or_null(v));
}

void put_int(struct call *c, json_t *o, const char *key, int64_t v)
{
	set(c, o, key, json_integer(v));
}

void put_bool(struct call *c, json_t *o, const char *key, bool v)
{
	set(c, o, key, json_boolean(v));
}

void put_str(struct call *c, json_t *o, const char *key, const char *s)
{
	set(c, o, key, json_string(s));
}

json_t *put_obj(struct call *c, json_t *o, const char *key)
{
	json_t *n = json_object();

	set(c, o, key, n);
	return n;
}

json_t *put_list(struct call *c, json_t *o, const char *key)
{
	json_t *n = json_array();

	set(c, o, key, n);
	return n;
}

void put_array(struct call *c, json_t *o, const char *key, const double *v, size_t n)
{
	json_t *list = put_list(c, o, key);
	size_t i;

	for (i = 0; i < n; i++)
		add(c, list, num_or_null(v[i]));
}

void put_ci(struct call *c, json_t *o, const char *key, double lo, double hi)
{
	put_array(c, o, key, (double[]){ lo, hi }, 2);
}

static int check_inputs(const struct call *c)
{
	const struct input *i;

	if (!json_is_object(c->in))
		return in_fail(c, "the input is not an object");
	for (i = c->def->in; i->name; i++)
		if (!i->optional && !json_object_get(c->in, i->name))
			return in_fail(c, "no '%s' in the input", i->name);
	return 0;
}

int call_run(const struct stat_def *def, const json_t *in, const char *where, json_t **out)
{
	struct call c = { .def = def, .in = in, .where = where };
	int err;

	*out = NULL;
	c.mem = arena_new();
	c.out = json_object();
	err = c.mem && c.out ? check_inputs(&c) : -ENOMEM;
	if (!err)
		err = def->compute(&c);
	if (!err && c.nomem)
		err = -ENOMEM;
	arena_free(c.mem);
	if (err)
		json_decref(c.out);
	else
		*out = c.out;
	return err;
}
