// SPDX-License-Identifier: GPL-2.0-only
/* workload: run a small built-in workload with known answers. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "../collector/session.h"
#include "../collector/sysfs.h"
#include "cmd.h"
#include "workload.h"

struct workload_args {
	const struct workload *w;
	unsigned long n;
	bool mark, list;
};

static const struct argp_option options[] = {
	{ "mark", 'm', NULL, 0, "Set marks around the exact part (needs $MMT_TRACE_CTL)", 0 },
	{ "list", 'l', NULL, 0, "List the workloads", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct workload_args *a = state->input;
	char *end;

	switch (key) {
	case 'm':
		a->mark = true;
		return 0;
	case 'l':
		a->list = true;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0) {
			a->w = workload_find(arg);
			if (!a->w)
				argp_error(state, "no workload '%s'; see --list", arg);
			else
				a->n = a->w->n;
			return a->w ? 0 : EINVAL;
		}
		if (state->arg_num > 1)
			return ARGP_ERR_UNKNOWN;
		errno = 0;
		a->n = strtoul(arg, &end, 10);
		if (errno || *end || !a->n) {
			argp_error(state, "'%s' is not a number above 0", arg);
			return EINVAL;
		}
		return 0;
	case ARGP_KEY_END:
		if (!a->w && !a->list)
			argp_error(state, "name a workload; see --list");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME [N]",
	.doc = "Run a small built-in workload whose scheduler events are known beforehand, then print the kernel's "
	       "own counters of it as lines of `name value`.",
};

static void list(void)
{
	const struct workload *w;

	for (w = workloads; w->name; w++)
		printf("%-13s %-11s %s (default %lu)\n", w->name, w->arg, w->summary, w->n);
}

/* A value of /proc/thread-self/status: of this thread alone. */
static unsigned long long status_value(const char *key)
{
	char buf[8192], *s;

	if (mmt_read_file("/proc/thread-self/status", buf, sizeof(buf)) < 0)
		return 0;
	s = strstr(buf, key);
	return s ? strtoull(s + strlen(key), NULL, 10) : 0;
}

static int mark(const struct workload_args *a, const char *name)
{
	int err;

	if (!a->mark)
		return 0;
	err = mmt_mark_request(NULL, MMT_MARK_PHASE, name, a->w->name);
	if (err)
		out_err("workload: cannot set a mark: %s; is MMT_TRACE_CTL set by a recording?", strerror(-err));
	return err;
}

static int run(int argc, char **argv)
{
	struct workload_args a = { 0 };
	unsigned long long v0, n0, v1, n1;
	struct rusage self, kids;
	int err;

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &a))
		return MMT_EXIT_TROUBLE;
	if (a.list) {
		list();
		return MMT_EXIT_OK;
	}
	err = a.w->prepare ? a.w->prepare(a.n) : 0;
	if (!err && mark(&a, "workload start"))
		return MMT_EXIT_TROUBLE;
	v0 = status_value("\nvoluntary_ctxt_switches:");
	n0 = status_value("\nnonvoluntary_ctxt_switches:");
	err = err ? err : a.w->run(a.n);
	v1 = status_value("\nvoluntary_ctxt_switches:");
	n1 = status_value("\nnonvoluntary_ctxt_switches:");
	if (err) {
		out_err("workload %s: %s", a.w->name, err == -ENODEV ? "needs two CPUs" : strerror(-err));
		return MMT_EXIT_TROUBLE;
	}
	if (mark(&a, "workload end"))
		return MMT_EXIT_TROUBLE;
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &kids);
	printf("pid %d\nnvcsw %llu\nnivcsw %llu\nminflt %ld\nchildren_nvcsw %ld\nchildren_nivcsw %ld\n", getpid(), v1 - v0,
	       n1 - n0, self.ru_minflt, kids.ru_nvcsw, kids.ru_nivcsw);
	return MMT_EXIT_OK;
}

const struct mmt_cmd cmd_workload = {
	.name = "workload",
	.summary = "run a small built-in workload with known answers",
	.argp = &argp,
	.run = run,
};
