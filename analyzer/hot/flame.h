/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flame graphs: call paths as a tree of functions, each as wide as what it weighs with all
 * that it calls. Of two arms, coloured by the difference where that is more than noise.
 *
 *   flame_make()    the tree, what is too small folded into "(other)"      flame.c
 *   flame_figure()  its picture, which needs no script                     flame_svg.c
 *   flame_data()    the same for flame.js: zoom, search, what a frame is   flame_data.c
 *   flame_tables()  heaviest functions and paths                           flame_tables.c
 */
#ifndef MMT_HOT_FLAME_H
#define MMT_HOT_FLAME_H

#include "stacks.h"

#define FLAME_MIN_SHARE 0.001
#define FLAME_ALL UINT32_MAX         /* fn of the root */
#define FLAME_OTHER (UINT32_MAX - 1) /* of what was folded */

struct flame_node { /* in order: a node, then all below it, heaviest first, what was folded last */
	uint32_t depth;
	uint32_t fn;     /* of stacks; n_fns + group; FLAME_* */
	double w[STACKS_ARMS];
	double self[STACKS_ARMS]; /* its own: not of what it calls, nor of what was folded */
	double p;        /* of the difference, adjusted over the tree; NaN: was not or could not be tested */
};

enum flame_noise {
	FLAME_RUNS,     /* a test over runs */
	FLAME_SAMPLING, /* one run an arm: what sampling alone can do, not what runs do */
	FLAME_NONE,     /* one run an arm, and exact: nothing is known of noise */
};

struct flame {
	const struct stacks *s;
	struct flame_node *node; size_t n;
	double total[STACKS_ARMS]; /* of the root */
	double min_share; /* what is less of its root, in both arms, was folded */
	size_t folded;    /* frames that were */
	uint32_t depth;   /* of the deepest */
	bool diff;
	double alpha;     /* p below this is more than noise */
	enum flame_noise noise;
	const char *how;  /* FLAME_RUNS: what test, what of */
};

/* At most about `budget` nodes. -ENODATA: no weight at all. s must outlive it. */
int flame_make(const struct stacks *s, bool diff, size_t budget, struct flame *fl);
void flame_free(struct flame *fl);

#define FLAME_ALPHA 0.05
#define FLAME_TEST_SHARE HOT_DIFF_MIN_SHARE /* what weighs less in both arms is not tested */

/* -3 (less than half, or gone) to 3 (more than twice, or new) by steps; 0: no more than 10 %, or noise. */
int flame_step(const struct flame *fl, const struct flame_node *n);
const char *flame_name(const struct flame *fl, const struct flame_node *n);
/* "12.3 ms" or "1 234 faults" */
#define FLAME_WEIGHT_BUF 96
const char *flame_weight(char buf[FLAME_WEIGHT_BUF], const struct stacks *s, double w);
/* The same in a column whose head has the unit: "12.3 ms", "1 234" */
const char *flame_weight_cell(char buf[FLAME_WEIGHT_BUF], const struct stacks *s, double w);

/* A figure with the number i in the page. arm: names of the arms, or NULL. */
void flame_figure(const struct flame *fl, size_t i, const char *const *arm, FILE *f);
/* Patterns that figures refer to, and what the colours mean. */
void flame_patterns(FILE *f);
void flame_legend(bool diff, FILE *f);
/* For <script>: an array of them all. */
int flame_data(const struct flame *fl, size_t n, const char *const *arm, FILE *f);
int flame_tables(const struct flame *fl, const char *const *arm, size_t rows, FILE *f);
/* What else hot ranks of this kind: instructions, reasons, tasks. */
int flame_ranks(const struct flame *fl, const struct hot *h, size_t rows, FILE *f);
/* "12.3 %"; what is there, but less than 0.005 %, is "< 0.01 %" */
const char *flame_share(char buf[FLAME_WEIGHT_BUF], double part, double of);

#endif
