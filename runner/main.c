// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "cmd.h"
#include "../analyzer/suggest.h"

#ifndef MMT_VERSION
#define MMT_VERSION "0"
#endif

const struct mmt_cmd *const mmt_cmds[] = {
	&cmd_run, &cmd_record, &cmd_mark, &cmd_info, &cmd_report, &cmd_hot, &cmd_compare, &cmd_explain, &cmd_gate, &cmd_aa,
	&cmd_plan, &cmd_top, &cmd_vms, &cmd_balance, &cmd_export, &cmd_check, &cmd_stats, &cmd_recover, &cmd_bundle, &cmd_list, &cmd_workload, NULL,
};

static const struct mmt_cmd *find(const char *name)
{
	for (size_t i = 0; mmt_cmds[i]; i++)
		if (!strcmp(mmt_cmds[i]->name, name))
			return mmt_cmds[i];
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[sizeof(mmt_cmds) / sizeof(mmt_cmds[0])]; /* "help" takes the place of the NULL */
	char hint[96];
	size_t n = 0;

	for (; mmt_cmds[n]; n++)
		names[n] = mmt_cmds[n]->name;
	names[n++] = "help";
	out_err("no command '%s'%s; mmt-trace help lists all", name, suggest_hint(hint, sizeof(hint), name, names, n));
	return MMT_EXIT_TROUBLE;
}

static void overview(FILE *f)
{
	fputs("Usage: mmt-trace COMMAND [OPTION...] [ARGUMENT...]\n\n"
	      "Benchmark kernels and see why they differ. Commands:\n\n", f);
	for (size_t i = 0; mmt_cmds[i]; i++)
		fprintf(f, "  %-9s  %s\n", mmt_cmds[i]->name, mmt_cmds[i]->summary);
	fprintf(f, "  %-9s  %s\n", "help", "this list, or the options of one command");
	fputs("\nmmt-trace help COMMAND (or COMMAND --help) shows its options.\n", f);
}

static void dump_options_of(const struct mmt_cmd *cmd, const struct argp *argp, FILE *f)
{
	for (const struct argp_option *o = argp->options; o && (o->name || o->key || o->doc); o++) {
		if (o->flags & (OPTION_DOC | OPTION_HIDDEN) || (!o->name && !o->key))
			continue;
		fprintf(f, "%s\t", cmd->name);
		if (o->key > ' ' && o->key < 127)
			fprintf(f, "-%c", o->key);
		fprintf(f, "\t%s%s\t%s\t%s\n", o->name ? "--" : "", o->name ? o->name : "", o->arg ? o->arg : "",
			o->doc ? o->doc : "");
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		dump_options_of(cmd, c->argp, f);
}

/* command, short option, long option, argument, text: separated by tabs; for completion and checks */
static void dump_options(FILE *f)
{
	for (size_t i = 0; mmt_cmds[i]; i++) {
		fprintf(f, "%s\t\t\t\t%s\n", mmt_cmds[i]->name, mmt_cmds[i]->summary);
		dump_options_of(mmt_cmds[i], mmt_cmds[i]->argp, f);
	}
}

static int flushed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return MMT_EXIT_OK;
	if (errno == EPIPE)
		return MMT_EXIT_OK;
	out_err("standard output: %s", strerror(errno));
	return MMT_EXIT_TROUBLE;
}

static int help(int argc, char **argv)
{
	const struct mmt_cmd *cmd;

	if (argc > 1 && !strcmp(argv[1], "--dump-options")) {
		dump_options(stdout);
	} else if (argc > 1 && argv[1][0] != '-' && strcmp(argv[1], "help")) {
		cmd = find(argv[1]);
		if (!cmd)
			return unknown(argv[1]);
		mmt_cmd__help(cmd, stdout);
	} else {
		overview(stdout);
	}
	return flushed();
}

#define SCAN_MAX 8 /* option tables of a command: its own and those of its child parsers */

struct scan {
	bool takes_command, help;
	struct argp part[SCAN_MAX];
	struct argp_child child[SCAN_MAX + 1];
	size_t n;
};

static error_t scan_ignore(int key, char *arg, struct argp_state *state)
{
	const struct scan *s = state->input;

	(void)arg;
	if (key == ARGP_KEY_ARG && s->takes_command)
		state->next = state->argc;
	return 0;
}

static error_t scan_help(int key, char *arg, struct argp_state *state)
{
	struct scan *s = state->input;
	size_t i;

	(void)arg;
	for (i = 0; key == ARGP_KEY_INIT && i < s->n; i++)
		state->child_inputs[i] = s;
	if (key != '?')
		return ARGP_ERR_UNKNOWN;
	s->help = true;
	return 0;
}

/* The options without their parsers, so that nothing is set by looking. */
static void scan_add(struct scan *s, const struct argp *argp)
{
	if (s->n == SCAN_MAX)
		return;
	s->part[s->n] = (struct argp){ .options = argp->options, .parser = scan_ignore };
	s->child[s->n] = (struct argp_child){ .argp = &s->part[s->n] };
	s->n++;
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		scan_add(s, c->argp);
}

/* Is --help among the options, and not an option's argument or a word of the command to run? */
static bool asks_help(const struct mmt_cmd *cmd, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "help", '?', NULL, 0, "", 0 },
		{ "usage", '?', NULL, OPTION_ALIAS, "", 0 },
		{ 0 },
	};
	struct scan s = { .takes_command = cmd->takes_command };
	const struct argp outer = { .options = options, .parser = scan_help, .children = s.child };

	scan_add(&s, cmd->argp);
	argp_parse(&outer, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT | ARGP_IN_ORDER, NULL, &s);
	return s.help;
}

int main(int argc, char **argv)
{
	const struct mmt_cmd *cmd;

	if (argc < 2) {
		overview(stderr);
		return MMT_EXIT_TROUBLE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("mmt-trace " MMT_VERSION);
		return flushed();
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-?") || !strcmp(argv[1], "-h"))
		return help(argc - 1, argv + 1);
	if (argv[1][0] == '-') {
		out_err("unknown option '%s' (mmt-trace help lists the commands)", argv[1]);
		return MMT_EXIT_TROUBLE;
	}
	cmd = find(argv[1]);
	if (!cmd)
		return unknown(argv[1]);
	if (asks_help(cmd, argc - 1, argv + 1)) {
		mmt_cmd__help(cmd, stdout);
		return flushed();
	}
	return cmd->run(argc - 1, argv + 1);
}
