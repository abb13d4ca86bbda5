// SPDX-License-Identifier: GPL-2.0-only
/* argp for commands: nothing exits, errors are one line, help goes through main. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "cmd.h"

struct wrap {
	void *input;
	FILE *err;
};

/* The outer parser only hands the input on and catches what argp_error() says. */
static error_t wrap_parse(int key, char *arg, struct argp_state *state)
{
	struct wrap *w = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = w->input;
	state->err_stream = w->err;
	return 0;
}

/* argp says "NAME: what\nTry ...": keep the first line, in our own form. */
static void say(const char *text, const char *full, const char *name)
{
	size_t len = strlen(full);
	const char *what = !strncmp(text, full, len) && !strncmp(text + len, ": ", 2) ? text + len + 2 : text;

	if (strncmp(what, "Try ", 4))
		out_err("%s: %.*s (see mmt-trace %s --help)", name, (int)strcspn(what, "\n"), what, name);
}

int mmt_cmd__parse(const struct argp *argp, int argc, char **argv, unsigned int flags, int *index, void *input)
{
	const struct argp_child children[] = { { argp, 0, NULL, 0 }, { 0 } };
	const struct argp outer = { .parser = wrap_parse, .children = children };
	const char *name = argv[0];
	struct wrap w = { .input = input };
	char *text = NULL, *full;
	size_t size = 0;
	int err;

	w.err = open_memstream(&text, &size);
	if (!w.err)
		return -ENOMEM;
	if (asprintf(&full, "mmt-trace: %s", name) < 0) {
		fclose(w.err);
		free(text);
		return -ENOMEM;
	}
	argv[0] = full; /* getopt begins its own messages with it */
	err = argp_parse(&outer, argc, argv, flags | ARGP_NO_EXIT | ARGP_NO_HELP, index, &w);
	argv[0] = (char *)name;
	if (fclose(w.err))
		err = err ? err : ENOMEM;
	if (size) {
		say(text, full, name);
		err = EINVAL;
	}
	free(full);
	free(text);
	return err ? (err == ENOMEM ? -ENOMEM : -EINVAL) : 0;
}

void mmt_cmd__help(const struct mmt_cmd *cmd, FILE *f)
{
	char name[64];

	snprintf(name, sizeof(name), "mmt-trace %s", cmd->name);
	argp_help(cmd->argp, f, ARGP_HELP_STD_HELP & ~(unsigned int)ARGP_HELP_EXIT_OK, name);
}
