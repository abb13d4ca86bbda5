#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e vm: real QEMU processes that are there, start, are renamed and end during the recording; their virtual CPUs.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || { echo "skipped: no qemu-system-x86_64"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
pids=() cg=
stop()
{
	for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done
	[ -z "$cg" ] || for _ in $(seq 20); do rmdir "$cg" 2>/dev/null && break; sleep 0.1; done
}
trap stop EXIT
accel=tcg,thread=multi
[ -w /dev/kvm ] && accel=kvm
# start OPTIONS...: $pid runs firmware without a disk
start()
{
	timeout 60 qemu-system-x86_64 -m 32 -display none -nodefaults -no-user-config "$@" >/dev/null 2>>log &
	pid=$!
	for _ in $(seq 100); do
		pid=$(pgrep -P $! qemu-system) && [ "$(find "/proc/$pid/task" -maxdepth 1 2>/dev/null | wc -l)" -gt 4 ] && break
		sleep 0.1
	done
	pids+=("$pid")
}
# end PID: and wait until it is gone
end() { kill "$1"; while [ -d "/proc/$1" ]; do sleep 0.05; done; }
# rows TABLE [PATTERN [PATTERN [PATTERN]]]: those with all of them
rows() { "$MMT" export --table "$1" t.mmt | grep -F -- "${2:-}" | grep -F -- "${3:-}" | grep -F -- "${4:-}"; }
n_rows() { rows "$@" | wc -l; }
# number PID: of its VM in the trace
number() { rows vm '"found"' "\"tgid\": $1," | sed 's/.*"vm": \([0-9]*\).*/\1/'; }

start -name guest=early,debug-threads=on -accel "$accel" -smp 2
early=$pid
start -name guest=short,debug-threads=on -accel "$accel" -smp 1
short=$pid
start -accel "$accel" -smp 1
bare=$pid
timeout 60 "$MMT" record -q -e sched,vm,place -o t.mmt --duration 20 2>err &
rec=$!
pids+=($rec)
# it runs when its socket is there, and its first mark is written
for _ in $(seq 100); do
	sleep 0.1
	tool=$(pgrep -P "$rec" mmt-trace) && [ -S "/tmp/mmt-trace.$tool.ctl" ] && [ "$(stat -c %s t.mmt)" -gt 4096 ] && break
done
end "$short"
start -name guest=late,debug-threads=on -accel "$accel" -smp 2
late=$pid
root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
if [ -n "$root" ] && mkdir "$root/machine-qemu\\x2d7\\x2dmmt\\x2dother.scope" 2>/dev/null; then
	cg="$root/machine-qemu\\x2d7\\x2dmmt\\x2dother.scope"
	echo "$bare" >"$cg/cgroup.procs" || { rmdir "$cg"; cg=; }
fi
sleep 1.5
end "$early"
sleep 0.5
kill -INT "$tool"
wait "$rec" || fail "record: status $?: $(cat err)"

for vm in "early $early" "short $short" "late $late" "qemu-$bare $bare"; do
	read -r name p <<<"$vm"
	[ "$(n_rows vm '"event": "found"' "\"name\": \"$name\"" "\"tgid\": $p,")" = 1 ] || fail "$name: found $(n_rows vm found "$name") times, not once"
done
for vm in "$early 1" "$short 1" "$late 0" "$bare 0"; do
	read -r p n <<<"$vm"
	[ "$(n_rows vm '"event": "ended"' "\"tgid\": $p,")" = "$n" ] || fail "process $p ended $(n_rows vm '"ended"' "\"tgid\": $p,") times, not $n"
done
# those that are there at the end; each has a task
[ "$(n_rows vm '"still"' "\"tgid\": $late,")" -ge 1 ] || fail "late is not told at the end"
! rows vm "\"tgid\": $late," | grep -q '"epoch": 0' || fail "late has no task"
# two and two virtual CPUs with names, each with its thread, and a task
for vm in "$early 2 2" "$late 2 0" "$short 1 1"; do
	read -r p n gone <<<"$vm"
	number=$(number "$p")
	[ "$(n_rows vcpu '"found"' "\"vm\": $number,")" = "$n" ] || fail "VM of $p: $(n_rows vcpu '"found"' "\"vm\": $number,") virtual CPUs, not $n"
	[ "$(n_rows vcpu '"ended"' "\"vm\": $number,")" = "$gone" ] || fail "VM of $p: $(n_rows vcpu '"ended"' "\"vm\": $number,") virtual CPUs ended, not $gone"
done
number=$(number "$late")
for i in 0 1; do
	tid=$(grep -l "^CPU $i/" "/proc/$late/task/"*/comm | sed 's|.*task/\([0-9]*\)/.*|\1|')
	[ "$(n_rows vcpu found "\"vm\": $number, \"index\": $i, \"tid\": $tid,")" = 1 ] || fail "virtual CPU $i of late is not thread $tid: $(rows vcpu "\"vm\": $number,")"
done
if [ -n "$cg" ]; then
	[ "$(n_rows vm renamed '"name": "mmt-other"' "\"tgid\": $bare,")" = 1 ] || fail "the VM in another scope was not renamed: $(rows vm "\"tgid\": $bare,")"
else
	echo "no cgroup2 to rename a VM by"
fi
# KVM tells threads that have no names, since Linux 6.0
if [ "$accel" = kvm ] && ls "/sys/kernel/debug/kvm/$bare-"*/vcpu0/pid >/dev/null 2>&1; then
	number=$(number "$bare")
	[ "$(n_rows vcpu found "\"vm\": $number,")" = 1 ] || fail "the VM without names of threads has $(n_rows vcpu found "\"vm\": $number,") virtual CPUs"
fi
# memory of all is measured, also where the main thread sleeps
for p in $early $late $bare; do
	"$MMT" report --numa t.mmt --csv | grep -q ",$p," || fail "no memory of process $p"
done
cost=$("$MMT" export --table meta t.mmt | sed -n 's/.*"vm.cost_ns", "value": "\([0-9]*\)".*/\1/p')
[ "${cost:-0}" -gt 0 ] && [ "$cost" -lt 200000000 ] || fail "it took '$cost' ns"
exit $bad
