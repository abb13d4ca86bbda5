// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "tmpl.h"
#include "../analyzer/unit.h"

struct values { double *v; size_t n; };

static int add_value(struct values *vs, double v)
{
	double *grown = reallocarray(vs->v, vs->n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	vs->v = grown;
	vs->v[vs->n++] = v;
	return 0;
}

static int add_text(struct values *vs, const char *s, size_t len, struct conf_err *err)
{
	char buf[64], *end;
	double v;

	if (len < sizeof(buf)) {
		memcpy(buf, s, len);
		buf[len] = '\0';
		v = strtod(buf, &end);
		if (end != buf && !*end && isfinite(v))
			return add_value(vs, v);
	}
	snprintf(err->text, sizeof(err->text), "'%.*s' is no number", (int)(len < 60 ? len : 60), s);
	return -EINVAL;
}

static int read_pattern(const char *pattern, const char *text, struct values *vs, struct conf_err *err)
{
	regmatch_t m[2];
	regex_t re;
	int ret = 0, at = 0;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE))
		return -EINVAL; /* was compiled when the config was read */
	while (!ret && !regexec(&re, text, 2, m, at)) {
		if (m[1].rm_so >= 0)
			ret = add_text(vs, text + m[1].rm_so, (size_t)(m[1].rm_eo - m[1].rm_so), err);
		if (!text[m[0].rm_eo])
			break;
		text += m[0].rm_eo + !m[0].rm_eo;
		at = text[-1] == '\n' ? 0 : REG_NOTBOL; /* ^ holds at the start of a line only */
	}
	regfree(&re);
	return ret;
}

static int walk_json(const json_t *j, const char *path, struct values *vs, struct conf_err *err)
{
	size_t len = strcspn(path, "."), i;
	const char *rest = path[len] ? path + len + 1 : path + len, *key;
	bool all = len == 1 && *path == '*';
	json_t *sub;
	int ret = 0;

	if (!*path) {
		if (json_is_number(j))
			return add_value(vs, json_number_value(j));
		if (json_is_string(j))
			return add_text(vs, json_string_value(j), json_string_length(j), err);
		snprintf(err->text, sizeof(err->text), "the path does not lead to a number");
		return -EINVAL;
	}
	if (json_is_array(j)) {
		json_array_foreach(j, i, sub) {
			char nr[24];

			snprintf(nr, sizeof(nr), "%zu", i);
			if (!ret && (all || (strlen(nr) == len && !strncmp(nr, path, len))))
				ret = walk_json(sub, rest, vs, err);
		}
	} else if (json_is_object(j)) {
		json_object_foreach((json_t *)j, key, sub)
			if (!ret && (all || (strlen(key) == len && !strncmp(key, path, len))))
				ret = walk_json(sub, rest, vs, err);
	}
	return ret;
}

static int read_json(const char *path, const char *text, struct values *vs, struct conf_err *err)
{
	json_error_t why;
	json_t *j;
	int ret;

	/* what stands before the first brace is the benchmark's chatter */
	text += strcspn(text, "{[");
	j = json_loads(text, JSON_DISABLE_EOF_CHECK, &why);
	if (!j) {
		snprintf(err->text, sizeof(err->text), "no JSON in the output: %.160s", why.text);
		return -EINVAL;
	}
	ret = walk_json(j, path, vs, err);
	json_decref(j);
	return ret;
}

static double builtin_value(const char *name, const struct run_usage *u)
{
	return !strcmp(name, "elapsed") ? u->elapsed :
	       !strcmp(name, "user") ? u->user :
	       !strcmp(name, "system") ? u->system :
	       !strcmp(name, "maxrss") ? (double)u->maxrss_kb :
	       !strcmp(name, "minflt") ? (double)u->minflt :
	       !strcmp(name, "majflt") ? (double)u->majflt :
	       !strcmp(name, "nvcsw") ? (double)u->nvcsw : (double)u->nivcsw;
}

