/* SPDX-License-Identifier: GPL-2.0-only */
/* Private: what the parts of a page share. */
#ifndef MMT_PAGE_INT_H
#define MMT_PAGE_INT_H

#include "../compare/show.h"
#include "../series.h"
#include "html.h"
#include "page.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_COLORS 8     /* arms beyond take them again, with other marks */
#define PAGE_QUANTILES 31
#define PAGE_NAMED 5
#define PAGE_GROUPS 16    /* rows of a matrix */

/*
 * The page grows from its top; a part stops adding rows or charts, and says so, once the
 * page has this many bytes. So what stands further down always has its room.
 */
enum page_room {
	ROOM_BENCHMARK_TABLE = 180000, ROOM_BENCHMARK_ARMS = 230000, ROOM_BENCHMARK_DOTS = 330000,
	ROOM_KERNEL_TABLE = 450000, ROOM_KERNEL_ARMS = 520000, ROOM_KERNEL_DOTS = 620000,
	ROOM_PICTURES = 690000, ROOM_DATA = 800000, ROOM_WAIT = 820000, ROOM_MOVES = 860000, ROOM_VMS = 860000, ROOM_HOT = 860000,
	ROOM_REST = 890000,
};

static inline bool page_room(FILE *f, enum page_room room)
{
	return ftello(f) < (off_t)room;
}

enum page_level { LEVEL_CPU, LEVEL_LLC, LEVEL_NODE };

struct page_mark {
	double t;
	uint32_t kind;
	char *name;
};

enum { PAGE_EXITS, PAGE_EXITS_OUT, PAGE_EXITS_HALTS, PAGE_EXITS_POLLED, PAGE_EXITS_SLEPT, PAGE_EXITS_N };

struct page_vm {
	char *name;
	double exits[PAGE_EXITS_N]; /* 1/s, %, 1/s, ms/s, ms/s; NaN: not known */
	char top[24]; uint64_t top_n; double top_share; /* the reason of most exits; top_n 0: not known */
	bool has_memory, has_run;
	double *share;             /* by node: of its memory, then of its run time */
	double exposure;           /* NaN: not known */
	double off;                /* ns that it ran off-node */
};

/* What one iteration's trace has beyond its totals. */
struct page_trace {
	bool read;
	/* over time */
	size_t n_points;
	double *t;                 /* ends, s */
	double *y[SERIES_N];       /* NaN: undefined */
	bool have[SERIES_N];       /* some point has it */
	uint32_t merged;
	double duration;
	struct page_mark *mark;
	size_t n_marks;
	/* run-queue latency, us; NaN: too few waits for that quantile */
	double q[PAGE_QUANTILES];
	double named[PAGE_NAMED];  /* median, 95 %, 99 %, 99.9 %, longest */
	uint64_t wait_n;
	/* migrations */
	enum page_level level;
	uint32_t group[PAGE_GROUPS]; /* numbers of CPUs, caches or nodes */
	size_t n_groups;
	uint64_t moves[PAGE_GROUPS][PAGE_GROUPS];
	uint64_t seen, counted;    /* events in the window; counted by the totals */
	uint64_t by_class[4];
	bool have_class, have_events;
	struct page_vm *vm;        /* virtual machines */
	size_t n_vms, n_nodes;
	unsigned int hot;          /* kinds of call paths that it has, see hot_recorded() */
};

struct page {
	const struct cmp *c;
	const struct cmp_result *r;
	const struct page_opts *o;
	struct page_trace *trace;  /* by arm, then iteration */
	size_t *first;             /* an arm's first in it */
	size_t n_traces, n_read;
	size_t points;             /* a series may have */
	bool benchmark;            /* some metric is the benchmark's own */
};

static inline const struct page_trace *page_trace(const struct page *p, size_t arm, size_t iter)
{
	return &p->trace[p->first[arm] + iter];
}

/* load.c */
int page_load(struct page *p);
void page_unload(struct page *p);
double page_quantile(unsigned int i); /* of q[i] */
/* vms.c, for load.c */
int page_take_vms(struct page_trace *t, const struct model *m);
void page_free_vms(struct page_trace *t);

/* words.c: values and changes in words */
struct page_change {
	double pct, lo, hi; /* as measured: minus is less; NaN where there is no ratio */
};
struct page_change page_change(const struct cmp_metric *m, const struct cmp_row *row);
const char *page_value(char buf[NUM_BUF], const struct cmp_metric *m, double v); /* with unit */
const char *page_direction(const struct cmp_metric *m); /* "lower is better" */
bool page_tested(const struct cmp_row *row);
void page_verdict(FILE *f, enum cmp_verdict v, const char *why); /* badge */
static inline bool page_worth(const struct page *p, size_t metric)
{
	return cmp_worth_a_line(p->c, p->r, (uint32_t)metric);
}
size_t page_arm_color(size_t arm);

/* The arms with the marks (or lines) that stand for them. */
void page_key(const struct page *p, bool lines, FILE *f);
/* "3 more rows are not shown here ..." where left is not 0. */
void page_left_out(FILE *f, size_t left, const char *what);

/* Parts, in the order of the page. */
void page_verdicts(const struct page *p, FILE *f);                          /* verdict.c */
void page_design(const struct page *p, FILE *f);                            /* design.c */
void page_notes(const struct page *p, FILE *f);
void page_results(const struct page *p, enum cmp_source source, FILE *f);   /* tables.c */
void page_dots(const struct page *p, enum cmp_source source, FILE *f);      /* dots.c */
int page_time(const struct page *p, FILE *f);                               /* time.c */
void page_wait(const struct page *p, FILE *f);                              /* wait.c */
void page_moves(const struct page *p, FILE *f);                             /* moves.c */
int page_vms(const struct page *p, FILE *f);                                /* vms.c */
int page_hot(const struct page *p, FILE *f);                                /* hot.c */
int page_explain(const struct page *p, FILE *f);                            /* explained.c */
void page_subtitle(const struct page *p, FILE *f);                          /* systems.c */
void page_systems(const struct page *p, FILE *f);                           /* systems.c */
void page_iterations(const struct page *p, FILE *f);
void page_glossary(const struct page *p, FILE *f);

#endif
