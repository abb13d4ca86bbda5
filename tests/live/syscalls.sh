#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# System calls of a real program against the counts of strace and perf trace; what `run` and configs say of families.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
bad=0
ls=$(command -v ls) # a search along PATH would be calls of execve
fail() { echo "$*"; bad=1; }

"$MMT" record -q -e syscall -o t.mmt -- "$ls" -lR "$TOP/docs" >/dev/null 2>log || { cat log; exit 1; }
"$MMT" info --raw=meta t.mmt | grep -q 'key=families value="sched syscall"' || fail "meta does not say which families were recorded"
if command -v strace >/dev/null && strace -c -o s.txt "$ls" -lR "$TOP/docs" >/dev/null 2>&1; then
	awk '$1 ~ /^[0-9.]+$/ && $NF != "total" { print $NF, $4, (NF == 6 ? $5 : 0) }' s.txt | sort >strace
	# strace does not see calls that do not return; the read is that of the gate before the command starts
	"$MMT" report --syscalls --csv t.mmt | awk -F, 'NR > 1 && $1 !~ /^exit/ { if ($1 == "read") $4--; print $1, $4, $5 }' |
		sort >ours
	[ "$(wc -l <strace)" -gt 5 ] || fail "strace counted nothing"
	diff strace ours >differ || { echo "strace -c (<) and mmt-trace (>):"; cat differ; bad=1; }
else
	echo "strace is not here or may not trace: not compared with it"
fi
if command -v perf >/dev/null && perf trace -s -o p.txt "$ls" -lR "$TOP/docs" >/dev/null 2>&1; then
	# its view begins within the execve; calls that it has no name for are left out
	awk 'NF == 8 && $2 ~ /^[0-9]+$/ && $1 ~ /^[a-z]/ && $1 !~ /^exec/ { print $1, $2, $3 }' p.txt | sort >perf
	"$MMT" report --syscalls --csv t.mmt | awk -F, 'FNR == NR { split($0, w, " "); named[w[1]] = 1; next }
		$1 in named { if ($1 == "read") $4--; print $1, $4, $5 }' perf - | sort >ours
	[ "$(wc -l <perf)" -gt 5 ] || fail "perf trace counted nothing"
	diff perf ours >differ || { echo "perf trace -s (<) and mmt-trace (>):"; cat differ; bad=1; }
else
	echo "perf trace is not here or may not trace: not compared with it"
fi

"$MMT" run -q -d work -i 1 -e syscall -n one -- true >/dev/null 2>log || { cat log; fail "run -e syscall"; }
"$MMT" report --syscalls work/one/iter-0/*/trace.mmt | grep -q '^execve' || fail "run -e: no execve in its trace"
printf '[benchmark]\nname = b\ncommand = true\n[metric elapsed]\nbuiltin = elapsed\nunit = s\ndirection = lower\n[trace]\nevents = syscall\n' >b.conf
"$MMT" run -q -d work -i 1 -n two -c ./b.conf >/dev/null 2>log || { cat log; fail "events = syscall in a config"; }
"$MMT" report --syscalls work/two/iter-0/b/trace.mmt | grep -q '^execve' || fail "events in a config: no execve in its trace"
exit $bad
