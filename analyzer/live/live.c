// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Columns of the task table that are carried from interval to interval. */
static const char *const task_cols[] = { "epoch", "tid", "tgid", "ppid", "start", "first", "flags", "cgroup", "comm" };
static const char *const cpu_cols[] = { "cpu", "core", "llc", "node", "package", "online" };

static void side_free(struct live_side *s)
{
	model_rows_end(s->load);
	model_free(s->m);
	memset(s, 0, sizeof(*s));
}

static int side_init(struct live_side *s)
{
	memset(s, 0, sizeof(*s));
	s->m = calloc(1, sizeof(*s->m));
	if (!s->m)
		return -ENOMEM;
	s->m->mem = arena_new();
	s->load = model_rows_begin(s->m);
	return s->m->mem && s->load ? 0 : -ENOMEM;
}

int live_new(struct live **out)
{
	struct live *l = calloc(1, sizeof(*l));
	size_t i;

	if (!l)
		return -ENOMEM;
	for (i = 0; i < N(task_cols); i++)
		l->task_at[i] = mmt_type__field(mmt_std_type(MMT_TB_TASK), task_cols[i]);
	for (i = 0; i < N(cpu_cols); i++)
		l->cpu_at[i] = mmt_type__field(mmt_std_type(MMT_TB_CPU), cpu_cols[i]);
	if (side_init(&l->cur)) {
		live_free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	side_free(&l->cur);
	side_free(&l->shown);
	free(l);
}

uint64_t live_intervals(const struct live *l)
{
	return l->n_marks ? l->n_marks - 1 : 0;
}

/* ---------------------------------------------------------------- from one interval to the next */

static int carry_task(struct live *l, const struct model_task *t)
{
	const uint64_t v[] = { t->epoch, t->tid, t->tgid, t->ppid, t->start, t->first, t->flags, t->cgroup };
	struct mmt_cell c[32] = { { 0 } };
	size_t i;

	for (i = 0; i < N(v); i++)
		c[l->task_at[i]].u = v[i];
	c[l->task_at[N(v)]].p = t->comm;
	c[l->task_at[N(v)]].len = (uint32_t)strlen(t->comm);
	return model_rows_add(l->cur.load, mmt_std_type(MMT_TB_TASK), c);
}

static int carry_cpu(struct live *l, const struct model_cpu *p)
{
	const uint64_t v[] = { p->cpu, p->core, p->llc, p->node, p->package, p->online };
	struct mmt_cell c[32] = { { 0 } };
	size_t i;

	for (i = 0; i < N(v); i++)
		c[l->cpu_at[i]].u = v[i];
	return model_rows_add(l->cur.load, mmt_std_type(MMT_TB_CPU), c);
}

static int carry_cgroup(struct live *l, const struct model_cgroup *g)
{
	const struct mmt_cell c[] = { { .u = g->id }, { .p = g->path, .len = (uint32_t)strlen(g->path) } };

	return model_rows_add(l->cur.load, mmt_std_type(MMT_TB_CGROUP), c);
}

static int carry(struct live *l)
{
	const struct model *m = l->shown.m;
	size_t i;
	int err;

	err = side_init(&l->cur);
	for (i = 0; i < m->n_cpus && !err; i++)
		if (m->cpus[i].in_topology)
			err = carry_cpu(l, &m->cpus[i]);
	for (i = 0; i < m->n_cgroups && !err; i++)
		err = carry_cgroup(l, &m->cgroups[i]);
	for (i = 0; i < m->n_tasks && !err; i++)
		if (m->tasks[i].known && !m->tasks[i].last)
			err = carry_task(l, &m->tasks[i]);
	return err;
}

static bool sample(const struct model *m, const char *source, const char *name, uint64_t *v)
{
	size_t i;

	for (i = 0; i < m->n_samples; i++) {
		const struct model_sample *s = &m->samples[i];

		if (!strcmp(m->names[s->name], name) && !strcmp(m->names[s->source], source)) {
			*v = s->value;
			return true;
		}
	}
	return false;
}

static void read_machine(struct live_side *s)
{
	const struct model *m = s->m;
	const struct model_footprint *f = m->n_footprint ? &m->footprint[m->n_footprint - 1] : NULL;
	const struct model_clock *c = m->n_clocks ? &m->clocks[m->n_clocks - 1] : NULL;

	s->have_faults = sample(m, "proc.vmstat", "pgfault", &s->faults) &&
			 sample(m, "proc.vmstat", "pgmajfault", &s->major);
	s->have_own = f;
	if (f) {
		s->own_ns = f->v[MF_USER_NS] + f->v[MF_SYS_NS];
		s->own_rss_kb = f->v[MF_RSS_KB];
		s->own_map_kb = f->v[MF_MAP_KB];
	}
	s->real_ns = c ? c->real : 0;
}

static int cut(struct live *l, uint64_t now)
{
	struct live_side old = l->shown;
	int err;

	l->shown = l->cur;
	memset(&l->cur, 0, sizeof(l->cur));
	read_machine(&l->shown);
	l->shown.t1 = now;
	l->shown.t0 = old.t1;
	l->shown.before_own_ns = old.own_ns;
	l->shown.before_faults = old.faults;
	l->shown.before_major = old.major;
	l->shown.had_own = old.have_own;
	l->shown.had_faults = old.have_faults;
	side_free(&old);
	l->n_marks++;
	err = model_finish(l->shown.m);
	return err ? err : carry(l);
}

static int keep_meta(struct live *l, const struct mmt_type *type, const struct mmt_cell *cells)
{
	const struct mmt_cell *k = &cells[mmt_type__field(type, "key")], *v = &cells[mmt_type__field(type, "value")];

	if (k->len == 12 && !memcmp(k->p, "totals.place", 12))
		l->place_is_cpu = v->len == 3 && !memcmp(v->p, "cpu", 3);
	if (k->len == 11 && !memcmp(k->p, "fault.kinds", 11)) /* the fault family is there */
		l->has_faults = true;
	return 0;
}

int live_row(void *ctx, const struct mmt_type *type, const struct mmt_cell *cells)
{
	struct live *l = ctx;
	int at;

	if (type->id == MMT_TB_MARK) {
		at = mmt_type__field(type, "time");
		return at < 0 ? -EINVAL : cut(l, cells[at].u);
	}
	if (type->id == MMT_TB_META)
		return keep_meta(l, type, cells);
	return model_rows_add(l->cur.load, type, cells);
}
