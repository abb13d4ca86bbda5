#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# 23 forced migrations, voluntary and involuntary switches are 23, in totals and in events.
# lab: --cpus 2
. /lab/lib

# exact WORKLOAD METRIC...: sum of the metrics between the workload's marks
exact() {
	workload=$1
	shift
	mmt-trace record -a --profile full -o $workload.mmt -- mmt-trace workload --mark $workload 23 > out 2>&1 ||
		{ fail "$workload: $(tail -1 out)"; return; }
	tid=$(awk '$1 == "tid" { print $2 }' out)
	for from in '' --events; do
		mmt-trace report $from --mark 'workload start' -x '|' $workload.mmt > table 2> err || fail "report $from: $(tail -1 err)"
		n=0
		for col in "$@"; do
			v=$(cell table "$col" tid "$tid")
			n=$((n + ${v:-0}))
		done
		[ $n = 23 ] || { fail "$workload ${from:-totals}: $n, not 23 ($*)"; cat table >&2; }
	done
}

exact migrate mig_smt mig_llc mig_node mig_cross
exact sleep nvcsw
exact preempt nivcsw
finish
