/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of commands: one entry a command, one file cmd_NAME.c a command. */
#ifndef MMT_CMD_H
#define MMT_CMD_H

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

struct mmt_cmd {
	const char *name;
	const char *summary;      /* one line for `mmt-trace help` */
	const struct argp *argp;  /* for help, man-page check and completion */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
	bool takes_command;       /* from its first argument on, the words are another program's */
};

/* NULL-terminated, in the order of help. */
extern const struct mmt_cmd *const mmt_cmds[];

extern const struct mmt_cmd cmd_run, cmd_record, cmd_mark, cmd_info, cmd_report, cmd_hot, cmd_compare, cmd_explain, cmd_gate, cmd_aa,
	cmd_plan, cmd_top, cmd_vms, cmd_balance, cmd_export, cmd_check, cmd_stats, cmd_recover, cmd_bundle, cmd_list, cmd_workload;

/* Exit statuses */
enum { MMT_EXIT_OK = 0, MMT_EXIT_TROUBLE = 2, MMT_EXIT_OURS = 125, MMT_EXIT_NOEXEC = 126, MMT_EXIT_NOENT = 127 };

/* Help on standard output as --help asks for it. */
void mmt_cmd__help(const struct mmt_cmd *cmd, FILE *f);

/* argp parsing as every command does it: name in messages, usage errors exit 2 by returning -EINVAL. */
int mmt_cmd__parse(const struct argp *argp, int argc, char **argv, unsigned int flags, int *index, void *input);

#endif
