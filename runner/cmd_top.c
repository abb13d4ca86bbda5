// SPDX-License-Identifier: GPL-2.0-only
/* top: what tasks do right now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "cmd.h"
#include "events.h"
#include "opt_parse.h"
#include "top.h"

struct settings {
	struct top_opts o;
	pid_t pids[OPT_MAX_IDS], tids[OPT_MAX_IDS];
	int verbose;
};

enum { KEY_COMM = 256, KEY_BY, KEY_SORT, KEY_TOP, KEY_CSV };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "Whom to show (default: the whole machine)", 1 },
	{ "all-cpus", 'a', NULL, 0, "The whole machine", 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "These processes and what they fork", 1 },
	{ "tid", 't', "TID[,TID...]", 0, "These threads", 1 },
	{ "comm", KEY_COMM, "NAME", 0, "Tasks with this command name", 1 },
	{ "cgroup", 'G', "DIR", 0, "Tasks below this cgroup directory", 1 },
	{ NULL, 0, NULL, 0, "How to show them", 2 },
	{ "delay", 'd', "SECONDS", 0, "Length of an interval (default 1)", 2 },
	{ "iterations", 'n', "N", 0, "End after N intervals", 2 },
	{ "threads", 'H', NULL, 0, "A line a thread, as --by task", 2 },
	{ "by", KEY_BY, "WHAT", 0, "Lines: process (default), task, comm, cgroup", 2 },
	{ "sort", KEY_SORT, "KEY", 0, "cpu (default), wait, switches, migrations or faults", 2 },
	{ "batch", 'b', NULL, 0, "Text for a pipe or a file; so it is where there is no terminal", 2 },
	{ "top", KEY_TOP, "N", 0, "Lines of a batch, 0 for all (default)", 2 },
	{ "width", 'w', "COLUMNS", 0, "Columns of a batch (default $COLUMNS, or 80)", 2 },
	{ "json", 'j', NULL, 0, "Print a JSON object an interval, a line each", 2 },
	{ "csv", KEY_CSV, NULL, 0, "Print CSV: the counts of each interval", 2 },
	{ "field-separator", 'x', "SEP", 0, "Print CSV with this separator", 2 },
	{ 0 },
};

static const char *const by_names[] = { "process", "task", "comm", "cgroup" };
static const enum model_by by_values[] = { BY_PROCESS, BY_TASK, BY_COMM, BY_CGROUP };
static const char *const sort_names[] = { "cpu", "wait", "switches", "migrations", "faults" }; /* enum live_sort */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	struct mmt_session_opts *so = &s->o.session;
	unsigned long v = 0;
	size_t i = 0;
	int err;

	switch (key) {
	case 'a':
		return 0;
	case 'p':
		so->pids = s->pids;
		return opt_ids(state, arg, s->pids, &so->n_pids);
	case 't':
		so->tids = s->tids;
		return opt_ids(state, arg, s->tids, &so->n_tids);
	case KEY_COMM:
		so->comm = arg;
		return 0;
	case 'G':
		so->cgroup = arg;
		return 0;
	case 'd':
		return opt_delay(state, arg, &s->o.delay);
	case 'n':
		return opt_number(state, arg, "number of intervals", 1, 1000000000, &s->o.iterations);
	case 'H':
		s->o.view.by = BY_TASK;
		return 0;
	case KEY_BY:
		err = opt_choice(state, arg, "grouping", by_names, 4, &i);
		s->o.view.by = by_values[err ? 0 : i];
		return err;
	case KEY_SORT:
		err = opt_choice(state, arg, "sort key", sort_names, LIVE_N_SORTS, &i);
		s->o.view.sort = err ? LIVE_CPU : (enum live_sort)i;
		return err;
	case 'b':
		s->o.batch = true;
		return 0;
	case KEY_TOP:
		return opt_number(state, arg, "number of lines", 0, 1000000, &s->o.rows);
	case 'w':
		err = opt_number(state, arg, "width", 20, 500, &v);
		s->o.width = (int)v;
		return err;
	case 'j':
		s->o.form = TOP_JSON;
		s->o.batch = true;
		return 0;
	case 'x':
		s->o.sep = arg;
		/* fall through */
	case KEY_CSV:
		s->o.form = TOP_CSV;
		s->o.batch = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "top takes no argument; '%s' is one", arg);
		return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show what tasks do right now: run time, switches, migrations, page faults, run-queue latency. Counts are "
	       "exact, of everything since the line before; tasks that lived only in between are in it."
	       "\vKeys: P w s m f sort by run time, wait, switches, migrations, faults; H C G threads, names, cgroups; "
	       "/ only matching names; + - interval; space now; h help; q quit.",
};

static int batch_width(void)
{
	const char *s = getenv("COLUMNS");
	struct winsize w;
	long v = s ? strtol(s, NULL, 10) : 0;

	if (!s && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w))
		v = w.ws_col;
	return v >= 20 && v <= 500 ? (int)v : 80;
}

static void say_filters(struct top_opts *o)
{
	const struct mmt_session_opts *s = &o->session;

	if (s->n_pids || s->n_tids || s->comm || s->cgroup)
		snprintf(o->what, sizeof(o->what), "; only those asked for below");
}

static int run(int argc, char **argv)
{
	struct settings s = {
		.o = {
			.session = { .sz = sizeof(s.o.session), .profile = MMT_PROFILE_LIGHT, .time_shift = -1,
				     .no_oracle = true },
			.view = { .by = BY_PROCESS }, .delay = 1,
		},
	};
	struct events ev = { .sched = true };
	char why[256];

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s))
		return MMT_EXIT_TROUBLE;
	s.o.session.log_ctx = &s.verbose;
	if (!events_parse("fault", &ev, why, sizeof(why)))
		events_apply(&ev, &s.o.session);
	if (!s.o.width)
		s.o.width = batch_width();
	say_filters(&s.o);
	return top_run(&s.o) ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_top = {
	.name = "top",
	.summary = "what tasks do right now, on one screen",
	.argp = &argp,
	.run = run,
};
