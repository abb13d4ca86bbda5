// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "conf_spec.h"
#include "ini_file.h"
#include "tmpl.h"
#include "../analyzer/unit.h"

const char *conf_pairs_get(const struct conf_pairs *p, const char *key)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->v[i].key, key))
			return p->v[i].value;
	return NULL;
}

int conf_pairs_set(struct conf_pairs *p, const char *key, const char *value)
{
	char *k, *v = strdup(value);
	struct conf_pair *grown;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->v[i].key, key))
			continue;
		free(p->v[i].value);
		p->v[i].value = v;
		return 0;
	}
	k = strdup(key);
	grown = reallocarray(p->v, p->n + 1, sizeof(*grown));
	if (grown)
		p->v = grown;
	if (!k || !grown) {
		free(k);
		free(v);
		return -ENOMEM;
	}
	p->v[p->n++] = (struct conf_pair){ k, v };
	return 0;
}

void conf_pairs_free(struct conf_pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].key);
		free(p->v[i].value);
	}
	free(p->v);
	*p = (struct conf_pairs){ 0 };
}

void conf_arm_free(struct conf_arm *a)
{
	free(a->name);
	free(a->wrap);
	free(a->before);
	free(a->after);
	conf_pairs_free(&a->set);
	conf_pairs_free(&a->env);
	*a = (struct conf_arm){ 0 };
}

static void metric_free(struct conf_metric *m)
{
	free(m->name);
	free(m->pattern);
	free(m->json);
	free(m->builtin);
	free(m->pick);
	free(m->unit);
	free(m->direction);
	free(m->append);
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_metrics; i++)
		metric_free(&c->metrics[i]);
	for (size_t i = 0; i < c->n_arms; i++)
		conf_arm_free(&c->arms[i]);
	free(c->metrics);
	free(c->arms);
	conf_pairs_free(&c->params);
	conf_pairs_free(&c->matrix);
	conf_pairs_free(&c->env);
	free(c->path);
	free(c->name);
	free(c->title);
	free(c->command);
	free(c->log);
	free(c->output);
	free(c->needs);
	free(c->wrap);
	free(c->before);
	free(c->after);
	free(c->profile);
	free(c->scope);
	free(c->events);
	free(c->counters);
	free(c);
}

static struct conf *conf_new(const char *path)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->iterations = 5;
	c->path = strdup(path);
	if (c->path)
		return c;
	conf_free(c);
	return NULL;
}

static int set_key(void *ctx, const char *section, const char *key, const char *value, int line, bool more, struct conf_err *why)
{
	return conf_set(ctx, section, key, value, line, more, why);
}

int conf_load_stream(FILE *f, const char *name, struct conf **out, struct conf_err *err)
{
	struct conf *c = conf_new(name);
	int ret;

	err->text[0] = '\0';
	if (!c)
		return -ENOMEM;
	ret = ini_file_read(f, name, set_key, c, err);
	if (ret)
		conf_free(c);
	else
		*out = c;
	return ret;
}

int conf_load(const char *path, struct conf **out, struct conf_err *err)
{
	FILE *f = fopen(path, "re");
	int ret;

	if (!f) {
		ret = -errno;
		snprintf(err->text, sizeof(err->text), "cannot read config %s: %s", path, strerror(-ret));
		return ret;
	}
	ret = conf_load_stream(f, path, out, err);
	fclose(f);
	return ret;
}

int conf_override(struct conf *c, const char *what, const char *value, struct conf_err *err)
{
	char section[128];
	const char *dot = strncmp(what, "metric ", 7) ? strchr(what, '.') : strrchr(what, '.');
	struct conf_err why;
	int ret;

	if (!dot || dot == what || !dot[1] || (size_t)(dot - what) >= sizeof(section)) {
		snprintf(err->text, sizeof(err->text), "'%s' is not of the form section.key", what);
		return -EINVAL;
	}
	memcpy(section, what, (size_t)(dot - what));
	section[dot - what] = '\0';
	/* a parameter that the matrix varies is held at one value */
	if (!strcmp(section, "params") && conf_pairs_get(&c->matrix, dot + 1))
		snprintf(section, sizeof(section), "matrix");
	ret = conf_set(c, section, dot + 1, value, 0, false, &why);
	if (ret && ret != -ENOMEM)
		snprintf(err->text, sizeof(err->text), "%s=%s: %.400s", what, value, why.text);
	return ret;
}

static int check_metric(const struct conf *c, const struct conf_metric *m, struct conf_err *err)
{
	int from = !!m->pattern + !!m->json + !!m->builtin;
	const char *why = NULL;

	if (from != 1)
		why = "needs one of pattern, json, builtin";
	else if (!m->unit)
		why = "needs a unit";
	else if (!m->direction && !unit_better(m->unit))
		why = "its unit does not say which way is better; add direction = lower or higher";
	if (!why)
		return 0;
	snprintf(err->text, sizeof(err->text), "%s:%d: [metric %s] %s%s%s%s", c->path, m->line, m->name, why,
		 m->unit ? " (unit = " : "", m->unit ? m->unit : "", m->unit ? ")" : "");
	return -EINVAL;
}

