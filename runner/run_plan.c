// SPDX-License-Identifier: GPL-2.0-only
/* From options and configs to the arms, each with its benchmarks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "../analyzer/pattern.h"
#include "cmd.h"
#include "conf_find.h"
#include "run.h"
#include "tmpl.h"

static int trouble(const struct conf_err *err)
{
	out_err("run: %s", err->text[0] ? err->text : "no memory");
	return MMT_EXIT_OURS;
}

static int add_source(struct run *r, char *path, char *bench)
{
	struct run_source *s = reallocarray(r->sources, r->n_sources + 1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	r->sources = s;
	s[r->n_sources++] = (struct run_source){ path, bench };
	return 0;
}

static int add_found(struct run *r, const char *what, struct conf_err *err)
{
	char *path, *bench;
	int ret = conf_find(what, &path, &bench, err);

	return ret ? ret : add_source(r, path, bench);
}

/* What MMTests' config asks for, as far as it is known here; the rest is said in one line each. */
static int add_mmtests(struct run *r, const char *path, unsigned int *iterations)
{
	struct conf_err err = { "" };
	struct conf_mmtests m;
	size_t known = 0;
	int ret = conf_mmtests_load(path, &m, &err);

	if (ret)
		return trouble(&err);
	for (size_t i = 0; i < m.n_tests; i++) {
		ret = add_found(r, m.tests[i], &err);
		if (ret == -ENOENT)
			out_warn("%s:%d: benchmark %s is left out: there is no config for it here", path, m.tests_line,
				 m.tests[i]);
		else if (ret)
			break;
		else
			known++;
	}
	if (m.unused || m.not_literal)
		out_warn("%s: %u other settings are not used here, %u lines are no literal `export NAME=value`%s", path,
			 m.unused, m.not_literal, m.not_literal ? " and were not read" : "");
	if (m.iterations)
		*iterations = m.iterations;
	conf_mmtests_free(&m);
	if (ret && ret != -ENOENT)
		return trouble(&err);
	if (known)
		return 0;
	out_err("run: %s: none of its benchmarks has a config here (mmt-trace list benchmarks)", path);
	return MMT_EXIT_OURS;
}

static int find_sources(struct run *r, unsigned int *mmtests_iterations)
{
	struct conf_err err = { "" };
	int ret;

	for (size_t i = 0; i < r->o->n_configs; i++) {
		size_t at = r->n_sources;

		if (conf_is_mmtests(r->o->configs[i])) {
			ret = add_mmtests(r, r->o->configs[i], mmtests_iterations);
			if (ret)
				return ret;
		} else if (add_found(r, r->o->configs[i], &err) || r->n_sources == at) {
			return trouble(&err);
		}
	}
	return 0;
}

/* ------------------------------------------------------------------- arms */

static struct run_arm *add_arm(struct run *r, const char *name)
{
	struct run_arm *a = reallocarray(r->arms, r->n_arms + 1, sizeof(*a));

	if (!a)
		return NULL;
	r->arms = a;
	a += r->n_arms;
	*a = (struct run_arm){ .name = strdup(name) };
	if (!a->name)
		return NULL;
	r->n_arms++;
	return a;
}

static int copy_pairs(struct conf_pairs *to, const struct conf_pairs *from)
{
	int ret = 0;

	for (size_t i = 0; i < from->n && !ret; i++)
		ret = conf_pairs_set(to, from->v[i].key, from->v[i].value);
	return ret;
}

static int copy_arm(struct conf_arm *to, const struct conf_arm *from)
{
	*to = (struct conf_arm){ .name = strdup(from->name) };
	if (!to->name || (from->wrap && !(to->wrap = strdup(from->wrap))) ||
	    (from->before && !(to->before = strdup(from->before))) || (from->after && !(to->after = strdup(from->after))))
		return -ENOMEM;
	return copy_pairs(&to->set, &from->set) || copy_pairs(&to->env, &from->env) ? -ENOMEM : 0;
}

static int named_arm(struct run *r, const struct conf_arm *arm)
{
	struct run_arm *a;
	char *name = NULL;

	if (r->o->names && asprintf(&name, "%s-%s", r->o->names, arm->name) < 0)
		return -ENOMEM;
	a = add_arm(r, name ? name : arm->name);
	free(name);
	return a ? copy_arm(&a->arm, arm) : -ENOMEM;
}

