// SPDX-License-Identifier: GPL-2.0-only
/* Histograms of a report: octave by octave for people, bucket by bucket for machines. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report_int.h"

#define BAR 40
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char *duration(char *buf, size_t size, uint64_t ns)
{
	if (ns < 10000)
		snprintf(buf, size, "%" PRIu64 " ns", ns);
	else if (ns < 10000000)
		snprintf(buf, size, "%" PRIu64 " us", ns / 1000);
	else if (ns < 10000000000)
		snprintf(buf, size, "%" PRIu64 " ms", ns / 1000000);
	else
		snprintf(buf, size, "%" PRIu64 " s", ns / 1000000000);
	return buf;
}

static void octaves(const struct rhist *h, uint64_t count[64])
{
	unsigned int at = 0, b;
	uint64_t lo, hi, n;

	memset(count, 0, 64 * sizeof(*count));
	while (rhist_next(h, &at, &b, &n)) {
		mmt_hist_range(b, &lo, &hi);
		count[lo ? 63 - __builtin_clzll(lo) : 0] += n;
	}
}

static void bars(FILE *f, const char *title, const struct rhist *h)
{
	uint64_t count[64], top = 0, total = 0, seen = 0;
	int i, first = 64, last = -1;
	char a[24], b[24];

	octaves(h, count);
	for (i = 0; i < 64; i++) {
		total += count[i];
		if (count[i] > top)
			top = count[i];
		if (count[i]) {
			last = i;
			first = first == 64 ? i : first;
		}
	}
	fprintf(f, "%s: %" PRIu64 " times\n", title, total);
	for (i = first; i <= last; i++) {
		int len = (int)((count[i] * BAR + top - 1) / top);

		seen += count[i];
		fprintf(f, "%7s .. %-7s %10" PRIu64 " %5.1f %% |%.*s\n", duration(a, sizeof(a), i ? 1ull << i : 0),
			duration(b, sizeof(b), 1ull << (i + 1)), count[i], 100.0 * (double)seen / (double)total, len,
			"########################################");
	}
}

static void merged(const struct report *r, struct rhist *wait, struct rhist *off)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (rhist_merge(wait, &r->g[i].wait) || rhist_merge(off, &r->g[i].off))
			return;
}

void report_hist_text(const struct report *r, FILE *f)
{
	struct rhist wait = { 0 }, off = { 0 };

	merged(r, &wait, &off);
	bars(f, "Run-queue latency, with the share up to each line", &wait);
	fputc('\n', f);
	bars(f, "Off-CPU time, with the share up to each line", &off);
	rhist_free(&wait);
	rhist_free(&off);
}

static void buckets(struct table *t, const char *what, const struct rhist *h)
{
	unsigned int at = 0, b;
	uint64_t lo, hi, n;

	while (rhist_next(h, &at, &b, &n)) {
		mmt_hist_range(b, &lo, &hi);
		table_text(t, what);
		table_u64(t, lo);
		table_u64(t, hi);
		table_u64(t, n);
	}
}

struct table *report_hist_table(const struct report *r)
{
	static const struct table_col cols[] = {
		{ .id = "histogram", .head = "histogram", .type = COL_TEXT },
		{ .id = "lo_ns", .head = "from", .unit = "ns", .type = COL_COUNT },
		{ .id = "hi_ns", .head = "to", .unit = "ns", .type = COL_COUNT },
		{ .id = "count", .head = "count", .type = COL_COUNT },
	};
	struct table *t = table_new("histograms", "Histograms", cols, N(cols));
	struct rhist wait = { 0 }, off = { 0 };

	if (!t)
		return NULL;
	merged(r, &wait, &off);
	buckets(t, "wait", &wait);
	buckets(t, "off", &off);
	rhist_free(&wait);
	rhist_free(&off);
	return t;
}
