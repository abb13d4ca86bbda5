// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which tasks, CPUs and times carry the difference between two arms. The traces are read
 * once more, one at a time; what is kept is a number for each name, quantity and unit.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../series.h"
#include "../stats/desc.h"
#include "../stats/multiple.h"
#include "../stats/test.h"
#include "explain_int.h"

#define QUANTITIES 4
#define LEAST 0.005   /* of the level of all names of a quantity */
#define MAX_ROWS 4096 /* names; a machine that runs more is cut there, and says so */

static const struct explain_quantity quantities[EXPLAIN_OF_N][QUANTITIES] = {
	[EXPLAIN_TASK] = {
		{ "run_time", "run time", "s" }, { "wait", "waiting for a CPU", "s" }, { "switches", "switches", "count" },
		{ "migrations", "migrations", "count" },
	},
	[EXPLAIN_CPU] = {
		{ "busy_time", "busy time", "s" }, { "idle_time", "idle time", "s" }, { "switches", "switches", "count" },
		{ "migrations", "migrations", "count" },
	},
	[EXPLAIN_TIME] = {
		{ "busy", "busy CPUs", "CPUs" }, { "waiting", "tasks waiting for a CPU", "tasks" },
		{ "switches", "switches", "1/s" }, { "migrations", "migrations", "1/s" },
	},
};

const struct explain_quantity *explain_quantity(enum explain_of of, unsigned int i)
{
	return (unsigned int)of < EXPLAIN_OF_N && i < QUANTITIES ? &quantities[of][i] : NULL;
}

const char *explain_of_name(enum explain_of of)
{
	static const char *const name[] = { "task", "cpu", "time" };

	return (unsigned int)of < EXPLAIN_OF_N ? name[of] : "?";
}

struct entry {
	char name[24];
	double *x[QUANTITIES]; /* by unit, both arms; sums until all traces are read */
};

struct book {
	size_t points;       /* of the trace that has fewest: what times can be told apart */
	struct entry *e;
	size_t n;
	size_t shown;        /* entries that are judged: the first ones */
	size_t n_units;
	size_t *traces;      /* read, by unit */
};

static struct entry *entry_of(struct book *b, const char *name)
{
	struct entry *e;
	double *x;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (!strcmp(b->e[i].name, name))
			return &b->e[i];
	if (b->n == MAX_ROWS)
		return &b->e[MAX_ROWS - 1];
	e = reallocarray(b->e, b->n + 1, sizeof(*e));
	if (!e)
		return NULL;
	b->e = e;
	x = calloc(QUANTITIES * b->n_units + 1, sizeof(*x));
	if (!x)
		return NULL;
	e = &b->e[b->n++];
	snprintf(e->name, sizeof(e->name), "%s", b->n == MAX_ROWS ? "(others)" : name);
	for (i = 0; i < QUANTITIES; i++)
		e->x[i] = x + i * b->n_units;
	return e;
}

static void book_free(struct book *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		free(b->e[i].x[0]);
	free(b->e);
	free(b->traces);
}

/* kworker/3:1-events and kworker/0:2 are one thing to a reader; so are threads that differ in their number. */
static void task_name(char *buf, size_t size, const struct model_task *t)
{
	const char *slash = t->flags & TASK_KTHREAD ? strchr(t->comm, '/') : NULL;

	if (slash)
		snprintf(buf, size, "%.*s/*", (int)(slash - t->comm), t->comm);
	else
		snprintf(buf, size, "%s", *t->comm ? t->comm : "?");
}