/* The arms of the first config that has some; `--arm NAME` alone picks one of them. */
static int config_arms(struct run *r, const char *only, bool *found)
{
	struct conf_err err = { "" };
	int ret = 0;

	*found = false;
	for (size_t i = 0; i < r->n_sources && !ret && !*found; i++) {
		struct conf *c;

		if (conf_load(r->sources[i].path, &c, &err))
			return trouble(&err);
		for (size_t k = 0; k < c->n_arms && !ret; k++) {
			if (only && strcmp(only, c->arms[k].name))
				continue;
			*found = true;
			ret = named_arm(r, &c->arms[k]);
		}
		conf_free(c);
	}
	return ret ? trouble(&(struct conf_err){ "" }) : 0;
}

static int option_arms(struct run *r)
{
	struct conf_err err = { "" };
	struct conf_arm arm;
	bool found = false;
	int ret = 0;

	for (size_t i = 0; i < r->o->n_arms && !ret; i++) {
		if (!strpbrk(r->o->arms[i], ":="))
			ret = config_arms(r, r->o->arms[i], &found);
		if (ret || (found && !strpbrk(r->o->arms[i], ":=")))
			continue;
		if (conf_arm_parse(r->o->arms[i], &arm, &err))
			return trouble(&err);
		ret = named_arm(r, &arm) ? trouble(&err) : 0;
		conf_arm_free(&arm);
	}
	return ret;
}

/* Without arms: one for each name of -n, else one named as the config or the command. */
static int plain_arms(struct run *r)
{
	const char *names = r->o->names;
	char *own = NULL, *copy, *save = NULL, *name;
	int ret = 0;

	if (!names && r->o->command) {
		const char *slash = strrchr(r->o->command[0], '/');

		names = slash ? slash + 1 : r->o->command[0];
	} else if (!names) {
		own = conf_name(r->o->configs[0]);
		names = own;
	}
	copy = names ? strdup(names) : NULL;
	for (name = copy ? strtok_r(copy, ",", &save) : NULL; name && !ret; name = strtok_r(NULL, ",", &save))
		ret = add_arm(r, name) ? 0 : -ENOMEM;
	free(copy);
	free(own);
	return ret || !r->n_arms ? trouble(&(struct conf_err){ "no name for the results; give one with -n" }) : 0;
}

static int check_names(const struct run *r)
{
	for (size_t i = 0; i < r->n_arms; i++) {
		const char *name = r->arms[i].name;

		if (!*name || *name == '.' || strpbrk(name, "/, \t\n")) {
			out_err("run: '%s' cannot be the name of a run: one word without '/' and ','", name);
			return MMT_EXIT_OURS;
		}
		for (size_t k = 0; k < i; k++) {
			if (strcmp(r->arms[k].name, name))
				continue;
			out_err("run: two arms are named '%s'", name);
			return MMT_EXIT_OURS;
		}
	}
	return 0;
}

/* -------------------------------------------------------------- benchmarks */

static void drop_bench(struct benches *b, size_t i)
{
	struct benches one = { malloc(sizeof(*one.v)), 1 };

	if (one.v) {
		one.v[0] = b->v[i];
		benches_free(&one);
	}
	memmove(&b->v[i], &b->v[i + 1], (b->n - i - 1) * sizeof(*b->v));
	b->n--;
}

static int apply_settings(const struct run *r, const struct run_arm *a, struct conf *c, struct conf_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < r->o->n_sets && !ret; i++) {
		const char *eq = strchr(r->o->sets[i], '=');
		char *what = eq ? strndup(r->o->sets[i], (size_t)(eq - r->o->sets[i])) : NULL;

		if (!what) {
			snprintf(err->text, sizeof(err->text), "--set %s: is not section.key=value", r->o->sets[i]);
			return -EINVAL;
		}
		ret = conf_override(c, what, eq + 1, err);
		free(what);
	}
	for (size_t i = 0; i < a->arm.set.n && !ret; i++)
		ret = conf_override(c, a->arm.set.v[i].key, a->arm.set.v[i].value, err);
	if (!ret && r->o->iterations > 0)
		c->iterations = (unsigned int)r->o->iterations;
	if (!ret && r->o->warmup >= 0)
		c->warmup = (unsigned int)r->o->warmup;
	return ret ? ret : conf_check(c, err);
}

