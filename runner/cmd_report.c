// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/report.h"
#include "../analyzer/trace_err.h"
#include "cmd.h"
#include "opt_parse.h"
#include "output.h"
#include "vm_opts.h"

struct settings {
	const char *input;
	struct model_opts model;
	struct report_opts report;
	struct output output;
	struct vm_opts vms;
	bool by; /* --by was said */
	long threads; /* -1: as many as there are CPUs to spare */
};

enum { OPT_THREADS = 255, OPT_BY, OPT_SORT, OPT_SEGMENT, OPT_MARK, OPT_EVENTS, OPT_TOP, OPT_HIST, OPT_VERIFY,
       OPT_COLLECTOR, OPT_FAULTS, OPT_SYSCALLS, OPT_NUMA, OPT_NODES, OPT_VM, OPT_VM_MATCH, OPT_KVM, OPT_COUNTERS };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to report:", 1 },
	{ "input", 'i', "FILE", 0, "Trace to read (- is standard input); also as argument", 1 },
	{ "by", OPT_BY, "WHAT", 0, "Rows: task, process, comm, cgroup, cpu, machine (default: task)", 1 },
	{ "segment", OPT_SEGMENT, "SEGMENT", 0,
	  "iteration, all, or the number of a segment (default: the iteration where there is one, else all)", 1 },
	{ "mark", OPT_MARK, "NAME", 0, "Only the segments that begin at marks of this name", 1 },
	VM_OPTS_NAME(OPT_VM, 1),
	VM_OPTS_MATCH(OPT_VM_MATCH, 1),
	{ "events", OPT_EVENTS, NULL, 0, "Compute from the event stream instead of the totals", 1 },
	{ "syscalls", OPT_SYSCALLS, NULL, 0, "System calls instead, of traces recorded with -e syscall (--by: machine)", 1 },
	{ "threads", OPT_THREADS, "N", 0, "With --events: unpack them with N threads more (default: one a CPU, at most 3)", 1 },
	{ "collector", OPT_COLLECTOR, NULL, 0, "Show the collector's own tasks too", 1 },
	{ "faults", OPT_FAULTS, NULL, 0, "Page faults instead of the rest: totals, instructions and addresses (of record -e fault)", 1 },
	{ "numa", OPT_NUMA, NULL, 0, "Memory by node instead: placement and off-node exposure (of record -e place), pages allocated and moved (-e numa)", 1 },
	{ "kvm", OPT_KVM, NULL, 0, "Virtual CPUs instead: exits by reason, returns to the program, halts (of record -e kvm; --by: machine)", 1 },
	{ "counters", OPT_COUNTERS, NULL, 0, "Counters of perf instead: by event and node, or --by cpu (of record -e counters)", 1 },
	{ "nodes", OPT_NODES, NULL, 0, "Load of the nodes instead: tasks, CPUs, busy time, imbalance (of record -e load)", 1 },
	{ "hist", OPT_HIST, NULL, 0, "Add histograms of run-queue latency and off-CPU time", 1 },
	{ "verify", OPT_VERIFY, NULL, 0, "Add the differences to the kernel's own counters, and why", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "How to show it:", 2 },
	{ "sort", OPT_SORT, "COLUMN", 0, "Sort by this column, largest first (default: run time)", 2 },
	{ "top", OPT_TOP, "N", 0, "Rows to show, 0 for all (default: 20 in text, else all)", 2 },
	{ 0 },
};

