// SPDX-License-Identifier: GPL-2.0-only
/* record: trace what is running, or one command, into a file. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "../collector/session.h"
#include "bundle.h"
#include "child.h"
#include "cmd.h"
#include "events.h"
#include "opt_parse.h"
#include "sysinfo.h"
#include "vm_opts.h"

#ifndef MMT_VERSION
#define MMT_VERSION "0"
#endif

struct record_args {
	struct mmt_session_opts o;
	pid_t pids[OPT_MAX_IDS], tids[OPT_MAX_IDS];
	struct events events;
	struct vm_opts vms;
	bool all, bundle;
	double duration; /* s; 0: until stopped */
	int verbose;
	char **argv;     /* of the command; NULL: none */
};

enum { KEY_COMM = 256, KEY_PROFILE, KEY_DURATION, KEY_RING, KEY_PROBE, KEY_VERIFY, KEY_SHIFT, KEY_BUNDLE, KEY_VM, KEY_VM_MATCH,
       KEY_COUNTER };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, 0, "What to record (default: the whole machine, or the command)", 1 },
	{ "all-cpus", 'a', NULL, 0, "The whole machine, also with a command", 1 },
	{ "pid", 'p', "PID[,PID...]", 0, "These processes and what they fork", 1 },
	{ "tid", 't', "TID[,TID...]", 0, "These threads", 1 },
	{ "comm", KEY_COMM, "NAME", 0, "Tasks with this command name", 1 },
	{ "cgroup", 'G', "DIR", 0, "Tasks below this cgroup directory", 1 },
	VM_OPTS_NAME(KEY_VM, 1),
	VM_OPTS_MATCH(KEY_VM_MATCH, 1),
	{ "event", 'e', "LIST", 0, "Families or events: sched, sched:waking, ... (mmt-trace list events)", 1 },
	{ "counter", KEY_COUNTER, "LIST", 0, "Counters by perf's names: page-faults, cycles:u, pmu/event/, ... (mmt-trace list counters)", 1 },
	{ "profile", KEY_PROFILE, "NAME", 0, "light: totals only; default: and switches, migrations; full: and wakeups", 1 },
	{ NULL, 0, NULL, 0, "How", 2 },
	{ "output", 'o', "FILE", 0, "Trace file (default trace.mmt; - is standard output)", 2 },
	{ "frequency", 'F', "HZ", 0, "Samples of each CPU a second, of -e profile (default 199)", 2 },
	{ "interval", 'I', "MS", 0, "Full rows of totals every MS milliseconds (default 1000)", 2 },
	{ "duration", KEY_DURATION, "SECONDS", 0, "Stop after this time", 2 },
	{ "ring", KEY_RING, "KIB", 0, "Ring per CPU (default 8192)", 2 },
	{ "clock-shift", KEY_SHIFT, "BITS", 0, "Keep event times in units of 2^BITS ns (default 4: 16 ns)", 2 },
	{ "bundle", KEY_BUNDLE, NULL, 0, "At the end, put the names of code into the trace, for other machines", 2 },
	{ "probe", KEY_PROBE, "KIND", 0, "auto, tp_btf or raw_tp", 2 },
	{ "verify", KEY_VERIFY, NULL, 0, "Count switches and page faults by perf too (about 60 ns each)", 2 },
	{ "verbose", 'v', NULL, 0, "Say more", 2 },
	{ "quiet", 'q', NULL, 0, "Say nothing but errors", 2 },
	{ 0 },
};