static int check_needs(const struct conf *c)
{
	char prog[128], package[128];

	if (!bench_missing(c, prog, sizeof(prog), package, sizeof(package)))
		return 0;
	out_err("run: %s needs %s, which is not in PATH%s%s%s", c->path, prog, *package ? "; on Debian: apt-get install " : "",
		package, "");
	return MMT_EXIT_NOENT;
}

static int check_program(const char *prog)
{
	int ret = bench_executable(prog);

	if (ret)
		out_err("run: cannot execute %s: %s", prog, strerror(ret == MMT_EXIT_NOENT ? ENOENT : EACCES));
	return ret;
}

static int check_wrap(const char *wrap)
{
	struct conf_err err;
	char **words;
	size_t n;
	int ret;

	if (!wrap)
		return 0;
	if (words_split(wrap, &words, &n, err.text, sizeof(err.text)))
		return trouble(&err);
	ret = n ? check_program(words[0]) : 0;
	words_free(words);
	return ret;
}

/* Better said before anything is created; where PATH is changed, exec itself will say. */
static int check_commands(const struct run_arm *a)
{
	int ret = check_wrap(a->arm.wrap);

	for (size_t i = 0; i < a->benches.n && !ret; i++) {
		const struct bench *b = &a->benches.v[i];

		if (conf_pairs_get(&a->arm.env, "PATH") || conf_pairs_get(&b->conf->env, "PATH"))
			continue;
		ret = check_wrap(b->conf->wrap);
		if (!ret)
			ret = check_program(b->parts[0].argv[0]);
	}
	return ret;
}

static int add_conf(struct run *r, struct run_arm *a, struct conf *c, const char *only)
{
	struct conf **grown = reallocarray(a->confs, a->n_confs + 1, sizeof(*grown));
	struct bench_machine m;
	struct conf_err err = { "" };
	size_t at = a->benches.n;
	int ret;

	if (!grown) {
		conf_free(c);
		return trouble(&err);
	}
	a->confs = grown;
	grown[a->n_confs++] = c;
	bench_machine_here(&m);
	if (apply_settings(r, a, c, &err) || bench_expand(c, &m, &a->benches, &err))
		return trouble(&err);
	ret = check_needs(c);
	for (size_t i = a->benches.n; i > at; i--) {
		const char *name = a->benches.v[i - 1].name;

		if ((only && strcmp(only, name)) || !pattern_fits(r->o->only, name))
			drop_bench(&a->benches, i - 1);
	}
	return ret;
}

static int fill_arm(struct run *r, struct run_arm *a, unsigned int mmtests_iterations)
{
	struct conf_err err = { "" };
	struct conf *c;
	int ret = 0;

	if (r->o->command)
		ret = conf_from_command(r->o->command, &c) ? trouble(&err) : add_conf(r, a, c, NULL);
	for (size_t i = 0; i < r->n_sources && !ret; i++) {
		if (conf_load(r->sources[i].path, &c, &err))
			return trouble(&err);
		if (mmtests_iterations)
			c->iterations = mmtests_iterations;
		ret = add_conf(r, a, c, r->sources[i].bench);
	}
	if (ret || a->benches.n)
		return ret ? ret : check_commands(a);
	out_err("run: no benchmark is named '%s' (mmt-trace list benchmarks)", r->o->only);
	return MMT_EXIT_OURS;
}

int run_plan(struct run *r)
{
	unsigned int iterations = 0;
	bool found = false;
	int ret = find_sources(r, &iterations);

	if (!ret)
		ret = r->o->n_arms ? option_arms(r) : config_arms(r, NULL, &found);
	if (!ret && !r->n_arms)
		ret = plain_arms(r);
	if (!ret)
		ret = check_names(r);
	for (size_t i = 0; i < r->n_arms && !ret; i++)
		ret = fill_arm(r, &r->arms[i], iterations);
	return ret;
}

void run_plan_free(struct run *r)
{
	for (size_t i = 0; i < r->n_sources; i++) {
		free(r->sources[i].path);
		free(r->sources[i].bench);
	}
	free(r->sources);
	for (size_t i = 0; i < r->n_arms; i++) {
		struct run_arm *a = &r->arms[i];

		benches_free(&a->benches);
		for (size_t k = 0; k < a->n_confs; k++)
			conf_free(a->confs[k]);
		free(a->confs);
		conf_arm_free(&a->arm);
		free(a->name);
		free(a->path);
		json_decref(a->json);
	}
	free(r->arms);
	conf_pairs_free(&r->facts);
}