static int parse_by(struct settings *s, const char *arg)
{
	static const char *const name[] = { "task", "process", "comm", "cgroup", "cpu", "machine" };
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (!strcmp(arg, name[i])) {
			s->report.by = (enum report_by)i;
			s->by = true;
			return 0;
		}
	}
	return -EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	char *end;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &s->output;
		break;
	case 'i':
		s->input = arg;
		break;
	case OPT_BY:
		if (parse_by(s, arg))
			argp_error(state, "--by %s: choose task, process, comm, cgroup, cpu or machine", arg);
		break;
	case OPT_SEGMENT:
		return opt_segment(state, arg, &s->model);
	case OPT_MARK:
		s->model.window = WINDOW_NAME;
		s->model.name = arg;
		break;
	case OPT_VM:
		s->vms.names = arg;
		break;
	case OPT_VM_MATCH:
		return vm_opts_match(state, arg, &s->vms);
	case OPT_EVENTS:
		s->report.events = true;
		break;
	case OPT_SYSCALLS:
		s->report.syscalls = true;
		break;
	case OPT_THREADS:
		s->threads = strtol(arg, &end, 10);
		if (!*arg || *end || s->threads < 0 || s->threads > 64)
			argp_error(state, "--threads %s: a number from 0 to 64", arg);
		break;
	case OPT_COLLECTOR:
		s->report.collector = true;
		break;
	case OPT_FAULTS:
		s->report.faults = true;
		break;
	case OPT_NUMA:
		s->report.numa = true;
		break;
	case OPT_COUNTERS:
		s->report.counters = true;
		break;
	case OPT_KVM:
		s->report.kvm = true;
		break;
	case OPT_NODES:
		s->report.nodes = true;
		break;
	case OPT_HIST:
		s->report.hist = true;
		break;
	case OPT_VERIFY:
		s->report.verify = true;
		break;
	case OPT_SORT:
		s->report.sort = arg;
		break;
	case OPT_TOP:
		s->report.top = strtoul(arg, &end, 10);
		if (!*arg || *end || *arg == '-')
			argp_error(state, "--top %s: not a number", arg);
		if (!s->report.top)
			s->report.top = SIZE_MAX;
		break;
	case ARGP_KEY_ARG:
		if (s->input)
			argp_error(state, "one trace at a time; '%s' is the second (to compare traces: mmt-trace compare)", arg);
		s->input = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = { { &output_argp, 0, NULL, 3 }, { 0 } };

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Report what the tasks of a recorded run did: run time, switches, migrations, run-queue latency, off-CPU time."
	       "\vWithout FILE, trace.mmt of the current directory is read. Times in CSV and JSON are in ns.",
};

/* Unpacking takes about as long as the rest: more than three threads have nothing to do. */
static unsigned int spare_cpus(long asked)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	if (asked >= 0)
		return (unsigned int)asked;
	return n < 2 ? 0 : n < 4 ? (unsigned int)n : 3;
}

static int report(struct settings *s)
{
	struct model *m = NULL;
	struct out *o;
	int err = model_load(s->input, &s->model, &m);

	if (err) {
		trace_err_say(s->input, err, &s->model);
		return err;
	}
	trace_status_say(m);
	err = vm_opts_pick(&s->vms, m);
	if (err)
		goto out;
	o = output_open(&s->output);
	s->report.out = s->output.table;
	err = report_write(m, &s->report, out_stream(o));
	if (err && err != -ENOENT && err != -ENODATA && err != -EINVAL)
		trace_err_say(s->input, err, &s->model);
	err = output_close(o, err);
out:
	model_free(m);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { .report = { .log = out_log }, .threads = -1 };
	int err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);

	if (err)
		goto out;
	if (!s.input)
		s.input = "trace.mmt";
	if ((s.report.syscalls || s.report.kvm || s.report.counters) && !s.by)
		s.report.by = REPORT_MACHINE;
	if (s.report.numa && !s.by)
		s.report.by = REPORT_PROCESS;
	if (s.report.nodes && s.by && s.report.by != REPORT_CPU && s.report.by != REPORT_MACHINE) {
		out_err("--nodes shows nodes and CPUs of the machine: leave --by out");
		err = -EINVAL;
		goto out;
	}
	if ((s.report.events || s.report.faults) && !strcmp(s.input, "-")) {
		out_err("--events and --faults read the trace twice: save standard input to a file first");
		err = -EINVAL;
		goto out;
	}
	s.report.threads = spare_cpus(s.threads);
	if (!s.report.top)
		s.report.top = s.output.table.fmt == TABLE_TEXT ? 20 : 0;
	if (s.report.top == SIZE_MAX)
		s.report.top = 0;
	err = report(&s);
out:
	vm_opts_free(&s.vms);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_report = {
	.name = "report",
	.summary = "what the tasks of a recorded run did",
	.argp = &argp,
	.run = run,
};
