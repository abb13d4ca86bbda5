#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Memory got on node 1 and used from node 0: with NUMA balancing hint faults, migrated pages and the exposure's fall are as
# the kernel counts them; without it the exposure stays.
# lab: --nodes 4 --cpus 4 --mem 2048 --timeout 240 --bin $BUILD/tests/tools/numaload
. /lab/lib
tune() { for d in /sys/kernel/debug/sched/numa_balancing/$1 /proc/sys/kernel/numa_balancing_$1; do [ ! -w $d ] || echo $2 > $d; done; }
mount -t debugfs debug /sys/kernel/debug 2> /dev/null
tune scan_delay_ms 100
tune scan_period_min_ms 200
mib=48 seconds=9

# vmstat NAME: what /proc/vmstat counted between the marks
vmstat() { mmt-trace export --table counter --format csv t.mmt | awk -F, -v name="$1" -v seg="$segment" '$4 == name { v[$2] = $6 } END { print v[seg + 1] - v[seg] }'; }
# sum TABLE COLUMN [AWK-CONDITION]: over all tasks, of the segment between the marks
sum() {
	awk -F, -v col="$2" -v seg="$segment" '
		NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
		{ for (i = 1; i <= NF; i++) v[name[i]] = $i }
		v["segment"] == seg && '"(${3:-1})"' { n += v[col] } END { print n + 0 }' "$1"
}
# near WHAT OURS THEIRS: within 1 %, and 16
near() {
	echo "$kind: $1: ours $2, the kernel's $3"
	awk -v a="$2" -v b="$3" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d <= b / 100 + 16 && -d <= b / 100 + 16) }' || fail "$kind: $1: ours $2, the kernel's $3"
}
rec() {
	mmt-trace record -q -a -e numa,place --profile light -I 1000 -o t.mmt -- numaload balance 1 ${1:-0} $mib $seconds $kind 2> err || fail "$kind: $(tail -1 err)"
	mmt-trace export --table numa_totals --format csv t.mmt > totals || fail "export: $?"
	mmt-trace export --table page_migration --format csv t.mmt > moved || fail "export: $?"
	mmt-trace export --table placement --format csv t.mmt > placement
	segment=$(mmt-trace export --table mark --format csv t.mmt | awk -F, '/begin/ { print $1 }')
	epoch=$(mmt-trace export --table task --format csv t.mmt | awk -F, '/numaload/ { e = $1 } END { print e }')
	# first and last measurement: share of the memory that is not on node 0; a slow guest may have had time for one alone
	shares=$(awk -F, -v epoch="$epoch" -v seg="$segment" '
		$2 >= seg && $3 == epoch && $6 == "all" { if ($1 != t) { if (t && all) { if (n++ == 0) first = 100 * off / all }; t = $1; all = off = 0 }
			all += $8; if ($5 != 0) off += $8 }
		END { if (all) { last = 100 * off / all; if (!n) first = last }; printf "%.0f %.0f", first, last }' placement)
}

echo 1 > /proc/sys/kernel/numa_balancing
for kind in small thp; do
	rec
	near "hint faults" $(($(sum totals hint_local) + $(sum totals hint_remote))) "$(vmstat numa_hint_faults)"
	near "of local memory" "$(sum totals hint_local)" "$(vmstat numa_hint_faults_local)"
	near "pages migrated by balancing" "$(sum moved ok 'v["reason"] == "numa_misplaced"')" "$(vmstat numa_pages_migrated)"
	near "of the task, from 1 to 0" "$(sum moved ok 'v["epoch"] == '$epoch' && v["from"] == 1 && v["to"] == 0')" "$(vmstat numa_pages_migrated)"
	near "all migrated pages" "$(sum moved ok)" "$(vmstat pgmigrate_success)"
	echo "$kind: off-node share, first and last: $shares"
	mmt-trace report --numa -x '|' --mark begin t.mmt > /dev/null || fail "report --numa: $?"
	verified t.mmt 1000
	[ "$(sum totals hint_remote)" -gt 0 ] && [ "$(sum moved ok)" -ge $((mib * 256 * 9 / 10)) ] || fail "$kind: nothing moved"
	[ "${shares#* }" = "${shares% *}" ] || [ $((2 * ${shares#* })) -le "${shares% *}" ] || fail "$kind: it moved, but is still there: $shares"
done
# free to go, it is moved to its memory, or that to it
kind=small
rec 0+
moved=$(sum totals moved_to 'v["epoch"] == '$epoch) swapped=$(sum totals swapped_to 'v["epoch"] == '$epoch)
echo "free to go: moved $moved, swapped $swapped, stuck $(sum totals stuck), pages $(sum moved ok), cross-node by /proc/vmstat $(vmstat numa_task_migrated) $(vmstat numa_task_swapped)"
[ $((moved + swapped + $(sum moved ok))) -gt 0 ] || fail "free to go: neither the task nor its memory moved"
mmt-trace report --verify -x '|' t.mmt | grep '^tasks'
echo 0 > /proc/sys/kernel/numa_balancing
rec
[ "$(sum totals hint_remote)" = 0 ] || fail "hint faults without balancing: $(sum totals hint_remote)"
[ "${shares#* }" -ge 95 ] || fail "without balancing the memory moved: $shares"
echo "without balancing, first and last: $shares"
mmt-trace report --numa t.mmt | head -30
finish
