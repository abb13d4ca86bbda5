// SPDX-License-Identifier: GPL-2.0-only
/* The rows of the window, once through the file, into cells; and the totals of the same tasks. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "../faults.h"
#include "../load_row.h"
#include "../pattern.h"
#include "hot_int.h"
#include "reason.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_COLS 20

struct read {
	struct hot *h;
	const struct hot_opts *o;
	bool *pass;      /* by task */
	bool any;        /* nothing is left out but the collector: what is of no known task counts too */
	bool kinds;      /* of faults */
	double total[HOT_KINDS];
	bool has_total[HOT_KINDS];
};

/* ------------------------------------------------------------------ filters */

static bool has_id(const pid_t *ids, size_t n, uint32_t id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((uint32_t)ids[i] == id)
			return true;
	return !n;
}

/* The cgroup's path, or that of one above it. */
static bool cgroup_fits(const struct model *m, uint64_t id, const char *patterns)
{
	const char *path = model_cgroup_path(m, id);
	char *s, *e;
	bool fits;

	if (!path)
		return false;
	s = strdup(path);
	if (!s)
		return false;
	for (fits = pattern_fits(patterns, s); !fits && (e = strrchr(s, '/')) && e != s; fits = pattern_fits(patterns, s))
		*e = '\0';
	free(s);
	return fits;
}

bool hot_task_wanted(const struct model *m, const struct hot_opts *o, const struct model_task *t)
{
	if (model_hides(m, t, o->collector))
		return false;
	if (!o->n_tgids && !o->n_tids && !o->comm && !o->cgroup)
		return true;
	return t && t->known && has_id(o->tgids, o->n_tgids, t->tgid) && has_id(o->tids, o->n_tids, t->tid) &&
	       pattern_fits(o->comm, t->comm) && (!o->cgroup || cgroup_fits(m, t->cgroup, o->cgroup));
}

static int find_tasks(struct read *r)
{
	const struct model *m = r->h->m;
	size_t i;

	r->any = hot_task_wanted(m, r->o, NULL);
	r->pass = calloc(m->n_tasks + 1, sizeof(*r->pass));
	if (!r->pass)
		return -ENOMEM;
	for (i = 0; i < m->n_tasks; i++)
		r->pass[i] = hot_task_wanted(m, r->o, &m->tasks[i]);
	return 0;
}

/* Its number among the model's tasks; HOT_NONE. */
static uint32_t task_of(const struct read *r, uint64_t epoch)
{
	const struct model_task *t = epoch ? model_task(r->h->m, epoch) : NULL;

	return t ? (uint32_t)(t - r->h->m->tasks) : HOT_NONE;
}

static bool wanted(const struct read *r, const struct row *row, int segment, int time, uint32_t task, bool sum)
{
	uint64_t t = row_u64(row, time), from = r->o->from, to = r->o->to;

	if (!model_selected(r->h->m, row_u64(row, segment)) || !(task == HOT_NONE ? r->any : r->pass[task]))
		return false;
	/* a sum lies before its time */
	return sum ? (!from || t > from) && (!to || t <= to) : t >= from && (!to || t < to);
}

/* -------------------------------------------------------------------- cells */

static bool same_cell(const struct hot_cell *a, const struct hot_cell *b)
{
	return a->path == b->path && a->task == b->task && a->segment == b->segment && a->reason == b->reason &&
	       a->other == b->other && a->other_task == b->other_task && a->place == b->place && a->flags == b->flags;
}

/* Adds up what is of the same place, task and segment. `named`: see hot_cells.unnamed. */
static int add(struct read *r, enum hot_kind kind, struct hot_cell *new, bool named)
{
	struct hot_cells *c = &r->h->kind[kind];
	struct u64map *map = &r->h->priv->cells[kind];
	uint64_t key = hot_mix(hot_mix(new->segment, (uint64_t)new->path << 32 | new->task), (uint64_t)new->other << 32 | new->other_task);
	struct hot_cell *x;
	uint32_t i;

	c->samples++;
	c->without_user += !named;
	c->unnamed += named ? 0 : new->weight;
	c->weight += new->weight;
	c->variance += new->variance;
	c->count += new->count;
	if (new->task != HOT_NONE)
		new->cgroup = r->h->m->tasks[new->task].cgroup;
	key = hot_mix(key, (uint64_t)new->place << 32 | new->reason << 8 | new->flags);
	for (; (i = u64map_get(map, key)) != U64MAP_NONE; key++) {
		x = &c->cell[i];
		if (!same_cell(x, new))
			continue;
		x->weight += new->weight;
		x->variance += new->variance;
		x->count += new->count;
		x->delay += new->delay;
		x->max = new->max > x->max ? new->max : x->max;
		return 0;
	}
	x = array_more(&c->cell, &c->n, &c->cap, sizeof(*x));
	if (!x)
		return -ENOMEM;
	*x = *new;
	return u64map_put(map, key, (uint32_t)(c->n - 1));
}

