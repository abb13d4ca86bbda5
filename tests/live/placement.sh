#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e place: the memory of a command on its nodes, at marks and in between, small and large.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
[ -r /proc/self/numa_maps ] || { echo "skipped: the kernel has no NUMA"; exit 77; }
command -v "${CC:-cc}" >/dev/null || { echo "skipped: no C compiler"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }

cat >hold.c <<'C'
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	size_t len = (size_t)atoi(argv[argc > 1]) << 20;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(p, len, MADV_NOHUGEPAGE);
	memset(p, 1, len);
	return system("\"$MMT\" mark here") || usleep(3300000);
}
C
"${CC:-cc}" -O1 hold.c -o hold || exit 1
export MMT
# held MIB METHOD: all measurements from the mark on say MIB, within 2 %, on the nodes together
held()
{
	local kb=$(($1 * 1024))

	"$MMT" record -q -e place --profile light -o t.mmt -- ./hold "$1" >out 2>log || { fail "record: $(tail -n 1 log)"; return; }
	"$MMT" export --table placement --format csv t.mmt >rows || fail "export"
	# time,segment,epoch,cgroup,node,kind,method,kb,lo,hi,n,sampled,cost_ns
	awk -F, -v kb=$kb -v method="$2" '
		$6 == "all" && !$4 { sum[$1 " " $3] += $8; how[$1 " " $3] = $7; if ($8 < $9 || $8 > $10) wrong = 1 }
		END {
			for (k in sum)
				if (sum[k] > kb * .99 && sum[k] < kb * 1.02 + 4096) { n++; if (how[k] != method) wrong = 2 }
			if (n < 2 || wrong) { print n " measurements, " wrong; exit 1 }
		}' rows || { fail "$1 MiB, $2:"; head -n 20 rows; }
}
held 32 exact
held 700 sample
# without the family there is nothing
"$MMT" record -q --profile light -o n.mmt -- true >/dev/null 2>log || fail "record: $(tail -n 1 log)"
[ -z "$("$MMT" export --table placement --format ndjson n.mmt 2>/dev/null)" ] || fail "placements that nobody asked for"
exit $bad
