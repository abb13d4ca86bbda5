#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# 23 forced migrations, voluntary and involuntary switches are 23, in totals and in events.
# lab: --cpus 2
. /lab/lib

# exact WORKLOAD SLACK COLUMN...: sum of the columns of the workload's own row between its marks
exact() {
	workload=$1 slack=$2
	shift 2
	mmt-trace record -a --profile full -o $workload.mmt -- mmt-trace workload --mark $workload 23 > out 2>&1 ||
		{ fail "$workload: $(tail -1 out)"; return; }
	pid=$(awk '$1 == "pid" { print $2 }' out)
	for from in '' --events; do
		mmt-trace report $from --mark 'workload start' -x '|' $workload.mmt > table 2> err || fail "report $from: $(tail -1 err)"
		n=0
		for col in "$@"; do
			v=$(cell table "$col" tid "$pid")
			n=$((n + ${v:-0}))
		done
		[ $n -ge 23 ] && [ $n -le $((23 + slack)) ] || { fail "$workload ${from:-totals}: $n, not 23 ($*)"; cat table >&2; }
		[ -z "$from" ] && totals=$n
		[ $n = "$totals" ] || fail "$workload: $n in events, $totals in totals"
	done
	verified $workload.mmt
}

exact migrate 0 mig_smt mig_llc mig_node mig_cross
exact preempt 0 nivcsw
# asking for the marks makes the task wait a few times more; the kernel's own counts are checked beside
exact sleep 4 nvcsw
finish
