// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../collector/session.h"
#include "balance.h"
#include "cmd.h"
#include "opt_parse.h"
#include "output.h"
#include "vm_opts.h"

#define MAX_CGROUPS 1024

struct settings {
	struct host_opts host;
	struct bal_opts rule;
	struct vm_opts vm;    /* as host.vms, host.vm_match */
	struct output output;
	const char *cgroups[MAX_CGROUPS];
	const char *journal, *socket;
	unsigned long rounds;
	double duration;      /* s; 0: not said */
	bool rounds_said, keep, undo;
};

enum { OPT_VM = 256, OPT_VM_MATCH, OPT_APPLY, OPT_KEEP, OPT_UNDO, OPT_JOURNAL, OPT_ROUNDS, OPT_DURATION, OPT_PROBATION, OPT_RATIO,
       OPT_HIGH, OPT_MOVES, OPT_EXPOSURE, OPT_SOCKET };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to look at (default: all VMs):", 1 },
	{ "vm", OPT_VM, "NAME", 0, "The VM with this name, or all", 1 },
	{ "vm-match", OPT_VM_MATCH, "REGEX", 0, "VMs whose name matches this extended regular expression", 1 },
	{ "cgroup", 'G', "DIR", 0, "The tasks of this cgroup and of those below it, as one group; may be a pattern; can be given several times", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "What to do (default: give advice, once):", 2 },
	{ "apply", OPT_APPLY, NULL, 0, "Move them by means of cpusets; restore the previous settings at the end", 2 },
	{ "keep", OPT_KEEP, NULL, 0, "With --apply: do not restore the settings at the end (--undo does)", 2 },
	{ "undo", OPT_UNDO, NULL, 0, "Restore what an earlier --apply left behind, and do nothing else", 2 },
	{ "journal", OPT_JOURNAL, "FILE", 0, "Journal of the steps made (default: " MMT_JOURNAL_PATH ")", 2 },
	{ "interval", 'I', "SECONDS", 0, "Length of a round: measure this long, then decide (default: 5)", 2 },
	{ "rounds", OPT_ROUNDS, "N", 0, "Stop after N rounds, 0: never (default: 1; with --apply or --duration: 0)", 2 },
	{ "duration", OPT_DURATION, "SECONDS", 0, "Stop after this time", 2 },
	{ "socket", OPT_SOCKET, "PATH", 0, "Recording that gets a mark for each step (default: $MMT_TRACE_CTL)", 2 },
	{ NULL, 0, NULL, OPTION_DOC, "When:", 3 },
	{ "ratio", OPT_RATIO, "X", 0, "Act if the highest load exceeds the lowest by this factor (default: 1.1)", 3 },
	{ "high", OPT_HIGH, "X", 0, "and is above X tasks per CPU (default: 1)", 3 },
	{ "probation", OPT_PROBATION, "SECONDS", 0, "Memory follows CPUs after this time (default: 30)", 3 },
	{ "moves", OPT_MOVES, "N", 0, "Move at most N groups per round (default: 4)", 3 },
	{ "exposure", OPT_EXPOSURE, "PERCENT", 0, "Where loads are even: bring groups of at least 64 MiB, with an off-node exposure of "
	  "PERCENT or more, to their memory (default: 50; 101: never)", 3 },
	{ 0 },
};

static error_t number(struct argp_state *state, const char *name, const char *arg, double lo, double hi, double *v)
{
	char *end;

	*v = strtod(arg, &end);
	if (!*arg || *end || !(*v >= lo && *v <= hi))
		argp_error(state, "--%s %s: a number from %g to %g", name, arg, lo, hi);
	return 0;
}

static void check(const struct settings *s, struct argp_state *state)
{
	if (s->undo && (s->host.apply || s->keep || s->host.vms || s->host.vm_match || s->host.n_cgroups))
		argp_error(state, "--undo goes alone: it puts back all that the journal holds");
	else if (s->keep && !s->host.apply)
		argp_error(state, "--keep goes with --apply");
	else if (s->host.apply && !s->host.vms && !s->host.vm_match && !s->host.n_cgroups)
		argp_error(state, "--apply moves only what it is told to: --vm NAME (or all), --vm-match REGEX, --cgroup DIR");
}

