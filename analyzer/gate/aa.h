/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Same against same: how far each metric moves when nothing has changed (the floor), and
 * how often the rule of compare would have called that a change.
 *
 *   aa_pairs()    which pairs: of runs, or of parts of one run
 *   aa_compare()  each by cmp_decide(), into a history
 *   aa_store_*    the history beside the results, DIR/aa.json
 *   aa_sum_*      floor and rates by metric
 */
#ifndef MMT_AA_H
#define MMT_AA_H

#include <stdio.h>

#include "../compare/decide.h"
#include "../table.h"

#define AA_LEAST_PAIRS 10  /* for a floor */
#define AA_MOST_PAIRS 500  /* kept in a history: the latest */

enum aa_scheme {
	AA_RUNS,       /* every pair of the named runs */
	AA_NEIGHBOURS, /* first and second, third and fourth, ... */
	AA_SPLIT,      /* a run's iterations in run order, in chunks, each dealt out A B B A */
};

const char *aa_scheme_name(enum aa_scheme s);  /* "runs", "neighbours", "split" */
const char *aa_scheme_title(enum aa_scheme s);

struct aa_side { uint32_t arm, *iter; size_t n; };
struct aa_two { char id[600]; struct aa_side side[2]; };
struct aa_pairs { struct aa_two *v; size_t n; };

/* per_arm: of a split, iterations on each side. */
int aa_pairs(const struct cmp *c, enum aa_scheme scheme, unsigned int per_arm, struct aa_pairs *p);
void aa_pairs_free(struct aa_pairs *p);

struct aa_delta {
	char *metric;
	enum cmp_source source;
	double pct;     /* signed; NaN: undefined */
	bool flagged;   /* BETTER, WORSE or CHANGED */
	bool hidden;    /* it would be, were the verdict not INDICATIVE or CONFOUNDED */
};

struct aa_pair {
	char *id, *kernel, *date;  /* kernel, date: NULL: not known */
	size_t units;              /* the fewest that a metric had on a side */
	struct aa_delta *delta;
	size_t n_deltas;
};

/* Of one host, benchmark and kind of pairs; what pairs one after the other show is none of those in blocks. */
struct aa_history {
	char *host, *benchmark, *kind; /* host NULL: not known; kind: "blocks", "sequence", "split" */
	struct aa_pair *pair;
	size_t n;
	size_t added;                  /* pairs of this call */
};

struct aa_store { struct aa_history *h; size_t n; };

/* -ENOENT is an empty store; else *why says what is wrong. */
int aa_store_load(const char *path, struct aa_store *s, char *why, size_t size);
/* Whole or not at all. */
int aa_store_save(const char *path, const struct aa_store *s);
void aa_store_free(struct aa_store *s);
/* The history of this kind, made when there is none; NULL: no memory. */
struct aa_history *aa_store_history(struct aa_store *s, const char *host, const char *benchmark, const char *kind);
/* A new pair; one of the same id is replaced, the oldest goes where there are too many. */
struct aa_pair *aa_history_pair(struct aa_history *h, const char *id);
int aa_pair_delta(struct aa_pair *p, struct aa_delta d); /* copies the name */

/* Decides every pair and adds it to the history of its kind. */
int aa_compare(const struct cmp *c, const struct aa_pairs *p, enum aa_scheme scheme, const struct cmp_opts *how,
	       struct aa_store *s);

struct aa_metric {
	const char *name;
	enum cmp_source source;
	size_t pairs, flagged, hidden;  /* pairs: with a difference in percent */
	double median, floor, max;      /* of |difference|, % */
};

struct aa_sum {
	const struct aa_history *h;
	struct aa_metric *m;
	size_t n;
	size_t tests, flagged;              /* of benchmark metrics */
	size_t pairs_flagged, pairs_hidden; /* pairs with some benchmark metric so */
	size_t units;                       /* the fewest of all pairs */
};

int aa_sum(const struct aa_history *h, struct aa_sum *s);
void aa_sum_free(struct aa_sum *s);
/* Clopper and Pearson's interval of k of n at the level. */
void aa_binomial(size_t k, size_t n, double level, double *lo, double *hi);

/* What was compared, for the head. */
struct aa_about {
	const struct cmp *c;
	enum aa_scheme scheme;
	const struct cmp_opts *how;
	const char *stored; /* file that the history is in; NULL: in none */
};

/* n: histories that this call added to. */
int aa_write(const struct aa_sum *s, size_t n, const struct aa_about *about, const struct table_out *o, FILE *f);

#endif
