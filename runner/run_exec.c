// SPDX-License-Identifier: GPL-2.0-only
/* One execution of one benchmark: commands behind their gates, the trace around them, results after. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "bundle.h"
#include "child.h"
#include "cmd.h"
#include "run.h"
#include "tmpl.h"

#define GRACE 3.0 /* s from TERM to KILL */

struct exec {
	struct run *r;
	struct run_exec *x;
	struct mmt_session *s;
	struct child *child;   /* one a part */
	pid_t *pid;
	off_t *from;           /* where the part's output begins in its log */
	struct conf_pairs env;
	bool trace_broken;
	uint64_t cpu_ns;       /* the collector's at the last mark */
};

static const char *pick(const char *option, const char *conf, const char *otherwise)
{
	return option ? option : conf ? conf : otherwise;
}

/* wrap of the arm, wrap of the config, command; the directory of logs filled in. */
static char **full_argv(const struct run_exec *x, const struct bench_part *p, struct conf_err *err)
{
	const char *wraps[2] = { x->arm->arm.wrap, x->bench->conf->wrap };
	char **argv = calloc(4096, sizeof(*argv)), **words, real[PATH_MAX];
	size_t n = 0, k;

	if (!argv || !realpath(x->logs, real)) {
		free(argv);
		return NULL;
	}
	for (size_t i = 0; i < 3; i++) {
		if (i < 2 && (!wraps[i] || words_split(wraps[i], &words, &k, err->text, sizeof(err->text))))
			continue;
		for (size_t w = 0; w < (i < 2 ? k : p->argc) && n < 4095; w++) {
			const char *word = i < 2 ? words[w] : p->argv[w], *at = strstr(word, BENCH_LOGS);

			if (!at)
				argv[n] = strdup(word);
			else if (asprintf(&argv[n], "%.*s%s%s", (int)(at - word), word, real, at + strlen(BENCH_LOGS)) < 0)
				argv[n] = NULL;
			n += argv[n] != NULL;
		}
		if (i < 2)
			words_free(words);
	}
	return argv;
}

static void argv_free(char **argv)
{
	for (size_t i = 0; argv && argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_size;
}

static int prepare_part(struct exec *e, size_t i)
{
	const struct bench_part *p = &e->x->bench->parts[i];
	struct child_opts o = { .env = { &e->x->bench->conf->env, &e->x->arm->arm.env, &e->env }, .own_group = true };
	char out[PATH_MAX], errors[PATH_MAX];
	struct conf_err why = { "no memory" };
	int err;

	snprintf(out, sizeof(out), "%s/%s", e->x->logs, p->log);
	snprintf(errors, sizeof(errors), "%s/stderr-%s", e->x->logs, p->log);
	e->from[i] = size_of(p->output && !strcmp(p->output, "stderr") ? errors : out);
	o.out = out;
	o.err = errors;
	o.ctl = e->r->o->no_trace || e->x->warmup ? NULL : e->r->ctl;
	o.argv = full_argv(e->x, p, &why);
	if (!o.argv) {
		out_err("run: %s: %s", p->command, why.text);
		return MMT_EXIT_OURS;
	}
	err = child_prepare(&o, &e->child[i]);
	argv_free((char **)o.argv);
	if (err) {
		out_err("run: cannot start %s: %s", p->argv[0], strerror(-err));
		return MMT_EXIT_OURS;
	}
	e->pid[i] = e->child[i].pid;
	return 0;
}

/* -------------------------------------------------------------- the trace */

static int add_number(struct conf_pairs *p, const char *key, unsigned int v)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%u", v);
	return conf_pairs_set(p, key, buf);
}

static int fill_meta(const struct exec *e, struct conf_pairs *p)
{
	const struct run_exec *x = e->x;
	const struct run *r = e->r;
	int err = 0;

	for (size_t i = 0; i < r->facts.n && !err; i++)
		err = conf_pairs_set(p, r->facts.v[i].key, r->facts.v[i].value);
	err = err ? err : conf_pairs_set(p, "tool.options", r->o->line);
	err = err ? err : conf_pairs_set(p, "run.name", x->arm->name);
	err = err ? err : conf_pairs_set(p, "run.arm", x->arm->arm.name ? x->arm->arm.name : x->arm->name);
	err = err ? err : conf_pairs_set(p, "run.benchmark", x->bench->name);
	err = err ? err : conf_pairs_set(p, "run.command", x->bench->parts[0].command);
	err = err ? err : add_number(p, "run.iteration", x->iteration);
	return err ? err : add_number(p, "run.order", x->order);
}

