// SPDX-License-Identifier: GPL-2.0-only
/* run: benchmarks from configs, or one command, several times, in one or more arms, traced. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "cmd.h"
#include "run.h"

#define MAX_LIST 64

struct settings {
	struct run_opts o;
	const char *configs[MAX_LIST], *arms[MAX_LIST], *sets[MAX_LIST];
	struct vm_opts vms;
};

enum { KEY_ARM = 256, KEY_SET, KEY_WARMUP, KEY_FORCE, KEY_APPEND, KEY_PROFILE, KEY_SCOPE, KEY_PROBE, KEY_NO_TRACE,
       KEY_VERIFY, KEY_DRY, KEY_BUNDLE, KEY_VM, KEY_VM_MATCH, KEY_COUNTER };

static const struct argp_option options[] = {
	{ NULL, 0, NULL, OPTION_DOC, "What to run:", 1 },
	{ "config", 'c', "CONFIG", 0, "Config: its name, a file, or a config of MMTests; may be repeated", 1 },
	{ "benchmark", 'b', "NAME[,NAME...]", 0, "Only these benchmarks of the configs (* and ? as in a shell)", 1 },
	{ "set", KEY_SET, "SECTION.KEY=VALUE", 0, "Over what the config says; may be repeated", 1 },
	{ "iterations", 'i', "N", 0, "Executions of each benchmark in each arm", 1 },
	{ "repeat", 'r', "N", OPTION_ALIAS, NULL, 1 },
	{ "warmup", KEY_WARMUP, "N", 0, "Executions before that are not traced and do not count", 1 },
	{ "arm", KEY_ARM, "NAME[:KEY=VALUE,...]", 0,
	  "A variant; several take turns (A B B A ...). Keys: section.key of the config, wrap, before, after, env.NAME", 1 },
	{ "dry-run", KEY_DRY, NULL, 0, "Print what would be run", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "Where results go:", 2 },
	{ "directory", 'd', "DIR", 0, "Directory of results (default: ./work/log)", 2 },
	{ "name", 'n', "NAME[,NAME...]", 0,
	  "Name of the results; several run the same thing several times; with arms: a prefix", 2 },
	{ "append", KEY_APPEND, NULL, 0, "Add iterations to results that are there", 2 },
	{ "force", KEY_FORCE, NULL, 0, "Replace results that are there", 2 },
	{ NULL, 0, NULL, OPTION_DOC, "How to trace:", 3 },
	{ "profile", KEY_PROFILE, "NAME", 0, "light: totals only; default: and switches, migrations; full: and wakeups", 3 },
	{ "event", 'e', "LIST", 0, "Families or events: sched, sched:waking, ... (mmt-trace list events)", 3 },
	{ "counter", KEY_COUNTER, "LIST", 0, "Counters by perf's names: page-faults, cycles:u, pmu/event/, ... (mmt-trace list counters)", 3 },
	{ "frequency", 'F', "HZ", 0, "Samples of each CPU a second, of -e profile (default 199)", 3 },
	VM_OPTS_NAME(KEY_VM, 3),
	VM_OPTS_MATCH(KEY_VM_MATCH, 3),
	{ "scope", KEY_SCOPE, "WHAT", 0, "machine (default), or tree: the command and its descendants", 3 },
	{ "bundle", KEY_BUNDLE, NULL, 0, "Put the names of code into each trace, for other machines", 3 },
	{ "probe", KEY_PROBE, "KIND", 0, "auto, tp_btf or raw_tp", 3 },
	{ "verify", KEY_VERIFY, NULL, 0, "Count switches and page faults by perf too (about 60 ns each)", 3 },
	{ "no-trace", KEY_NO_TRACE, NULL, 0, "Run without tracing (needs no privilege)", 3 },
	{ "verbose", 'v', NULL, 0, "Say more: a line an execution", 3 },
	{ "quiet", 'q', NULL, 0, "Say nothing but errors", 3 },
	{ 0 },
};

static int add(struct argp_state *state, const char **list, size_t *n, const char *arg)
{
	if (*n == MAX_LIST) {
		argp_error(state, "more than %d times the same option", MAX_LIST);
		return EINVAL;
	}
	list[(*n)++] = arg;
	return 0;
}

static int number(struct argp_state *state, const char *what, const char *arg, long lo, int *v)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(arg, &end, 10);
	if (errno || end == arg || *end || n < lo || n > 100000) {
		argp_error(state, "%s '%s' is not a number from %ld to 100000", what, arg, lo);
		return EINVAL;
	}
	*v = (int)n;
	return 0;
}

static int choice(struct argp_state *state, const char *what, const char *arg, const char *const *names, const char **v)
{
	char list[128] = "";

	for (size_t i = 0; names[i]; i++) {
		if (!strcmp(names[i], arg)) {
			*v = names[i];
			return 0;
		}
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "", names[i]);
	}
	argp_error(state, "no %s '%s' (there are: %s)", what, arg, list);
	return EINVAL;
}

static int parse_trace(int key, char *arg, struct argp_state *state)
{
	static const char *const profiles[] = { "light", "default", "full", NULL };
	static const char *const scopes[] = { "machine", "tree", NULL };
	static const char *const probes[] = { "auto", "tp_btf", "raw_tp", NULL };
	struct run_opts *o = &((struct settings *)state->input)->o;
	char why[256];

	switch (key) {
	case KEY_PROFILE:
		return choice(state, "profile", arg, profiles, &o->profile);
	case 'e':
	case KEY_COUNTER:
		if ((key == 'e' ? events_parse : events_counters)(arg, &o->events, why, sizeof(why))) {
			argp_error(state, "%s", why);
			return EINVAL;
		}
		o->events_said |= key == 'e';
		return 0;
	case KEY_VM:
		o->vms->names = arg;
		return 0;
	case KEY_VM_MATCH:
		return vm_opts_match(state, arg, o->vms);
	case 'F':
		return number(state, "frequency", arg, 1, &o->freq);
	case KEY_SCOPE:
		return choice(state, "scope", arg, scopes, &o->scope);
	case KEY_PROBE:
		return choice(state, "probe", arg, probes, &o->probe);
	case KEY_BUNDLE:
		o->bundle = true;
		return 0;
	case KEY_VERIFY:
		o->verify = true;
		return 0;
	case KEY_NO_TRACE:
		o->no_trace = true;
		return 0;
	case 'v':
		o->verbose++;
		return 0;
	case 'q':
		o->verbose = -1;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_end(struct argp_state *state, const struct run_opts *o)
{
	if (!o->n_configs && !o->command)
		argp_error(state, "nothing to run: give -c CONFIG or -- COMMAND (mmt-trace list configs)");
	else if (o->n_configs && o->command)
		argp_error(state, "either -c CONFIG or a command, not both ('%s')", o->command[0]);
	else if (o->append && o->force)
		argp_error(state, "--append and --force contradict each other");
	else if (o->names && strchr(o->names, ',') && o->n_arms)
		argp_error(state, "with --arm, -n is a prefix: one name");
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;
	struct run_opts *o = &s->o;

	switch (key) {
	case 'c':
		return add(state, s->configs, &o->n_configs, arg);
	case KEY_ARM:
		return add(state, s->arms, &o->n_arms, arg);
	case KEY_SET:
		return add(state, s->sets, &o->n_sets, arg);
	case 'b':
		o->only = arg;
		return 0;
	case 'i':
	case 'r':
		return number(state, "iterations", arg, 1, &o->iterations);
	case KEY_WARMUP:
		return number(state, "warm-up", arg, 0, &o->warmup);
	case 'd':
		o->dir = arg;
		return 0;
	case 'n':
		o->names = arg;
		return 0;
	case KEY_APPEND:
		o->append = true;
		return 0;
	case KEY_FORCE:
		o->force = true;
		return 0;
	case KEY_DRY:
		o->dry = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->command = state->argv + state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		return parse_end(state, o);
	}
	return parse_trace(key, arg, state);
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "-c CONFIG...\n[--] COMMAND [ARGUMENT...]",
	.doc = "Run benchmarks, or a command, several times under the tracer. Results go to DIR/NAME/iter-N/BENCHMARK: raw "
	       "output in logs/, results.tsv, trace.mmt, and the state of the machine. With several arms the executions "
	       "are interleaved: A B B A ...\v"
	       "Exit status: that of the first execution that failed; 128+N after signal N; 125 when mmt-trace itself "
	       "failed, 126 and 127 when the command could not be run.",
};

static int run(int argc, char **argv)
{
	struct settings s = { .o = { .dir = "work/log", .iterations = -1, .warmup = -1 } };
	char line[2048] = "";
	int status;

	s.o.configs = s.configs;
	s.o.arms = s.arms;
	s.o.sets = s.sets;
	s.o.vms = &s.vms;
	for (int i = 0; i < argc; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i ? " " : "", argv[i]);
	s.o.line = line;
	status = mmt_cmd__parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &s) ? MMT_EXIT_OURS : run_all(&s.o);
	vm_opts_free(&s.vms);
	return status;
}

const struct mmt_cmd cmd_run = {
	.name = "run",
	.summary = "run benchmarks or a command several times, traced",
	.argp = &argp,
	.run = run,
	.takes_command = true,
};