static int take_tasks(struct book *b, const struct model *m, size_t unit)
{
	struct model_group *g;
	size_t i, n;
	char name[24];
	int err;

	if (!m->have_task_totals)
		return 0;
	err = model_group(m, BY_COMM, false, &g, &n);
	if (err)
		return err;
	b->traces[unit]++;
	for (i = 0; i < n && !err; i++) {
		struct entry *e;

		task_name(name, sizeof(name), g[i].task);
		e = entry_of(b, name);
		if (!e) {
			err = -ENOMEM;
			break;
		}
		e->x[0][unit] += (double)g[i].v[MT_RUN_NS] / 1e9;
		e->x[1][unit] += (double)g[i].v[MT_WAIT_NS] / 1e9;
		e->x[2][unit] += (double)(g[i].v[MT_NVCSW] + g[i].v[MT_NIVCSW]);
		e->x[3][unit] += (double)model_migrations(g[i].v);
	}
	model_groups_free(g, n);
	return err;
}

static int take_cpus(struct book *b, const struct model *m, size_t unit)
{
	char name[24];
	size_t i;

	if (!m->have_cpu_totals)
		return 0;
	b->traces[unit]++;
	for (i = 0; i < m->n_cpus; i++) {
		const struct model_cpu *c = &m->cpus[i];
		struct entry *e;

		if (!c->ran)
			continue;
		snprintf(name, sizeof(name), "%u", c->cpu);
		e = entry_of(b, name);
		if (!e)
			return -ENOMEM;
		e->x[0][unit] += (double)c->v[MC_BUSY_NS] / 1e9;
		e->x[1][unit] += (double)c->v[MC_IDLE_NS] / 1e9;
		e->x[2][unit] += (double)c->v[MC_SWITCHES];
		e->x[3][unit] += (double)(c->v[MC_MIG_SMT] + c->v[MC_MIG_LLC] + c->v[MC_MIG_NODE] + c->v[MC_MIG_CROSS]);
	}
	return 0;
}

/* Each point's sums are spread evenly over the time that it covers. Rates a second. */
static int take_tenths(struct book *b, const struct series *s, size_t unit)
{
	double each = s->duration / EXPLAIN_TENTHS, from, to, a, z, part;
	double v[QUANTITIES];
	struct entry *e;
	char name[24];
	size_t i, k, q;

	if (!(each > 0) || !s->have_task || !s->have_cpu)
		return 0;
	b->traces[unit]++;
	b->points = s->n < b->points ? s->n : b->points;
	for (k = 0; k < EXPLAIN_TENTHS; k++) {
		snprintf(name, sizeof(name), "%zu-%zu", k * 100 / EXPLAIN_TENTHS, (k + 1) * 100 / EXPLAIN_TENTHS);
		e = entry_of(b, name);
		if (!e)
			return -ENOMEM;
		from = (double)k * each;
		to = from + each;
		for (i = 0; i < s->n; i++) {
			const struct series_point *p = &s->p[i];

			a = p->t - p->dt > from ? p->t - p->dt : from;
			z = p->t < to ? p->t : to;
			if (!(z > a) || !(p->dt > 0))
				continue;
			part = (z - a) / p->dt / each;
			v[0] = (double)p->cpu[MC_BUSY_NS] / 1e9;
			v[1] = (double)p->v[MT_WAIT_NS] / 1e9;
			v[2] = (double)(p->v[MT_NVCSW] + p->v[MT_NIVCSW]);
			v[3] = (double)model_migrations(p->v);
			for (q = 0; q < QUANTITIES; q++)
				e->x[q][unit] += part * v[q];
		}
	}
	return 0;
}

static int take_trace(struct book *book, const char *path, size_t unit)
{
	struct model_opts mo = { .window = WINDOW_AUTO };
	struct series s;
	struct model *m;
	int err = model_load(path, &mo, &m);

	if (err == -ENOMEM)
		return err;
	if (err) /* it could be read a moment ago */
		return 0;
	err = take_tasks(&book[EXPLAIN_TASK], m, unit);
	err = err ? err : take_cpus(&book[EXPLAIN_CPU], m, unit);
	if (!err && !series_load(m, NULL, &s)) {
		err = take_tenths(&book[EXPLAIN_TIME], &s, unit);
		series_free(&s);
	}
	model_free(m);
	return err;
}

