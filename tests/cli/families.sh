#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# -e: what there is, what is wrong with a word; --syscalls of a trace that has none.
set -u
cd "$TMPDIR" || exit 1
bad=0
fail() { echo "$*"; bad=1; }
# says STATUS TEXT COMMAND...: its status, and one line on stderr with TEXT
says()
{
	local want=$1 text=$2 got
	shift 2
	"$@" >out 2>err
	got=$?
	[ $got = "$want" ] || fail "$*: status $got, not $want"
	if [ "$(wc -l <err)" != 1 ] || ! grep -qF -- "$text" err; then
		fail "$*: does not say '$text' in one line:"
		cat err
	fi
}

"$MMT" list families >out || fail "list families"
for f in sched syscall; do
	grep -q "^$f " out || fail "list families: no $f"
	"$MMT" list events | grep -q "^$f " || fail "list events: no $f"
done
says 125 "(did you mean 'syscall'?); there are: sched, sched:waking," "$MMT" record -e syscal -- true
says 125 "no event 'nonsense'; there are: sched," "$MMT" run -e sched,nonsense -- true
says 125 "no counter 'node-laods' (did you mean 'node-loads'?); mmt-trace list counters has all" "$MMT" record --counter cs,node-laods -- true
says 125 "this machine has no PMU 'nonsense'" "$MMT" run --counter 'nonsense/event=1/' -- true
says 125 "cycles:x: no modifier 'x'" "$MMT" record --counter cycles:x -- true
says 2 "record it with -e syscall" "$MMT" report --syscalls "$TOP/tests/data/hackbench.mmt"
says 2 "record it with -e place" "$MMT" report --numa "$TOP/tests/data/hackbench.mmt"
says 2 "record it with -e load" "$MMT" report --nodes "$TOP/tests/data/hackbench.mmt"
says 2 "record it with -e counters" "$MMT" report --counters "$TOP/tests/data/hackbench.mmt"
says 2 "--counters has no rows by task" "$MMT" report --counters --by task "$TOP/tests/data/hackbench.mmt"
says 2 "--nodes goes alone" "$MMT" report --nodes --hist "$TOP/tests/data/hackbench.mmt"
says 2 "--numa goes alone" "$MMT" report --numa --faults "$TOP/tests/data/hackbench.mmt"
says 2 "--by machine" "$MMT" report --syscalls --by cpu "$TOP/tests/data/hackbench.mmt"
printf '[benchmark]\nname = b\ncommand = true\n[metric elapsed]\nbuiltin = elapsed\n[trace]\nevents = sched, sycall\n' >b.conf
says 125 "no event 'sycall' (did you mean 'syscall'?)" "$MMT" run --no-trace -c ./b.conf
printf '[benchmark]\nname = b\ncommand = true\n[metric elapsed]\nbuiltin = elapsed\n[trace]\ncounters = page-faults, cycels\n' >b.conf
says 125 "no counter 'cycels' (did you mean 'cycles'?)" "$MMT" run --no-trace -c ./b.conf
"$MMT" list counters -x , >out || fail "list counters"
for c in cycles,hardware page-faults,software,yes node-loads,cache; do
	grep -q "^$c" out || fail "list counters: no $c"
done
exit $bad
