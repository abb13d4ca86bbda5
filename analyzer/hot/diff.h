/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where two arms differ: which paths, functions, lines, instructions, reasons and system
 * calls weigh more in B than in A, by the statistics of a comparison.
 *
 *   hot_diff_load()   every trace of a cmp, by names that mean the same in all of them    diff_gather.c diff_names.c
 *   hot_diff_part()   one table: its keys, the family that is tested, effects, verdicts    diff_part.c
 *   hot_diff_write()  texts, JSON, CSV                                                     diff_show.c diff_text.c
 *   hot_diff_paths()  weights by path of both arms, for a flame graph                      diff_paths.c
 *
 * A frame is the same in two traces if function, name of the file it is in and mode are:
 * not its address, its directory, or the suffix of a clone (".isra.0"). What has no name
 * is a place in a file, and the same only where all traces ran the same build of the
 * file; else all such places of the file are one, as are all of the kernel's.
 *
 * Memory: that of one hot_load() a CPU, and 48 bytes a path, line and instruction of each
 * trace.
 */
#ifndef MMT_HOT_DIFF_H
#define MMT_HOT_DIFF_H

#include "../compare/decide.h"
#include "../table.h"
#include "hot.h"

#define HOT_DIFF_ARMS 2 /* A, compared against, and B */

/* What weighs: the kinds of hot.h, and two of system calls. */
enum { HOT_DIFF_CALLS = HOT_KINDS, HOT_DIFF_CALL_TIME, HOT_DIFF_KINDS };

enum hot_diff_by {
	HOT_DIFF_REASON,      /* of time off the CPU */
	HOT_DIFF_FUNCTION,    /* the innermost */
	HOT_DIFF_INCLUSIVE,   /* every function of the path once: its own weight and that of what it calls */
	HOT_DIFF_PATH,
	HOT_DIFF_LINE,        /* the innermost that is known */
	HOT_DIFF_INSTRUCTION, /* of faults and CPU time */
	HOT_DIFF_COMM,        /* name of the task */
	HOT_DIFF_SYSCALL,     /* of the two kinds of system calls, which have no other */
	HOT_DIFF_BYS,
};

enum hot_diff_per { HOT_DIFF_PER_SECOND, HOT_DIFF_PER_RUN }; /* of the window; the whole window, for work of a fixed size */

struct hot_diff_opts {
	struct hot_opts hot;      /* filters and symbols, of every trace; kinds: bits, 0 all */
	bool no_stacks;           /* system calls only */
	struct model_opts window;
	double from, to;          /* s from the start of each trace, in place of hot.from and hot.to; to 0: open */
	bool no_syscalls;
	enum hot_diff_per per;
	double min_share;         /* of both arms' weight that makes a key worth a test; 0: HOT_DIFF_MIN_SHARE */
	struct cmp_opts how;
	size_t top;               /* rows of a text table; 0: all */
	unsigned int depth;       /* frames of a path on either side of the kernel's edge, in text; 0: all */
	mmt_log_fn log;
	void *log_ctx;
};

#define HOT_DIFF_MIN_SHARE 0.005
#define HOT_DIFF_MAX_KEYS 200 /* the heaviest of those */

struct hot_diff_weight { double a, b; }; /* means over the arms' iterations that have the kind; NaN: none has */

struct hot_diff_int;

struct hot_diff {
	const struct cmp *c;      /* arms and iterations; its metrics are not looked at */
	struct hot_frame *frame; size_t n_frames; /* names only: no lines; sorted by name, module */
	struct hot_path *path; size_t n_paths;    /* by these frames; sorted */
	size_t iterations[HOT_DIFF_KINDS][HOT_DIFF_ARMS]; /* that have the kind */
	struct hot_diff_weight seconds;           /* length of a window, mean */
	struct hot_diff_weight total[HOT_DIFF_KINDS];   /* by o->per */
	struct hot_diff_weight covered[HOT_DIFF_KINDS]; /* 0 to 1: of the exact totals, what paths explain; NaN: not known */
	enum hot_diff_per per;
	struct hot_diff_int *priv;
};

/*
 * Reads the traces of a cmp with two arms whose traces were loaded. -ENODATA after a message when there is nothing
 * to compare; -ENOMEM. c must outlive the result.
 */
int hot_diff_load(const struct cmp *c, const struct hot_diff_opts *o, struct hot_diff **out);
void hot_diff_free(struct hot_diff *d);

/* Weights by path, as many as d->n_paths; free() them. */
int hot_diff_paths(const struct hot_diff *d, enum hot_kind kind, struct hot_diff_weight **out);
/*
 * Frame of each path, counted from the leaf, where its difference begins: the outermost below which all changed as the
 * path did, for its weight; path->n where the path did not change. free() them.
 */
int hot_diff_marks(const struct hot_diff *d, const struct hot_diff_weight *w, uint32_t **out);

#define HOT_DIFF_NO_PATH UINT32_MAX

struct hot_diff_key { /* a row of a table */
	const char *name;         /* function, task, reason, call; of a path: its leaf. Of total and rest: NULL */
	const char *detail;       /* module, or "file.c:12"; NULL: there is no such thing, "": not known */
	uint32_t path;            /* HOT_DIFF_PATH: its number; else HOT_DIFF_NO_PATH */
	struct hot_diff_weight w; /* by d->per, means of the units; in count or ns */
	double se;                /* of w.b - w.a, by sampling alone; 0: exact */
	uint32_t metric;          /* of the part's cmp */
};

struct hot_diff_part {
	const struct hot_diff *d;
	unsigned int kind;
	enum hot_diff_by by;
	struct cmp c;             /* arms are those of d->c; a metric a key */
	struct cmp_result r;
	struct hot_diff_key *key; size_t n_keys; /* by |difference|, largest first */
	struct hot_diff_key total, rest; /* rest: the n_below keys together, where keys do not overlap */
	bool has_rest;
	size_t n_below;           /* keys that weigh less than min_share, or came after HOT_DIFF_MAX_KEYS */
	double min_share;
	uint32_t *mark;           /* HOT_DIFF_PATH: of hot_diff_marks(), by path */
	struct arena *mem;
};

static inline const struct cmp_row *hot_diff_row(const struct hot_diff_part *p, const struct hot_diff_key *k)
{
	return cmp_row(&p->c, &p->r, k->metric, 1);
}

bool hot_diff_has(const struct hot_diff *d, unsigned int kind, enum hot_diff_by by);
int hot_diff_part(const struct hot_diff *d, unsigned int kind, enum hot_diff_by by, const struct hot_diff_opts *o,
		  struct hot_diff_part *p);
void hot_diff_part_free(struct hot_diff_part *p);

/* by: bits 1 << enum hot_diff_by; 0: those that tell most of each kind. */
int hot_diff_write(const struct hot_diff *d, const struct hot_diff_opts *o, unsigned int by, const struct table_out *to,
		   FILE *f);

const char *hot_diff_kind_name(unsigned int kind);
const char *hot_diff_by_name(enum hot_diff_by by);

#endif