static enum mmt_profile profile_of(const char *name)
{
	return !strcmp(name, "light") ? MMT_PROFILE_LIGHT : !strcmp(name, "full") ? MMT_PROFILE_FULL : MMT_PROFILE_DEFAULT;
}

static int open_trace(struct exec *e)
{
	const struct conf *c = e->x->bench->conf;
	const struct run_opts *ro = e->r->o;
	struct conf_pairs meta = { 0 };
	struct mmt_meta_pair *pairs = NULL;
	struct mmt_session_opts o = {
		.sz = sizeof(o), .log = run_log, .log_ctx = e->r, .time_shift = -1, .ctl_path = e->r->ctl,
		.profile = profile_of(pick(ro->profile, c->profile, "default")), .waking = c->waking, .verify = ro->verify,
		.interval_ms = c->interval_ms, .ring_kb = c->ring_kb,
		.freq = ro->freq ? (unsigned int)ro->freq : c->freq, .probe = ro->probe,
	};
	struct events ev = ro->events;
	char path[PATH_MAX], why[256];
	int err = fill_meta(e, &meta);

	if (!ro->events_said && c->events)
		err = err ? err : events_parse(c->events, &ev, why, sizeof(why)); /* has been checked */
	if (!ev.counters && c->counters)
		err = err ? err : events_counters(c->counters, &ev, why, sizeof(why)); /* likewise */
	events_apply(&ev, &o);
	vm_opts_apply(ro->vms, &o, "run");
	if (!err && ro->bundle && !events_have(&ev, "map")) {
		out_err("run: --bundle needs to know where code is: add -e map");
		err = -EINVAL;
	}

	if (!err)
		pairs = calloc(meta.n, sizeof(*pairs));
	if (!pairs) {
		conf_pairs_free(&meta);
		return MMT_EXIT_OURS;
	}
	for (size_t i = 0; i < meta.n; i++)
		pairs[i] = (struct mmt_meta_pair){ meta.v[i].key, meta.v[i].value };
	snprintf(path, sizeof(path), "%s/trace.mmt", e->x->dir);
	o.output = path;
	o.meta = pairs;
	o.n_meta = meta.n;
	if (!strcmp(pick(ro->scope, c->scope, "machine"), "tree")) {
		o.pids = e->pid;
		o.n_pids = e->x->bench->n_parts;
	}
	err = mmt_session__open(&o, &e->s);
	if (!err)
		err = mmt_session__start(e->s);
	free(pairs);
	conf_pairs_free(&meta);
	return err ? MMT_EXIT_OURS : 0; /* the collector has said why */
}

static int close_trace(struct exec *e)
{
	struct mmt_session_stats *t = &e->x->trace;
	char path[PATH_MAX];
	int err;

	if (!e->s)
		return 0;
	err = mmt_session__stop(e->s);
	mmt_session__stats(e->s, t);
	mmt_session__close(e->s);
	e->s = NULL;
	e->r->sum.events += t->events;
	e->r->sum.lost += t->lost;
	e->r->sum.shed += t->shed;
	e->r->sum.bytes += t->bytes;
	e->r->sum.cpu_ns += t->cpu_ns;
	e->r->cpu_ns += e->x->cpu_ns;
	if (!err && e->r->o->bundle) {
		snprintf(path, sizeof(path), "%s/trace.mmt", e->x->dir);
		err = bundle_file(path, NULL, -1);
	}
	return err || e->trace_broken ? MMT_EXIT_OURS : 0;
}

static void mark(struct exec *e, enum mmt_mark_kind kind, const struct bench_part *p)
{
	struct mmt_session_stats t;

	if (!e->s)
		return;
	mmt_session__stats(e->s, &t);
	if (kind == MMT_MARK_ITER_END)
		e->x->cpu_ns += t.cpu_ns - e->cpu_ns;
	if (mmt_session__mark(e->s, kind, e->x->bench->name, *p->label ? p->label : NULL))
		e->trace_broken = true;
	mmt_session__stats(e->s, &t);
	e->cpu_ns = t.cpu_ns;
}

/* --------------------------------------------------------------- the wait */

static int wait_some(struct exec *e, struct pollfd *fds, size_t n, int ms)
{
	int ret;

	if (e->s && !e->trace_broken) {
		ret = mmt_session__poll(e->s, fds, n, ms);
		if (ret >= 0 || ret == -EINTR)
			return ret;
		e->trace_broken = true; /* said by the collector; the benchmark shall end in peace */
	}
	return poll(fds, n, ms);
}

