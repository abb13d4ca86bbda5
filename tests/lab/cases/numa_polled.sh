#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Where programs are not let in at functions: pages of hint faults by task, as /proc/vmstat counts the faults, from what the
# kernel keeps of tasks; what it does not keep is not there, and said.
# lab: --nodes 4 --cpus 4 --mem 2048 --timeout 240 --bin $BUILD/tests/tools/numaload
. /lab/lib
mount -t debugfs debug /sys/kernel/debug 2> /dev/null
for d in /sys/kernel/debug/sched/numa_balancing/scan_delay_ms /proc/sys/kernel/numa_balancing_scan_delay_ms; do [ ! -w $d ] || echo 100 > $d; done
echo 1 > /proc/sys/kernel/numa_balancing 2> /dev/null || { echo "skipped: a kernel without NUMA balancing"; exit 77; }
export MMT_NUMA_NO_FN=1

# sum TABLE COLUMN [AWK-CONDITION]: of the segment between the marks
sum() {
	awk -F, -v col="$2" -v seg="$segment" '
		NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
		{ for (i = 1; i <= NF; i++) v[name[i]] = $i }
		v["segment"] == seg && '"(${3:-1})"' { n += v[col] } END { print n + 0 }' "$1"
}
vmstat() { mmt-trace export --table counter --format csv t.mmt | awk -F, -v name="$1" -v seg="$segment" '$4 == name { v[$2] = $6 } END { print v[seg + 1] - v[seg] }'; }
near() {
	echo "$probe: $1: ours $2, the kernel's $3"
	awk -v a="$2" -v b="$3" 'BEGIN { d = a - b; exit !(a != "" && b > 1000 && d <= b / 100 + 16 && -d <= b / 100 + 16) }' || fail "$probe: $1: ours $2, the kernel's $3"
}
tables() {
	mmt-trace export --table numa_totals --format csv t.mmt > totals || fail "export: $?"
	mmt-trace export --table page_migration --format csv t.mmt > moved || fail "export: $?"
	epoch=$(mmt-trace export --table task --format csv t.mmt | awk -F, '/numaload/ { e = $1 } END { print e }')
}

for probe in tp_btf raw_tp; do
	mmt-trace record -q -a -e numa --profile light --probe $probe -o t.mmt -- numaload balance 1 0 64 8 small 2> err || { fail "$probe: $(tail -1 err)"; continue; }
	segment=$(mmt-trace export --table mark --format csv t.mmt | awk -F, '/begin/ { print $1 }')
	tables
	pages=$(sum totals hint_pages)
	near "pages of hint faults" "$pages" "$(vmstat numa_hint_faults)"
	near "of the task" "$(sum totals hint_pages 'v["epoch"] == '$epoch)" "$(vmstat numa_hint_faults)"
	near "pages migrated by the task" "$(sum moved ok 'v["epoch"] == '$epoch' && v["reason"] == "numa_misplaced"')" "$(vmstat numa_pages_migrated)"
	remote=$(sum totals hint_pages_remote) local=$(sum totals hint_pages_local) all=$(vmstat numa_hint_faults) own=$(vmstat numa_hint_faults_local)
	echo "$probe: known of $((local + remote)) of $pages pages: $remote remote; the kernel's $((all - own)) of $all"
	# what is known of is no more than there is, and most of it
	[ $((local + remote)) -le "$pages" ] && [ $((local + remote)) -gt $((pages / 3)) ] && [ "$remote" -le $((all - own + 16)) ] &&
		[ "$local" -le $((own + 16)) ] || fail "$probe: local and remote"
	[ "$(sum totals hint_local)$(sum totals hint_remote)" = 00 ] || fail "$probe: faults that nobody counted"
	mmt-trace info --raw=meta t.mmt | grep -q 'key=numa.hint value="not available: ' || fail "$probe: numa.hint is there"
	mmt-trace report --numa -j t.mmt | grep -q '"hint":' && fail "$probe: hint faults in the report"
done
mmt-trace report --numa --mark begin t.mmt > text || fail "report: $?"
grep -q '^missing    hint faults by task and node' text && grep -q 'by task: hint faults on' text || fail "report: $(head -20 text)"
cat text
# tasks that end between two looks, and one that executes another program
mmt-trace record -q -a -e numa --profile light -o t.mmt -- sh -c 'for i in 1 2 3; do /payload/numaload balance 1 0 16 2 small; done' 2> err || fail "record: $(tail -1 err)"
mmt-trace export --table mark --format csv t.mmt > marks
tables
a=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { n += $at["hint_pages"] } END { print n + 0 }' totals)
b=$(mmt-trace export --table counter --format csv t.mmt | awk -F, '$4 == "numa_hint_faults" { if (first == "") first = $6; last = $6 } END { print last - first }')
near "short ones" "$a" "$b"
finish