static error_t parse_rule(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	unsigned long n;
	double v;
	int err;

	switch (key) {
	case OPT_PROBATION:
		return number(state, "probation", arg, 0, 86400, &s->rule.probation);
	case OPT_RATIO:
		return number(state, "ratio", arg, 1, 1000, &s->rule.ratio);
	case OPT_HIGH:
		return number(state, "high", arg, 0, 1000, &s->rule.high);
	case OPT_EXPOSURE:
		err = number(state, "exposure", arg, 0, 101, &v);
		s->rule.exposure = v / 100;
		return err;
	case OPT_MOVES:
		err = opt_number(state, arg, "--moves", 1, 1000, &n);
		s->rule.moves = err ? s->rule.moves : (unsigned int)n;
		return err;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
		break;
	case OPT_VM:
		s->host.vms = s->vm.names = arg;
		break;
	case OPT_VM_MATCH:
		s->host.vm_match = arg;
		return vm_opts_match(state, arg, &s->vm);
	case 'G':
		if (s->host.n_cgroups == MAX_CGROUPS)
			argp_error(state, "--cgroup: %d of them at most; a pattern stands for many", MAX_CGROUPS);
		else
			s->cgroups[s->host.n_cgroups++] = arg;
		break;
	case OPT_APPLY:
		s->host.apply = true;
		break;
	case OPT_KEEP:
		s->keep = true;
		break;
	case OPT_UNDO:
		s->undo = true;
		break;
	case OPT_JOURNAL:
		s->journal = arg;
		break;
	case OPT_SOCKET:
		s->socket = arg;
		break;
	case 'I':
		return number(state, "interval", arg, 0.1, 3600, &s->host.interval);
	case OPT_ROUNDS:
		s->rounds_said = true;
		return opt_number(state, arg, "--rounds", 0, 1000000000, &s->rounds);
	case OPT_DURATION:
		return number(state, "duration", arg, 0.1, 1e9, &s->duration);
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': groups are named by --vm, --vm-match and --cgroup", arg);
		break;
	case ARGP_KEY_END:
		check(s, state);
		break;
	default:
		return parse_rule(key, arg, state);
	}
	return 0;
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 4 }, { 0 } };

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.doc = "Advise which VMs or cgroups should run on which NUMA node, and what that would change; with --apply, move them."
	       "\vCPUs are moved first, memory after a time of probation. Each step is written to a journal before it is made, so that "
	       "everything can be undone, however the balancer ended.",
};

/* ---------------------------------------------------------------- rounds */

static volatile sig_atomic_t stopped;

static void on_stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_stop };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGPIPE, &sa, NULL); /* nobody reads what we say any more: undo, and end */
}

static int decide(struct host *h, const struct settings *s, struct bal_plan *p)
{
	int err;

	do {
		bal_plan_free(p);
		err = bal_decide(h->node, h->n_nodes, h->groups, h->n_groups, &s->rule, p);
	} while (!err && s->host.apply && apply_bound(h, p));
	return err;
}

static void show(const struct host *h, const struct settings *s, const struct bal_plan *p, const struct step_done *done,
		 FILE *f)
{
	const struct table_out *o = &s->output.table;
	struct table *t;

	if (o->fmt == TABLE_TEXT) {
		balance_show_round(h, p, done, o, f);
	} else if (o->fmt == TABLE_JSON || o->fmt == TABLE_NDJSON) {
		balance_show_json(h, p, done, o->fmt == TABLE_JSON && s->rounds == 1, f);
	} else {
		t = balance_show_steps(h, p, done);
		if (t && (p->n || h->round == 1))
			table_write(t, f, o);
		table_free(t);
	}
	fflush(f);
}

static void add_up(const struct bal_plan *p, const struct step_done *done, struct step_sum *sum)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (!done[i].made)
			sum->failed += done[i].err != 0;
		else if (p->steps[i].memory)
			sum->memory++, sum->memory_ms += done[i].ms, sum->pages += done[i].pages;
		else
			sum->cpus++, sum->cpus_ms += done[i].ms;
	}
}

/* What this round's steps should come to, for the next one to be held against; not when some could not be made. */
static void expect(struct host *h, const struct bal_plan *p, const struct step_done *done)
{
	size_t i, made = 0;

	for (i = 0; done && i < p->n; i++)
		made += done[i].made;
	h->said_imbalance = made && made == p->n ? p->imbalance_then : NAN;
	h->said_exposure = made && made == p->n ? p->exposure_then : NAN;
}

static int one_round(struct host *h, const struct settings *s, struct mmt_journal *j, struct step_sum *sum, FILE *f)
{
	struct bal_plan p = { 0 };
	struct step_done *done = NULL;
	size_t i;
	int err = host_round(h);

	err = err ? err : decide(h, s, &p);
	if (!err && s->host.apply) {
		done = calloc(p.n + 1, sizeof(*done));
		err = done ? 0 : -ENOMEM;
		for (i = 0; i < p.n && !err && !stopped; i++)
			apply_step(h, j, &p.steps[i], s->socket, &done[i]);
		if (!err)
			add_up(&p, done, sum);
	}
	if (!err) {
		show(h, s, &p, done, f);
		expect(h, &p, done);
	}
	free(done);
	bal_plan_free(&p);
	return err;
}