/* Milliseconds until something is to be done: a second for the progress line, or a deadline. */
static int wait_ms(const struct run *r, double deadline)
{
	double ms = r->tty ? 1000 : -1;

	if (deadline > 0) {
		double left = (deadline - run_clock()) * 1000;

		left = left < 0 ? 0 : left + 1;
		if (ms < 0 || left < ms)
			ms = left;
	}
	return ms > 1e9 ? 1000000000 : (int)ms;
}

/* Until the command has ended, is killed on a signal, or its time is over. */
static void wait_child(struct exec *e, const struct child *c, bool *timed_out)
{
	double deadline = e->x->bench->conf->timeout ? run_clock() + e->x->bench->conf->timeout : 0;
	struct pollfd fds[2] = { { .fd = c->pidfd, .events = POLLIN }, { .fd = e->r->sig_fd, .events = POLLIN } };
	struct signalfd_siginfo info;
	bool killing = false;

	for (;;) {
		fds[0].revents = fds[1].revents = 0;
		if (wait_some(e, fds, 2, wait_ms(e->r, deadline)) < 0 && errno == EINVAL)
			return;
		if (fds[0].revents)
			return;
		if ((fds[1].revents & POLLIN) && read(e->r->sig_fd, &info, sizeof(info)) == sizeof(info)) {
			/* the first one asks, the second one insists */
			child_kill(c, killing ? SIGKILL : SIGTERM);
			e->r->stop = e->r->stop ? e->r->stop : (int)info.ssi_signo;
			killing = true;
			deadline = run_clock() + GRACE;
		} else if (deadline > 0 && run_clock() >= deadline) {
			child_kill(c, killing ? SIGKILL : SIGTERM);
			*timed_out |= !killing;
			killing = true;
			deadline = run_clock() + GRACE;
		}
		run_progress(e->r);
	}
}

static void add_usage(struct run_usage *to, const struct run_usage *u)
{
	to->elapsed += u->elapsed;
	to->user += u->user;
	to->system += u->system;
	to->maxrss_kb = u->maxrss_kb > to->maxrss_kb ? u->maxrss_kb : to->maxrss_kb;
	to->minflt += u->minflt;
	to->majflt += u->majflt;
	to->nvcsw += u->nvcsw;
	to->nivcsw += u->nivcsw;
}

/* The last line a failed command wrote, for the message. */
static void last_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[256];

	*buf = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t")])
			snprintf(buf, size, "%s", line);
	}
	if (f)
		fclose(f);
}

static void say_failed(struct exec *e, const struct bench_part *p, int status, bool timed_out)
{
	char path[PATH_MAX], line[256], how[64];

	if (e->r->failed++ && e->r->o->verbose <= 0)
		return;
	snprintf(path, sizeof(path), "%s/stderr-%s", e->x->logs, p->log);
	last_line(path, line, sizeof(line));
	if (!*line) {
		snprintf(path, sizeof(path), "%s/%s", e->x->logs, p->log);
		last_line(path, line, sizeof(line));
	}
	if (timed_out)
		snprintf(how, sizeof(how), "took longer than %u s", e->x->bench->conf->timeout);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "exited with status %d", WEXITSTATUS(status));
	run_progress_clear(e->r);
	out_err("run: %s: %s; its output is in %s%s%s", p->command, how, path, *line ? ", the last line: " : "", line);
}

/* 0 to go on with the next part, 1 when this execution is over, else the exit status for all. */
static int run_part(struct exec *e, size_t i)
{
	const struct bench_part *p = &e->x->bench->parts[i];
	struct run_usage u = { 0 };
	bool timed_out = false;
	int status = 0, err;

	mark(e, MMT_MARK_ITER_START, p);
	err = child_release(&e->child[i]);
	if (err) {
		run_progress_clear(e->r);
		out_err("run: cannot execute %s: %s", e->x->arm->arm.wrap ? p->command : p->argv[0], strerror(-err));
		e->x->outcome = RUN_FAILED;
		e->x->status = err == -ENOENT ? MMT_EXIT_NOENT : MMT_EXIT_NOEXEC;
		return e->x->status;
	}
	e->r->started = true;
	wait_child(e, &e->child[i], &timed_out);
	err = child_reap(&e->child[i], &status, &u);
	mark(e, MMT_MARK_ITER_END, p);
	if (child_sweep(e->pid[i]) && e->r->o->verbose > 0)
		out_warn("%s left processes behind; they were killed", p->command);
	e->x->part[i] = u;
	add_usage(&e->x->usage, &u);
	if (e->r->stop) {
		e->x->outcome = RUN_INTERRUPTED;
		e->x->status = 128 + e->r->stop;
		return 1;
	}
	if (err || (!status && !timed_out)) /* a program may catch TERM and end with 0 */
		return err ? MMT_EXIT_OURS : 0;
	e->x->outcome = RUN_FAILED;
	e->x->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (timed_out)
		e->x->status = 124; /* as timeout(1) */
	say_failed(e, p, status, timed_out);
	return 1;
}

