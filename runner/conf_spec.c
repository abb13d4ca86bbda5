// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <regex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf_spec.h"
#include "events.h"
#include "../analyzer/suggest.h"

#define C(f) CONF_IN_CONF, offsetof(struct conf, f)
#define M(f) CONF_IN_METRIC, offsetof(struct conf_metric, f)
#define A(f) CONF_IN_ARM, offsetof(struct conf_arm, f)

const struct conf_spec conf_specs[] = {
	{ "benchmark", "name", CONF_TEXT, C(name), NULL, 0, 0, "directory of the results; ${param} makes several" },
	{ "benchmark", "title", CONF_TEXT, C(title), NULL, 0, 0, "one line for `list`" },
	{ "benchmark", "command", CONF_TEXT, C(command), NULL, 0, 0, "what to run; words as in a shell, no shell" },
	{ "benchmark", "log", CONF_TEXT, C(log), NULL, 0, 0, "file of the raw output under logs/" },
	{ "benchmark", "output", CONF_TEXT, C(output), NULL, 0, 0,
	  "where results are read: stdout (default), stderr, or a file that the command writes" },
	{ "benchmark", "needs", CONF_TEXT, C(needs), NULL, 0, 0, "programs and their Debian packages: prog (package), ..." },
	{ "run", "iterations", CONF_NUMBER, C(iterations), NULL, 1, 100000, "executions of each arm" },
	{ "run", "warmup", CONF_NUMBER, C(warmup), NULL, 0, 1000, "untraced executions before" },
	{ "run", "timeout", CONF_NUMBER, C(timeout), NULL, 0, 1000000, "seconds for one execution; 0: none" },
	{ "run", "wrap", CONF_TEXT, C(wrap), NULL, 0, 0, "command put before the benchmark's" },
	{ "run", "before", CONF_TEXT, C(before), NULL, 0, 0, "shell command before each execution" },
	{ "run", "after", CONF_TEXT, C(after), NULL, 0, 0, "shell command after each execution" },
	{ "trace", "profile", CONF_CHOICE, C(profile), "light|default|full", 0, 0, "how much is recorded" },
	{ "trace", "events", CONF_EVENTS, C(events), NULL, 0, 0, "families of kernel events, as `record -e`" },
	{ "trace", "counters", CONF_COUNTERS, C(counters), NULL, 0, 0, "what -e counters counts, as `record --counter`" },
	{ "trace", "scope", CONF_CHOICE, C(scope), "machine|tree", 0, 0, "whole machine, or the command and its children" },
	{ "trace", "frequency", CONF_NUMBER, C(freq), NULL, 1, 100000, "samples of each CPU a second, as `record -F`" },
	{ "trace", "interval", CONF_NUMBER, C(interval_ms), NULL, 200, 3600000, "ms between rows of totals" },
	{ "trace", "ring", CONF_NUMBER, C(ring_kb), NULL, 4, 1048576, "KB of ring for each CPU" },
	{ "trace", "waking", CONF_BOOL, C(waking), NULL, 0, 0, "record sched_waking too" },
	{ "metric", "pattern", CONF_REGEX, M(pattern), NULL, 0, 0, "POSIX extended regular expression with one group" },
	{ "metric", "json", CONF_TEXT, M(json), NULL, 0, 0, "path in a JSON output: key.key.0, * for every" },
	{ "metric", "builtin", CONF_CHOICE, M(builtin),
	  "elapsed|user|system|maxrss|minflt|majflt|nvcsw|nivcsw", 0, 0, "measured by the runner itself" },
	{ "metric", "pick", CONF_CHOICE, M(pick), "only|first|last|min|max|mean|sum|all", 0, 0, "which of several matches" },
	{ "metric", "unit", CONF_TEXT, M(unit), NULL, 0, 0, "unit of the value" },
	{ "metric", "direction", CONF_CHOICE, M(direction), "lower|higher", 0, 0, "which way is better" },
	{ "metric", "append", CONF_TEXT, M(append), NULL, 0, 0, "line added to the raw log, with ${value}" },
	{ "arm", "wrap", CONF_TEXT, A(wrap), NULL, 0, 0, "command put before the benchmark's" },
	{ "arm", "before", CONF_TEXT, A(before), NULL, 0, 0, "shell command before each execution" },
	{ "arm", "after", CONF_TEXT, A(after), NULL, 0, 0, "shell command after each execution" },
};
const size_t conf_n_specs = sizeof(conf_specs) / sizeof(conf_specs[0]);

static const char *const section_words[] = { "benchmark", "params", "matrix", "metric", "run", "trace", "env", "arm" };

