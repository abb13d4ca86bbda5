// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../libmmtrace/mmtrace.h"
#include "trace_sums.h"

#define MAX_EPOCHS 65536

struct epoch {
	uint32_t tid, ppid;
	uint64_t start, first, last;
	uint64_t nvcsw, nivcsw, mig, k_nvcsw, k_nivcsw, k_mig;
	int any;
};

struct scan {
	struct epoch *e;  /* by id */
	uint64_t *segment_kind; /* kind + 1 of mark seq */
	uint64_t *mark_time;
	uint64_t n_marks, n_epochs;
	uint64_t boot_off; /* CLOCK_BOOTTIME - trace clock, at the start */
};

uint64_t sums_cell(const struct mmt_rows *r, uint32_t row, const char *name)
{
	int f = mmt_type__field(r->type, name);

	assert_true(f >= 0);
	return r->cells[row * r->type->n_fields + (unsigned int)f].u;
}

static uint64_t cell(const struct mmt_rows *r, uint32_t row, const char *name)
{
	return sums_cell(r, row, name);
}

int sums_cell_is(const struct mmt_rows *r, uint32_t row, const char *name, const char *text)
{
	int f = mmt_type__field(r->type, name);
	const struct mmt_cell *c = &r->cells[row * r->type->n_fields + (unsigned int)f];

	return c->len == strlen(text) && !memcmp(c->p, text, c->len);
}

typedef void (*table_fn)(void *ctx, const struct mmt_rows *rows, uint32_t row);
typedef void (*block_fn)(void *ctx, const struct mmt_chunk *c, const struct mmt_block *b);

static void for_all(const char *path, table_fn row_fn, block_fn blk_fn, void *ctx)
{
	struct mmt_reader_opts o = { .sz = sizeof(o), .no_events = !blk_fn };
	struct mmt_status st = { .sz = sizeof(st) };
	struct mmt_chunk c;
	struct mmt_reader *r;
	uint32_t i, k;
	int ret;

	assert_int_equal(mmt_reader__open(path, &o, &r), 0);
	while ((ret = mmt_reader__next(r, &c)) == 1) {
		for (i = 0; row_fn && i < c.n_tables; i++)
			for (k = 0; k < c.tables[i].n; k++)
				row_fn(ctx, &c.tables[i], k);
		for (i = 0; blk_fn && i < c.n_blocks; i++)
			blk_fn(ctx, &c, &c.blocks[i]);
	}
	assert_int_equal(ret, 0);
	assert_int_equal(mmt_reader__status(r, &st), 0);
	assert_true(st.complete);
	mmt_reader__close(r);
}

void sums_rows(const char *path, table_fn fn, void *ctx)
{
	for_all(path, fn, NULL, ctx);
}

static void scan_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct scan *s = ctx;
	struct epoch *e;
	uint64_t id;

	if (r->type->id == MMT_TB_MARK) {
		id = cell(r, row, "seq");
		assert_true(id < 1024);
		s->segment_kind[id] = cell(r, row, "kind") + 1;
		s->mark_time[id] = cell(r, row, "time");
		if (id >= s->n_marks)
			s->n_marks = id + 1;
	}
	if (r->type->id == MMT_TB_CLOCK && !s->boot_off)
		s->boot_off = cell(r, row, "boot") - cell(r, row, "time");
	if (r->type->id != MMT_TB_TASK && r->type->id != MMT_TB_TASK_TOTALS)
		return;
	id = cell(r, row, "epoch");
	assert_true(id < MAX_EPOCHS);
	e = &s->e[id];
	if (id >= s->n_epochs)
		s->n_epochs = id + 1;
	if (r->type->id == MMT_TB_TASK) {
		e->tid = (uint32_t)cell(r, row, "tid");
		e->ppid = (uint32_t)cell(r, row, "ppid");
		e->start = cell(r, row, "start");
		e->first = cell(r, row, "first");
		e->last = cell(r, row, "last");
		e->k_nvcsw = cell(r, row, "k_nvcsw");
		e->k_nivcsw = cell(r, row, "k_nivcsw");
		e->k_mig = cell(r, row, "k_migrations");
		return;
	}
	e->any = 1;
	e->nvcsw += cell(r, row, "nvcsw");
	e->nivcsw += cell(r, row, "nivcsw");
	e->mig += cell(r, row, "mig_smt") + cell(r, row, "mig_llc") + cell(r, row, "mig_node") +
		  cell(r, row, "mig_cross");
}

