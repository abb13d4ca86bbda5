/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the parts that read a tree of results: NAME/run.json, NAME/iter-N/tests-timestamp, NAME/iter-N/BENCH/. */
#ifndef MMT_COMPARE_READ_INT_H
#define MMT_COMPARE_READ_INT_H

#include <jansson.h>

#include "compare.h"

#define READ_PATH 4096

/* "dir/name"; false when that is longer than any path can be. */
bool read_join(char buf[READ_PATH], const char *dir, const char *name);
/* Says what is amiss with the iteration; the first reason stays. */
int read_why(struct cmp_iteration *it, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct read_lines { char *text, *next; };

/* A whole text; free(l->text). -errno. */
int read_open_lines(const char *path, struct read_lines *l);
/* NULL at the end */
char *read_line(struct read_lines *l);

/* results.tsv, or the benchmark's logs: values, and it->complete; what is missing goes to it->why. */
int read_results(struct cmp *c, const struct cmp_arm *arm, struct cmp_iteration *it, const char *dir);

/* run.json of a run: NULL where there is none. */
json_t *read_run_json(const struct cmp *c, const char *run_dir);
/* Start, times and boot of the iteration; false: the benchmark failed in it. */
bool read_stamps(const struct cmp *c, struct cmp_iteration *it, const char *iter_dir, const json_t *run);

/* facts.c: what is worth comparing of a system; and one fact more of an arm's. */
bool cmp_fact_matters(const char *key);
int cmp_take_fact(struct cmp_arm *arm, const char *key, const char *value);
/* Where no trace told any: those of run.json. */
int cmp_facts_of_runs(struct cmp *c);

#endif