int conf_check(const struct conf *c, struct conf_err *err)
{
	const char *missing = !c->name ? "name" : !c->command ? "command" : NULL;
	int ret;

	if (missing) {
		snprintf(err->text, sizeof(err->text), "%s: [benchmark] has no %s", c->path, missing);
		return -EINVAL;
	}
	if (!c->n_metrics) {
		snprintf(err->text, sizeof(err->text), "%s: there is no [metric NAME]", c->path);
		return -EINVAL;
	}
	for (size_t i = 0; i < c->n_metrics; i++) {
		ret = check_metric(c, &c->metrics[i], err);
		if (ret)
			return ret;
	}
	for (size_t i = 0; i < c->matrix.n; i++) {
		if (!conf_pairs_get(&c->params, c->matrix.v[i].key))
			continue;
		snprintf(err->text, sizeof(err->text), "%s: '%s' stands in [params] and in [matrix]", c->path,
			 c->matrix.v[i].key);
		return -EINVAL;
	}
	return 0;
}

static int command_metric(struct conf *c, const char *name)
{
	char section[32];
	struct conf_err err;
	int ret;

	snprintf(section, sizeof(section), "metric %s", name);
	ret = conf_set(c, section, "builtin", name, 0, false, &err);
	return ret ? ret : conf_set(c, section, "unit", "s", 0, false, &err);
}

/* For the splitter and for people: quotes only where they are needed. */
static void quote_word(FILE *f, const char *word)
{
	bool plain = *word && !word[strcspn(word, " \t\n'\"\\&|;<>()`*?[]#~!{}")];

	fputs(plain ? "" : "'", f);
	for (; *word; word++)
		fputs(*word == '\'' ? "'\\''" : *word == '$' ? "$$" : (char[]){ *word, 0 }, f);
	fputs(plain ? "" : "'", f);
}

int conf_from_command(char *const *argv, struct conf **out)
{
	struct conf *c = conf_new("command");
	const char *base = strrchr(argv[0], '/');
	size_t size;
	FILE *f;
	int ret = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->name = strdup(base ? base + 1 : argv[0]);
	f = open_memstream(&c->command, &size);
	if (!c->name || !f)
		goto err;
	for (; *argv; argv++) {
		quote_word(f, *argv);
		fputs(argv[1] ? " " : "", f);
	}
	if (fclose(f))
		goto err;
	ret = command_metric(c, "elapsed");
	if (!ret)
		ret = command_metric(c, "user");
	if (!ret)
		ret = command_metric(c, "system");
	if (ret)
		goto err;
	c->iterations = 1;
	*out = c;
	return 0;
err:
	conf_free(c);
	return ret;
}

/* The next comma-separated piece of *p, with `\,` undone; NULL at the end. */
static char *next_piece(const char **p)
{
	const char *s = *p;
	char *piece, *w;

	if (!s)
		return NULL;
	piece = w = malloc(strlen(s) + 1);
	if (!piece)
		return NULL;
	for (; *s && *s != ','; s++) {
		if (s[0] == '\\' && s[1] == ',')
			s++;
		*w++ = *s;
	}
	*w = '\0';
	*p = *s ? s + 1 : NULL;
	return piece;
}

int conf_arm_parse(const char *spec, struct conf_arm *arm, struct conf_err *err)
{
	const char *colon = strchr(spec, ':'), *rest = colon ? colon + 1 : NULL;
	size_t len = colon ? (size_t)(colon - spec) : strlen(spec);
	struct conf tmp = { 0 };
	struct conf_err why;
	char *piece, *eq, section[80];
	int ret = 0;

	*arm = (struct conf_arm){ 0 };
	if (!len || len > 63 || memchr(spec, '/', len) || memchr(spec, '=', len) || memchr(spec, ' ', len)) {
		snprintf(err->text, sizeof(err->text), "--arm %s: begins with no name; it is NAME:key=value,...", spec);
		return -EINVAL;
	}
	snprintf(section, sizeof(section), "arm %.*s", (int)len, spec);
	/* an arm without settings is one too */
	ret = conf_set(&tmp, section, "env.MMT_TRACE_ARM", section + 4, 0, false, &why);
	while (!ret && (piece = next_piece(&rest))) {
		eq = strchr(piece, '=');
		if (eq) {
			*eq = '\0';
			ret = conf_set(&tmp, section, piece, eq + 1, 0, false, &why);
		} else {
			snprintf(why.text, sizeof(why.text), "'%s' has no '='", piece);
			ret = -EINVAL;
		}
		free(piece);
	}
	if (!ret)
		*arm = tmp.arms[0];
	else if (ret != -ENOMEM)
		snprintf(err->text, sizeof(err->text), "--arm %.100s: %.380s", spec, why.text);
	if (ret && tmp.n_arms)
		conf_arm_free(&tmp.arms[0]);
	free(tmp.arms);
	return ret;
}
