/* SPDX-License-Identifier: GPL-2.0-only */
/* A benchmark's config: what to run, how often, and how to read its output. See mmt-trace.conf(5). */
#ifndef MMT_CONF_H
#define MMT_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct conf_pair { char *key, *value; };
struct conf_pairs { struct conf_pair *v; size_t n; };

struct conf_metric {
	char *name;
	int line; /* of the section's first key */
	char *pattern, *json, *builtin; /* where the value comes from: exactly one */
	char *pick;      /* which match counts; NULL: there must be only one */
	char *unit, *direction;
	char *append;    /* a line for the raw log, with ${value} */
};

struct conf_arm {
	char *name;
	int line;
	char *wrap, *before, *after;
	struct conf_pairs set, env; /* set: "section.key" = value */
};

struct conf {
	char *path;
	/* [benchmark] */
	char *name, *title, *command, *log, *output, *needs;
	struct conf_pairs params, matrix, env;
	struct conf_metric *metrics;
	size_t n_metrics;
	struct conf_arm *arms;
	size_t n_arms;
	/* [run] */
	unsigned int iterations, warmup, timeout;
	char *wrap, *before, *after;
	/* [trace] */
	char *profile, *scope, *events, *counters;
	unsigned int interval_ms, ring_kb, freq;
	bool waking;
};

struct conf_err { char text[512]; };

/* What it says in err is whole: file, line, what, and what is allowed. */
int conf_load(const char *path, struct conf **out, struct conf_err *err);
/* The same from an open stream; name is for messages. */
int conf_load_stream(FILE *f, const char *name, struct conf **out, struct conf_err *err);
/* A config that runs one command and measures its time. */
int conf_from_command(char *const *argv, struct conf **out);
void conf_free(struct conf *c);

/* "section.key" or "section NAME.key" = value, over what the file says. */
int conf_override(struct conf *c, const char *what, const char *value, struct conf_err *err);
/* Whatever can only be judged as a whole: missing keys, directions, factors. */
int conf_check(const struct conf *c, struct conf_err *err);

/* The keys of a section, for messages and help: "a, b, c". */
const char *conf_pairs_get(const struct conf_pairs *p, const char *key);
int conf_pairs_set(struct conf_pairs *p, const char *key, const char *value);
void conf_pairs_free(struct conf_pairs *p);

/* "NAME:key=value,key=value" of --arm; `\,` is a comma in a value. */
int conf_arm_parse(const char *spec, struct conf_arm *arm, struct conf_err *err);
void conf_arm_free(struct conf_arm *arm);

/*
 * MMTests' own configs: `export NAME=literal` lines are read, nothing is executed.
 * MMTESTS and MMTEST_ITERATIONS are used; the rest is counted.
 */
struct conf_mmtests {
	char **tests;
	size_t n_tests;
	int tests_line;
	unsigned int iterations;  /* 0: not said */
	unsigned int unused;      /* settings that mean nothing here */
	unsigned int not_literal; /* lines that only a shell could understand */
	int first_not_literal;
};
bool conf_is_mmtests(const char *path);
int conf_mmtests_load(const char *path, struct conf_mmtests *m, struct conf_err *err);
void conf_mmtests_free(struct conf_mmtests *m);

#endif
