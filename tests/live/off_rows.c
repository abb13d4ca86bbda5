// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../libmmtrace/mmtrace.h"
#include "off_rows.h"

#define MAX_STACKS 65536
#define MAX_EPOCHS 65536
#define MAX_SEGMENTS 1024

struct row {
	uint64_t segment, epoch, kstack, ustack, waker, wkstack, wustack, flags, count, total, max, delay, in_hist;
};

struct list {
	struct row *v;
	size_t n, size;
};

struct stack { uint64_t ip[128]; int n; };
struct sym { uint64_t start, size; char name[64]; };
struct task { pid_t tid, ppid; bool any; };
struct total { uint64_t epoch, segment, n, ns; };

struct off_trace {
	struct list off, waker;
	struct stack *stacks;
	struct sym *syms;
	size_t n_syms, syms_size;
	struct task *tasks;
	struct total *totals;
	size_t n_totals, totals_size;
	uint64_t kind[MAX_SEGMENTS]; /* kind + 1 of the mark */
	uint64_t hidden;
};

static const struct mmt_cell *at(const struct mmt_rows *r, uint32_t row, const char *name)
{
	int f = mmt_type__field(r->type, name);

	assert_true(f >= 0);
	return &r->cells[row * r->type->n_fields + (unsigned int)f];
}

static uint64_t cell(const struct mmt_rows *r, uint32_t row, const char *name)
{
	return at(r, row, name)->u;
}

static void *more(void *v, size_t n, size_t *size, size_t each)
{
	if (n < *size)
		return v;
	*size = *size ? *size * 2 : 256;
	v = realloc(v, *size * each);
	assert_non_null(v);
	return v;
}

static void add_row(struct list *l, const struct mmt_rows *r, uint32_t k, bool waker)
{
	struct row *o;
	uint64_t hist[64];
	int i, n;

	l->v = more(l->v, l->n, &l->size, sizeof(*l->v));
	o = &l->v[l->n++];
	memset(o, 0, sizeof(*o));
	o->segment = cell(r, k, "segment");
	o->epoch = cell(r, k, "epoch");
	o->kstack = cell(r, k, "kstack");
	o->ustack = cell(r, k, "ustack");
	o->flags = cell(r, k, "flags");
	o->count = cell(r, k, "count");
	if (waker) {
		o->waker = cell(r, k, "waker_epoch");
		o->wkstack = cell(r, k, "waker_kstack");
		o->wustack = cell(r, k, "waker_ustack");
		o->delay = cell(r, k, "delay");
		o->total = cell(r, k, "blocked") + o->delay;
		assert_true(cell(r, k, "delay_max") <= o->delay);
		return;
	}
	o->total = cell(r, k, "total");
	o->max = cell(r, k, "max");
	n = mmt_vec_unpack(at(r, k, "hist")->p, at(r, k, "hist")->len, hist, 64);
	assert_true(n >= 0);
	for (i = 0; i < n; i++)
		o->in_hist += hist[i];
}

static void add_stack(struct off_trace *t, const struct mmt_rows *r, uint32_t k)
{
	uint64_t id = cell(r, k, "id");

	assert_true(id < MAX_STACKS);
	t->stacks[id].n = mmt_vec_unpack(at(r, k, "frames")->p, at(r, k, "frames")->len, t->stacks[id].ip, 128);
	assert_true(t->stacks[id].n > 0);
}

static void add_sym(struct off_trace *t, const struct mmt_rows *r, uint32_t k)
{
	const struct mmt_cell *name = at(r, k, "name");
	struct sym *s;

	t->syms = more(t->syms, t->n_syms, &t->syms_size, sizeof(*t->syms));
	s = &t->syms[t->n_syms++];
	memset(s, 0, sizeof(*s));
	s->start = cell(r, k, "address");
	s->size = cell(r, k, "size");
	memcpy(s->name, name->p, name->len < 63 ? name->len : 63);
}

static void add(struct off_trace *t, const struct mmt_rows *r, uint32_t k)
{
	struct total *o;
	uint64_t id;

	switch (r->type->id) {
	case MMT_TB_MARK:
		assert_true(cell(r, k, "seq") < MAX_SEGMENTS);
		t->kind[cell(r, k, "seq")] = cell(r, k, "kind") + 1;
		break;
	case MMT_TB_TASK:
		id = cell(r, k, "epoch");
		assert_true(id < MAX_EPOCHS);
		t->tasks[id] = (struct task){ (pid_t)cell(r, k, "tid"), (pid_t)cell(r, k, "ppid"), true };
		break;
	case MMT_TB_TASK_TOTALS:
		t->totals = more(t->totals, t->n_totals, &t->totals_size, sizeof(*t->totals));
		o = &t->totals[t->n_totals++];
		*o = (struct total){ cell(r, k, "epoch"), cell(r, k, "segment"), cell(r, k, "off_n"), cell(r, k, "off_ns") };
		break;
	case MMT_TB_CPU_TOTALS:
		t->hidden += cell(r, k, "unseen");
		break;
	case MMT_TB_STACK:
		add_stack(t, r, k);
		break;
	case MMT_TB_KSYM:
		add_sym(t, r, k);
		break;
	case MMT_TB_OFF_CPU:
		add_row(&t->off, r, k, false);
		break;
	case MMT_TB_WAKER:
		add_row(&t->waker, r, k, true);
		break;
	default:
		break;
	}
}

struct off_trace *off_open(const char *path)
{
	struct mmt_reader_opts o = { .sz = sizeof(o), .no_events = true };
	struct off_trace *t = calloc(1, sizeof(*t));
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint32_t i, k;
	int ret;

