// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../../collector/sysfs.h"
#include "switches.h"

static uint64_t status_number(const char *status, const char *line)
{
	const char *p = strstr(status, line);

	return p ? strtoull(p + strlen(line), NULL, 10) : 0;
}

struct kernel_switches kernel_switches(pid_t tid)
{
	struct kernel_switches k = { 0 };
	char path[64], buf[4096];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", tid, tid);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0)
		return k;
	k.nvcsw = status_number(buf, "\nvoluntary_ctxt_switches:");
	k.nivcsw = status_number(buf, "\nnonvoluntary_ctxt_switches:");
	return k;
}

uint64_t own_nvcsw(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)u.ru_nvcsw;
}

void sleep_switches(unsigned int n)
{
	struct timespec ms = { 0, 1000000 };
	uint64_t end = own_nvcsw() + n;

	while (own_nvcsw() < end)
		nanosleep(&ms, NULL);
}
