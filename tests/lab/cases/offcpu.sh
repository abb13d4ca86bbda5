#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Sleeps and waits on a pipe, through tp_btf and raw_tp: as many blocked periods as there were, with stacks and wakers,
# and the sums of a task are those of its totals.
# lab: --cpus 2
. /lab/lib

# sums of a task's rows: TABLE TID FIELD...
sums() {
	table=$1 tid=$2
	shift 2
	mmt-trace info --raw=task t.mmt | sed -n "s/.*epoch=\([0-9]*\) tid=$tid .*/\1/p" | head -1 > epoch
	mmt-trace info --raw="$table" t.mmt | awk -v e="epoch=$(cat epoch)" -v fields="$*" '
		BEGIN { n = split(fields, f, " ") }
		{
			for (i = 1; i <= NF; i++) { split($i, p, "="); v[p[1]] = p[2] }
			if ("epoch=" v["epoch"] != e || ("off_cpu" == $1 && v["flags"] ~ /[13579bdf]$/))
				next
			for (i = 1; i <= n; i++) sum[i] += v[f[i]]
		}
		END { for (i = 1; i <= n; i++) printf("%s%d", (i > 1 ? " " : ""), sum[i]); print "" }'
}

for probe in tp_btf raw_tp; do
	mmt-trace record -a -e offcpu,waker --profile light --probe $probe -o t.mmt -- mmt-trace workload sleep 23 > out 2>&1 ||
		{ fail "record --probe $probe: $(tail -1 out)"; continue; }
	grep 'not available' out && { fail "$probe: not loaded"; continue; }
	pid=$(awk '$1 == "pid" { print $2 }' out)
	ours=$(sums off_cpu "$pid" count total)
	[ "${ours% *}" -ge 20 ] || fail "$probe: ${ours% *} blocked periods, not some 23"
	[ "$ours" = "$(sums task_totals "$pid" off_n off_ns)" ] ||
		fail "$probe: periods $ours, by the totals $(sums task_totals "$pid" off_n off_ns)"
	mmt-trace info --raw=waker t.mmt | grep -q 'waker_epoch=0 waker_kstack=[1-9][0-9]* waker_ustack=0 flags=0x1' ||
		fail "$probe: nothing was woken by an interrupt"
	mmt-trace info --raw=ksym t.mmt | grep -q 'name=do_nanosleep' || fail "$probe: no stack of nanosleep"
	mmt-trace record -a -e offcpu,waker --profile light --probe $probe -o t.mmt -- mmt-trace workload pipe 500 > out 2>&1 ||
		fail "record --probe $probe: $(tail -1 out)"
	pid=$(awk '$1 == "pid" { print $2 }' out)
	[ "$(sums off_cpu "$pid" count total)" = "$(sums task_totals "$pid" off_n off_ns)" ] || fail "$probe: sums differ, pipe"
	[ "$(sums off_cpu "$pid" count)" = "$(sums waker "$pid" count)" ] || fail "$probe: periods without a waker's row"
	mmt-trace info --raw=ksym t.mmt | grep -q 'name=\(anon_\)\?pipe_read' || fail "$probe: no stack of a pipe's reader"
	mmt-trace info --raw=ksym t.mmt | grep -q 'name=\(anon_\)\?pipe_write' || fail "$probe: no stack of a pipe's writer"
	mmt-trace info --raw=waker t.mmt | grep -q 'ustack=[1-9][0-9]* waker_epoch=[1-9][0-9]* waker_kstack=[1-9][0-9]* waker_ustack=[1-9]' ||
		fail "$probe: nobody woke another with both stacks"
	# a stack that is known again is the one that a walk finds
	MMT_OFFCPU_STACKS=check mmt-trace record -a -e offcpu,waker --profile light --probe $probe -o t.mmt -- mmt-trace workload pipe 2000 > out 2>&1
	grep -q 'stacks that were known 0 differ' out || fail "$probe: stacks are not known again: $(tail -1 out)"
done
finish