static int fail(struct conf_err *err, const char *fmt, const char *a, const char *b)
{
	snprintf(err->text, sizeof(err->text), fmt, a, b);
	return -EINVAL;
}

static int bad_section(const char *section, struct conf_err *err)
{
	const char *near = suggest(section, section_words, sizeof(section_words) / sizeof(section_words[0]));
	char hint[64] = "";

	if (near)
		snprintf(hint, sizeof(hint), "did you mean [%s]? ", near);
	snprintf(err->text, sizeof(err->text), "unknown section [%s]; %sallowed: benchmark, params, matrix, metric NAME, "
		 "run, trace, env, arm NAME", section, hint);
	return -EINVAL;
}

static int bad_key(const char *kind, const char *key, struct conf_err *err)
{
	const char *words[32], *near;
	char list[256] = "", hint[64] = "";
	size_t n = 0, len = 0;

	for (size_t i = 0; i < conf_n_specs && n < 32; i++) {
		if (strcmp(conf_specs[i].section, kind))
			continue;
		words[n++] = conf_specs[i].key;
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", conf_specs[i].key);
	}
	if (!strcmp(kind, "arm"))
		snprintf(list + len, sizeof(list) - len, ", env.NAME, section.key");
	near = suggest(key, words, n);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'? ", near);
	snprintf(err->text, sizeof(err->text), "unknown key '%s' in [%s]; %sallowed: %s", key, kind, hint, list);
	return -EINVAL;
}

static int check_choice(const struct conf_spec *s, const char *value, struct conf_err *err)
{
	size_t n = strlen(value);

	for (const char *p = s->choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (n && strcspn(p, "|") == n && !strncmp(p, value, n))
			return 0;
	snprintf(err->text, sizeof(err->text), "%s = %s: must be one of %s", s->key, value, s->choices);
	return -EINVAL;
}

static int check_regex(const struct conf_spec *s, const char *value, struct conf_err *err)
{
	char why[128];
	regex_t re;
	int ret = regcomp(&re, value, REG_EXTENDED | REG_NEWLINE);
	size_t groups;

	if (ret) {
		regerror(ret, &re, why, sizeof(why));
		snprintf(err->text, sizeof(err->text), "%s = %s: %s", s->key, value, why);
		return -EINVAL;
	}
	groups = re.re_nsub;
	regfree(&re);
	if (groups == 1)
		return 0;
	snprintf(err->text, sizeof(err->text), "%s = %s: must have exactly one (group), has %zu", s->key, value, groups);
	return -EINVAL;
}

static int check_events(const struct conf_spec *s, const char *value, struct conf_err *err)
{
	struct events ev = { 0 };
	char why[256];

	if (!(s->kind == CONF_EVENTS ? events_parse : events_counters)(value, &ev, why, sizeof(why)))
		return 0;
	snprintf(err->text, sizeof(err->text), "%s = %s: %s", s->key, value, why);
	return -EINVAL;
}

static int parse_number(const struct conf_spec *s, const char *value, unsigned int *out, struct conf_err *err)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(value, &end, 10);
	if (end == value || *end || *value == '-' || errno || v < s->min || v > s->max) {
		snprintf(err->text, sizeof(err->text), "%s = %s: must be a number from %u to %u", s->key, value, s->min, s->max);
		return -EINVAL;
	}
	*out = (unsigned int)v;
	return 0;
}

static int parse_bool(const struct conf_spec *s, const char *value, bool *out, struct conf_err *err)
{
	bool yes = !strcmp(value, "yes") || !strcmp(value, "true") || !strcmp(value, "1");

	if (!yes && strcmp(value, "no") && strcmp(value, "false") && strcmp(value, "0"))
		return fail(err, "%s = %s: must be yes or no", s->key, value);
	*out = yes;
	return 0;
}

static int set_text(char **to, const char *value, bool more)
{
	char *v = NULL;

	if (more && *to) {
		if (asprintf(&v, "%s %s", *to, value) < 0)
			return -ENOMEM;
	} else {
		v = strdup(value);
	}
	if (!v)
		return -ENOMEM;
	free(*to);
	*to = v;
	return 0;
}

static int set_field(void *base, const struct conf_spec *s, const char *value, bool more, struct conf_err *err)
{
	void *field = (char *)base + s->offset;
	int ret = 0;

	if (more && s->kind != CONF_TEXT)
		return fail(err, "%s does not continue on an indented line%s", s->key, "");
	switch (s->kind) {
	case CONF_NUMBER:
		return parse_number(s, value, field, err);
	case CONF_BOOL:
		return parse_bool(s, value, field, err);
	case CONF_CHOICE:
		ret = check_choice(s, value, err);
		break;
	case CONF_REGEX:
		ret = check_regex(s, value, err);
		break;
	case CONF_EVENTS:
	case CONF_COUNTERS:
		ret = check_events(s, value, err);
		break;
	case CONF_TEXT:
		if (!*value)
			return fail(err, "%s is empty%s", s->key, "");
		break;
	}
	return ret ? ret : set_text(field, value, more);
}

