// SPDX-License-Identifier: GPL-2.0-only
/* mark: name an instant in the trace that is being recorded around us. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "../collector/session.h"
#include "cmd.h"

struct mark_args {
	enum mmt_mark_kind kind;
	const char *socket, *name, *arg;
};

enum { KEY_PHASE = 256, KEY_USER };

static const struct argp_option options[] = {
	{ "phase", KEY_PHASE, NULL, 0, "The mark begins a phase of the benchmark", 0 },
	{ "user", KEY_USER, NULL, 0, "The mark is a remark (default)", 0 },
	{ "socket", 's', "PATH", 0, "Socket of the recording (default: $MMT_TRACE_CTL)", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct mark_args *a = state->input;

	switch (key) {
	case KEY_PHASE:
		a->kind = MMT_MARK_PHASE;
		return 0;
	case KEY_USER:
		a->kind = MMT_MARK_USER;
		return 0;
	case 's':
		a->socket = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0)
			a->name = arg;
		else if (state->arg_num == 1)
			a->arg = arg;
		else
			return ARGP_ERR_UNKNOWN;
		return 0;
	case ARGP_KEY_END:
		if (!a->name)
			argp_error(state, "a mark needs a name");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME [TEXT]",
	.doc = "Name an instant in the trace that `mmt-trace record` or `run` is recording. Totals are cut exactly "
	       "there; the command returns when the cut has been made.",
};

static int run(int argc, char **argv)
{
	struct mark_args a = { .kind = MMT_MARK_USER };
	int err;

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &a))
		return MMT_EXIT_TROUBLE;
	err = mmt_mark_request(a.socket, a.kind, a.name, a.arg);
	if (!err)
		return MMT_EXIT_OK;
	if (!a.socket && !getenv("MMT_TRACE_CTL"))
		out_err("mark: no recording around: MMT_TRACE_CTL is not set; run this below `mmt-trace record` or `run`, "
			"or give --socket");
	else
		out_err("mark: no answer from %s: %s; has the recording ended?",
			a.socket ? a.socket : getenv("MMT_TRACE_CTL"), strerror(-err));
	return MMT_EXIT_TROUBLE;
}

const struct mmt_cmd cmd_mark = {
	.name = "mark",
	.summary = "name an instant in the trace that is being recorded",
	.argp = &argp,
	.run = run,
};
