// SPDX-License-Identifier: GPL-2.0-only
/* What same against same showed. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "../compare/show.h"
#include "aa.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define ROW_WIDTH 110

static const struct table_col cols[] = {
	{ .id = "pairs_of", .head = "pairs_of", .type = COL_TEXT, .flags = COL_NO_TEXT },
	{ .id = "metric", .head = "metric", .type = COL_TEXT, .flags = COL_KEY, .max = 34 },
	{ .id = "source", .head = "source", .type = COL_TEXT },
	{ .id = "pairs", .head = "pairs", .type = COL_COUNT },
	{ .id = "median_pct", .head = "median", .unit = "%", .group = "|difference|", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG },
	{ .id = "p95_pct", .head = "95 % of", .unit = "%", .group = "|difference|", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG },
	{ .id = "max_pct", .head = "most", .unit = "%", .group = "|difference|", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG },
	{ .id = "floor_pct", .head = "floor", .unit = "%", .type = COL_FLOAT, .prec = 3, .flags = COL_SIG },
	{ .id = "pairs_missing", .head = "missing", .unit = "pairs", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
	{ .id = "false_verdicts", .head = "false", .unit = "verdicts", .type = COL_COUNT },
	{ .id = "withheld", .head = "withheld", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
};

/* In a text without kernel metrics that are 0 everywhere: there is no difference in percent of 0. */
static void add_metrics(struct table *t, const struct aa_sum *s, bool text)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct aa_metric *m = &s->m[i];

		if (text && m->source == CMP_KERNEL && !m->pairs)
			continue;
		table_text(t, s->h->kind);
		table_text(t, m->name);
		table_text(t, m->source == CMP_KERNEL ? "kernel" : "benchmark");
		table_u64(t, m->pairs);
		if (m->pairs) {
			table_f64(t, m->median);
			table_f64(t, m->floor);
			table_f64(t, m->max);
		} else {
			table_none(t);
			table_none(t);
			table_none(t);
		}
		if (m->pairs >= AA_LEAST_PAIRS) {
			table_f64(t, m->floor);
			table_none(t);
		} else {
			table_none(t);
			table_u64(t, AA_LEAST_PAIRS - m->pairs);
		}
		table_u64(t, m->flagged);
		table_u64(t, m->hidden);
	}
}

static struct table *metrics_of(const struct aa_sum *s)
{
	struct table *t = table_new("metrics", NULL, cols, N(cols));

	if (t)
		add_metrics(t, s, false);
	return t;
}

/* A line of what follows, i = 0, 1, ...; false after the last. */
static bool finding(const struct aa_sum *s, const struct aa_about *about, unsigned int i, char *buf, size_t size)
{
	double lo, hi, alpha = about->how && about->how->alpha > 0 ? about->how->alpha : 0.05;
	size_t n = s->h->n;

	switch (i) {
	case 0:
		aa_binomial(s->pairs_flagged, n, 0.95, &lo, &hi);
		if (!n)
			snprintf(buf, size, "false positives: there is no pair");
		else
			snprintf(buf, size,
				 "false positives: %zu of %zu pairs have a verdict on some benchmark metric, %.1f %% "
				 "(95 %% interval %.1f "
				 "to %.1f %%); the rule allows %.0f %%",
				 s->pairs_flagged, n, 100 * (double)s->pairs_flagged / (double)n, 100 * lo, 100 * hi,
				 100 * alpha);
		return true;
	case 1:
		if (s->pairs_hidden)
			snprintf(buf, size,
				 "withheld: %zu pairs more would have one, were they not INDICATIVE (fewer than 5 "
				 "units) or CONFOUNDED",
				 s->pairs_hidden);
		else
			snprintf(buf, size, "withheld: none");
		return true;
	case 2:
		if (n < AA_LEAST_PAIRS)
			snprintf(buf, size,
				 "floor: none yet: %zu pairs are missing to %d; the 95 %% column is an estimate that "
				 "nothing uses",
				 (size_t)AA_LEAST_PAIRS - n, AA_LEAST_PAIRS);
		else
			snprintf(buf, size,
				 "floor: the 95th percentile of the differences; compare and gate call nothing below "
				 "it BETTER or WORSE%s%s",
				 about->stored ? ", from " : " once it is stored", about->stored ? about->stored : "");
		return true;
	case 3:
		snprintf(buf, size,
			 "holds for: comparisons with %zu units an arm or more, arranged as these pairs were%s",
			 s->units,
			 about->scheme == AA_SPLIT
				 ? " (what differs between runs and boots is not in it)"
				 : "");
		return true;
	case 4:
		if (about->scheme != AA_RUNS || n < 2)
			return false;
		snprintf(buf, size,
			 "note: pairs that share runs are fewer than they look, and the interval too narrow for "
			 "them");
		return true;
	}
	return false;
}

