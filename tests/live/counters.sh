#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record --counter: what perf stat counts of the same command is what we count; what this machine has not is said, once.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
soft=page-faults,minor-faults,major-faults,context-switches,cpu-migrations,task-clock
# count EVENT FILE: of the first table
count() { "$MMT" report --counters -x '|' "$2" | awk -F'|' -v e="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $1 == e { print $at["count"]; exit }'; }
near() { awk -v a="$2" -v b="$3" -v d="$4" 'BEGIN { exit !(a != "" && b != "" && a - b <= d && b - a <= d) }' || fail "$1: ours $2, $3 by perf stat"; }

# a command: it and what it starts
command=("$MMT" workload fault 30000)
timeout 60 "$MMT" record -q --counter "$soft" --profile light -o t.mmt -- "${command[@]}" >says 2>log || { fail "record: $(tail -n 1 log)"; exit 1; }
[ ! -s log ] || fail "record says: $(cat log)"
n=$(count page-faults t.mmt)
[ "${n:-0}" -ge 30000 ] && [ "$n" -lt 33000 ] || fail "30000 pages were touched, $n faults counted"
[ "$(count minor-faults t.mmt)" -ge 30000 ] || fail "minor faults: $(count minor-faults t.mmt)"
if perf stat -x, -e page-faults,minor-faults -o stat -- "${command[@]}" >/dev/null 2>&1; then
	near page-faults "$n" "$(awk -F, '$3 ~ /^page-faults/ { print $1 }' stat)" 30
	near minor-faults "$(count minor-faults t.mmt)" "$(awk -F, '$3 ~ /^minor-faults/ { print $1 }' stat)" 30
else
	echo "no perf stat to compare with"
fi
"$MMT" report --counters t.mmt | grep -q "of the tasks that were recorded" || fail "a command's counters are not said to be its own"
"$MMT" report --counters --by cpu t.mmt 2>log && fail "counters of a command by CPU"
grep -q "record with -a" log || fail "by CPU: $(cat log)"

# the machine: perf stat counts beside us, and a bit less long
timeout 60 "$MMT" record -q -a --counter "$soft" --profile light -o t.mmt -- \
	perf stat -a -x, -e page-faults,context-switches -o stat -- "${command[@]}" >/dev/null 2>log || echo "no perf stat: $(tail -n 1 log)"
if [ -s stat ] && "$MMT" info t.mmt >/dev/null 2>&1; then
	for e in page-faults context-switches; do
		ours=$(count "$e" t.mmt) theirs=$(awk -F, -v e="$e" '$3 ~ "^" e { print $1 }' stat)
		awk -v a="$ours" -v b="$theirs" 'BEGIN { exit !(b > 0 && a >= b && a < b * 1.5 + 5000) }' || fail "$e of all CPUs: ours $ours, $theirs by perf stat"
	done
	# a row for each CPU, and together they are all
	"$MMT" report --counters --by cpu -x '|' t.mmt | awk -F'|' -v want="$(count page-faults t.mmt)" -v cpus="$(nproc --all)" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["event"] == "page-faults" { s += $at["count"]; n++ }
		END { if (s != want || n > cpus || !n) { printf "%d CPUs have %d faults, all %d\n", n, s, want; exit 1 } }' || bad=1
	# our own count of switches beside perf's
	"$MMT" report -x '|' --by cpu t.mmt | awk -F'|' -v perf="$(count context-switches t.mmt)" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { s += $at["switches"] }
		END { d = s - perf; if (d < 0) d = -d; if (d > perf * .05 + 50) { printf "switches: ours %d, perf counts %d\n", s, perf; exit 1 } }' || bad=1
	"$MMT" compare --help >/dev/null && "$MMT" report -j t.mmt | grep -q '"counters.page_faults": [1-9]' || fail "no metric counters.page_faults"
fi

# two traces: the metric is compared, what reading took is no difference of the systems
for i in 1 2; do
	"$MMT" record -q --counter page-faults --profile light -o $i.mmt -- "${command[@]}" >/dev/null 2>log || fail "record $i: $(cat log)"
done
"$MMT" compare -m counters 1.mmt 2.mmt >out 2>log || fail "compare: $(cat log)"
grep -q "counters.page_faults " out || fail "compare: no counters.page_faults: $(cat out)"
! grep -q "counters.reads" out || fail "compare takes the readings for a difference of the systems"

# in groups, of user code only
timeout 60 "$MMT" record -q --counter '{page-faults:u,minor-faults:u} cs' --profile light -o t.mmt -- "${command[@]}" >/dev/null 2>log || fail "groups: $(cat log)"
n=$(count page-faults:u t.mmt)
[ "${n:-0}" -ge 30000 ] || fail "page-faults:u: $n"

# an event by the PMU that sysfs has, in a group: the processor's clock goes on as fast as it says
if "$MMT" list counters -x , | grep -q '^msr/tsc/,PMU,yes'; then
	timeout 60 "$MMT" record -q -a --counter '{msr/tsc/,page-faults}' --profile light --duration 1 -o t.mmt 2>log || fail "msr/tsc/: $(cat log)"
	mhz=$(awk -F: '$1 ~ /^cpu MHz/ { print $2; exit }' /proc/cpuinfo)
	"$MMT" report --counters --by cpu -x '|' t.mmt | awk -F'|' -v mhz="$mhz" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["event"] == "msr/tsc/" { n++; r = $at["count"] / $at["enabled_ns"] * 1000; if (!f) f = r; if (r > f * 1.001 || r < f * .999) bad = 1 }
		END { printf "tsc: %.1f MHz on %d CPUs; /proc/cpuinfo: %.1f\n", f, n, mhz; exit bad || !n || f < 100 }' || fail "the clocks of CPUs differ"
fi

# a descriptor for each event and CPU: the limit is raised for us, not for the command, and where it cannot be, that is said
[ "$(ulimit -Sn 40; "$MMT" record -q -a --counter "$soft" -o t.mmt -- sh -c 'ulimit -Sn')" = 40 ] || fail "another limit of open files for the command"
[ "$(count page-faults t.mmt)" -gt 0 ] || fail "few descriptors: nothing counted"
(ulimit -n 150; "$MMT" record -q -a --counter "$soft" -o t.mmt -- true 2>log) && fail "too few descriptors: status 0"
grep -q "counters: not available: a descriptor for each event and CPU" log || fail "too few descriptors: $(cat log)"

# what there is not
if "$MMT" list counters | grep -q '^node-loads .*yes'; then
	timeout 60 "$MMT" record -q -a -e counters -o t.mmt -- "${command[@]}" >/dev/null 2>log || fail "default: $(cat log)"
	[ "$(count node-loads t.mmt)" -gt 0 ] || fail "no node-loads"
else
	"$MMT" record --counter page-faults,node-loads,node-load-misses -o t.mmt -- true 2>log || fail "some that there are not: status $?"
	[ "$(grep -c "not available: node-loads, node-load-misses: " log)" = 1 ] && [ "$(grep -c warning log)" = 1 ] || fail "what there is not: $(cat log)"
	"$MMT" info --raw=meta t.mmt | grep -q 'key=counters.event.node-loads value="not available: ' || fail "not in meta"
	"$MMT" report --counters t.mmt | grep -q "not available: node-loads, node-load-misses: " || fail "not in the report"
	[ "$(count page-faults t.mmt)" -gt 0 ] || fail "the others are not counted"
	[ -z "$(count node-loads t.mmt)" ] || fail "node-loads have a number"
	! "$MMT" report -j t.mmt | grep -q '"numa.pmu.loads.remote.share": [0-9]' || fail "numa.pmu.loads.remote.share has a number"
fi
exit $bad
