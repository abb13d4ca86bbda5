#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How long page faults take: every fault that the kernel counts of a task is measured, by both kinds of programs.
# lab: --cpus 2
. /lab/lib
pages=20000
# sum TABLE COLUMNS: of the task, between its marks: before them it may fault while the recording begins
sum() {
	seq=$(mmt-trace info --raw=mark t.mmt | sed -n 's/^mark seq=\([0-9]*\) .*name="\?workload start.*/\1/p')
	mmt-trace info --raw="$1" t.mmt | grep " segment=$seq " | awk -v epoch="epoch=$epoch" -v cols="$2" '
		BEGIN { n = split(cols, want, " ") }
		{ mine = 0; for (i = 1; i <= NF; i++) if ($i == epoch) mine = 1 }
		mine { for (i = 1; i <= NF; i++) for (k = 1; k <= n; k++) if (index($i, want[k] "=") == 1) { split($i, a, "="); s += a[2] } }
		END { print s + 0 }'
}
for probe in tp_btf raw_tp; do
	mmt-trace record -a -e fault,fault-latency --profile light --probe $probe -o t.mmt -- mmt-trace workload --mark fault $pages > out 2>&1 ||
		{ fail "record --probe $probe: $(tail -1 out)"; continue; }
	mmt-trace info --raw=meta t.mmt | grep -q 'key=fault.latency value=yes' || { fail "$probe: $(mmt-trace info --raw=meta t.mmt | grep fault.latency)"; continue; }
	pid=$(awk '$1 == "pid" { print $2 }' out)
	epoch=$(mmt-trace info --raw=task t.mmt | sed -n "s/^task epoch=\([0-9]*\) tid=$pid .*/\1/p" | tail -1)
	counted=$(sum fault_totals 'minor major')
	measured=$(sum fault_latency count)
	[ "$measured" = "$counted" ] && [ "$counted" -ge $pages ] || fail "$probe: $measured faults measured, the kernel counted $counted"
	mmt-trace report --faults t.mmt > report.txt 2> err || fail "report: $(tail -1 err)"
	grep -q '^minor *anonymous' report.txt && grep -q '^minor *file' report.txt || { fail "$probe: no table of latencies"; cat report.txt >&2; }
done
finish
