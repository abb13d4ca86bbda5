#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a task did before it came into a cgroup, or past the filters, is not counted as of after: pages and page faults.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
group=cg/mmt-moves-$$
end() { rmdir "$group"; umount cg; } 2>/dev/null
trap end EXIT
mkdir cg && mount -t cgroup2 none cg 2>/dev/null && mkdir "$group" 2>/dev/null || { echo "skipped: no cgroup here"; exit 77; }
id=$(stat -c %i "$group")
bad=0

# sum TABLE COLUMNS: of the cgroup
sum()
{
	"$MMT" export --table "$1" --format csv t.mmt | awk -F, -v id="$id" -v cols="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(cols, c, " "); next }
		$at["cgroup"] == id { for (i = 1; i <= n; i++) s += $at[c[i]] } END { print s + 0 }'
}

# 40 MB before, 8 MB after, of which it uses twice as many pages
for only in '' "-G $group"; do
	# shellcheck disable=SC2016,SC2086
	GROUP=$group "$MMT" record -q --profile light -e numa,fault -a $only -o t.mmt -- \
		bash -c 'sleep 0.3; printf -v x "%40000000s"; echo $$ >"$GROUP/cgroup.procs"; sleep 0.3; printf -v y "%8000000s"' || exit 1
	for what in "numa_totals alloc_local alloc_remote" "fault_totals minor" "fault_totals user_read user_write"; do
		n=$(sum "${what%% *}" "${what#* }")
		[ "$n" -ge 3850 ] && [ "$n" -le 4350 ] || { echo "${only:+filtered: }$what: $n, not 3850 to 4350"; bad=1; }
	done
done
exit $bad
