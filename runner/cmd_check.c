// SPDX-License-Identifier: GPL-2.0-only
/* check: what this machine can do, what is lost without the rest, and how to get it. */
#include <errno.h>
#include <string.h>

#include "../analyzer/out.h"
#include "../analyzer/table.h"
#include "../collector/session.h"
#include "cmd.h"

#define MAX_CAPS 32

struct check_args {
	bool json, no_load;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "no-load", 'n', NULL, 0, "Do not try to load the BPF programs", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check_args *a = state->input;

	(void)arg;
	switch (key) {
	case 'j':
		a->json = true;
		return 0;
	case 'n':
		a->no_load = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "check takes no argument: '%s'", arg);
		return EINVAL;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Say what this machine lets mmt-trace do, what is lost without the rest, and how to get it.\v"
	       "Exit status: 0 when recording is possible, 1 when not.",
};

static const char *const states[] = { "ok", "degraded", "missing" };

static struct table *build(const struct mmt_cap *caps, int n)
{
	static const struct table_col cols[] = {
		{ .id = "capability", .head = "capability", .type = COL_TEXT },
		{ .id = "state", .head = "state", .type = COL_TEXT },
		{ .id = "detail", .head = "detail", .type = COL_TEXT },
		{ .id = "fix", .head = "fix", .type = COL_TEXT, .flags = COL_NO_TEXT },
	};
	struct table *t = table_new("check", NULL, cols, sizeof(cols) / sizeof(cols[0]));
	int i;

	for (i = 0; t && i < n; i++) {
		table_text(t, caps[i].name);
		table_text(t, states[caps[i].state]);
		table_text(t, caps[i].detail);
		table_text(t, caps[i].fix[0] ? caps[i].fix : NULL);
		if (caps[i].fix[0])
			table_note(t, "%s: %s", caps[i].name, caps[i].fix);
	}
	return t;
}

static int run(int argc, char **argv)
{
	struct mmt_cap caps[MAX_CAPS];
	struct check_args a = { 0 };
	struct out_opts oo = { .no_pager = true };
	struct table_out to = { 0 };
	bool able = true;
	struct table *t;
	struct out *o;
	int i, n, err;

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &a))
		return MMT_EXIT_TROUBLE;
	n = mmt_caps_probe(caps, MAX_CAPS, !a.no_load);
	for (i = 0; i < n; i++)
		able &= !(caps[i].required && caps[i].state == MMT_CAP_MISSING);
	o = out_open(&oo);
	t = build(caps, n);
	to.fmt = a.json ? TABLE_JSON : TABLE_TEXT;
	to.color = out_color(o);
	err = t ? table_err(t) : -ENOMEM;
	if (!err)
		table_write(t, out_stream(o), &to);
	table_free(t);
	if (out_close(o) || err)
		return MMT_EXIT_TROUBLE;
	if (!able)
		out_err("recording is not possible here: see the lines marked missing");
	return able ? 0 : 1;
}

const struct mmt_cmd cmd_check = {
	.name = "check",
	.summary = "say what this machine can do and what is missing",
	.argp = &argp,
	.run = run,
};