	assert_non_null(t);
	t->stacks = calloc(MAX_STACKS, sizeof(*t->stacks));
	t->tasks = calloc(MAX_EPOCHS, sizeof(*t->tasks));
	assert_non_null(t->stacks);
	assert_non_null(t->tasks);
	assert_int_equal(mmt_reader__open(path, &o, &r), 0);
	while ((ret = mmt_reader__next(r, &c)) == 1)
		for (i = 0; i < c.n_tables; i++)
			for (k = 0; k < c.tables[i].n; k++)
				add(t, &c.tables[i], k);
	assert_int_equal(ret, 0);
	mmt_reader__close(r);
	return t;
}

void off_close(struct off_trace *t)
{
	free(t->off.v);
	free(t->waker.v);
	free(t->stacks);
	free(t->syms);
	free(t->tasks);
	free(t->totals);
	free(t);
}

uint64_t off_hidden(const struct off_trace *t)
{
	return t->hidden;
}

static bool has_kfunc(const struct off_trace *t, uint64_t stack, const char *begins)
{
	int i;
	size_t k;

	for (i = 0; i < t->stacks[stack].n; i++)
		for (k = 0; k < t->n_syms; k++)
			if (t->stacks[stack].ip[i] - t->syms[k].start < t->syms[k].size &&
			    !strncmp(t->syms[k].name, begins, strlen(begins)))
				return true;
	return false;
}

static bool within(const struct off_trace *t, uint64_t stack, const char *lo, const char *hi)
{
	int i;

	for (i = 0; i < t->stacks[stack].n; i++)
		if (t->stacks[stack].ip[i] >= (uintptr_t)lo && t->stacks[stack].ip[i] < (uintptr_t)hi)
			return true;
	return false;
}

static uint64_t segment_of(const struct off_trace *t, int kind)
{
	uint64_t i;

	for (i = 0; i < MAX_SEGMENTS; i++)
		if (t->kind[i] == (uint64_t)kind + 1)
			return i;
	fail_msg("no mark of kind %d", kind);
	return 0;
}

static bool wanted(const struct off_trace *t, const struct row *r, const struct off_want *w)
{
	if ((w->tid && t->tasks[r->epoch].tid != w->tid) || (r->flags & w->mask) != w->flags)
		return false;
	if (w->kind && r->segment != segment_of(t, w->kind))
		return false;
	if ((w->kfunc && !has_kfunc(t, r->kstack, w->kfunc)) || (w->lo && !within(t, r->ustack, w->lo, w->hi)))
		return false;
	if (w->no_stack && (r->kstack || r->ustack))
		return false;
	if ((w->waker > 0 && t->tasks[r->waker].tid != w->waker) || (w->waker < 0 && r->waker))
		return false;
	return (!w->waker_kfunc || has_kfunc(t, r->wkstack, w->waker_kfunc)) &&
	       (!w->waker_lo || within(t, r->wustack, w->waker_lo, w->waker_hi));
}

static struct off_sum sum(const struct off_trace *t, const struct list *l, const struct off_want *w)
{
	struct off_sum s = { 0 };
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct row *r = &l->v[i];

		if (!wanted(t, r, w))
			continue;
		s.rows++;
		s.count += r->count;
		s.total += r->total;
		s.delay += r->delay;
		s.in_hist += r->in_hist;
		if (r->max > s.max)
			s.max = r->max;
	}
	return s;
}

struct off_sum off_cpu_sum(const struct off_trace *t, const struct off_want *w)
{
	return sum(t, &t->off, w);
}

struct off_sum waker_sum(const struct off_trace *t, const struct off_want *w)
{
	return sum(t, &t->waker, w);
}

/* Blocked periods by the one table and by the other. */
static void both(const struct off_trace *t, uint64_t epoch, int kind, struct total *rows, struct total *totals)
{
	uint64_t segment = kind ? segment_of(t, kind) : 0;
	size_t i;

	*rows = *totals = (struct total){ .epoch = epoch };
	for (i = 0; i < t->off.n; i++) {
		const struct row *r = &t->off.v[i];

		if (r->epoch != epoch || r->flags & MMT_OFF_PREEMPTED || (kind && r->segment != segment))
			continue;
		rows->n += r->count;
		rows->ns += r->total;
	}
	for (i = 0; i < t->n_totals; i++) {
		if (t->totals[i].epoch != epoch || (kind && t->totals[i].segment != segment))
			continue;
		totals->n += t->totals[i].n;
		totals->ns += t->totals[i].ns;
	}
}

uint64_t off_mismatches(const struct off_trace *t, pid_t parent, uint64_t *tasks)
{
	struct total a, b;
	uint64_t id, bad = 0;

	*tasks = 0;
	for (id = 1; id < MAX_EPOCHS; id++) {
		if (!t->tasks[id].any || (parent && t->tasks[id].ppid != parent))
			continue;
		++*tasks;
		both(t, id, 0, &a, &b);
		if (a.n == b.n && a.ns == b.ns)
			continue;
		bad++;
		print_message("task %d: %llu periods, %llu ns; by its totals %llu, %llu ns\n", t->tasks[id].tid,
			      (unsigned long long)a.n, (unsigned long long)a.ns, (unsigned long long)b.n, (unsigned long long)b.ns);
	}
	return bad;
}

bool off_matches(const struct off_trace *t, pid_t tid, int kind)
{
	struct total a, b;
	uint64_t id;

	for (id = 1; id < MAX_EPOCHS; id++) {
		if (t->tasks[id].tid != tid)
			continue;
		both(t, id, kind, &a, &b);
		print_message("task %d: %llu periods, %llu ns; by its totals %llu, %llu ns\n", tid, (unsigned long long)a.n,
			      (unsigned long long)a.ns, (unsigned long long)b.n, (unsigned long long)b.ns);
		return a.n && a.n == b.n && a.ns == b.ns;
	}
	return false;
}
