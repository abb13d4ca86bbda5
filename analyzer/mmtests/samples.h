/* SPDX-License-Identifier: GPL-2.0-only */
/* What a benchmark's logs say, in MMTests' six columns: metric, factors A and B, interval, value, extra. */
#ifndef MMT_MMTESTS_SAMPLES_H
#define MMT_MMTESTS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "../arena.h"

struct mmtests_sample {
	const char *metric, *a, *b; /* a, b: "_" for none */
	double interval, value;
	size_t seq;                 /* order of reading */
	bool ratio;                 /* counts in ratio tables: R in the sixth column */
};

struct mmtests_samples {
	struct arena *arena;
	struct mmtests_sample *v;
	size_t n, cap;
	size_t dropped;             /* values that were no numbers */
};

int mmtests_samples_init(struct mmtests_samples *s);
void mmtests_samples_free(struct mmtests_samples *s);
int mmtests_samples_add(struct mmtests_samples *s, const char *metric, const char *a, const char *b, double interval,
			double value, bool ratio);
/* By metric, then A, B and interval as numbers: the order that most of MMTests' parsers print. */
void mmtests_samples_sort(struct mmtests_samples *s);
/* METRIC[-A][-B] */
void mmtests_label(char *buf, size_t size, const char *metric, const char *a, const char *b);
/* The number that text is, all of it; false for anything else, nan and inf among it. */
bool mmtests_number(const char *text, double *value);
/* The number that text begins with, else 0. */
double mmtests_leading(const char *text);

#endif
