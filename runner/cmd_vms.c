// SPDX-License-Identifier: GPL-2.0-only
/* vms: virtual machines, their memory and where it is used from; of a trace, or right now. */
#include <errno.h>
#include <string.h>

#include "../analyzer/trace_err.h"
#include "cmd.h"
#include "events.h"
#include "opt_parse.h"
#include "output.h"
#include "vm_opts.h"
#include "vms.h"

struct settings {
	const char *input;
	struct model_opts model;
	struct vms_run_opts run;
	struct output output;
	struct vm_opts vm;
	bool top, segment, exits;
	int verbose;
};

enum { OPT_VM = 256, OPT_VM_MATCH, OPT_BY, OPT_SORT, OPT_TOP, OPT_SEGMENT, OPT_MARK, OPT_EXITS };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to show:", 1 },
	{ "input", 'i', "FILE", 0, "Trace to read (- is standard input); also as argument", 1 },
	{ "vm", OPT_VM, "NAME[,NAME...]", 0, "Only these virtual machines, or all", 1 },
	{ "vm-match", OPT_VM_MATCH, "REGEX", 0, "Only those whose name matches this extended regular expression", 1 },
	{ "by", OPT_BY, "WHAT", 0, "One table: vm, place (memory and run time by node), vcpu, node (default: all of these but vcpu)", 1 },
	{ "segment", OPT_SEGMENT, "SEGMENT", 0,
	  "Of a trace: iteration, all, or the number of a segment (default: the iteration where there is one, else all)", 1 },
	{ "mark", OPT_MARK, "NAME", 0, "Of a trace: only the segments that begin at marks of this name", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "Without a trace:", 2 },
	{ "delay", 'd', "SECONDS", 0, "Length of an interval (default 2)", 2 },
	{ "iterations", 'n', "N", 0, "End after N intervals", 2 },
	{ "exits", OPT_EXITS, NULL, 0, "Also exits of vCPUs, each of which then costs some 0.2 us more", 2 },
	{ NULL, 0, NULL, OPTION_DOC, "How to show it:", 3 },
	{ "sort", OPT_SORT, "COLUMN", 0, "Sort by this column, largest first (default: off-node run time)", 3 },
	{ "top", OPT_TOP, "N", 0, "Rows to show, 0 for all (default: 20 in text, else all)", 3 },
	{ 0 },
};

static error_t parse_by(struct settings *s, const char *arg, struct argp_state *state)
{
	const char *names[VMS_BYS];
	size_t i;
	int err;

	for (i = 0; i < VMS_BYS; i++)
		names[i] = vms_by_name((enum vms_by)i);
	err = opt_choice(state, arg, "table", names, VMS_BYS, &i);
	s->run.show.by = err ? VMS_BY_ALL : (enum vms_by)i;
	return err;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	unsigned long v = 0;
	int err;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
		return 0;
	case 'i':
		s->input = arg;
		return 0;
	case OPT_VM:
		s->vm.names = s->run.show.names = arg;
		return 0;
	case OPT_VM_MATCH:
		return vm_opts_match(state, arg, &s->vm);
	case OPT_BY:
		return parse_by(s, arg, state);
	case OPT_SEGMENT:
		s->segment = true;
		return opt_segment(state, arg, &s->model);
	case OPT_MARK:
		s->segment = true;
		s->model.window = WINDOW_NAME;
		s->model.name = arg;
		return 0;
	case 'd':
		return opt_delay(state, arg, &s->run.delay);
	case 'n':
		return opt_number(state, arg, "number of intervals", 1, 1000000000, &s->run.iterations);
	case OPT_EXITS:
		s->exits = true;
		return 0;
	case OPT_SORT:
		s->run.show.sort = arg;
		return 0;
	case OPT_TOP:
		err = opt_number(state, arg, "number of rows", 0, 1000000000, &v);
		s->run.show.top = v;
		s->top = true;
		return err;
	case ARGP_KEY_ARG:
		if (s->input)
			argp_error(state, "one trace at a time; '%s' is the second (to compare traces: mmt-trace compare)", arg);
		s->input = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 4 }, { 0 } };

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Show virtual machines: their memory by NUMA node, where their vCPUs run, how much of that is off-node (away from "
	       "the memory), how long they wait for a CPU; and the nodes. FILE is a trace recorded with -e vm,place,load; "
	       "without it, watch this host."
	       "\vTimes in CSV and JSON are in ns.",
};

static int from_trace(struct settings *s)
{
	struct vms_show_opts *show = &s->run.show;
	struct model *m = NULL;
	struct out *o;
	int err;

	err = model_load(s->input, &s->model, &m);
	if (err) {
		trace_err_say(s->input, err, &s->model);
		return err;
	}
	trace_status_say(m);
	o = output_open(&s->output);
	show->out = s->output.table;
	err = vms_show(m, show, out_stream(o));
	if (err && err != -ENOENT && err != -ENODATA && err != -EINVAL)
		trace_err_say(s->input, err, &s->model);
	err = output_close(o, err);
	model_free(m);
	return err;
}

static int live(struct settings *s)
{
	static const char *const families[] = { "vm", "place", "load", "kvm" };
	struct events ev = { .sched = true };
	char why[256], none[1024];
	size_t i;

	if (s->segment) {
		out_err("vms: --segment and --mark are for a trace; name one");
		return -EINVAL;
	}
	for (i = 0; i < sizeof(families) / sizeof(families[0]) - !s->exits; i++)
		(void)events_parse(families[i], &ev, why, sizeof(why)); /* what is not there is said above the tables */
	if (!events_have(&ev, "vm")) {
		out_err("vms: %s", "virtual machines cannot be looked for right now; name a trace");
		return -EINVAL;
	}
	if ((s->vm.have_match || (s->vm.names && strcmp(s->vm.names, "all"))) && vm_opts_none_runs(&s->vm, none, sizeof(none)))
		out_warn("vms: %s; those that start later are shown", none);
	events_apply(&ev, &s->run.session);
	s->run.session.log_ctx = &s->verbose;
	s->run.show.live = true;
	s->run.show.out = s->output.table;
	return vms_run(&s->run);
}

static int run(int argc, char **argv)
{
	struct settings s = {
		.run = {
			.session = { .sz = sizeof(s.run.session), .profile = MMT_PROFILE_LIGHT, .time_shift = -1, .no_oracle = true },
			.show = { .log = out_log }, .delay = 2,
		},
	};
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (!err) {
		s.run.show.match = s.vm.have_match ? &s.vm.match : NULL;
		if (!s.top)
			s.run.show.top = s.output.table.fmt == TABLE_TEXT ? 20 : 0;
		if (s.input && s.exits)
			out_warn("vms: --exits is for the host as it is now; a trace has them where it was recorded with -e kvm");
		err = s.input ? from_trace(&s) : live(&s);
	}
	vm_opts_free(&s.vm);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_vms = {
	.name = "vms",
	.summary = "virtual machines: memory by NUMA node, where they run, how long they wait",
	.argp = &argp,
	.run = run,
};
