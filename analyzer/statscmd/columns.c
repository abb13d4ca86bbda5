// SPDX-License-Identifier: GPL-2.0-only
/* Columns of numbers become the JSON object that a statistic takes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../out.h"
#include "call.h"
#include "show.h"
#include "statscmd.h"

#define MAX_COLUMNS 64

/* One file: a list of words a column asked for. */
struct table_in {
	json_t *col[MAX_COLUMNS];
	unsigned int want[MAX_COLUMNS]; /* from 1 */
	unsigned int n;
	bool chosen;      /* by -k; else there is one column, or one line */
	size_t lines;     /* with data */
	size_t words;     /* of the longest line */
	size_t dropped;   /* words that are no numbers, missing ones too */
	size_t first_bad; /* the first one's line */
	char bad[40];
};

struct reader {
	const struct statscmd *s;
	enum input_kind kind; /* IN_WHOLE: words are kept as they are; else what is no number keeps its place */
	json_t **sample;      /* all files' columns in order */
	size_t n_samples;
};

static int parse_columns(const char *text, struct table_in *t)
{
	char *end;

	t->n = 0;
	t->chosen = text;
	if (!text) {
		t->want[t->n++] = 1;
		return 0;
	}
	for (;; text = end + 1) {
		unsigned long v = isdigit((unsigned char)*text) ? strtoul(text, &end, 10) : 0;

		if (!v || v > 100000 || t->n == MAX_COLUMNS || (*end && *end != ',')) {
			out_err("-k: want numbers of columns from 1 on, with commas between (at most %d)", MAX_COLUMNS);
			return -EINVAL;
		}
		t->want[t->n++] = (unsigned int)v;
		if (!*end)
			return 0;
	}
}

static bool is_number(const char *w, double *v)
{
	char *end;

	if (!*w || isspace((unsigned char)*w))
		return false;
	*v = strtod(w, &end);
	while (isspace((unsigned char)*end))
		end++;
	return !*end && isfinite(*v);
}

static int add_word(struct reader *r, struct table_in *t, json_t *col, const char *w, size_t line)
{
	json_t *j = NULL;
	double v = NAN;

	if (w && is_number(w, &v)) {
		j = r->kind == IN_WHOLE ? json_string(w) : json_real(v);
	} else {
		if (!t->dropped++) {
			t->first_bad = line;
			snprintf(t->bad, sizeof(t->bad), "%s", w ? w : "");
		}
		if (r->kind == IN_WHOLE)
			return 0;
		j = json_null();
	}
	return json_array_append_new(col, j) ? -ENOMEM : 0;
}

/* The next word; with a delimiter each one ends a field, otherwise runs of blanks, commas and semicolons do. */
static char *next_word(char **line, const char *delimiter)
{
	char *w = *line;

	if (!w)
		return NULL;
	if (delimiter)
		return strsep(line, delimiter);
	w += strspn(w, " \t\r,;");
	if (!*w)
		return NULL;
	*line = w + strcspn(w, " \t\r,;");
	if (**line)
		*(*line)++ = '\0';
	return w;
}

static int read_line(struct reader *r, struct table_in *t, char *line, size_t nr)
{
	char *word[1024], *w;
	size_t n = 0, i;
	int err = 0;

	line[strcspn(line, "#")] = '\0';
	if (!line[strspn(line, " \t\r")])
		return 0;
	/* one line may be the whole sample; its words go in as they come */
	while (!err && (w = next_word(&line, r->s->delimiter))) {
		if (n < sizeof(word) / sizeof(word[0]))
			word[n] = w;
		n++;
		if (!t->chosen && (!t->lines || n == 1))
			err = add_word(r, t, t->col[0], w, nr);
	}
	t->lines++;
	if (n > t->words)
		t->words = n;
	for (i = 0; !err && t->chosen && i < t->n; i++) {
		size_t k = t->want[i] - 1;

		err = add_word(r, t, t->col[i], k < n && k < sizeof(word) / sizeof(word[0]) ? word[k] : NULL, nr);
	}
	return err;
}

static int read_lines(struct reader *r, struct table_in *t, char *text, size_t len)
{
	char *end = text + len, *line = text, *nl;
	size_t nr = 0;
	int err = 0;

	for (; !err && line < end; line = nl + 1) {
		nl = memchr(line, '\n', (size_t)(end - line));
		if (!nl)
			nl = end;
		*nl = '\0';
		err = read_line(r, t, line, ++nr);
	}
	return err;
}

static int check_file(const struct table_in *t, const char *file)
{
	unsigned int i;

	if (!t->lines) {
		out_err("%s: no numbers", file);
		return -EINVAL;
	}
	for (i = 0; t->chosen && i < t->n; i++) {
		if (t->want[i] <= t->words)
			continue;
		out_err("%s: there is no column %u: the longest line has %zu", file, t->want[i], t->words);
		return -EINVAL;
	}
	if (!t->chosen && t->lines > 1 && t->words > 1) {
		out_err("%s: lines with %zu words; choose columns with -k", file, t->words);
		return -EINVAL;
	}
	if (t->dropped)
		out_warn("%s:%zu: '%s' is no number%s%s", file, t->first_bad, t->bad, t->dropped > 1 ? "; " : "",
			 t->dropped > 1 ? "so are others: dropped" : ": dropped");
	return 0;
}

