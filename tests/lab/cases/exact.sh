#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# 23 forced migrations, voluntary and involuntary switches are 23, in totals and in events.
# check: 2
# lab: --cpus 2
. /lab/lib

# exact WORKLOAD SLACK KERNEL COLUMN...: sum of the columns of the workload's own row between its marks;
# KERNEL is the line of its output with the kernel's own count, "-" if there is none
exact() {
	workload=$1 slack=$2 kernel=$3
	shift 3
	mmt-trace record -a --profile full -o $workload.mmt -- mmt-trace workload --mark $workload 23 > out 2>&1 ||
		{ fail "$workload: $(tail -1 out)"; return; }
	pid=$(awk '$1 == "pid" { print $2 }' out)
	want=23
	[ "$kernel" = - ] || want=$(awk -v k="$kernel" '$1 == k { print $2 }' out)
	# a guest slow enough finds a sleep of 1 ms over before it begins
	[ "$want" -ge 20 ] && [ "$want" -le 40 ] || fail "$workload: the kernel itself counted $want"
	for from in '' --events; do
		mmt-trace report $from --mark 'workload start' -x '|' $workload.mmt > table 2> err || fail "report $from: $(tail -1 err)"
		n=0
		for col in "$@"; do
			v=$(cell table "$col" tid "$pid")
			n=$((n + ${v:-0}))
		done
		[ $n -ge "$want" ] && [ $n -le $((want + slack)) ] || { fail "$workload ${from:-totals}: $n, not $want ($*)"; cat table >&2; }
		[ -z "$from" ] && totals=$n
		# what happens as a mark is made may be on the other side of it, by the clock of events
		[ $((n - totals)) -ge -1 ] && [ $((n - totals)) -le 1 ] || fail "$workload: $n in events, $totals in totals"
	done
	verified $workload.mmt
}

exact migrate 0 - mig_smt mig_llc mig_node mig_cross
# between its marks a task also asks for them, which takes a few waits and maybe a preemption more;
# over its whole life the kernel's own counts are ours exactly (verified)
exact preempt 2 nivcsw nivcsw
exact sleep 4 nvcsw nvcsw
finish