static uint64_t leader_of(const struct read *r, uint32_t task)
{
	const struct model *m = r->h->m;

	return task == HOT_NONE ? 0 : m->tasks[m->tasks[task].leader].epoch;
}

/* Only what is known to be the kernel's own has no program. */
static bool is_user(const struct read *r, uint32_t task)
{
	return task == HOT_NONE || !(r->h->m->tasks[task].flags & TASK_KTHREAD);
}

static struct hot_cell new_cell(const struct row *row, int segment, uint32_t task)
{
	return (struct hot_cell){ .task = task, .segment = row_u64(row, segment), .other = HOT_NONE, .other_task = HOT_NONE,
				  .place = HOT_NONE, .count = 1 };
}

/* --------------------------------------------------------------------- rows */

enum { F_SEGMENT, F_EPOCH, F_IP, F_FLAGS, F_N, F_TIME, F_KSTACK, F_USTACK };
static const char *const fault_cols[] = { "segment", "epoch", "ip", "flags", "n", "time", "kstack", "ustack" };

static int row_fault(struct read *r, const struct row *row)
{
	uint32_t task = task_of(r, row_u64(row, F_EPOCH));
	struct hot_cell c = new_cell(row, F_SEGMENT, task);
	bool user = row_u64(row, F_FLAGS) & FAULT_USER, named;
	double n = (double)row_u64(row, F_N);
	struct hot_where w = {
		/* what the kernel does with a fault of a program is no part of where it comes from */
		.kstack = user ? 0 : row_u64(row, F_KSTACK), .ustack = row_u64(row, F_USTACK), .cut = HOT_CUT_FAULT,
		.want_kernel = !user, .want_user = user || is_user(r, task), .ip = row_u64(row, F_IP), .ip_user = user,
		.leader = leader_of(r, task), .time = row_u64(row, F_TIME),
	};
	int err;

	if (!wanted(r, row, F_SEGMENT, F_TIME, task, false))
		return 0;
	err = hot_path_of(r->h, &w, &c.path, &named, &c.place);
	c.weight = n;
	c.variance = n * (n - 1);
	return err ? err : add(r, HOT_FAULT, &c, named);
}

enum { O_SEGMENT, O_EPOCH, O_TIME, O_KSTACK, O_USTACK, O_FLAGS, O_COUNT, O_TOTAL, O_MAX };
static const char *const off_cols[] = { "segment", "epoch", "time", "kstack", "ustack", "flags", "count", "total", "max" };

static int row_off(struct read *r, const struct row *row)
{
	uint64_t flags = row_u64(row, O_FLAGS);
	enum hot_kind kind = flags & HOT_OFF_PREEMPTED ? HOT_PREEMPT : HOT_BLOCKED;
	uint32_t task = task_of(r, row_u64(row, O_EPOCH)), place;
	struct hot_cell c = new_cell(row, O_SEGMENT, task);
	struct hot_where w = {
		.kstack = row_u64(row, O_KSTACK), .ustack = r->o->kernel_only ? 0 : row_u64(row, O_USTACK), .cut = HOT_CUT_SCHEDULER,
		.want_kernel = true, .want_user = !r->o->kernel_only && is_user(r, task),
	};
	bool named;
	int err;

	if (!(r->o->kinds >> kind & 1) || !wanted(r, row, O_SEGMENT, O_TIME, task, true))
		return 0;
	err = hot_path_of(r->h, &w, &c.path, &named, &place);
	err = err ? err : hot_path_reason(r->h, c.path, flags, &c.reason);
	c.weight = (double)row_u64(row, O_TOTAL);
	c.count = row_u64(row, O_COUNT);
	c.max = row_u64(row, O_MAX);
	return err ? err : add(r, kind, &c, named);
}