static struct conf_metric *metric_of(struct conf *c, const char *name, int line)
{
	struct conf_metric *m;

	for (size_t i = 0; i < c->n_metrics; i++)
		if (!strcmp(c->metrics[i].name, name))
			return &c->metrics[i];
	m = reallocarray(c->metrics, c->n_metrics + 1, sizeof(*m));
	if (!m)
		return NULL;
	c->metrics = m;
	m += c->n_metrics;
	*m = (struct conf_metric){ .name = strdup(name), .line = line };
	if (!m->name)
		return NULL;
	c->n_metrics++;
	return m;
}

static struct conf_arm *arm_of(struct conf *c, const char *name, int line)
{
	struct conf_arm *a;

	for (size_t i = 0; i < c->n_arms; i++)
		if (!strcmp(c->arms[i].name, name))
			return &c->arms[i];
	a = reallocarray(c->arms, c->n_arms + 1, sizeof(*a));
	if (!a)
		return NULL;
	c->arms = a;
	a += c->n_arms;
	*a = (struct conf_arm){ .name = strdup(name), .line = line };
	if (!a->name)
		return NULL;
	c->n_arms++;
	return a;
}

static int set_pair(struct conf_pairs *p, const char *key, const char *value, bool more)
{
	const char *old = more ? conf_pairs_get(p, key) : NULL;
	char *v = NULL;
	int ret;

	if (!old)
		return conf_pairs_set(p, key, value);
	if (asprintf(&v, "%s %s", old, value) < 0)
		return -ENOMEM;
	ret = conf_pairs_set(p, key, v);
	free(v);
	return ret;
}

static int set_arm_key(struct conf_arm *a, const char *key, const char *value, bool more, struct conf_err *err)
{
	for (size_t i = 0; i < conf_n_specs; i++)
		if (!strcmp(conf_specs[i].section, "arm") && !strcmp(conf_specs[i].key, key))
			return set_field(a, &conf_specs[i], value, more, err);
	if (!strncmp(key, "env.", 4) && key[4])
		return set_pair(&a->env, key + 4, value, more);
	if (strchr(key, '.'))
		return set_pair(&a->set, key, value, more);
	return bad_key("arm", key, err);
}

static int set_named(struct conf *c, const char *section, const char *key, const char *value, int line, bool more,
		     struct conf_err *err)
{
	const char *name = strchr(section, ' ') + 1;
	void *base;

	name += strspn(name, " ");
	if (!*name || strpbrk(name, " \t"))
		return fail(err, "[%s]: the name must be one word%s", section, "");
	if (!strncmp(section, "arm ", 4)) {
		if (strchr(name, '/')) /* it becomes a directory */
			return fail(err, "[%s]: the name must be one word without '/'%s", section, "");
		base = arm_of(c, name, line);
		return base ? set_arm_key(base, key, value, more, err) : -ENOMEM;
	}
	base = metric_of(c, name, line);
	if (!base)
		return -ENOMEM;
	for (size_t i = 0; i < conf_n_specs; i++)
		if (conf_specs[i].owner == CONF_IN_METRIC && !strcmp(conf_specs[i].key, key))
			return set_field(base, &conf_specs[i], value, more, err);
	return bad_key("metric", key, err);
}

int conf_set(struct conf *c, const char *section, const char *key, const char *value, int line, bool more,
	     struct conf_err *err)
{
	bool known = false;

	err->text[0] = '\0';
	if (!strcmp(section, "params"))
		return set_pair(&c->params, key, value, more);
	if (!strcmp(section, "matrix"))
		return *value ? set_pair(&c->matrix, key, value, more) : fail(err, "%s has no values%s", key, "");
	if (!strcmp(section, "env"))
		return set_pair(&c->env, key, value, more);
	if (!strncmp(section, "metric ", 7) || !strncmp(section, "arm ", 4))
		return set_named(c, section, key, value, line, more, err);
	if (!strcmp(section, "metric") || !strcmp(section, "arm"))
		return fail(err, "[%s] needs a name: [%s NAME]", section, section);
	for (size_t i = 0; i < conf_n_specs; i++) {
		if (strcmp(conf_specs[i].section, section))
			continue;
		known = true;
		if (!strcmp(conf_specs[i].key, key))
			return set_field(c, &conf_specs[i], value, more, err);
	}
	return known ? bad_key(section, key, err) : bad_section(section, err);
}
