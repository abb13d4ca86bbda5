// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "hot_opts.h"

enum { OPT_FAULTS = 255, OPT_BLOCKED, OPT_PREEMPTED, OPT_WAKERS, OPT_CPU, OPT_SYSCALLS, OPT_BY, OPT_INCLUSIVE, OPT_COMM, OPT_SEGMENT,
       OPT_MARK, OPT_FROM, OPT_TO, OPT_TOP, OPT_DEPTH, OPT_COLLECTOR, OPT_ROOT, OPT_DEBUG_DIR };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to show (default: everything that was recorded):", 1 },
	{ "input", 'i', "FILE", 0, "Trace to read; also as argument", 1 },
	{ "faults", OPT_FAULTS, NULL, 0, "Instructions and call paths that fault (of record -e fault)", 1 },
	{ "blocked", OPT_BLOCKED, NULL, 0, "Where tasks block, for how long, and why (of record -e offcpu)", 1 },
	{ "preempted", OPT_PREEMPTED, NULL, 0, "Where tasks lose the CPU while runnable (of record -e offcpu)", 1 },
	{ "wakers", OPT_WAKERS, NULL, 0, "Who wakes whom, from where, and how late it runs (of record -e waker)", 1 },
	{ "cpu", OPT_CPU, NULL, 0, "Where CPU time goes (of record -e profile)", 1 },
	{ "syscalls", OPT_SYSCALLS, NULL, 0, "System calls by time, and memory management calls (of record -e syscall)", 1 },
	{ "by", OPT_BY, "WHAT", 0,
	  "Rows: path (the default), function, instruction, line, reason, task, process, comm, cgroup, segment", 1 },
	{ "inclusive", OPT_INCLUSIVE, NULL, 0, "With --by function: sort by the time of a function and all that it calls", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "Of what:", 2 },
	{ "pid", 'p', "PID[,PID...]", 0, "Only these processes", 2 },
	{ "tid", 't', "TID[,TID...]", 0, "Only these threads", 2 },
	{ "comm", OPT_COMM, "NAME[,NAME...]", 0, "Only tasks with these command names (* and ? as in a shell)", 2 },
	{ "cgroup", 'G', "PATH[,PATH...]", 0, "Only tasks in these cgroups and those below (likewise)", 2 },
	{ "segment", OPT_SEGMENT, "SEGMENT", 0,
	  "iteration, all, or the number of a segment (default: the iteration where there is one, else all)", 2 },
	{ "mark", OPT_MARK, "NAME", 0, "Only the segments that begin at marks of this name", 2 },
	{ "from", OPT_FROM, "SECONDS", 0, "Only from this time on, from the start of the recording", 2 },
	{ "to", OPT_TO, "SECONDS", 0, "Only before this time", 2 },
	{ "collector", OPT_COLLECTOR, NULL, 0, "The collector's own tasks too", 2 },
	{ NULL, 0, NULL, OPTION_DOC, "How to show it:", 3 },
	{ "top", OPT_TOP, "N", 0, "Rows of a section, 0 for all (default: 5, of a single section 10, in JSON 100, else all)", 3 },
	{ "depth", OPT_DEPTH, "N", 0, "Functions of a path that are shown, in the kernel and in the program, 0 for all (default: 8)", 3 },
	{ "root", OPT_ROOT, "DIR", 0, "Look for the programs that ran below this directory", 3 },
	{ "debug-dir", OPT_DEBUG_DIR, "DIR[:DIR...]", 0, "Look for separate debug files here (default: /usr/lib/debug)", 3 },
	{ 0 },
};

void hot_cmd_init(struct hot_cmd *c)
{
	*c = (struct hot_cmd){
		.hot = { .log = out_log }, .from = -1, .to = -1,
		.view = { .by = HOT_BY_PATH, .default_rows = true, .depth = 8 },
	};
}

static void section(struct hot_cmd *c, enum hot_kind kind)
{
	c->sections = true;
	c->view.kinds |= 1u << kind;
}

static int seconds(struct argp_state *state, const char *arg, const char *what, double *v)
{
	char *end;

	*v = strtod(arg, &end);
	if (*arg && !*end && isfinite(*v) && *v >= 0 && *v < 1e9)
		return 0;
	argp_error(state, "--%s %s: seconds from the start of the recording, 0 or more", what, arg);
	return EINVAL;
}

static int by(struct hot_cmd *c, struct argp_state *state, const char *arg)
{
	const char *names[HOT_BYS];
	size_t i;
	int err;

	for (i = 0; i < HOT_BYS; i++)
		names[i] = hot_by_name((enum hot_by)i);
	err = opt_choice(state, arg, "--by", names, HOT_BYS, &i);
	if (err)
		return err;
	c->view.by = (enum hot_by)i;
	c->view.default_rows = false;
	return 0;
}

