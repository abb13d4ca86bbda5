// SPDX-License-Identifier: GPL-2.0-only
/* The loop: iterations x benchmarks x arms in turn, progress, the sum at the end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "cmd.h"
#include "order.h"
#include "run.h"
#include "sysinfo.h"

double run_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void duration(char *buf, size_t size, double s)
{
	if (s < 100)
		snprintf(buf, size, "%.0f s", s);
	else if (s < 6000)
		snprintf(buf, size, "%.0f min", s / 60);
	else
		snprintf(buf, size, "%.1f h", s / 3600);
}

void run_progress(struct run *r)
{
	char spent[32], left[32] = "";
	double now, s;

	if (!r->tty)
		return;
	now = run_clock();
	duration(spent, sizeof(spent), now - r->begin);
	if (r->done) {
		s = (r->last - r->begin) / r->done * (r->total - r->done) - (now - r->last);
		duration(left, sizeof(left), s > 0 ? s : 0);
	}
	fprintf(stderr, "\r\033[K[%u/%u] %.40s  %s%s%s%s", r->done + 1, r->total, r->now, spent, *left ? ", about " : "",
		left, *left ? " left" : "");
	fflush(stderr);
}

void run_progress_clear(struct run *r)
{
	if (r->tty)
		fputs("\r\033[K", stderr);
}

void run_log(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct run *r = ctx;

	run_progress_clear(r);
	out_log((void *)&r->o->verbose, level, msg);
}

static unsigned int iterations_of(const struct bench *b)
{
	return b->conf->iterations;
}

static void count(const struct run *r, unsigned int *most, size_t *benches, unsigned int *total)
{
	*most = *total = 0;
	*benches = 0;
	for (size_t i = 0; i < r->n_arms; i++) {
		const struct benches *b = &r->arms[i].benches;

		*benches = b->n > *benches ? b->n : *benches;
		for (size_t k = 0; k < b->n; k++) {
			*most = iterations_of(&b->v[k]) > *most ? iterations_of(&b->v[k]) : *most;
			*total += iterations_of(&b->v[k]);
		}
	}
}

/* "start ::" before the first benchmark of an iteration, "finish ::" after the last, as MMTests has it. */
static int stamp_iteration(const struct run_arm *a, unsigned int iteration, const char *what)
{
	struct run_exec x = { .arm = (struct run_arm *)a };
	int err;

	if (asprintf(&x.iter_dir, "%s/iter-%u", a->path, iteration) < 0)
		return -ENOMEM;
	err = access(x.iter_dir, F_OK) ? 0 : run_stamp(&x, "%s :: %lld\n", what, (long long)time(NULL));
	free(x.iter_dir);
	return err;
}

static void say_done(struct run *r, const struct run_exec *x)
{
	r->done += !x->warmup;
	r->last = run_clock();
	r->ok += !x->warmup && x->outcome == RUN_OK && !x->unread;
	if (r->o->verbose <= 0 || x->outcome == RUN_INTERRUPTED)
		return;
	run_progress_clear(r);
	out_info("%s %s iteration %u: %s, %.2f s, %llu events", x->arm->name, x->bench->name, x->iteration,
		 x->outcome == RUN_OK ? "ok" : "failed", x->usage.elapsed, (unsigned long long)x->trace.events);
}

