// SPDX-License-Identifier: GPL-2.0-only
/* vms: virtual machines, their memory and where it is used from. */
#include <errno.h>
#include <string.h>

#include "../analyzer/trace_err.h"
#include "../analyzer/vms/show.h"
#include "cmd.h"
#include "opt_parse.h"
#include "output.h"

struct settings {
	const char *input;
	struct model_opts model;
	struct vms_show_opts show;
	struct output output;
	regex_t match;
	bool have_match, top;
};

enum { OPT_VM = 256, OPT_VM_MATCH, OPT_BY, OPT_SORT, OPT_TOP, OPT_SEGMENT, OPT_MARK };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to show:", 1 },
	{ "input", 'i', "FILE", 0, "Trace to read (- is standard input); also as argument", 1 },
	{ "vm", OPT_VM, "NAME[,NAME...]", 0, "Only these virtual machines; all: every one", 1 },
	{ "vm-match", OPT_VM_MATCH, "REGEX", 0, "Only those whose name matches this extended regular expression", 1 },
	{ "by", OPT_BY, "WHAT", 0, "One table: vm, place (memory and run time by node), vcpu, node (default: all of them but vcpu)", 1 },
	{ "segment", OPT_SEGMENT, "SEGMENT", 0,
	  "Of a trace: iteration, all, or the number of a segment (default: the iteration where there is one, else all)", 1 },
	{ "mark", OPT_MARK, "NAME", 0, "Of a trace: only the segments that begin at marks of this name", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "How to show it:", 3 },
	{ "sort", OPT_SORT, "COLUMN", 0, "Sort by this column, largest first (default: off-node run time)", 3 },
	{ "top", OPT_TOP, "N", 0, "Rows to show, 0 for all (default: 20 in text, else all)", 3 },
	{ 0 },
};

static error_t parse_match(struct settings *s, const char *arg, struct argp_state *state)
{
	char why[128];
	int err;

	if (s->have_match)
		regfree(&s->match);
	err = regcomp(&s->match, arg, REG_EXTENDED | REG_NOSUB);
	s->have_match = !err;
	if (!err)
		return 0;
	regerror(err, &s->match, why, sizeof(why));
	argp_error(state, "--vm-match %s: %s", arg, why);
	return EINVAL;
}

static error_t parse_by(struct settings *s, const char *arg, struct argp_state *state)
{
	const char *names[VMS_BYS];
	size_t i;
	int err;

	for (i = 0; i < VMS_BYS; i++)
		names[i] = vms_by_name((enum vms_by)i);
	err = opt_choice(state, arg, "table", names, VMS_BYS, &i);
	s->show.by = err ? VMS_BY_ALL : (enum vms_by)i;
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
		s->show.names = arg;
		return 0;
	case OPT_VM_MATCH:
		return parse_match(s, arg, state);
	case OPT_BY:
		return parse_by(s, arg, state);
	case OPT_SEGMENT:
		return opt_segment(state, arg, &s->model);
	case OPT_MARK:
		s->model.window = WINDOW_NAME;
		s->model.name = arg;
		return 0;
	case OPT_SORT:
		s->show.sort = arg;
		return 0;
	case OPT_TOP:
		err = opt_number(state, arg, "number of rows", 0, 1000000000, &v);
		s->show.top = v;
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
	.args_doc = "FILE",
	.doc = "Show virtual machines: where their memory is, on which nodes their virtual CPUs run, how much of that is far from "
	       "the memory, how long they wait for a CPU; and the nodes. Of a trace recorded with -e vm,place,load."
	       "\vTimes in CSV and JSON are in ns.",
};

static int from_trace(struct settings *s)
{
	struct vms_show_opts *show = &s->show;
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

static int run(int argc, char **argv)
{
	struct settings s = {
		.show = { .log = out_log },
	};
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (!err && !s.input) {
		out_err("vms: name a trace, recorded with -e vm,place,load");
		err = -EINVAL;
	}
	if (!err) {
		s.show.match = s.have_match ? &s.match : NULL;
		if (!s.top)
			s.show.top = s.output.table.fmt == TABLE_TEXT ? 20 : 0;
		err = from_trace(&s);
	}
	if (s.have_match)
		regfree(&s.match);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_vms = {
	.name = "vms",
	.summary = "virtual machines: their memory by node, where they run, how they wait",
	.argp = &argp,
	.run = run,
};