/* ---------------------------------------------------------------- judging */

/* As many parts as the trace with the fewest points can tell apart: 10, 5 or 2. */
static void merge_tenths(struct book *b, struct explain *e)
{
	static const size_t parts[] = { 10, 5, 2 };
	size_t p, i, k, u, each;
	unsigned int q;

	for (p = 0; p < 3 && parts[p] > b->points; p++)
		;
	if (b->n != EXPLAIN_TENTHS)
		return;
	if (p == 3 || (p == 2 && b->points < 3)) {
		snprintf(e->carriers_why, sizeof(e->carriers_why), "No times within the iteration: in the shortest its totals were read "
			 "only %zu time%s; let it run for a second or more.", b->points, b->points == 1 ? "" : "s");
		for (i = 0; i < b->n_units; i++)
			b->traces[i] = 0;
		return;
	}
	each = EXPLAIN_TENTHS / parts[p];
	for (i = 0; i < parts[p]; i++) {
		for (q = 0; q < QUANTITIES; q++)
			for (u = 0; u < b->n_units; u++) {
				double sum = 0;

				for (k = 0; k < each; k++)
					sum += b->e[i * each + k].x[q][u];
				b->e[i].x[q][u] = sum / (double)each;
			}
		snprintf(b->e[i].name, sizeof(b->e[i].name), "%u-%u", (unsigned int)(i * 100 / parts[p]),
			 (unsigned int)((i + 1) * 100 / parts[p]));
	}
	e->n_parts = b->shown = parts[p];
}

/* The entry's values of the arms; of complete blocks only, in the same order, where there are blocks. */
static bool sides(const struct explain_frame *f, const struct book *b, const double *x, double *side[2], size_t n[2])
{
	const struct explain_side *s = f->side;
	size_t i, j, at;

	n[0] = n[1] = 0;
	for (i = 0; f->blocks && i < s[0].n; i++)
		for (j = 0; j < s[1].n; j++) {
			at = s[0].n + j;
			if (s[0].u[i].block == UINT32_MAX || s[0].u[i].block != s[1].u[j].block || !b->traces[i] || !b->traces[at])
				continue;
			side[0][n[0]++] = x[i] / (double)b->traces[i];
			side[1][n[1]++] = x[at] / (double)b->traces[at];
		}
	if (n[0] >= 2)
		return true;
	n[0] = n[1] = 0;
	for (i = 0; i < b->n_units; i++)
		if (b->traces[i])
			side[i >= s[0].n][n[i >= s[0].n]++] = x[i] / (double)b->traces[i];
	return false;
}

/* -ENODATA: nothing on a side. */
static int judge_entry(const struct explain_frame *f, const struct book *b, const struct entry *en, unsigned int q,
		       struct explain_carrier *to)
{
	double *side[2] = { f->room, f->room + f->most };
	struct stats_paired pairs;
	struct stats_welch w;
	bool blocks;
	int k, err;

	*to = (struct explain_carrier){ .quantity = q, .p = NAN, .q = NAN, .share = NAN };
	memcpy(to->name, en->name, sizeof(to->name));
	blocks = sides(f, b, en->x[q], side, to->n);
	if (!to->n[0] || !to->n[1])
		return -ENODATA;
	for (k = 0; k < 2; k++)
		to->mean[k] = stats_mean(side[k], to->n[k]);
	to->diff = to->mean[1] - to->mean[0];
	if (blocks) {
		err = stats_paired(side[0], side[1], to->n[0], 0.95, &pairs);
		to->p = err ? NAN : pairs.p;
		return err;
	}
	stats_welch(side[0], to->n[0], side[1], to->n[1], 0.95, &w);
	to->p = w.p;
	return 0;
}