static const char *kind_title(const char *kind)
{
	return !strcmp(kind, "blocks") ? "runs interleaved, in blocks" : !strcmp(kind, "split") ?
	       "iterations of one run, in blocks" : "runs one after the other";
}

static void head(const struct aa_sum *s, const struct aa_about *about, bool markdown, FILE *f)
{
	char line[600], *colon;
	unsigned int i;

	fprintf(f, markdown ? "## A/A: %s, %s\n\n" : "benchmark  %s, same against same: %s\n", s->h->benchmark,
		kind_title(s->h->kind));
	fprintf(f, markdown ? "- **host**: %s\n" : "host       %s\n", s->h->host ? s->h->host : "not recorded");
	fprintf(f, markdown ? "- **pairs**: %zu (%zu of this call, of %zu run%s): %s\n" :
		"pairs      %zu (%zu of this call, of %zu run%s): %s\n", s->h->n, s->h->added, about->c->n_arms,
		about->c->n_arms == 1 ? "" : "s", aa_scheme_title(about->scheme));
	for (i = 0; finding(s, about, i, line, sizeof(line)); i++) {
		colon = strchr(line, ':');
		*colon = '\0';
		if (markdown)
			fprintf(f, "- **%s**:%s\n", line, colon + 1);
		else
			fprintf(f, "%s:%s\n", line, colon + 1);
	}
}

static int history_json(const struct aa_sum *s, const struct aa_about *about, struct json *j)
{
	struct table *t = metrics_of(s);
	char line[600];
	double lo, hi;
	unsigned int i;

	if (!t)
		return -ENOMEM;
	aa_binomial(s->pairs_flagged, s->h->n, 0.95, &lo, &hi);
	json_obj(j, NULL);
	json_str(j, "benchmark", s->h->benchmark);
	json_str(j, "host", s->h->host);
	json_str(j, "pairs_of", s->h->kind);
	json_u64(j, "pairs", s->h->n);
	json_u64(j, "pairs_of_this_call", s->h->added);
	json_u64(j, "least_pairs", AA_LEAST_PAIRS);
	json_u64(j, "pairs_flagged", s->pairs_flagged);
	json_u64(j, "pairs_withheld", s->pairs_hidden);
	json_num(j, "false_positive_rate", s->h->n ? (double)s->pairs_flagged / (double)s->h->n : NAN);
	json_num(j, "rate_lo", lo);
	json_num(j, "rate_hi", hi);
	json_u64(j, "tests", s->tests);
	json_u64(j, "tests_flagged", s->flagged);
	json_u64(j, "least_units", s->units);
	json_arr(j, "lines");
	for (i = 0; finding(s, about, i, line, sizeof(line)); i++)
		json_str(j, NULL, line);
	json_end(j);
	table_write_json(t, j, "metrics");
	json_end(j);
	table_free(t);
	return 0;
}

static int write_json(const struct aa_sum *s, size_t n, const struct aa_about *about, FILE *f)
{
	struct table *systems = cmp_systems_table(about->c);
	struct json j;
	size_t i;
	int err = systems ? 0 : -ENOMEM;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "aa");
	json_u64(&j, "version", 1);
	json_str(&j, "scheme", aa_scheme_name(about->scheme));
	json_str(&j, "stored", about->stored);
	json_arr(&j, "histories");
	for (i = 0; i < n && !err; i++)
		err = history_json(&s[i], about, &j);
	json_end(&j);
	if (systems)
		table_write_json(systems, &j, "systems");
	json_end(&j);
	table_free(systems);
	return err;
}

int aa_write(const struct aa_sum *s, size_t n, const struct aa_about *about, const struct table_out *o, FILE *f)
{
	bool text = o->fmt == TABLE_TEXT || o->fmt == TABLE_MARKDOWN;
	struct table_out wide = *o;
	struct table *t;
	size_t i;
	int err = 0;

	if (wide.width && wide.width < ROW_WIDTH)
		wide.width = ROW_WIDTH;
	if (o->fmt == TABLE_JSON)
		return write_json(s, n, about, f);
	t = text ? NULL : table_new("metrics", NULL, cols, N(cols));
	for (i = 0; i < n && !err; i++) {
		if (text) {
			t = table_new("metrics", NULL, cols, N(cols));
			if (i)
				fputc('\n', f);
			head(&s[i], about, o->fmt == TABLE_MARKDOWN, f);
			fputc('\n', f);
		}
		if (t)
			add_metrics(t, &s[i], text);
		err = t ? table_err(t) : -ENOMEM;
		if (!err && (text || i + 1 == n))
			table_write(t, f, text ? &wide : o);
		if (text || err || i + 1 == n)
			table_free(t);
	}
	if (!err && text)
		cmp_put_table(cmp_systems_table(about->c), o, f);
	return err;
}
