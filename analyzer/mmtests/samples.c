// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

int mmtests_samples_init(struct mmtests_samples *s)
{
	memset(s, 0, sizeof(*s));
	s->arena = arena_new();
	return s->arena ? 0 : -ENOMEM;
}

void mmtests_samples_free(struct mmtests_samples *s)
{
	if (s->arena)
		arena_free(s->arena);
	free(s->v);
	memset(s, 0, sizeof(*s));
}

/* Samples come in runs of one label: the string of the one before is mostly the one wanted. */
static const char *keep(struct mmtests_samples *s, const char *text, const char *last)
{
	return last && !strcmp(last, text) ? last : arena_str(s->arena, text, strlen(text));
}

int mmtests_samples_add(struct mmtests_samples *s, const char *metric, const char *a, const char *b, double interval,
			double value, bool ratio)
{
	const struct mmtests_sample *last = s->n ? &s->v[s->n - 1] : NULL;
	struct mmtests_sample x = { .interval = interval, .value = value, .seq = s->n, .ratio = ratio };

	x.metric = keep(s, metric, last ? last->metric : NULL);
	x.a = keep(s, a && *a ? a : "_", last ? last->a : NULL);
	x.b = keep(s, b && *b ? b : "_", last ? last->b : NULL);
	if (!x.metric || !x.a || !x.b)
		return -ENOMEM;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 128;
		struct mmtests_sample *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = x;
	return 0;
}

double mmtests_leading(const char *text)
{
	size_t n = strspn(text, " \t"), sign = text[n] == '-' || text[n] == '+';
	char buf[64];

	text += n;
	n = sign + strspn(text + sign, "0123456789.");
	if (n >= sizeof(buf))
		return 0;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return strtod(buf, NULL);
}

bool mmtests_number(const char *text, double *value)
{
	char *end;

	if (!text || !*text)
		return false;
	*value = strtod(text, &end);
	return end != text && !*end && isfinite(*value);
}

static int by_number(double a, double b)
{
	return (a > b) - (a < b);
}

static int compare(const void *pa, const void *pb)
{
	const struct mmtests_sample *a = pa, *b = pb;
	int c = strcmp(a->metric, b->metric);

	c = c ? c : by_number(mmtests_leading(a->a), mmtests_leading(b->a));
	c = c ? c : by_number(mmtests_leading(a->b), mmtests_leading(b->b));
	c = c ? c : by_number(a->interval, b->interval);
	c = c ? c : strcmp(a->a, b->a);
	c = c ? c : strcmp(a->b, b->b);
	return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

void mmtests_samples_sort(struct mmtests_samples *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), compare);
}

void mmtests_label(char *buf, size_t size, const char *metric, const char *a, const char *b)
{
	bool with_a = a && *a && strcmp(a, "_"), with_b = b && *b && strcmp(b, "_");

	snprintf(buf, size, "%s%s%s%s%s", metric, with_a ? "-" : "", with_a ? a : "", with_b ? "-" : "", with_b ? b : "");
}
