// SPDX-License-Identifier: GPL-2.0-only
/* hot --folded, --speedscope, --html */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../analyzer/hot/folded.h"
#include "../analyzer/hot/page.h"
#include "../analyzer/hot/speedscope.h"
#include "../analyzer/out.h"
#include "cmd_hot_out.h"

enum { OPT_FOLDED = 700, OPT_SPEEDSCOPE, OPT_HTML };

static const struct argp_option options[] = {
	{ "folded", OPT_FOLDED, NULL, 0, "Call paths of one kind as \"root;...;leaf WEIGHT\", which scripts for flame graphs read", 0 },
	{ "speedscope", OPT_SPEEDSCOPE, "FILE", 0, "Write JSON for speedscope", 0 },
	{ "html", OPT_HTML, "FILE", 0, "Write a page with flame graphs and tables, complete in itself", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct hot_forms *o = state->input;

	switch (key) {
	case OPT_FOLDED:
		o->folded = true;
		return 0;
	case OPT_SPEEDSCOPE:
		o->speedscope = arg;
		return 0;
	case OPT_HTML:
		o->html = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp hot_forms_argp = { .options = options, .parser = parse };

static bool to_stdout(const char *file)
{
	return file && !strcmp(file, "-");
}

/* Which of them groups are: what stands at the root of each path. */
static int by(const struct hot_view *v, enum stacks_by *to)
{
	static const struct { enum hot_by by; enum stacks_by to; } known[] = {
		{ HOT_BY_PATH, STACKS_BY_NONE }, { HOT_BY_COMM, STACKS_BY_COMM }, { HOT_BY_PROCESS, STACKS_BY_PROCESS },
		{ HOT_BY_TASK, STACKS_BY_TASK }, { HOT_BY_CGROUP, STACKS_BY_CGROUP },
	};
	size_t i;

	*to = STACKS_BY_COMM;
	if (v->default_rows)
		return 0;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].by == v->by) {
			*to = known[i].to;
			return 0;
		}
	}
	return -EINVAL;
}

int hot_forms_check(const struct hot_forms *o, const struct hot_view *v, enum table_fmt fmt, bool sections, bool diff)
{
	enum stacks_by to;

	if (!hot_forms_wanted(o))
		return 0;
	if (by(v, &to))
		out_err("--by %s: --folded, --speedscope and --html show paths by comm, process, task or cgroup, or (path) all together",
			hot_by_name(v->by));
	else if (o->folded + to_stdout(o->speedscope) + to_stdout(o->html) > 1)
		out_err("only one of --folded, --speedscope and --html can write to standard output");
	else if (fmt != TABLE_TEXT)
		out_err("--folded, --speedscope and --html are forms of their own: no --json, --ndjson or --csv goes with them");
	else if (sections && !v->kinds)
		out_err("--syscalls: system calls have no call paths for --folded, --speedscope and --html");
	else if (o->folded && sections && __builtin_popcount(v->kinds) != 1)
		out_err("--folded prints one kind: choose one of --faults, --blocked, --preempted, --wakers and --cpu");
	else if (to_stdout(o->html) && isatty(STDOUT_FILENO))
		out_err("--html: a page is nothing for a terminal; name a file");
	else if (diff && o->speedscope)
		out_err("--speedscope has no place for two weights: write a file of each of the traces");
	else
		return 0;
	return -EINVAL;
}

/* -------------------------------------------------------------------- writing */

struct job {
	const struct hot_forms *forms;
	struct stacks *s[HOT_KINDS];
	size_t n;
	const char *title, *sub;
	const char *const *arm; /* names of two, or NULL */
	bool groups;            /* a profile each */
	const struct hot *hot;  /* of one run */
};

static int put_speedscope(const struct job *j, FILE *f)
{
	struct speedscope_opts o = { .name = j->title, .version = MMT_VERSION, .groups = j->groups };

	return speedscope_write(j->s, j->n, &o, f);
}

static int put_page(const struct job *j, FILE *f)
{
	struct hot_page_opts o = { .version = MMT_VERSION, .title = j->title, .sub = j->sub, .arm = j->arm, .hot = j->hot };

	return hot_page_write(j->s, j->n, &o, f);
}

static int into(const char *file, int (*put)(const struct job *, FILE *), const struct job *j)
{
	FILE *f = to_stdout(file) ? stdout : fopen(file, "we");
	const char *name = to_stdout(file) ? "standard output" : file;
	int err;

	if (!f) {
		err = -errno;
		out_err("%s: cannot write there: %s", name, strerror(-err));
		return -ENODATA;
	}
	err = put(j, f);
	if (fflush(f) && !err)
		err = -errno;
	if (f != stdout && fclose(f) && !err)
		err = -errno;
	if (!err || err == -ENOMEM)
		return err;
	if (err == -EPIPE && f == stdout)
		return 0; /* the reader had enough */
	out_err("%s: could not write all of it: %s", name, strerror(-err));
	return -ENODATA;
}