static int read_file(struct reader *r, const char *file)
{
	struct table_in t = { 0 };
	char *text = NULL;
	size_t len;
	unsigned int i;
	int err = parse_columns(r->s->columns, &t);

	for (i = 0; !err && i < t.n; i++) {
		t.col[i] = json_array();
		if (!t.col[i])
			return -ENOMEM;
		r->sample[r->n_samples++] = t.col[i];
	}
	if (!err && read_all(file, &text, &len))
		err = -EINVAL; /* it said why */
	if (err)
		return err;
	err = read_lines(r, &t, text, len);
	free(text);
	return err ? err : check_file(&t, file);
}

static bool is_array(const struct input *i)
{
	return i->name && i->kind != IN_PARAM && i->kind != IN_WORD;
}

static size_t n_arrays(const struct stat_def *d)
{
	size_t n = 0;

	while (is_array(&d->in[n]))
		n++;
	return n;
}

/* Parameters by name; known ones only. */
static int add_params(const struct stat_def *d, json_t *params, json_t *in)
{
	const struct input *i;
	const char *name, *text;
	json_t *v;
	double num;

	json_object_foreach(params, name, v) {
		text = json_string_value(v);
		for (i = d->in; i->name && (is_array(i) || strcmp(i->name, name)); i++)
			;
		if (!i->name) {
			out_err("%s has no parameter '%s'; mmt-trace stats --list names them", d->name, name);
			return -EINVAL;
		}
		if (i->kind == IN_PARAM && !is_number(text, &num)) {
			out_err("%s=%s: want a number", name, text);
			return -EINVAL;
		}
		if (json_object_set_new(in, name, i->kind == IN_PARAM ? json_real(num) : json_string(text)))
			return -ENOMEM;
	}
	return 0;
}

/* Of each arm the first column is the result, the others are metrics. */
static int explain_input(struct reader *r, json_t *in)
{
	size_t m = r->n_samples / 2, i;
	json_t *metrics = json_object(), *one;
	const char *at = r->s->columns;
	char name[32];
	int err = 0;

	if (r->s->n_files != 2 || m < 2) {
		out_err("explain: give two files, one an arm, and with -k the column of the result and those of the metrics");
		json_decref(metrics);
		return -EINVAL;
	}
	err |= json_object_set(in, "y_a", r->sample[0]) | json_object_set(in, "y_b", r->sample[m]);
	for (i = 1; i < m; i++) {
		at = strchr(at, ',') + 1;
		snprintf(name, sizeof(name), "column %d", atoi(at));
		one = json_object();
		err |= json_object_set(one, "a", r->sample[i]) | json_object_set(one, "b", r->sample[m + i]);
		err |= json_object_set_new(metrics, name, one);
	}
	err |= json_object_set_new(in, "metrics", metrics);
	return err ? -ENOMEM : 0;
}

static int build_input(const struct stat_def *d, struct reader *r, json_t *in)
{
	size_t i, n = n_arrays(d);

	if (!strcmp(d->name, "explain"))
		return explain_input(r, in);
	if (r->n_samples != n) {
		if (!n)
			out_err("%s takes no files, only parameters (-p)", d->name);
		else
			out_err("%s wants %zu sample%s (%s%s%s), got %zu: a file each, or columns with -k", d->name, n,
				n > 1 ? "s" : "", d->in[0].name, n > 1 ? ", " : "", n > 1 ? d->in[1].name : "", r->n_samples);
		return -EINVAL;
	}
	for (i = 0; i < n; i++)
		if (json_object_set(in, d->in[i].name, r->sample[i]))
			return -ENOMEM;
	return 0;
}

static int print(const struct stat_def *d, const json_t *result, const struct table_out *o, FILE *f)
{
	json_t *top;
	int err = 0;

	if (o->fmt == TABLE_NDJSON) {
		show_json(result, false, f);
	} else if (o->fmt == TABLE_JSON) {
		top = json_object();
		err = top && !json_object_set(top, d->name, (json_t *)result) ? 0 : -ENOMEM;
		if (!err)
			show_json(top, true, f);
		json_decref(top);
	} else {
		err = show_table(d->name, d->definition, result, o, f);
	}
	return err;
}

int statscmd_columns(const struct statscmd *s, const struct table_out *o, FILE *f)
{
	const struct stat_def *d = stat_find(s->name);
	json_t *in = json_object(), *result = NULL;
	struct reader r = { .s = s };
	size_t i;
	int err = -EINVAL;

	if (!d)
		goto out;
	r.kind = d->in[0].kind;
	r.sample = calloc(s->n_files * MAX_COLUMNS + 1, sizeof(*r.sample));
	err = in && r.sample ? 0 : -ENOMEM;
	for (i = 0; !err && i < s->n_files; i++)
		err = read_file(&r, s->files[i]);
	if (!err)
		err = build_input(d, &r, in);
	if (!err)
		err = add_params(d, s->params, in);
	if (!err)
		err = call_run(d, in, "", &result);
	if (!err)
		err = print(d, result, o, f);
out:
	for (i = 0; i < r.n_samples; i++)
		json_decref(r.sample[i]);
	free(r.sample);
	json_decref(result);
	json_decref(in);
	return err;
}