static int rounds(struct host *h, const struct settings *s, struct mmt_journal *j, FILE *f)
{
	struct step_sum sum = { 0 };
	int err = 0;

	while (!err && !stopped && (!s->rounds || h->round < s->rounds) &&
	       (!(s->duration > 0) || host_now() - h->started < s->duration))
		err = one_round(h, s, j, &sum, f);
	if (sum.cpus + sum.memory + sum.failed)
		out_info("balance: CPUs of %u groups moved in %.1f ms, memory of %u in %.1f ms (%" PRIu64 " pages); %u steps failed",
			 sum.cpus, sum.cpus_ms, sum.memory, sum.memory_ms, sum.pages, sum.failed);
	return err == -EINTR ? 0 : err;
}

/* ---------------------------------------------------------------- undoing */

static void say_undone(const struct mmt_undone *u, const char *socket)
{
	char text[256];

	snprintf(text, sizeof(text), "%u settings put back, %u as they were, %u of cgroups that are gone, %u left to others, %u failed",
		 u->restored, u->unchanged, u->gone, u->foreign, u->failed);
	out_info("balance: undone: %s", text);
	if (socket || getenv("MMT_TRACE_CTL"))
		(void)mmt_mark_request(socket, MMT_MARK_USER, "balance undone", text);
}

static int undo(const struct settings *s)
{
	const struct mmt_log log = { out_log, NULL };
	struct mmt_undone u;
	int err = mmt_journal__undo_file(s->journal, &log, &u);

	if (err == -ENOENT) {
		out_info("balance: %s: no journal, nothing to undo", s->journal);
		return MMT_EXIT_OK;
	}
	if (!err || u.restored + u.unchanged + u.gone + u.foreign + u.failed)
		say_undone(&u, s->socket);
	if (err == -EIO && u.failed)
		out_err("balance: not all could be put back: %s stays, run --undo again", s->journal);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

static int finish(const struct settings *s, struct mmt_journal *j)
{
	struct mmt_undone u;
	int err = 0;

	if (!s->keep) {
		err = mmt_journal__undo(j, &u);
		say_undone(&u, s->socket);
	}
	mmt_journal__close(j);
	return err;
}

static int refuse(const struct host *h)
{
	if (h->cpuset_why[0]) {
		out_err("balance: --apply needs cpusets of cgroup v2: %s", h->cpuset_why);
		return -ENOTSUP;
	}
	return 0;
}

/* What was named and is not there: an error where this is all that is looked at, else it may come yet. */
static int check_names(struct settings *s)
{
	bool once = s->rounds == 1 && !s->host.apply;
	char why[1024];
	size_t i;

	for (i = 0; i < s->host.n_cgroups; i++) {
		if (strpbrk(s->cgroups[i], "*?[") || !access(s->cgroups[i], F_OK))
			continue;
		(once ? out_err : out_warn)("balance: --cgroup %s: %s", s->cgroups[i], strerror(errno));
		if (once)
			return -ENOENT;
	}
	if (s->host.n_cgroups || !vm_opts_set(&s->vm) || (s->vm.names && !strcmp(s->vm.names, "all")) ||
	    !vm_opts_none_runs(&s->vm, why, sizeof(why)))
		return 0;
	(once ? out_err : out_warn)("balance: %s", why);
	return once ? -ENOENT : 0;
}

static int run(int argc, char **argv)
{
	const struct mmt_log log = { out_log, NULL };
	struct settings s = { .host.interval = 5, .rule = bal_defaults, .journal = MMT_JOURNAL_PATH, .rounds = 1 };
	struct mmt_journal *j = NULL;
	struct out *o = NULL;
	struct host h;
	int err, ret;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err || s.undo) {
		ret = err ? MMT_EXIT_TROUBLE : undo(&s);
		goto free_opts;
	}
	s.host.cgroups = s.cgroups;
	if (!s.rounds_said && (s.host.apply || s.duration > 0))
		s.rounds = 0;
	if (s.rounds != 1)
		s.output.out.no_pager = true;
	catch_signals();
	if (check_names(&s)) {
		ret = MMT_EXIT_TROUBLE;
		goto free_opts;
	}
	err = host_open(&h, &s.host, &stopped);
	if (!err && s.host.apply)
		err = refuse(&h);
	if (!err && s.host.apply)
		err = mmt_journal__open(s.journal, &log, &j);
	if (err)
		goto out;
	err = host_start(&h);
	if (err) {
		mmt_journal__close(j);
		goto out;
	}
	o = output_open(&s.output);
	if (s.output.table.fmt == TABLE_TEXT)
		balance_show_head(&h, out_stream(o));
	err = rounds(&h, &s, j, out_stream(o));
	if (err)
		out_err("balance: %s", strerror(-err));
	if (j) {
		ret = finish(&s, j);
		err = err ? err : ret;
	}
	err = output_close(o, err);
out:
	host_close(&h);
	ret = err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
free_opts:
	vm_opts_free(&s.vm);
	return ret;
}

const struct mmt_cmd cmd_balance = {
	.name = "balance",
	.summary = "advise which VMs should run on which NUMA node, and move them",
	.argp = &argp,
	.run = run,
};