static int parse_events(struct argp_state *state, int key, const char *arg, struct record_args *a)
{
	char why[256];

	if ((key == 'e' ? events_parse : events_counters)(arg, &a->events, why, sizeof(why))) {
		argp_error(state, "%s", why);
		return EINVAL;
	}
	events_apply(&a->events, &a->o);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const char *const profiles[] = { "light", "default", "full" };
	static const char *const probes[] = { "auto", "tp_btf", "raw_tp" };
	struct record_args *a = state->input;
	struct mmt_session_opts *o = &a->o;
	unsigned long v = 0;
	size_t i = 0;
	char *end;
	int err = 0;

	switch (key) {
	case 'a':
		a->all = true;
		return 0;
	case 'p':
		o->pids = a->pids;
		return opt_ids(state, arg, a->pids, &o->n_pids);
	case 't':
		o->tids = a->tids;
		return opt_ids(state, arg, a->tids, &o->n_tids);
	case KEY_COMM:
		o->comm = arg;
		return 0;
	case 'G':
		o->cgroup = arg;
		return 0;
	case KEY_VM:
		a->vms.names = arg;
		return 0;
	case KEY_VM_MATCH:
		return vm_opts_match(state, arg, &a->vms);
	case 'e':
	case KEY_COUNTER:
		return parse_events(state, key, arg, a);
	case KEY_PROFILE:
		err = opt_choice(state, arg, "profile", profiles, 3, &i);
		o->profile = (enum mmt_profile)i;
		return err;
	case 'o':
		o->output = arg;
		return 0;
	case 'I':
		err = opt_number(state, arg, "interval", 200, 3600000, &v);
		o->interval_ms = (unsigned int)v;
		return err;
	case 'F':
		err = opt_number(state, arg, "frequency", 1, 100000, &v);
		o->freq = (unsigned int)v;
		return err;
	case KEY_DURATION:
		a->duration = strtod(arg, &end);
		if (*end || end == arg || !(a->duration > 0)) {
			argp_error(state, "duration '%s' is not a number of seconds", arg);
			return EINVAL;
		}
		return 0;
	case KEY_RING:
		err = opt_number(state, arg, "ring size", 4, 1048576, &v);
		o->ring_kb = (unsigned int)v;
		return err;
	case KEY_SHIFT:
		err = opt_number(state, arg, "clock shift", 0, 16, &v);
		o->time_shift = (int)v;
		return err;
	case KEY_PROBE:
		err = opt_choice(state, arg, "probe", probes, 3, &i);
		o->probe = probes[err ? 0 : i];
		return err;
	case KEY_BUNDLE:
		a->bundle = true;
		return 0;
	case KEY_VERIFY:
		o->verify = true;
		return 0;
	case 'v':
		a->verbose++;
		return 0;
	case 'q':
		a->verbose = -1;
		return 0;
	case ARGP_KEY_END:
		if (a->bundle && !strcmp(o->output, "-"))
			argp_error(state, "--bundle reads the trace again: give -o FILE");
		if (a->bundle && !events_have(&a->events, "map"))
			argp_error(state, "--bundle needs to know where code is: add -e map");
		if (o->freq && !events_have(&a->events, "profile"))
			argp_error(state, "-F is the rate of -e profile: name that too");
		return 0;
	case ARGP_KEY_ARGS:
		a->argv = state->argv + state->next;
		state->next = state->argc;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[--] [COMMAND [ARGUMENT...]]",
	.doc = "Record scheduler events and exact totals into a trace file, until the command ends, the time is over, "
	       "or ^C. With a command and no other choice, it and its descendants are recorded.\v"
	       "Exit status: that of the command; 125 when recording failed, 126 and 127 when the command could not "
	       "be run.",
};

/* ^C, TERM and HUP end the recording; they are read from a descriptor between drains. */
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

static int exit_status(int st)
{
	return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}

struct recording {
	const struct record_args *a;
	struct mmt_session *s;
	struct child child;
	int sig_fd;
	int status; /* of the command */
};

/* Until something ends it: 0, or -errno of the session. */
static int wait_end(struct recording *r, bool has_child)
{
	double ms = r->a->duration > 0 ? r->a->duration * 1000 : -1;
	struct pollfd fds[2] = { { .fd = r->sig_fd, .events = POLLIN },
				 { .fd = has_child ? r->child.pidfd : -1, .events = POLLIN } };
	struct signalfd_siginfo info;
	struct run_usage usage;
	int ret;

	do
		ret = mmt_session__poll(r->s, fds, 2, ms > 2e9 ? 2000000000 : (int)ms);
	while (ret == -EINTR);
	if (has_child) {
		/* the terminal sends ^C to the command too; whatever else ends us ends it */
		if (!(fds[1].revents & POLLIN))
			child_kill(&r->child, SIGTERM);
		child_reap(&r->child, &r->status, &usage);
	}
	if (fds[0].revents && read(r->sig_fd, &info, sizeof(info)) < 0)
		return -errno;
	return ret < 0 ? ret : 0;
}

static void say_end(const struct record_args *a, const struct mmt_session_stats *st)
{
	if (a->verbose < 0)
		return;
	out_info("%s: %.1f MB, %llu events of %llu tasks, %llu lost, %llu shed, collector %.2f s of CPU", a->o.output,
		 (double)st->bytes / 1e6, (unsigned long long)st->events, (unsigned long long)st->tasks,
		 (unsigned long long)st->lost, (unsigned long long)st->shed, (double)st->cpu_ns / 1e9);
}

static int start_child(struct record_args *a, struct recording *r, const sigset_t *old, const char *ctl)
{
	const struct child_opts co = { .argv = a->argv, .ctl = ctl };
	sigset_t now;
	int err;

	/* the command gets the signals as we found them */
	sigprocmask(SIG_SETMASK, old, &now);
	err = child_prepare(&co, &r->child);
	sigprocmask(SIG_SETMASK, &now, NULL);
	if (err) {
		out_err("record: cannot start %s: %s", a->argv[0], strerror(-err));
		return err;
	}
	if (!a->all && !a->o.n_pids && !a->o.n_tids && !a->o.comm && !a->o.cgroup && !vm_opts_set(&a->vms))
		a->o.tree = r->child.pid;
	return 0;
}

/* Facts about the machine, and how we were called. */
static int add_meta(struct record_args *a, struct conf_pairs *facts, const char *line)
{
	struct mmt_meta_pair *m;
	size_t i;
	int err = sysinfo_facts(facts);

	err = err ? err : conf_pairs_set(facts, "tool.version", MMT_VERSION);
	err = err ? err : conf_pairs_set(facts, "tool.options", line);
	if (err)
		return err;
	m = calloc(facts->n, sizeof(*m));
	if (!m)
		return -ENOMEM;
	for (i = 0; i < facts->n; i++) {
		m[i].key = facts->v[i].key;
		m[i].value = facts->v[i].value;
	}
	a->o.meta = m;
	a->o.n_meta = facts->n;
	return 0;
}

static int record(struct record_args *a, const char *line)
{
	struct recording r = { .a = a, .sig_fd = -1, .child = { .pid = 0, .pidfd = -1, .gate = -1, .report = -1 } };
	int status = MMT_EXIT_OURS, err;
	struct mmt_session_stats st;
	struct conf_pairs facts = { 0 };
	char ctl[64];
	sigset_t old;

	snprintf(ctl, sizeof(ctl), "/tmp/mmt-trace.%d.ctl", getpid());
	a->o.ctl_path = ctl;
	if (add_meta(a, &facts, line))
		return MMT_EXIT_OURS;
	r.sig_fd = stop_signals(&old);
	if (r.sig_fd < 0)
		goto out;
	if (a->argv && start_child(a, &r, &old, ctl))
		goto out;
	if (mmt_session__open(&a->o, &r.s) || mmt_session__start(r.s))
		goto out;
	if (a->argv) {
		err = child_release(&r.child);
		if (err) {
			out_err("%s: %s", a->argv[0], strerror(-err));
			status = err == -ENOENT ? MMT_EXIT_NOENT : MMT_EXIT_NOEXEC;
			mmt_session__stop(r.s);
			goto out;
		}
	} else if (a->verbose >= 0 && isatty(2)) {
		out_info("recording into %s; ^C ends it", a->o.output);
	}
	err = wait_end(&r, a->argv != NULL);
	err = mmt_session__stop(r.s) || err;
	mmt_session__stats(r.s, &st);
	say_end(a, &st);
	if (!err && a->bundle) {
		mmt_session__close(r.s);
		r.s = NULL;
		err = bundle_file(a->o.output, NULL, a->verbose);
	}
	status = err ? MMT_EXIT_OURS : a->argv ? exit_status(r.status) : 0;
out:
	child_destroy(&r.child);
	mmt_session__close(r.s);
	if (r.sig_fd >= 0)
		close(r.sig_fd);
	free((void *)a->o.meta);
	conf_pairs_free(&facts);
	return status;
}

static int run(int argc, char **argv)
{
	struct record_args a = { .o = { .sz = sizeof(a.o), .output = "trace.mmt", .profile = MMT_PROFILE_DEFAULT,
					.time_shift = -1, .log = out_log } };
	char line[1024];
	int i, status;

	a.o.log_ctx = &a.verbose;
	line[0] = 0;
	for (i = 0; i < argc; i++) {
		size_t at = strlen(line);

		snprintf(line + at, sizeof(line) - at, "%s%s", i ? " " : "", argv[i]);
	}
	if (mmt_cmd__parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &a)) {
		vm_opts_free(&a.vms);
		return MMT_EXIT_OURS;
	}
	vm_opts_apply(&a.vms, &a.o, "record");
	status = record(&a, line);
	vm_opts_free(&a.vms);
	return status;
}

const struct mmt_cmd cmd_record = {
	.name = "record",
	.summary = "trace the machine or a command into a file",
	.argp = &argp,
	.run = run,
	.takes_command = true,
};
