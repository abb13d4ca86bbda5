// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <string.h>

#include "unit.h"

static const char *const lower[] = {
	"s", "sec", "seconds", "ms", "msec", "us", "usec", "usecs", "ns", "nsec", "nsecs",
	"s/op", "ms/op", "us/op", "usec/op", "usecs/op", "ns/op", "ns/switch", "faults", "switches", "migrations",
	NULL,
};

static const char *const higher[] = {
	"ops/s", "ops/sec", "op/s", "kops/s", "Mops/s", "events/s", "events/sec", "records/s", "requests/s", "req/s",
	"trans/s", "tps", "iops", "loops/s", "jobs/s", "B/s", "kB/s", "KB/s", "KiB/s", "MB/s", "MiB/s", "GB/s", "GiB/s",
	"bit/s", "Mbit/s", "Gbit/s", "%local",
	NULL,
};

static int has(const char *const *table, const char *unit)
{
	for (; *table; table++)
		if (!strcmp(*table, unit))
			return 1;
	return 0;
}

const char *unit_better(const char *unit)
{
	if (has(lower, unit))
		return "lower";
	return has(higher, unit) ? "higher" : NULL;
}