enum { W_SEGMENT, W_EPOCH, W_TIME, W_KSTACK, W_USTACK, W_WAKER, W_WAKER_KSTACK, W_WAKER_USTACK, W_FLAGS, W_COUNT, W_BLOCKED,
       W_DELAY, W_DELAY_MAX };
static const char *const waker_cols[] = { "segment", "epoch", "time", "kstack", "ustack", "waker_epoch", "waker_kstack",
					  "waker_ustack", "flags", "count", "blocked", "delay", "delay_max" };

static int row_waker(struct read *r, const struct row *row)
{
	bool interrupt = row_u64(row, W_FLAGS) & 1, named, other_named;
	uint32_t woken = task_of(r, row_u64(row, W_EPOCH)), task = interrupt ? HOT_NONE : task_of(r, row_u64(row, W_WAKER)), place;
	struct hot_cell c = new_cell(row, W_SEGMENT, task);
	struct hot_where waker = {
		/* the program that an interrupt came upon has nothing to do with it */
		.kstack = row_u64(row, W_WAKER_KSTACK), .ustack = interrupt ? 0 : row_u64(row, W_WAKER_USTACK),
		.cut = HOT_CUT_WAKEUP, .want_kernel = true, .want_user = !interrupt && is_user(r, task),
	};
	struct hot_where blocked = {
		.kstack = row_u64(row, W_KSTACK), .ustack = row_u64(row, W_USTACK), .cut = HOT_CUT_SCHEDULER, .want_kernel = true,
		.want_user = is_user(r, woken),
	};
	int err;

	if (!wanted(r, row, W_SEGMENT, W_TIME, woken, true))
		return 0;
	err = hot_path_of(r->h, &waker, &c.path, &named, &place);
	err = err ? err : hot_path_of(r->h, &blocked, &c.other, &other_named, &place);
	err = err ? err : hot_path_reason(r->h, c.other, 0, &c.reason);
	c.other_task = woken;
	c.flags = interrupt ? HOT_C_INTERRUPT : 0;
	c.count = row_u64(row, W_COUNT);
	c.weight = (double)row_u64(row, W_BLOCKED);
	c.delay = (double)row_u64(row, W_DELAY);
	c.max = row_u64(row, W_DELAY_MAX);
	return err ? err : add(r, HOT_WAKER, &c, named);
}

enum { P_SEGMENT, P_EPOCH, P_TIME, P_IP, P_KSTACK, P_USTACK, P_FLAGS, P_WEIGHT };
static const char *const cpu_cols[] = { "segment", "epoch", "time", "ip", "kstack", "ustack", "flags", "weight" };

static int row_sample(struct read *r, const struct row *row)
{
	uint32_t task = task_of(r, row_u64(row, P_EPOCH));
	struct hot_cell c = new_cell(row, P_SEGMENT, task);
	bool user = row_u64(row, P_FLAGS) & 1, named;
	struct hot_where w = {
		.kstack = user ? 0 : row_u64(row, P_KSTACK), .ustack = row_u64(row, P_USTACK), .cut = HOT_CUT_TRACING,
		.want_kernel = !user, .want_user = user || is_user(r, task), .ip = row_u64(row, P_IP), .ip_user = user,
		.leader = leader_of(r, task), .time = row_u64(row, P_TIME),
	};
	int err;

	if (!wanted(r, row, P_SEGMENT, P_TIME, task, false))
		return 0;
	err = hot_path_of(r->h, &w, &c.path, &named, &c.place);
	c.weight = (double)row_u64(row, P_WEIGHT);
	c.variance = c.weight * c.weight; /* samples come as they may: their number is Poisson's, or is less spread */
	return err ? err : add(r, HOT_CPU, &c, named);
}

/* ------------------------------------------------------------------- totals */

enum { FT_SEGMENT = FT_N, FT_EPOCH, FT_TIME };
static const char *const fault_totals_cols[] = {
	"minor", "major", "user_read", "user_write", "user_exec", "user_read_prot", "user_write_prot", "user_exec_prot",
	"kernel_read", "kernel_write", "kernel_read_prot", "kernel_write_prot", "kernel_addr", "segment", "epoch", "time",
};