/* A signal that came while nothing waited for it. */
static void check_signal(struct run *r)
{
	struct pollfd fd = { .fd = r->sig_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (!r->stop && poll(&fd, 1, 0) > 0 && read(r->sig_fd, &info, sizeof(info)) == sizeof(info))
		r->stop = (int)info.ssi_signo;
}

static int one(struct run *r, struct run_arm *a, const struct bench *b, unsigned int iteration, unsigned int order,
	       bool warmup)
{
	struct run_exec x = { .arm = a, .bench = b, .iteration = iteration, .order = order, .warmup = warmup };
	int ret;

	snprintf(r->now, sizeof(r->now), "%s %s%s", a->name, b->name, warmup ? " warm-up" : "");
	run_progress(r);
	ret = run_exec(r, &x);
	if (x.status && !r->status)
		r->status = x.status;
	say_done(r, &x);
	run_dirs_exec_free(&x);
	check_signal(r);
	return ret;
}

static int warm_up(struct run *r, size_t n_benches)
{
	int ret = 0;

	for (size_t b = 0; b < n_benches; b++)
		for (size_t k = 0; k < r->n_arms; k++)
			for (unsigned int w = 0; b < r->arms[k].benches.n && w < r->arms[k].benches.v[b].conf->warmup; w++) {
				ret = one(r, &r->arms[k], &r->arms[k].benches.v[b], w, 0, true);
				if (ret || r->stop)
					return ret;
			}
	return 0;
}

static int one_iteration(struct run *r, unsigned int i, size_t n_benches, unsigned int *order)
{
	for (size_t b = 0; b < n_benches; b++) {
		for (size_t turn = 0; turn < r->n_arms; turn++) {
			struct run_arm *a = &r->arms[order_arm(r->n_arms, i, turn)];
			int ret;

			if (b >= a->benches.n || i >= iterations_of(&a->benches.v[b]))
				continue;
			ret = one(r, a, &a->benches.v[b], a->first + i, (*order)++, false);
			if (ret || r->stop)
				return ret;
		}
	}
	return 0;
}

static int loop(struct run *r)
{
	unsigned int most, order = 0;
	size_t n_benches;
	int ret;

	count(r, &most, &n_benches, &r->total);
	r->begin = run_clock();
	ret = warm_up(r, n_benches);
	r->begin = run_clock();
	for (unsigned int i = 0; i < most && !ret && !r->stop; i++) {
		for (size_t k = 0; k < r->n_arms; k++) {
			char path[4096];

			snprintf(path, sizeof(path), "%s/iter-%u", r->arms[k].path, r->arms[k].first + i);
			if (access(path, F_OK) && mkdir(path, 0777)) {
				out_err("run: cannot create %s: %s", path, strerror(errno));
				return MMT_EXIT_OURS;
			}
			if (stamp_iteration(&r->arms[k], r->arms[k].first + i, "start"))
				return MMT_EXIT_OURS;
		}
		ret = one_iteration(r, i, n_benches, &order);
		for (size_t k = 0; k < r->n_arms; k++)
			if (stamp_iteration(&r->arms[k], r->arms[k].first + i, "finish") && !ret)
				ret = MMT_EXIT_OURS;
	}
	return ret;
}

static void say_places(const struct run *r, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%s/%s", r->o->dir, r->n_arms > 1 ? "{" : "");

	for (size_t i = 0; i < r->n_arms && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? "," : "", r->arms[i].name);
	if (r->n_arms > 1 && n < size)
		snprintf(buf + n, size - n, "}");
}

/* The last line: where the results are, what was recorded, what it cost. */
static void say_sum(struct run *r)
{
	char where[512], bad[128] = "", traced[256] = "not traced";
	const struct mmt_session_stats *t = &r->sum;
	size_t n = 0;

	run_progress_clear(r);
	if (r->o->verbose < 0)
		return;
	say_places(r, where, sizeof(where));
	if (!r->o->no_trace)
		snprintf(traced, sizeof(traced), "%llu events, %llu lost%s, %.1f MB, collector %.2f s of CPU (%.1f %% of one)",
			 (unsigned long long)t->events, (unsigned long long)t->lost, t->shed ? " and some shed" : "",
			 (double)t->bytes / 1e6, (double)r->cpu_ns / 1e9,
			 r->elapsed > 0 ? (double)r->cpu_ns / 1e7 / r->elapsed : 0);
	if (r->failed)
		n += (size_t)snprintf(bad + n, sizeof(bad) - n, ", %u failed", r->failed);
	if (r->unread)
		n += (size_t)snprintf(bad + n, sizeof(bad) - n, ", %u without all metrics", r->unread);
	if (r->stop)
		snprintf(bad + n, sizeof(bad) - n, ", stopped by signal %d", r->stop);
	out_info("%s: %u of %u executions%s; %s", where, r->ok, r->total, bad, traced);
}

static int stop_signals(sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void say_plan(const struct run *r)
{
	for (size_t i = 0; i < r->n_arms; i++) {
		const struct run_arm *a = &r->arms[i];

		for (size_t b = 0; b < a->benches.n; b++)
			for (size_t p = 0; p < a->benches.v[b].n_parts; p++)
				printf("%s\t%s\t%u\t%s%s%s\n", a->name, a->benches.v[b].name, iterations_of(&a->benches.v[b]),
				       a->arm.wrap ? a->arm.wrap : "", a->arm.wrap ? " " : "",
				       a->benches.v[b].parts[p].command);
	}
}

static int run_planned(struct run *r)
{
	int ret = sysinfo_facts(&r->facts) || run_dirs_prepare(r) ? MMT_EXIT_OURS : 0;

	for (size_t i = 0; i < r->n_arms && !ret; i++)
		if (run_json_open(r, &r->arms[i]))
			ret = MMT_EXIT_OURS;
	if (!ret)
		ret = loop(r);
	if (!r->started)
		run_dirs_undo(r);
	else if (!ret || r->ok || r->stop)
		say_sum(r);
	if (r->stop)
		return 128 + r->stop;
	return ret ? ret : r->status ? r->status : r->unread ? MMT_EXIT_OURS : MMT_EXIT_OK;
}

int run_all(const struct run_opts *o)
{
	struct run r = { .o = o, .sig_fd = -1 };
	sigset_t old;
	int ret = run_plan(&r);

	if (!ret && o->dry) {
		say_plan(&r);
		run_plan_free(&r);
		return MMT_EXIT_OK;
	}
	if (!ret) {
		snprintf(r.ctl, sizeof(r.ctl), "/tmp/mmt-trace.%d.ctl", getpid());
		r.tty = o->verbose >= 0 && isatty(STDERR_FILENO);
		/* what a command leaves behind becomes ours, so that it can be ended and reaped */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		r.sig_fd = stop_signals(&old);
		ret = r.sig_fd < 0 ? MMT_EXIT_OURS : run_planned(&r);
		if (r.sig_fd >= 0)
			close(r.sig_fd);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	run_plan_free(&r);
	return ret;
}