static void scan_open(struct scan *s, const char *path)
{
	memset(s, 0, sizeof(*s));
	s->e = calloc(MAX_EPOCHS, sizeof(*s->e));
	s->segment_kind = calloc(1024, sizeof(uint64_t));
	s->mark_time = calloc(1024, sizeof(uint64_t));
	assert_non_null(s->e);
	assert_non_null(s->segment_kind);
	assert_non_null(s->mark_time);
	for_all(path, scan_row, NULL, s);
}

static void scan_close(struct scan *s)
{
	free(s->e);
	free(s->segment_kind);
	free(s->mark_time);
}

/* Number of the first mark of this kind. */
static uint64_t segment_of(const struct scan *s, int kind)
{
	uint64_t i;

	for (i = 0; i < s->n_marks; i++)
		if (s->segment_kind[i] == (uint64_t)kind + 1)
			return i;
	fail_msg("no mark of kind %d", kind);
	return 0;
}

struct totals_ctx {
	const struct scan *s;
	struct sums *out;
	struct machine_sums *m;
	uint64_t segment;
	int all;
	uint32_t tid;
	const char *cgroup; /* NULL: by tid */
	uint64_t cgroup_id;
};

static void cgroup_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct totals_ctx *c = ctx;

	if (r->type->id == MMT_TB_CGROUP && sums_cell_is(r, row, "path", c->cgroup))
		c->cgroup_id = cell(r, row, "id");
}

static void totals_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct totals_ctx *c = ctx;
	struct sums *o = c->out;

	if (r->type->id != MMT_TB_TASK_TOTALS || cell(r, row, "segment") != c->segment)
		return;
	if (c->cgroup ? cell(r, row, "cgroup") != c->cgroup_id : c->s->e[cell(r, row, "epoch")].tid != c->tid)
		return;
	o->nvcsw += cell(r, row, "nvcsw");
	o->nivcsw += cell(r, row, "nivcsw");
	o->run_ns += cell(r, row, "run_ns");
	o->off_ns += cell(r, row, "off_ns");
	o->migrations += cell(r, row, "mig_smt") + cell(r, row, "mig_llc") + cell(r, row, "mig_node") +
			 cell(r, row, "mig_cross");
}

void sums_of_totals(const char *path, pid_t tid, int kind, struct sums *out)
{
	struct totals_ctx c = { .out = out, .tid = (uint32_t)tid };
	struct scan s;

	scan_open(&s, path);
	memset(out, 0, sizeof(*out));
	c.s = &s;
	c.segment = segment_of(&s, kind);
	for_all(path, totals_row, NULL, &c);
	scan_close(&s);
}

void sums_of_cgroup(const char *path, const char *cgroup, int kind, struct sums *out)
{
	struct totals_ctx c = { .out = out, .cgroup = cgroup };
	struct scan s;

	scan_open(&s, path);
	memset(out, 0, sizeof(*out));
	c.s = &s;
	c.segment = segment_of(&s, kind);
	for_all(path, cgroup_row, NULL, &c);
	assert_true(c.cgroup_id != 0);
	for_all(path, totals_row, NULL, &c);
	scan_close(&s);
}

struct events_ctx {
	struct sums *out;
	uint64_t from, to;
	uint32_t tid;
	uint32_t cur[1024]; /* tid on each CPU */
};

