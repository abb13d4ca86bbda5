// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "../collector/sysfs.h"
#include "top.h"

/* "TID (NAME) S ..."; the name may hold anything. */
char top_state(uint32_t pid, uint32_t tid)
{
	char path[64], buf[512], *s;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", pid, tid);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return 0;
	s = strrchr(buf, ')');
	return s && s[1] == ' ' ? s[2] : 0;
}
