#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fresh pages touched are minor faults counted, exactly, through tp_btf and raw_tp; kinds and samples where there are any.
# check: 7
# lab: --cpus 2
. /lab/lib
pages=50000
for probe in tp_btf raw_tp; do
	mmt-trace record -a -e fault --profile light --probe $probe -o t.mmt -- mmt-trace workload --mark fault $pages > out 2>&1 ||
		{ fail "record --probe $probe: $(tail -1 out)"; continue; }
	pid=$(awk '$1 == "pid" { print $2 }' out)
	mmt-trace report --faults --mark 'workload start' -x '|' t.mmt > table 2> err || { fail "report --faults: $(tail -1 err)"; continue; }
	minor=$(cell table minor tid "$pid")
	user=$(cell table user tid "$pid")
	# between its marks the task also asks for them, and may touch a page of its own for that
	[ "${minor:-0}" -ge $pages ] && [ "$minor" -le $((pages + 30)) ] || fail "$probe: $minor minor faults, not $pages"
	[ "${user:-0}" -ge $pages ] && [ "$user" -le $((pages + 30)) ] || fail "$probe: $user raised in user mode, not $pages"
	mmt-trace report --faults --mark 'workload start' t.mmt | grep -q 'Instructions that fault' || fail "$probe: no samples"
	n=$(mmt-trace info --raw=fault_sample t.mmt | grep -c 'ustack=[1-9]')
	[ "$n" -gt 100 ] || fail "$probe: $n samples with a stack of the program"
	mmt-trace info --raw=fault_sample t.mmt | grep -q 'kstack=[1-9]' || fail "$probe: no stack of the kernel"
	mmt-trace info --raw=ksym t.mmt | grep -q 'name=asm_exc_page_fault' || fail "$probe: functions of the kernel have no names"
	verified t.mmt 300
done
finish
