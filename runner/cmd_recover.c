// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../analyzer/out.h"
#include "../analyzer/trace_err.h"
#include "cmd.h"

struct settings {
	const char *input, *output;
};

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Damaged or unfinished trace; also as argument", 1 },
	{ "output", 'o', "FILE", 0, "Whole trace to write (default: FILE with .recovered before .mmt)", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'i':
		s->input = arg;
		break;
	case 'o':
		s->output = arg;
		break;
	case ARGP_KEY_ARG:
		if (s->input)
			argp_error(state, "one trace at a time; '%s' is the second (the new file's name goes after -o)", arg);
		s->input = arg;
		break;
	case ARGP_KEY_END:
		if (!s->input)
			argp_error(state, "name the trace to recover");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE",
	.doc = "Copy everything readable of a damaged or unfinished trace into a whole one."
	       "\vThere is no need for it before report, compare or export: they read damaged traces as they are. "
	       "FILE itself is never changed.",
};

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static char *default_name(const char *in)
{
	size_t n = strlen(in), cut = n > 4 && !strcmp(in + n - 4, ".mmt") ? n - 4 : n;
	char *out = malloc(n + 16);

	if (out)
		sprintf(out, "%.*s.recovered.mmt", (int)cut, in);
	return out;
}

static int readable(const char *path)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .no_events = true };
	struct mmt_reader *r = NULL;
	int err;

	if (!strcmp(path, "-"))
		return 0; /* can be read but once */
	err = mmt_reader__open(path, &ro, &r);
	mmt_reader__close(r);
	return err;
}

static int run(int argc, char **argv)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = out_log };
	struct mmt_status st = { .sz = sizeof(st) };
	struct settings s = { 0 };
	char *own = NULL;
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err || !s.input)
		return MMT_EXIT_TROUBLE;
	if (!s.output)
		s.output = own = default_name(s.input);
	if (!s.output || same_file(s.input, s.output)) {
		out_err("%s: input and output are the same file; name another with -o", s.input);
		free(own);
		return MMT_EXIT_TROUBLE;
	}
	err = readable(s.input);
	if (err) {
		trace_err_say(s.input, err, NULL);
		free(own);
		return MMT_EXIT_TROUBLE;
	}
	err = mmt_recover(s.input, s.output, &ro, &st);
	if (err == -EPROTO || err == -ENODATA || err == -ENOTSUP)
		trace_err_say(s.input, err, NULL);
	else if (err)
		out_err("%s: cannot write there: %s", s.output, strerror(-err));
	else
		out_info("%s: %s; %llu chunks are in %s", s.input, st.line[0] ? st.line : "whole already",
			 (unsigned long long)st.good_chunks, s.output);
	free(own);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_recover = {
	.name = "recover",
	.summary = "copy what is readable of a damaged trace into a whole one",
	.argp = &argp,
	.run = run,
};
