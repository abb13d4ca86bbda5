#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Counters without a PMU (QEMU's emulated CPUs have none): that is said, and the software events are right, by CPU and
# node and of a command, also on a CPU that went and came.
# lab: --layout 512:0-1,512:2-3
. /lab/lib
mmt-trace list counters -x ',' > list
grep -q '^page-faults,software,yes' list || fail "list: $(grep page-faults list)"

# the default: nothing of it is here
mmt-trace record -e counters -o t.mmt -- true 2> err && fail "counted without a PMU"
grep -q 'counters: not available: the CPUs have no PMU' err || fail "without a PMU: $(cat err)"
mmt-trace record -q -a -e sched,counters,place -o t.mmt -- true 2> err || fail "with others: $(cat err)"
mmt-trace report --numa t.mmt | grep -q '^pmu *not available: the CPUs have no PMU' || fail "report --numa says nothing of the PMU"

# of a command, and what it starts
mmt-trace record --counter page-faults,minor-faults,cycles,context-switches,task-clock -o t.mmt -- mmt-trace workload fault 30000 > out 2> err ||
	fail "record: $(cat err)"
grep -q 'counters: not available: cycles: the CPUs have no PMU' err || fail "cycles: $(cat err)"
mmt-trace report --counters -x '|' t.mmt > counters || fail "report: $?"
n=$(cell counters count event page-faults)
[ "${n:-0}" -ge 30000 ] && [ "$n" -lt 31000 ] || fail "30000 pages touched, $n faults"
[ -z "$(cell counters count event cycles)" ] || fail "cycles have a number"

# of CPUs: on the node where it ran
cat > hot.sh <<'END'
taskset 8 mmt-trace workload fault 20000
if [ -w /sys/devices/system/cpu/cpu2/online ]; then
	echo 0 > /sys/devices/system/cpu/cpu2/online
	sleep 3
	echo 1 > /sys/devices/system/cpu/cpu2/online
	sleep 3
	taskset 4 mmt-trace workload fault 10000
fi
END
mmt-trace record -q -a --counter page-faults,context-switches,cpu-clock -o t.mmt -- sh hot.sh > out 2> err || fail "record -a: $(cat err)"
mmt-trace report --counters --by cpu -x '|' t.mmt > cpus
awk -F'|' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { v[$1, $2] = $at["count"]; e[$1] = $at["enabled_ns"] }
	END {
		if (v[3, "page-faults"] < 20000) { print "CPU 3: " v[3, "page-faults"]; exit 1 }
		if (v[2, "page-faults"] < 10000) { print "CPU 2, which came back: " v[2, "page-faults"]; exit 1 }
		if (e[2] > e[3] - 2e9) { print "CPU 2 was gone: " e[2] " of " e[3]; exit 1 }
	}' cpus > said || fail "$(cat said)"
mmt-trace report --counters -j t.mmt > json
[ "$(grep -c '"node": 1' json)" -ge 3 ] || fail "by node: $(grep -A 3 counters_nodes json)"
verified t.mmt 300
cat cpus
finish
