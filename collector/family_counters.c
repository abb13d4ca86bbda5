// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters family: perf events as perf stat counts them, by CPU, cut at marks. It has no
 * programs. Where processes, threads or a command are recorded they are of these alone, and
 * no more by CPU: an event of a task costs a little at each of its switches, not each CPU's.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cells.h"
#include "family.h"
#include "perf_count.h"
#include "session.h"

struct counters {
	struct mmt_perf_events ev;
	struct mmt_perf_count *count;
	char (*lack)[128]; /* by event: why it is not counted, "" */
	struct mmt_count_task *tasks;
	size_t n_tasks, cap_tasks;
	uint64_t reads, read_ns;
};

/* ---------------------------------------------------------------- whose */

static int add_task(struct counters *f, int tid, bool inherit)
{
	size_t cap = f->cap_tasks ? 2 * f->cap_tasks : 16;
	struct mmt_count_task *v = f->n_tasks < f->cap_tasks ? f->tasks : realloc(f->tasks, cap * sizeof(*v));

	if (!v)
		return -ENOMEM;
	if (f->n_tasks == f->cap_tasks)
		f->cap_tasks = cap;
	f->tasks = v;
	v[f->n_tasks++] = (struct mmt_count_task){ tid, inherit };
	return 0;
}

/* All threads of a process, and what they will start. */
static int add_process(struct counters *f, int pid)
{
	char path[32];
	struct dirent *d;
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && !err && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			err = add_task(f, atoi(d->d_name), true);
	if (dir)
		closedir(dir);
	return err;
}

/* The filters that perf has too: of the others, a name say, it knows nothing, and the CPUs are counted. */
static int choose_tasks(struct mmt_family_ctx *ctx, struct counters *f)
{
	const struct mmt_session_opts *o = ctx->opts;
	const char *other = o->comm ? "a command name" : o->cgroup ? "a cgroup" : o->vm_wanted ? "virtual machines" : NULL;
	size_t i;
	int err = 0;

	if (other) {
		log_warn(ctx->log, "counters: of all that the CPUs do: perf counts no tasks by %s", other);
		return 0;
	}
	for (i = 0; i < o->n_pids && !err; i++)
		err = add_process(f, o->pids[i]);
	for (i = 0; i < o->n_tids && !err; i++)
		err = add_task(f, o->tids[i], false);
	if (!err && o->tree)
		err = add_process(f, o->tree);
	if (!err && !f->n_tasks && (o->n_pids || o->n_tids || o->tree)) {
		snprintf(ctx->why, sizeof(ctx->why), "none of the tasks to be counted is there");
		err = -ESRCH;
	}
	return err;
}

/* ---------------------------------------------------------------- opening */

/* An event of the CPUs that a PMU of each kind counts: of a task it would be a part, where the task ran on one kind. */
static void drop_kinds(struct counters *f)
{
	unsigned int i;

	for (i = 0; i < f->ev.n && f->n_tasks; i++)
		if (f->ev.v[i].kind == MMT_PERF_CORE && f->ev.v[i].n_boxes > 1)
			f->ev.v[i].n_boxes = 0;
}

static void name_lacks(struct counters *f)
{
	unsigned int i;

	for (i = 0; i < f->ev.n; i++) {
		const struct mmt_perf_event *e = &f->ev.v[i];
		const struct mmt_count_state *st = mmt_perf_count__state(f->count, i);

		if (st->opened)
			continue;
		if (!e->n_boxes)
			snprintf(f->lack[i], sizeof(f->lack[i]), "the CPUs are of several kinds: name it by PMU, PMU/event/");
		else
			mmt_perf_count__why(e, st->err ? st->err : st->why ? st->why : -ENODEV, f->n_tasks, f->lack[i], sizeof(f->lack[i]));
	}
}

/* "a, b: why" for each reason. Are any left? */
static bool say_lacks(struct mmt_family_ctx *ctx, const struct counters *f)
{
	unsigned int i, k, n = 0, reasons = 0;

	for (i = 0; i < f->ev.n; i++) {
		char names[512] = "";

		if (!f->lack[i][0])
			continue;
		n++;
		for (k = 0; k < i && strcmp(f->lack[k], f->lack[i]); k++)
			;
		if (k < i)
			continue;
		reasons++;
		for (k = i; k < f->ev.n; k++)
			if (!strcmp(f->lack[k], f->lack[i]))
				snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", *names ? ", " : "", f->ev.v[k].name);
		snprintf(ctx->why, sizeof(ctx->why), "%.*s: %s", (int)sizeof(ctx->why) - 4 - (int)strlen(f->lack[i]), names, f->lack[i]);
		if (mmt_perf_count__n(f->count))
			log_warn(ctx->log, "counters: not available: %s: %s", names, f->lack[i]);
	}
	if (n == f->ev.n && reasons == 1)
		snprintf(ctx->why, sizeof(ctx->why), "%s%s%s", n == 1 ? f->ev.v[0].name : "", n == 1 ? ": " : "", f->lack[0]);
	return n < f->ev.n;
}

