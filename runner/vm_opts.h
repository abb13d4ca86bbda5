/* SPDX-License-Identifier: GPL-2.0-only */
/* --vm and --vm-match: which virtual machines are meant. */
#ifndef MMT_VM_OPTS_H
#define MMT_VM_OPTS_H

#include <argp.h>
#include <regex.h>
#include <stdbool.h>

struct mmt_session_opts;
struct model;

struct vm_opts {
	const char *names;  /* comma separated; "all"; NULL */
	const char *pattern; /* of --vm-match; NULL */
	regex_t match;
	bool have_match;
};

#define VM_OPTS_NAME(key, group) { "vm", key, "NAME[,NAME...]", 0, "Only tasks of these virtual machines; all: of every one", group }
#define VM_OPTS_MATCH(key, group) \
	{ "vm-match", key, "REGEX", 0, "Only tasks of virtual machines whose name matches this extended regular expression", group }

/* 0, or EINVAL after argp_error(). Twice: both count. */
int vm_opts_match(struct argp_state *state, const char *arg, struct vm_opts *v);
bool vm_opts_set(const struct vm_opts *v);
/* Some name, or the expression, fits; ctx is the struct vm_opts. */
bool vm_opts_fits(void *ctx, const char *name);
/* None of them runs now: why says which, and what runs. */
bool vm_opts_none_runs(struct vm_opts *v, char *why, size_t size);
/* For a recording: its filter; says which are not running now. */
void vm_opts_apply(struct vm_opts *v, struct mmt_session_opts *o, const char *command);
/* For a trace: only these; -ENOENT after a line on stderr. 0 where nothing was asked for. */
int vm_opts_pick(struct vm_opts *v, struct model *m);
void vm_opts_free(struct vm_opts *v);

#endif
