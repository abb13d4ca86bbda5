/* SPDX-License-Identifier: GPL-2.0-only */
/* A command that waits behind a gate until it may start, in its own process group. */
#ifndef MMT_CHILD_H
#define MMT_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "conf.h"
#include "results.h"

struct child {
	pid_t pid;
	int pidfd;  /* readable when the command has ended */
	int gate;   /* a byte lets it run */
	int report; /* errno of a failed exec, end of file on success */
	bool group; /* leads a process group */
	double start; /* CLOCK_MONOTONIC, s */
};

struct child_opts {
	char *const *argv;
	const char *out, *err;  /* files to append to; NULL: inherited */
	const char *dir;        /* working directory, NULL: this one */
	const struct conf_pairs *env[3]; /* added in this order */
	const char *ctl;        /* $MMT_TRACE_CTL, NULL: removed */
	bool own_group;         /* and standard input from /dev/null; dies with us */
};

/* Fork; the command does not run before child_release(). */
int child_prepare(const struct child_opts *o, struct child *c);
/* Let it run: 0, or the negative errno with which exec failed (then it is reaped). */
int child_release(struct child *c);
/* The command has ended: its wait status and usage. */
int child_reap(struct child *c, int *status, struct run_usage *u);
void child_kill(const struct child *c, int sig);
/* Whatever is left: killed, reaped, closed. Accepts a zeroed or finished child. */
void child_destroy(struct child *c);
/* Processes of its group that outlived it: killed; true if there were any. */
bool child_sweep(pid_t group);
/*
 * A shell command (hooks): its exit status, 128+signal, or -errno; killed with -EINTR when
 * stop_fd becomes readable.
 */
int child_shell(const char *command, const struct conf_pairs *env, const char *log, int stop_fd);

#endif