static int counters_open(struct mmt_family_ctx *ctx)
{
	struct mmt_perf_parse p = { .root = "" };
	struct counters *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	ctx->priv = f;
	err = mmt_perf_events__parse(&p, ctx->opts->counters ? ctx->opts->counters : MMT_PERF_DEFAULT, &f->ev);
	if (err) {
		snprintf(ctx->why, sizeof(ctx->why), "%.150s", p.why);
		return err;
	}
	f->lack = calloc(f->ev.n, sizeof(*f->lack));
	if (!f->lack)
		return -ENOMEM;
	err = choose_tasks(ctx, f);
	drop_kinds(f);
	err = err ? err : mmt_perf_count__open(&f->ev, ctx->topo->n_cpus, f->n_tasks ? f->tasks : NULL, f->n_tasks, &f->count);
	if (err == -EMFILE)
		snprintf(ctx->why, sizeof(ctx->why), "a descriptor for each event and %s: more than may be open (ulimit -Hn)",
			 f->n_tasks ? "task" : "CPU");
	if (err)
		return err;
	name_lacks(f);
	return say_lacks(ctx, f) ? 0 : -ENODEV;
}

/* ---------------------------------------------------------------- recording */

static int write_meta(struct mmt_family_ctx *ctx, const char *key, const char *name, const char *value)
{
	char full[MMT_PERF_NAME + 32];

	snprintf(full, sizeof(full), "%s%s", key, name);
	{
		const struct mmt_cell c[] = { cell_s(full), cell_s(value) };

		return ROW(ctx->w, MMT_TB_META, c);
	}
}

static int counters_attach(struct mmt_family_ctx *ctx)
{
	const struct counters *f = ctx->priv;
	char value[160];
	unsigned int i;
	int err;

	err = write_meta(ctx, "counters.scope", "", f->n_tasks ? "tasks" : "CPUs");
	for (i = 0; i < f->ev.n && !err; i++) {
		const struct mmt_perf_event *e = &f->ev.v[i];

		snprintf(value, sizeof(value), "%s%s", f->lack[i][0] ? "not available: " : "yes", f->lack[i]);
		err = write_meta(ctx, "counters.event.", e->name, value);
		if (err || e->scale <= 0)
			continue;
		snprintf(value, sizeof(value), "%.15g %s", e->scale, e->unit);
		err = write_meta(ctx, "counters.unit.", e->name, value);
	}
	mmt_perf_count__enable(f->count);
	return err;
}

/* As close to the instant as it gets: rows come later. */
static void counters_cut(struct mmt_family_ctx *ctx)
{
	struct counters *f = ctx->priv;
	uint64_t from = mmt_probe__now(ctx->probe);

	mmt_perf_count__read(f->count);
	f->read_ns += mmt_probe__now(ctx->probe) - from;
	f->reads += mmt_perf_count__n(f->count);
}

struct row_ctx {
	struct mmt_family_ctx *ctx;
	uint64_t now;
};

static int write_row(void *arg, unsigned int event, uint32_t cpu, const struct mmt_count *v)
{
	const struct row_ctx *r = arg;
	const struct counters *f = r->ctx->priv;
	const struct mmt_cell c[] = {
		cell_u(r->now), cell_u(r->ctx->segment), cell_u(cpu), cell_s(f->ev.v[event].name), cell_u(v->count),
		cell_u(v->enabled), cell_u(v->running),
	};

	return ROW(r->ctx->w, MMT_TB_PERF_COUNTER, c);
}

static int counters_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct counters *f = ctx->priv;
	struct row_ctx r = { ctx, now };

	return full ? mmt_perf_count__take(f->count, write_row, &r) : 0;
}

static void counters_detach(struct mmt_family_ctx *ctx)
{
	const struct counters *f = ctx->priv;
	char value[64];

	snprintf(value, sizeof(value), "%" PRIu64 " %" PRIu64, f->reads, f->read_ns);
	write_meta(ctx, "counters.reads", "", value);
}

static void counters_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	const struct counters *f = ctx->priv;
	const struct mmt_count_state *st;
	char apart[128] = "";
	unsigned int i, refused = 0;
	size_t at = 0;

	for (i = 0; i < f->ev.n; i++) {
		st = mmt_perf_count__state(f->count, i);
		refused = st->opened && st->refused > refused ? st->refused : refused;
		if (st->apart && strlen(apart) + strlen(f->ev.v[i].name) + 3 < sizeof(apart))
			snprintf(apart + strlen(apart), sizeof(apart) - strlen(apart), "%s%s", *apart ? ", " : "", f->ev.v[i].name);
	}
	if (*apart)
		at = (size_t)snprintf(buf, size, "counters: the PMU cannot count %s at the same time: each has its own", apart);
	if (refused && at < size)
		snprintf(buf + at, size - at, "%s not counted on %u %s where the kernel refused it", at ? ";" : "counters:", refused,
			 f->n_tasks ? "tasks" : "CPUs");
}

static void counters_close(struct mmt_family_ctx *ctx)
{
	struct counters *f = ctx->priv;

	if (!f)
		return;
	mmt_perf_count__close(f->count);
	mmt_perf_events__free(&f->ev);
	free(f->lack);
	free(f->tasks);
	free(f);
}

static const struct mmt_family_ops ops = {
	.open = counters_open, .attach = counters_attach, .cut = counters_cut, .flush = counters_flush, .note = counters_note,
	.detach = counters_detach, .close = counters_close,
};

const struct mmt_family mmt_family_counters = {
	.name = "counters", .fact = "counters", .ops = &ops,
	.summary = "perf's counters, of the CPUs' PMU and of the kernel (--counter), beside it all",
};