static int row_fault_totals(struct read *r, const struct row *row)
{
	unsigned int cols = r->kinds ? FT_RAISED | FT_B(FT_KADDR) : FT_B(FT_MINOR) | FT_B(FT_MAJOR);
	int i;

	r->has_total[HOT_FAULT] = true;
	if (!wanted(r, row, FT_SEGMENT, FT_TIME, task_of(r, row_u64(row, FT_EPOCH)), true))
		return 0;
	for (i = 0; i < FT_N; i++)
		if (cols & FT_B(i))
			r->total[HOT_FAULT] += (double)row_u64(row, i);
	return 0;
}

enum { T_SEGMENT, T_EPOCH, T_TIME, T_RUN, T_OFF };
static const char *const task_totals_cols[] = { "segment", "epoch", "time", "run_ns", "off_ns" };

static int row_task_totals(struct read *r, const struct row *row)
{
	r->has_total[HOT_CPU] |= row->idx[T_RUN] >= 0;
	r->has_total[HOT_BLOCKED] |= row->idx[T_OFF] >= 0;
	if (!wanted(r, row, T_SEGMENT, T_TIME, task_of(r, row_u64(row, T_EPOCH)), true))
		return 0;
	r->total[HOT_CPU] += (double)row_u64(row, T_RUN);
	r->total[HOT_BLOCKED] += (double)row_u64(row, T_OFF);
	return 0;
}

static const struct loader {
	uint16_t id, n_cols;
	unsigned int kinds; /* read for these */
	const char *const *cols;
	int (*row)(struct read *r, const struct row *row);
} loaders[] = {
#define B(k) (1u << HOT_##k)
	{ MMT_TB_FAULT_SAMPLE, N(fault_cols), B(FAULT), fault_cols, row_fault },
	{ MMT_TB_OFF_CPU, N(off_cols), B(BLOCKED) | B(PREEMPT), off_cols, row_off },
	{ MMT_TB_WAKER, N(waker_cols), B(WAKER), waker_cols, row_waker },
	{ MMT_TB_CPU_SAMPLE, N(cpu_cols), B(CPU), cpu_cols, row_sample },
	{ MMT_TB_FAULT_TOTALS, N(fault_totals_cols), B(FAULT), fault_totals_cols, row_fault_totals },
	{ MMT_TB_TASK_TOTALS, N(task_totals_cols), B(BLOCKED) | B(CPU), task_totals_cols, row_task_totals },
};

static int read_rows(struct read *r, const struct loader *l, const struct mmt_rows *rows)
{
	int idx[MAX_COLS], err = 0;
	struct row row = { rows->cells, idx };
	uint32_t i;

	for (i = 0; i < l->n_cols; i++) {
		idx[i] = mmt_type__field(rows->type, l->cols[i]);
		if (idx[i] >= 0 && rows->type->fields[idx[i]].fmt >= MMT_FMT_STR)
			idx[i] = -1;
	}
	for (i = 0; i < rows->n && !err; i++, row.c += rows->type->n_fields)
		err = l->row(r, &row);
	return err;
}

static int read_file(struct read *r)
{
	const struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = r->o->log, .log_ctx = r->o->log_ctx, .no_events = true };
	struct mmt_reader *reader;
	struct mmt_chunk chunk;
	uint32_t i;
	size_t k;
	int err;

	err = mmt_reader__open(r->h->m->path, &ro, &reader);
	if (err)
		return err;
	while ((err = mmt_reader__next(reader, &chunk)) > 0) {
		for (i = 0, err = 0; i < chunk.n_tables && !err; i++)
			for (k = 0; k < N(loaders) && !err; k++)
				if (loaders[k].id == chunk.tables[i].type->id && loaders[k].kinds & r->o->kinds)
					err = read_rows(r, &loaders[k], &chunk.tables[i]);
		if (err)
			break;
	}
	mmt_reader__close(reader);
	return err;
}

int hot_read(struct hot *h, const struct hot_opts *o)
{
	struct read r = { .h = h, .o = o, .kinds = faults_recorded(h->m, true) };
	int err, k;

	err = find_tasks(&r);
	err = err ? err : read_file(&r);
	for (k = 0; k < HOT_KINDS; k++)
		h->kind[k].total = r.has_total[k] ? r.total[k] : (double)NAN;
	free(r.pass);
	return err;
}