static void events_block(void *ctx, const struct mmt_chunk *c, const struct mmt_block *b)
{
	const struct mmt_type *sw = mmt_std_type(MMT_EV_SWITCH), *sx = mmt_std_type(MMT_EV_SWITCHX),
			      *mi = mmt_std_type(MMT_EV_MIGRATE);
	struct events_ctx *x = ctx;
	uint32_t i;

	if (b->stream >= 1024)
		return;
	for (i = 0; i < b->n; i++) {
		uint64_t key = c->keys[b->sym[i]];
		unsigned int type = mmt_key_type(key);
		int in = b->time[i] >= x->from && b->time[i] < x->to;

		if (type == MMT_EV_SWITCHX)
			x->cur[b->stream] = (uint32_t)mmt_key_field(sx, 2, key);
		if (type == MMT_EV_SWITCH || type == MMT_EV_SWITCHX) {
			uint64_t state = mmt_key_field(sw, 0, key);

			if (in && x->cur[b->stream] == x->tid) {
				if (state <= MMT_STATE_Y)
					x->out->nivcsw++;
				else
					x->out->nvcsw++;
			}
			x->cur[b->stream] = (uint32_t)mmt_key_field(sw, 1, key);
		}
		if (type == MMT_EV_MIGRATE && in && mmt_key_field(mi, 0, key) == x->tid)
			x->out->migrations++;
	}
}

void sums_of_events(const char *path, pid_t tid, int kind, struct sums *out)
{
	struct events_ctx x = { .out = out, .tid = (uint32_t)tid };
	struct scan s;
	uint64_t seg;

	scan_open(&s, path);
	memset(out, 0, sizeof(*out));
	memset(x.cur, 0xff, sizeof(x.cur));
	seg = segment_of(&s, kind);
	x.from = s.mark_time[seg];
	x.to = seg + 1 < s.n_marks ? s.mark_time[seg + 1] : UINT64_MAX;
	for_all(path, NULL, events_block, &x);
	scan_close(&s);
}

static void machine_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct totals_ctx *c = ctx;
	struct machine_sums *m = c->m;

	if (r->type->id != MMT_TB_CPU_TOTALS && r->type->id != MMT_TB_TASK_TOTALS)
		return;
	if (c->all ? !cell(r, row, "segment") : cell(r, row, "segment") != c->segment)
		return;
	if (r->type->id == MMT_TB_TASK_TOTALS) {
		m->task_nvcsw += cell(r, row, "nvcsw");
		m->task_nivcsw += cell(r, row, "nivcsw");
		return;
	}
	m->switches += cell(r, row, "switches");
	m->idle_switches += cell(r, row, "idle_switches");
	m->seen_switch += cell(r, row, "seen_switch");
	m->lost += cell(r, row, "lost_switch") + cell(r, row, "lost_wakeup") + cell(r, row, "lost_migrate");
	m->unseen += cell(r, row, "unseen");
	m->busy_ns += cell(r, row, "busy_ns");
	m->idle_ns += cell(r, row, "idle_ns");
	if (cell(r, row, "cpu") >= m->cpus)
		m->cpus = (unsigned int)cell(r, row, "cpu") + 1;
}

void sums_of_machine(const char *path, int kind, struct machine_sums *m)
{
	struct totals_ctx c = { .m = m, .all = !kind };
	struct scan s;
	uint64_t i;

	scan_open(&s, path);
	memset(m, 0, sizeof(*m));
	c.s = &s;
	c.segment = kind ? segment_of(&s, kind) : 0;
	for_all(path, machine_row, NULL, &c);
	if (kind && c.segment + 1 < s.n_marks)
		m->span_ns = s.mark_time[c.segment + 1] - s.mark_time[c.segment];
	for (i = 1; i < s.n_epochs; i++) {
		const struct epoch *e = &s.e[i];

		m->tasks_with_totals += !!e->any;
		m->exits += !!e->last;
		/* started after the first mark */
		if (!e->last || e->start < s.mark_time[1] + s.boot_off)
			continue;
		m->whole_lives++;
		if (e->nvcsw != e->k_nvcsw || e->nivcsw != e->k_nivcsw) {
			m->whole_mismatch++;
			print_message("tid %u: switches ours %llu+%llu, the kernel's %llu+%llu; first seen %lld ns after its start\n",
				      e->tid, (unsigned long long)e->nvcsw, (unsigned long long)e->nivcsw,
				      (unsigned long long)e->k_nvcsw, (unsigned long long)e->k_nivcsw,
				      (long long)(e->first - e->start));
		}
		if (e->mig != e->k_mig)
			m->migration_mismatch++;
	}
	scan_close(&s);
}