/* Leaves the values that count. */
static int pick_values(const char *pick, struct values *vs, struct conf_err *err)
{
	double r = vs->n ? vs->v[0] : 0;
	size_t i;

	if (!vs->n) {
		snprintf(err->text, sizeof(err->text), "nothing in the output matches");
		return -EINVAL;
	}
	if (!pick || !strcmp(pick, "only")) {
		if (vs->n == 1)
			return 0;
		snprintf(err->text, sizeof(err->text), "%zu places match; say which with pick =", vs->n);
		return -EINVAL;
	}
	if (!strcmp(pick, "all"))
		return 0;
	for (i = 1; i < vs->n; i++) {
		double v = vs->v[i];

		if (!strcmp(pick, "last") || (!strcmp(pick, "min") && v < r) || (!strcmp(pick, "max") && v > r))
			r = v;
		else if (!strcmp(pick, "sum") || !strcmp(pick, "mean"))
			r += v;
	}
	vs->v[0] = strcmp(pick, "mean") ? r : r / (double)vs->n;
	vs->n = 1;
	return 0;
}

static int add_result(struct results *out, const char *metric, const struct bench_part *p, unsigned int interval, double v)
{
	struct result *r = reallocarray(out->v, out->n + 1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	out->v = r;
	r += out->n;
	*r = (struct result){ strdup(metric), strdup(p->a), strdup(p->b), interval, v };
	out->n++;
	return r->metric && r->a && r->b ? 0 : -ENOMEM;
}

static const char *value_lookup(void *ctx, const char *name)
{
	return strcmp(name, "value") ? NULL : ctx;
}

static int append_line(const struct conf_metric *m, double v, FILE *log, struct conf_err *err)
{
	char text[48], *line;
	int ret;

	snprintf(text, sizeof(text), "%.12g", v);
	ret = tmpl_expand(m->append, value_lookup, text, &line, err->text, sizeof(err->text));
	if (ret)
		return ret;
	fprintf(log, "%s\n", line);
	free(line);
	return 0;
}

static int read_metric(const struct conf_metric *m, const struct bench_part *part, const char *text,
		       const struct run_usage *u, FILE *log, struct results *out, struct conf_err *err)
{
	struct values vs = { 0 };
	size_t i;
	int ret;

	if (m->builtin)
		ret = add_value(&vs, builtin_value(m->builtin, u));
	else if (m->json)
		ret = read_json(m->json, text, &vs, err);
	else
		ret = read_pattern(m->pattern, text, &vs, err);
	if (!ret)
		ret = pick_values(m->pick, &vs, err);
	for (i = 0; i < vs.n && !ret; i++) {
		ret = add_result(out, m->name, part, (unsigned int)i, vs.v[i]);
		if (!ret && m->append && log)
			ret = append_line(m, vs.v[i], log, err);
	}
	free(vs.v);
	return ret;
}

int results_read(const struct bench *b, const struct bench_part *part, const char *text, const struct run_usage *u,
		 FILE *log, struct results *out, struct conf_err *err)
{
	struct conf_err why = { "" };
	int first = 0;

	for (size_t i = 0; i < b->conf->n_metrics; i++) {
		const struct conf_metric *m = &b->conf->metrics[i];
		int ret = read_metric(m, part, text, u, log, out, &why);

		if (ret == -ENOMEM)
			return ret;
		if (ret && !first) {
			first = ret;
			snprintf(err->text, sizeof(err->text), "metric %s: %.400s", m->name, why.text);
		}
	}
	return first;
}

void results_free(struct results *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].metric);
		free(r->v[i].a);
		free(r->v[i].b);
	}
	free(r->v);
	*r = (struct results){ 0 };
}

/* The shortest text that reads back as the same number. */
static void put_double(FILE *f, double v)
{
	char buf[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(buf, sizeof(buf), "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	fputs(buf, f);
}

static int finish(FILE *f)
{
	int ret = ferror(f) ? -EIO : 0;

	errno = 0;
	if (fclose(f) && !ret)
		ret = errno ? -errno : -EIO;
	return ret;
}

int results_write(const struct results *r, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	for (size_t i = 0; i < r->n; i++) {
		const struct result *v = &r->v[i];

		fprintf(f, "%s\t%s\t%s\t%u\t", v->metric, v->a, v->b, v->interval);
		put_double(f, v->value);
		fputs("\t_\n", f);
	}
	return finish(f);
}

int results_write_metrics(const struct conf *c, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return -errno;
	for (size_t i = 0; i < c->n_metrics; i++) {
		const struct conf_metric *m = &c->metrics[i];

		fprintf(f, "%s\t%s\t%s\n", m->name, m->unit, m->direction ? m->direction : unit_better(m->unit));
	}
	return finish(f);
}
