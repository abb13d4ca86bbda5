// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate_conf.h"
#include "ini_file.h"
#include "../analyzer/suggest.h"

static const char *const gate_keys[] = {
	"metrics",   "fail-on", "pass-on",   "strict", "require-same",  "directory",
	"benchmark", "names",   "drop-iter", "unit",   "unpaired",      "min-effect",
	"alpha",     "power",   "primary",   "adjust", "kernel-adjust",
};

static const char *const metric_keys[] = { "threshold", "max", "min", "require-same", "ignore", "optional" };

#define N(a) (sizeof(a) / sizeof((a)[0]))

int gate_percent(const char *s, double *v)
{
	char *end;
	double x = strtod(s, &end);

	if (end == s || (*end && strcmp(end, "%") != 0) || !(x > 0) || !(x < 1000))
		return -EINVAL;
	*v = x / 100;
	return 0;
}

int gate_number(const char *s, double *v)
{
	char *end;
	double x = strtod(s, &end);

	if (end == s || *end || !isfinite(x))
		return -EINVAL;
	*v = x;
	return 0;
}

static int yes_no(const char *s, bool *v)
{
	*v = !strcmp(s, "yes") || !strcmp(s, "true") || !strcmp(s, "1");
	return *v || !strcmp(s, "no") || !strcmp(s, "false") || !strcmp(s, "0") ? 0 : -EINVAL;
}

static int bad_key(const char *section, const char *key, const char *const *words, size_t n, struct conf_err *why)
{
	const char *near = suggest(key, words, n);
	char list[300] = "";
	size_t i, len = 0;

	for (i = 0; i < n && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
	snprintf(why->text, sizeof(why->text), "unknown key '%s' in [%s]; %s%s%sallowed: %s", key, section,
		 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", list);
	return -EINVAL;
}

static int bad_value(const char *key, const char *value, const char *expected, struct conf_err *why)
{
	snprintf(why->text, sizeof(why->text), "%s = %.200s: expected %s", key, value, expected);
	return -EINVAL;
}

static int set_policy(struct gate_conf *g, const char *key, const char *value, struct conf_err *why)
{
	char bad[64];

	if (!gate_policy(g->gate, value, !strcmp(key, "fail-on") ? GATE_FAIL : GATE_PASS, bad, sizeof(bad)))
		return 0;
	snprintf(why->text, sizeof(why->text), "%s: there is no '%s'; there are: %s", key, bad, gate_kind_list());
	return -EINVAL;
}

/* Keys that may be said once; their text stays with the config. */
static int set_once(struct gate_conf *g, const char *key, const char *value, struct conf_err *why)
{
	char expected[200];
	bool *flag = !strcmp(key, "strict") ? &g->gate->strict : !strcmp(key, "require-same") ? &g->gate->require_same :
		     !strcmp(key, "unpaired") ? &g->data->how.unpaired : NULL;
	const char **text = !strcmp(key, "directory") ? &g->data->dir : !strcmp(key, "benchmark") ? &g->data->bench :
			    !strcmp(key, "names") ? &g->data->names : !strcmp(key, "drop-iter") ? &g->data->drop : NULL;
	int ret;

	if (conf_pairs_get(&g->seen, key)) {
		snprintf(why->text, sizeof(why->text), "%s is given twice", key);
		return -EINVAL;
	}
	if (conf_pairs_set(&g->seen, key, value))
		return -ENOMEM;
	value = conf_pairs_get(&g->seen, key);
	if (flag)
		return yes_no(value, flag) ? bad_value(key, value, "yes or no", why) : 0;
	if (text) {
		*text = value;
		return *value ? 0 : bad_value(key, value, "a name", why);
	}
	ret = compare_set(g->data, key, value, expected, sizeof(expected));
	if (ret == -ENOENT)
		return bad_key("gate", key, gate_keys, N(gate_keys), why);
	if (ret)
		snprintf(why->text, sizeof(why->text), "%s = %s", key, expected);
	return ret;
}

/* The rule of this section: a new section makes a new one, so that the last word counts. */
static struct gate_rule *rule_of(struct gate_conf *g, const char *section, int line)
{
	const char *pattern = section + 7 + strspn(section + 7, " ");
	char where[160];

	if (strcmp(g->section, section) != 0) {
		snprintf(where, sizeof(where), "%s:%d", g->path, line);
		if (!gate_rule_add(g->gate, pattern, where))
			return NULL;
		snprintf(g->section, sizeof(g->section), "%s", section);
		g->rule = g->gate->n_rules - 1;
	}
	return &g->gate->rule[g->rule];
}

static int set_metric(struct gate_conf *g, const char *section, const char *key, const char *value, int line,
		      struct conf_err *why)
{
	struct gate_rule *r;
	double *to;
	bool yes;

	if (strlen(section) > 48) { /* inih cuts them there */
		snprintf(why->text, sizeof(why->text), "[%s...]: the name is too long; shorten it with *", section);
		return -EINVAL;
	}
	r = rule_of(g, section, line);
	if (!r)
		return -ENOMEM;
	to = !strcmp(key, "threshold") ? &r->threshold
	     : !strcmp(key, "max")     ? &r->max
	     : !strcmp(key, "min")     ? &r->min
				       : NULL;
	if (to && !isnan(*to)) {
		snprintf(why->text, sizeof(why->text), "%s is given twice", key);
		return -EINVAL;
	}
	if (to == &r->threshold)
		return gate_percent(value, to) ? bad_value(key, value, "a percentage above 0", why) : 0;
	if (to)
		return gate_number(value, to) ? bad_value(key, value, "a number", why) : 0;
	if (strcmp(key, "require-same") && strcmp(key, "ignore") && strcmp(key, "optional"))
		return bad_key(section, key, metric_keys, N(metric_keys), why);
	if (yes_no(value, &yes))
		return bad_value(key, value, "yes or no", why);
	if (!strcmp(key, "optional"))
		r->optional = yes;
	else
		*(!strcmp(key, "ignore") ? &r->ignore : &r->require_same) = yes;
	return 0;
}

static int set_key(void *ctx, const char *section, const char *key, const char *value, int line, bool more,
		   struct conf_err *why)
{
	struct gate_conf *g = ctx;

	if (!strcmp(section, "gate")) {
		g->section[0] = '\0';
		if (!strcmp(key, "metrics"))
			return gate_metrics_add(g->gate, value);
		if (!strcmp(key, "fail-on") || !strcmp(key, "pass-on"))
			return set_policy(g, key, value, why);
		return set_once(g, key, value, why);
	}
	if (!strncmp(section, "metric ", 7) && section[7 + strspn(section + 7, " ")]) {
		if (!more)
			return set_metric(g, section, key, value, line, why);
		snprintf(why->text, sizeof(why->text), "%s does not continue on an indented line", key);
		return -EINVAL;
	}
	snprintf(why->text, sizeof(why->text), "unknown section [%s]; allowed: gate, metric PATTERN", section);
	return -EINVAL;
}

int gate_conf_load(const char *path, struct gate_conf *g, struct conf_err *err)
{
	FILE *f = fopen(path, "re");
	int ret;

	if (!f) {
		ret = -errno;
		snprintf(err->text, sizeof(err->text), "cannot read config %s: %s", path, strerror(-ret));
		return ret;
	}
	g->path = path;
	ret = ini_file_read(f, path, set_key, g, err);
	fclose(f);
	return ret;
}

void gate_conf_free(struct gate_conf *g)
{
	conf_pairs_free(&g->seen);
}
