/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark socket: a unix stream socket; a request is one line "KIND\tNAME\tARG\n",
 * the answer "ok\n" after the cut, or "error TEXT\n".
 */
#ifndef MMT_CONTROL_H
#define MMT_CONTROL_H

#include <poll.h>
#include <stdint.h>

#include "log.h"

#define MMT_CTL_CLIENTS 8

struct mmt_control {
	int listen_fd; /* -1: none */
	char path[108];
	struct mmt_ctl_client {
		int fd;
		unsigned int len;
		char buf[1024];
	} client[MMT_CTL_CLIENTS];
};

typedef int (*mmt_ctl_mark_fn)(void *ctx, int kind, const char *name, const char *arg);

int mmt_control__open(struct mmt_control *c, const char *path, const struct mmt_log *log);
/* Fills at most 1 + MMT_CTL_CLIENTS fds, returns how many. */
unsigned int mmt_control__fds(const struct mmt_control *c, struct pollfd *fds);
/* After poll(2) over those fds. */
void mmt_control__serve(struct mmt_control *c, const struct pollfd *fds, unsigned int n, mmt_ctl_mark_fn mark,
			void *ctx);
void mmt_control__close(struct mmt_control *c);

#endif