static int by_share(const void *pa, const void *pb)
{
	const struct explain_carrier *a = pa, *b = pb;

	if (a->quantity != b->quantity)
		return a->quantity < b->quantity ? -1 : 1;
	if (fabs(a->diff) != fabs(b->diff))
		return fabs(a->diff) < fabs(b->diff) ? 1 : -1;
	return strcmp(a->name, b->name);
}

/* What is next to nothing on both sides is not asked: hundreds of such questions would drown the few that matter. */
static int finish(struct explain_carrier *c, size_t n)
{
	double *p = calloc(n + 1, sizeof(*p)), sum[QUANTITIES] = { 0 }, level[QUANTITIES] = { 0 };
	size_t i;
	int err = p ? 0 : -ENOMEM;

	for (i = 0; i < n && !err; i++) {
		level[c[i].quantity] += c[i].mean[0] + c[i].mean[1];
		sum[c[i].quantity] += fabs(c[i].diff);
	}
	for (i = 0; i < n && !err; i++)
		p[i] = c[i].mean[0] + c[i].mean[1] < LEAST * level[c[i].quantity] ? NAN : c[i].p;
	err = err ? err : stats_adjust(STATS_BH, p, n, p, NULL);
	for (i = 0; i < n && !err; i++) {
		c[i].q = p[i];
		c[i].share = sum[c[i].quantity] > 0 ? c[i].diff / sum[c[i].quantity] : NAN;
	}
	if (!err && n)
		qsort(c, n, sizeof(*c), by_share);
	free(p);
	return err;
}

static int judge_book(const struct explain_frame *f, const struct book *b, enum explain_of of, struct explain *e)
{
	struct explain_carrier *c = reallocarray(e->carrier, e->n_carriers + QUANTITIES * b->shown + 1, sizeof(*c));
	size_t first = e->n_carriers, i;
	unsigned int q;
	int err;

	if (!c)
		return -ENOMEM;
	e->carrier = c;
	for (i = 0; i < b->shown; i++)
		for (q = 0; q < QUANTITIES; q++) {
			c = &e->carrier[e->n_carriers];
			err = judge_entry(f, b, &b->e[i], q, c);
			if (err && err != -ENODATA)
				return err;
			if (err)
				continue;
			if (c->mean[0] == 0 && c->mean[1] == 0)
				continue;
			c->of = of;
			e->n_carriers++;
		}
	return finish(e->carrier + first, e->n_carriers - first);
}

int explain_carriers(const struct explain_frame *f, struct explain *e)
{
	struct book book[EXPLAIN_OF_N] = { 0 };
	size_t i, at;
	int k, of, err = 0;

	for (of = 0; of < EXPLAIN_OF_N && !err; of++) {
		book[of].n_units = f->side[0].n + f->side[1].n;
		book[of].points = SIZE_MAX;
		book[of].traces = calloc(book[of].n_units + 1, sizeof(*book[of].traces));
		err = book[of].traces ? 0 : -ENOMEM;
	}
	for (k = 0; k < 2; k++) {
		const struct cmp_arm *arm = &f->c->arm[f->side[k].arm];

		for (i = 0; i < arm->n_iter && !err; i++) {
			if (!arm->iter[i].trace || !arm->iter[i].traced || arm->iter[i].excluded)
				continue;
			at = explain_unit_of(f, k, (uint32_t)i);
			if (at != SIZE_MAX)
				err = take_trace(book, arm->iter[i].trace, at + (k ? f->side[0].n : 0));
		}
	}
	for (of = 0; of < EXPLAIN_OF_N; of++)
		book[of].shown = book[of].n;
	if (!err)
		merge_tenths(&book[EXPLAIN_TIME], e);
	for (of = 0; of < EXPLAIN_OF_N && !err; of++)
		err = judge_book(f, &book[of], (enum explain_of)of, e);
	for (of = 0; of < EXPLAIN_OF_N; of++)
		book_free(&book[of]);
	return err;
}
