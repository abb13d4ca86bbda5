/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of this directory: one computation, its input, its output. */
#ifndef MMT_STATSCMD_CALL_H
#define MMT_STATSCMD_CALL_H

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../arena.h"

#define MAX_INPUTS 6

enum input_kind {
	IN_SAMPLE, /* array of numbers; not finite: dropped */
	IN_PAIRED, /* the same, but the place counts: what is not finite stays */
	IN_WHOLE,  /* array of uint64 */
	IN_PARAM,  /* number, given with -p */
	IN_WORD,   /* text, given with -p */
};

struct input {
	const char *name;
	enum input_kind kind;
	bool optional;
	const char *note; /* unit, default */
};

struct call;

struct stat_def {
	const char *name;
	const char *definition;
	struct input in[MAX_INPUTS + 1];
	int (*compute)(struct call *c);
};

/* NULL-terminated by name. */
extern const struct stat_def stat_defs[];
const struct stat_def *stat_find(const char *name); /* NULL after a message */

struct call {
	const struct stat_def *def;
	const json_t *in;
	json_t *out;
	struct arena *mem;
	const char *where; /* before messages: file and case */
	bool nomem;        /* an output could not be stored */
};

/* Runs def on in; *out is new. 0, -EINVAL after a message, -ENOMEM. */
int call_run(const struct stat_def *def, const json_t *in, const char *where, json_t **out);

struct sample {
	double *raw; /* as given; not finite: NaN */
	size_t n_raw;
	double *x;   /* the finite ones */
	size_t n;
	size_t *at;  /* index in raw of each */
};

/* Inputs: 0, or an error after a message. */
int in_fail(const struct call *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int in_sample(struct call *c, const char *key, struct sample *s);
/* For what costs the square of n in time or memory, or more. */
int in_limit(const struct call *c, const char *key, size_t n, size_t most);
int in_sample_of(struct call *c, const json_t *array, const char *key, struct sample *s);
int in_whole(struct call *c, const char *key, uint64_t **v, size_t *n);
int in_num(const struct call *c, const char *key, double missing, double *v); /* null: NaN */
bool in_has(const struct call *c, const char *key);
const char *in_word(const struct call *c, const char *key, const char *missing);
/* Levels of intervals: those of the parameter level, else the n given; each with what it is called in fields. */
struct level {
	char name[24];
	double value;
};

int in_levels(const struct call *c, struct level *l, int *n);
/* Both directions of MMTests, or the one that the parameter direction says. */
int in_direction(const struct call *c, bool *higher, bool *lower);
/* A number, or a text that strtod() takes to its end; null, "nan", "inf" are NaN. False: it is none. */
bool json_to_num(const json_t *j, double *v);

/* Outputs; NaN becomes null. */
void put(struct call *c, json_t *o, const char *key, double v);
void put_int(struct call *c, json_t *o, const char *key, int64_t v);
void put_bool(struct call *c, json_t *o, const char *key, bool v);
void put_str(struct call *c, json_t *o, const char *key, const char *s);
void put_ci(struct call *c, json_t *o, const char *key, double lo, double hi);
void put_array(struct call *c, json_t *o, const char *key, const double *v, size_t n);
json_t *put_obj(struct call *c, json_t *o, const char *key);
json_t *put_list(struct call *c, json_t *o, const char *key);
void add(struct call *c, json_t *list, json_t *v); /* takes v; NULL: no memory */
json_t *num_or_null(double v);

/* JSON as people write it, with NaN and Infinity; NULL after a message. */
json_t *read_json(const char *file);
/* All of a file, "-" for standard input, NUL-terminated. 0 or -errno after a message. */
int read_all(const char *file, char **text, size_t *len);

/* One computation a statistic */
int do_describe(struct call *c);
int do_percentiles(struct call *c);
int do_outliers(struct call *c);
int do_drift(struct call *c);
int do_fairness(struct call *c);
int do_histogram(struct call *c);
int do_correlation(struct call *c);
int do_geomean(struct call *c);
int do_knee(struct call *c);
int do_derived(struct call *c);
int do_edivisive(struct call *c);
int do_explain(struct call *c);
int do_mmtests_stats(struct call *c);
int do_mmtests_compare(struct call *c);
int do_welch(struct call *c);
int do_mwu(struct call *c);
int do_hodges_lehmann(struct call *c);
int do_ratio_ci(struct call *c);
int do_bootstrap(struct call *c);
int do_paired(struct call *c);
int do_multiplicity(struct call *c);
int do_power(struct call *c);

#endif
