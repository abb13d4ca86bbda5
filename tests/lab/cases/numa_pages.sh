#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Pages allocated on nodes by policy, and migrated between them, are counted to the page, through tp_btf and raw_tp.
# check: 3
# lab: --nodes 4 --cpus 4 --mem 2048 --bin $BUILD/tests/tools/numaload
. /lab/lib
echo 0 > /proc/sys/kernel/numa_balancing
echo always > /sys/kernel/mm/transparent_hugepage/enabled

# sum TABLE COLUMN [AWK-CONDITION]: of rows of the segment between the marks; e.g. 'v["node"] == 1'
sum() {
	awk -F, -v col="$2" -v seg="$segment" '
		NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
		{ for (i = 1; i <= NF; i++) v[name[i]] = $i }
		v["segment"] == seg && v["epoch"] == '"$epoch && (${3:-1})"' { n += v[col] } END { print n + 0 }' "$1"
}

# rec ARGS...: record numaload with them
rec() {
	mmt-trace record -q -a -e numa --profile light --probe $probe -o t.mmt -- numaload "$@" 2> err || { fail "$probe $*: $(tail -1 err)"; return 1; }
	mmt-trace export --table numa_totals --format csv t.mmt > totals || fail "export: $?"
	mmt-trace export --table page_migration --format csv t.mmt > moved || fail "export: $?"
	segment=$(mmt-trace export --table mark --format csv t.mmt | awk -F, '/begin/ { print $1 }')
	mmt-trace export --table mark --format csv t.mmt > marks
	epoch=$(mmt-trace export --table task --format csv t.mmt | awk -F, '/numaload/ { e = $1 } END { print e }')
}

is() { [ "$2" = "$3" ] || { fail "$probe: $1: $2, not $3"; cat totals moved >&2; }; }

for probe in tp_btf raw_tp; do
	for node in 1 3; do
		rec alloc bind:$node 0 5000 small || continue
		is "bound to node $node, off the node" "$(sum totals alloc_remote "v[\"node\"] == $node")" 5000
		is "bound to node $node, allocations" "$(sum totals allocs_remote "v[\"node\"] == $node")" 5000
		is "bound to node $node, elsewhere off the node" "$(sum totals alloc_remote "v[\"node\"] != $node")" 0
	done
	rec alloc interleave 2 6000 small
	for node in 0 1 3; do
		is "interleaved, node $node" "$(sum totals alloc_remote "v[\"node\"] == $node")" 1500
	done
	n=$(sum totals alloc_local 'v["node"] == 2')
	[ "$n" -ge 1500 ] && [ "$n" -le 1540 ] || fail "interleaved, the CPU's own node: $n, not 1500 and page tables"
	rec alloc bind:1 0 20480 thp
	is "huge, pages" "$(sum totals alloc_remote 'v["node"] == 1')" 20480
	is "huge, allocations" "$(sum totals allocs_remote 'v["node"] == 1')" 40
	rec alloc default 3 4000 small
	is "by default, off the node" "$(sum totals alloc_remote)" 0
	n=$(sum totals alloc_local 'v["node"] == 3')
	[ "$n" -ge 4000 ] && [ "$n" -le 4040 ] || fail "by default: $n on the node, not 4000 and page tables"
	rec move 1 2 3000
	is "move_pages" "$(sum moved ok 'v["reason"] == "syscall" && v["from"] == 1 && v["to"] == 2')" 3000
	is "move_pages, all" "$(sum moved ok)" 3000
	rec mbind 3 0 3000
	is "mbind" "$(sum moved ok 'v["reason"] == "mempolicy_mbind" && v["from"] == 3 && v["to"] == 0')" 3000
	is "mbind, all" "$(sum moved ok)" 3000
	# all of the machine: what is allocated many at a time has no tracepoint
	verified t.mmt 250
done
mmt-trace report --numa t.mmt > text || fail "report --numa: $?"
grep -q '^mempolicy_mbind *3 *0 *3000 ' text || fail "report --numa: $(grep mempolicy text)"
grep 'on node\|allocations\|pages' verify.txt
mmt-trace info --raw=meta t.mmt | grep 'key=numa'
finish