static int run_hooks(struct exec *e, bool before)
{
	const struct conf *c = e->x->bench->conf;
	const struct conf_arm *a = &e->x->arm->arm;
	const char *hook[2] = { before ? c->before : a->after, before ? a->before : c->after };
	char log[PATH_MAX];

	snprintf(log, sizeof(log), "%s/hooks", e->x->logs);
	for (int i = 0; i < 2; i++) {
		int ret = hook[i] ? child_shell(hook[i], &a->env, log, e->r->sig_fd) : 0;

		if (!ret || ret == -EINTR)
			continue;
		run_progress_clear(e->r);
		out_err("run: the hook `%s` %s %d; see %s", hook[i], ret < 0 ? "could not run: error" : "exited with status",
			ret < 0 ? -ret : ret, log);
		return MMT_EXIT_OURS;
	}
	return 0;
}

static void drop_empty(const struct run_exec *x)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < x->bench->n_parts; i++) {
		snprintf(path, sizeof(path), "%s/stderr-%s", x->logs, x->bench->parts[i].log);
		if (!size_of(path))
			unlink(path);
	}
}

static int run_parts(struct exec *e)
{
	size_t n = e->x->bench->n_parts;
	int ret = 0, closed;

	for (size_t i = 0; i < n && !ret; i++)
		ret = prepare_part(e, i);
	if (!ret && !e->r->o->no_trace && !e->x->warmup)
		ret = open_trace(e);
	for (size_t i = 0; i < n && !ret; i++)
		ret = run_part(e, i);
	closed = close_trace(e);
	for (size_t i = 0; i < n; i++)
		child_destroy(&e->child[i]);
	return ret > 1 ? ret : closed;
}

static int setup(struct exec *e)
{
	size_t n = e->x->bench->n_parts;
	char iteration[16];

	snprintf(iteration, sizeof(iteration), "%u", e->x->iteration);
	e->child = calloc(n, sizeof(*e->child));
	e->pid = calloc(n, sizeof(*e->pid));
	e->from = calloc(n, sizeof(*e->from));
	e->x->part = calloc(n, sizeof(*e->x->part));
	if (!e->child || !e->pid || !e->from || !e->x->part || conf_pairs_set(&e->env, "MMT_TRACE_ITERATION", iteration) ||
	    conf_pairs_set(&e->env, "MMT_TRACE_ARM", e->x->arm->name))
		return MMT_EXIT_OURS;
	return 0;
}

int run_exec(struct run *r, struct run_exec *x)
{
	struct exec e = { .r = r, .x = x };
	struct timespec ts;
	int ret, after;

	clock_gettime(CLOCK_REALTIME, &ts);
	x->at = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	ret = run_dirs_exec(x) ? MMT_EXIT_OURS : setup(&e);
	if (!ret && (run_json_begin(r, x) || run_stamp(x, "test begin :: %s %lld\n", x->bench->name, (long long)ts.tv_sec)))
		ret = MMT_EXIT_OURS;
	if (!ret)
		ret = run_hooks(&e, true);
	if (!ret) {
		ret = run_parts(&e);
		after = run_hooks(&e, false);
		ret = ret ? ret : after;
		drop_empty(x);
		if (!ret && x->outcome == RUN_OK && !x->warmup)
			ret = run_results(r, x, e.from);
	}
	if (ret && x->outcome == RUN_OK) {
		x->outcome = RUN_FAILED;
		x->status = ret;
	}
	if (x->iter_dir) {
		clock_gettime(CLOCK_REALTIME, &ts);
		run_stamp(x, "test end :: %s %lld %d\ntime :: %s %.2f user %.2f system %.2f elapsed\n", x->bench->name,
			  (long long)ts.tv_sec, x->status, x->bench->name, x->usage.user, x->usage.system, x->usage.elapsed);
		if (x->arm->json && run_json_end(r, x))
			ret = ret ? ret : MMT_EXIT_OURS;
	}
	r->elapsed += x->usage.elapsed;
	conf_pairs_free(&e.env);
	free(x->part);
	x->part = NULL;
	free(e.child);
	free(e.pid);
	free(e.from);
	return ret;
}