static error_t parse_of(struct hot_cmd *c, int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'p':
		return opt_ids(state, arg, c->tgids, &c->hot.n_tgids);
	case 't':
		return opt_ids(state, arg, c->tids, &c->hot.n_tids);
	case OPT_COMM:
		c->hot.comm = arg;
		return 0;
	case 'G':
		c->hot.cgroup = arg;
		return 0;
	case OPT_SEGMENT:
		return opt_segment(state, arg, &c->model);
	case OPT_MARK:
		c->model.window = WINDOW_NAME;
		c->model.name = arg;
		return 0;
	case OPT_FROM:
		return seconds(state, arg, "from", &c->from);
	case OPT_TO:
		return seconds(state, arg, "to", &c->to);
	case OPT_COLLECTOR:
		c->hot.collector = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct hot_cmd *c = state->input;
	unsigned long v;
	int err;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->output;
		state->child_inputs[1] = &c->diff;
		state->child_inputs[2] = &c->forms;
		return 0;
	case 'i':
		c->input = arg;
		return 0;
	case OPT_FAULTS:
	case OPT_BLOCKED:
	case OPT_PREEMPTED:
	case OPT_WAKERS:
	case OPT_CPU:
		section(c, (enum hot_kind)(key - OPT_FAULTS));
		return 0;
	case OPT_SYSCALLS:
		c->sections = c->view.syscalls = true;
		return 0;
	case OPT_BY:
		return by(c, state, arg);
	case OPT_INCLUSIVE:
		c->view.inclusive = true;
		return 0;
	case OPT_TOP:
		err = opt_number(state, arg, "--top", 0, 1000000000, &v);
		c->view.top = v;
		c->top = true;
		return err;
	case OPT_DEPTH:
		err = opt_number(state, arg, "--depth", 0, 100000, &v);
		c->view.depth = (unsigned int)v;
		return err;
	case OPT_ROOT:
		c->symbols.root = arg;
		return 0;
	case OPT_DEBUG_DIR:
		c->symbols.debug_dirs = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (c->diff.on)
			return ARGP_ERR_UNKNOWN; /* arms */
		if (c->input)
			argp_error(state, "one trace at a time; '%s' is the second", arg);
		c->input = arg;
		return 0;
	case ARGP_KEY_END:
		if (c->view.inclusive && c->view.by != HOT_BY_FUNCTION)
			argp_error(state, "--inclusive goes with --by function");
		if (c->to >= 0 && c->from >= c->to)
			argp_error(state, "--from %g is not before --to %g", c->from, c->to);
		return 0;
	}
	return parse_of(c, key, arg, state);
}

static const struct argp_child children[] = {
	{ &output_argp, 0, NULL, 4 }, { &hot_diff_argp, 0, "The difference of two runs:", 5 }, { &hot_forms_argp, 0, "Other forms:", 6 }, { 0 },
};

const struct argp hot_argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "[FILE]\n--diff A B\n--diff -d DIR -b BENCHMARK -n A,B\n--diff A1.mmt,A2.mmt... B1.mmt,B2.mmt...",
	.doc = "Show where the page faults, the blocked time and the CPU time of a recorded run come from: call paths with "
	       "source lines, why tasks blocked and who woke them, and the system calls. Record with -e hot."
	       "\vWithout FILE, trace.mmt of the current directory is read. Times in CSV and JSON are in ns.",
};

static unsigned int how_many(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

void hot_cmd_finish(struct hot_cmd *c, const struct model *m)
{
	uint64_t start = !m ? 0 : m->n_marks ? m->marks[0].time : m->t0;

	if (!c->sections) {
		c->view.kinds = (1u << HOT_KINDS) - 1;
		c->view.syscalls = true;
	}
	if (!c->top)
		c->view.top = c->output.table.fmt == TABLE_JSON ? 100 : c->output.table.fmt != TABLE_TEXT ? 0 : how_many(c->view.kinds) + c->view.syscalls > 1 ? 5 : 10;
	c->hot.kinds = c->view.kinds;
	c->hot.tgids = c->tgids;
	c->hot.tids = c->tids;
	c->hot.from = c->from > 0 ? start + (uint64_t)(c->from * 1e9) : 0;
	c->hot.to = c->to >= 0 ? start + (uint64_t)(c->to * 1e9) : 0;
	c->hot.symbols = &c->symbols;
	c->view.opts = &c->hot;
	c->view.out = c->output.table;
}
