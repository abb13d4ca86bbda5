// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../collector/sysfs.h"
#include "top.h"

/* "TID (NAME) S ppid pgrp session tty tpgid flags minflt cminflt majflt ..."; the name may hold anything. */
int top_proc(void *ctx, uint32_t tgid, uint32_t tid, struct live_proc *p)
{
	unsigned long long minflt, majflt;
	char path[64], buf[1024], *s;
	ssize_t n;

	(void)ctx;
	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", tgid, tid);
	n = mmt_read_file(path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	s = strrchr(buf, ')');
	if (!s || sscanf(s + 1, " %c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &p->state, &minflt, &majflt) != 3)
		return -EBADMSG;
	p->minflt = minflt;
	p->majflt = majflt;
	return 0;
}