/* What was recorded. no_idle: for pictures, which kernel threads without work would fill. */
static int gather(struct job *j, const struct hot *h, unsigned int kinds, enum stacks_by to, bool no_idle)
{
	static const size_t arm[] = { 0 };
	unsigned int k;
	int err;

	for (k = 0; k < HOT_KINDS; k++) {
		if (!(kinds & (1u << k)) || !h->kind[k].recorded)
			continue;
		j->s[j->n] = stacks_new((enum hot_kind)k, to, arm, 1);
		if (!j->s[j->n])
			return -ENOMEM;
		j->s[j->n]->no_idle = no_idle;
		stacks_add_hot(j->s[j->n], 0, h);
		err = stacks_finish(j->s[j->n++]);
		if (err)
			return err;
	}
	return 0;
}

static void drop(struct job *j)
{
	while (j->n)
		stacks_free(j->s[--j->n]);
}

static void say_first(const struct job *j, bool sections)
{
	if (!sections && j->n > 1)
		out_info("--folded prints one kind: this is %s; --%s%s for others", hot_kind_name(j->s[0]->kind),
			 hot_kind_name(j->s[1]->kind), j->n > 2 ? " ..." : "");
}

static int some(const struct job *j)
{
	if (j->n)
		return 0;
	out_err("no call paths of what was asked for were recorded");
	return -ENODATA;
}

/* For other programs: all there is. */
static int for_tools(struct job *j, const struct hot *h, const struct hot_view *v, bool sections, enum stacks_by to, FILE *f)
{
	int err = gather(j, h, v->kinds, to, false);

	err = err ? err : some(j);
	if (!err && j->forms->folded) {
		say_first(j, sections);
		err = folded_write(j->s[0], false, f);
	}
	if (!err && j->forms->speedscope)
		err = into(j->forms->speedscope, put_speedscope, j);
	drop(j);
	return err;
}

static int for_people(struct job *j, const struct hot *h, const struct hot_view *v, enum stacks_by to)
{
	int err = gather(j, h, v->kinds, to, true);

	err = err ? err : some(j);
	err = err ? err : into(j->forms->html, put_page, j);
	drop(j);
	return err;
}

/* "Linux 6.18 on host; iteration, 10.00 s" */
static void subtitle(const struct model *m, char *buf, size_t size)
{
	const char *kernel = model_meta(m, "kernel.release"), *host = model_meta(m, "host.name"), *run = model_meta(m, "run.name");
	char window[256];

	snprintf(buf, size, "%s%s%s%s%s%s%s", run ? run : "", run ? "; " : "", kernel ? "Linux " : "", kernel ? kernel : "",
		 host ? " on " : "", host ? host : "", kernel || host ? "; " : "");
	snprintf(buf + strlen(buf), size - strlen(buf), "%s, %.3f s", model_window_name(m, window, sizeof(window)),
		 (double)m->duration / 1e9);
}

int hot_forms_write(const struct hot_forms *o, const struct hot *h, const struct hot_view *v, bool sections, FILE *f)
{
	const char *base = strrchr(h->m->path, '/');
	char sub[1024];
	struct job j = { .forms = o, .title = base ? base + 1 : h->m->path, .sub = sub, .hot = h };
	enum stacks_by to;
	int err = 0;

	by(v, &to);
	j.groups = !v->default_rows && to != STACKS_BY_NONE;
	subtitle(h->m, sub, sizeof(sub));
	if (o->folded || o->speedscope)
		err = for_tools(&j, h, v, sections, to, f);
	if (!err && o->html)
		err = for_people(&j, h, v, to);
	return err;
}

static int gather_diff(struct job *j, const struct hot_diff *d, const struct cmp_opts *how, unsigned int kinds, enum stacks_by to,
		       bool no_idle)
{
	unsigned int k;
	int err = 0;

	for (k = 0; k < HOT_KINDS && !err; k++) {
		if (!(kinds & (1u << k)))
			continue;
		err = stacks_of_diff(d, (enum hot_kind)k, to, no_idle, how, &j->s[j->n]);
		j->n += !err;
		if (err == -ENODATA)
			err = 0;
	}
	return err ? err : some(j);
}

int hot_forms_diff(const struct hot_forms *o, const struct hot_diff *d, const struct cmp_opts *how, const struct hot_view *v,
		   bool sections, FILE *f)
{
	const char *const arm[] = { d->c->arm[0].name, d->c->arm[1].name };
	char title[512], sub[256];
	struct job j = { .forms = o, .title = title, .sub = sub, .arm = arm };
	enum stacks_by to;
	int err = 0;

	snprintf(sub, sizeof(sub), "%s; a window is %.3g s of %.40s, %.3g s of %.40s", d->per == HOT_DIFF_PER_RUN ?
		 "weights of whole windows" : "weights by second of the window", d->seconds.a, arm[0], d->seconds.b, arm[1]);
	snprintf(title, sizeof(title), "%.240s against %.240s", arm[1], arm[0]);
	by(v, &to);
	if (o->folded) {
		err = gather_diff(&j, d, how, v->kinds, to, false);
		if (!err) {
			say_first(&j, sections);
			err = folded_write(j.s[0], true, f);
		}
		drop(&j);
	}
	if (!err && o->html) {
		err = gather_diff(&j, d, how, v->kinds, to, true);
		err = err ? err : into(o->html, put_page, &j);
		drop(&j);
	}
	return err;
}