int epochs_of_tid(const char *path, pid_t tid)
{
	struct scan s;
	uint64_t i;
	int n = 0;

	scan_open(&s, path);
	for (i = 1; i < s.n_epochs; i++)
		n += s.e[i].tid == (uint32_t)tid;
	scan_close(&s);
	return n;
}

struct marks_ctx { const char *name, *arg; int n; };

static void marks_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct marks_ctx *c = ctx;

	if (r->type->id == MMT_TB_MARK && sums_cell_is(r, row, "name", c->name) && sums_cell_is(r, row, "arg", c->arg))
		c->n++;
}

int marks_named(const char *path, const char *name, const char *arg)
{
	struct marks_ctx c = { name, arg, 0 };

	for_all(path, marks_row, NULL, &c);
	return c.n;
}

struct faults_ctx {
	const struct scan *s;
	struct fault_sums *out;
	uint64_t segment;
	int all;
	const pid_t *tids;
	size_t n_tids;
};

static int faults_of(const struct faults_ctx *c, const struct mmt_rows *r, uint32_t row)
{
	uint32_t tid = c->s->e[cell(r, row, "epoch")].tid;
	size_t i;

	if (!c->all && cell(r, row, "segment") != c->segment)
		return 0;
	for (i = 0; i < c->n_tids; i++)
		if (c->tids[i] == (pid_t)tid)
			return 1;
	return !c->n_tids;
}

static void faults_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct faults_ctx *c = ctx;
	struct fault_sums *o = c->out;

	if (r->type->id == MMT_TB_FAULT_TOTALS && faults_of(c, r, row)) {
		o->minor += cell(r, row, "minor");
		o->major += cell(r, row, "major");
		o->user_read += cell(r, row, "user_read");
		o->user_write += cell(r, row, "user_write");
		o->kernel_write += cell(r, row, "kernel_write");
		o->cow += cell(r, row, "user_write_prot");
		o->raised += cell(r, row, "user_read") + cell(r, row, "user_write") + cell(r, row, "user_exec") +
			     cell(r, row, "user_read_prot") + cell(r, row, "user_write_prot") +
			     cell(r, row, "user_exec_prot") + cell(r, row, "kernel_read") + cell(r, row, "kernel_write") +
			     cell(r, row, "kernel_read_prot") + cell(r, row, "kernel_write_prot");
	} else if (r->type->id == MMT_TB_FAULT_SAMPLE && faults_of(c, r, row)) {
		uint64_t n = cell(r, row, "n");

		o->samples++;
		o->estimate += n;
		o->variance += n * (n - 1);
		if (n > o->n_max)
			o->n_max = n;
	}
}

void sums_of_faults(const char *path, const pid_t *tids, size_t n_tids, int kind, struct fault_sums *out)
{
	struct faults_ctx c = { .out = out, .tids = tids, .n_tids = n_tids, .all = kind < 0 };
	struct scan s;

	scan_open(&s, path);
	memset(out, 0, sizeof(*out));
	c.s = &s;
	c.segment = c.all ? 0 : segment_of(&s, kind);
	for_all(path, faults_row, NULL, &c);
	scan_close(&s);
}

struct children_ctx {
	const struct scan *s;
	uint32_t parent;
	uint64_t minor, major;
};

static void children_row(void *ctx, const struct mmt_rows *r, uint32_t row)
{
	struct children_ctx *c = ctx;

	if (r->type->id != MMT_TB_FAULT_TOTALS || c->s->e[cell(r, row, "epoch")].ppid != c->parent)
		return;
	c->minor += cell(r, row, "minor");
	c->major += cell(r, row, "major");
}

void sums_of_children(const char *path, pid_t parent, uint64_t *minor, uint64_t *major)
{
	struct children_ctx c = { .parent = (uint32_t)parent };
	struct scan s;

	scan_open(&s, path);
	c.s = &s;
	for_all(path, children_row, NULL, &c);
	*minor = c.minor;
	*major = c.major;
	scan_close(&s);
}
