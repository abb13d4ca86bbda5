/* SPDX-License-Identifier: GPL-2.0-only */
/* A child that does its job whenever it is told to, so that it is known before it works. */
#ifndef WORKER_H
#define WORKER_H

#include <sys/types.h>

#include "../../collector/session.h"

struct worker {
	pid_t pid;
	int go[2], done[2];
};

void worker_start(struct worker *w, void (*job)(void));
/* Once; the session goes on meanwhile. */
void worker_run(struct mmt_session *s, const struct worker *w);
void worker_stop(const struct worker *w);

#endif
