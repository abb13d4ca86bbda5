#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record --vm, --vm-match: real QEMU processes that are there and that start later; what is no VM, or another, is left out.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || { echo "skipped: no qemu-system-x86_64"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
pids=()
trap 'for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done' EXIT
accel=tcg,thread=multi
[ -w /dev/kvm ] && accel=kvm
# start NAME: $pid runs firmware without a disk: its first virtual CPU is busy
start()
{
	timeout 60 qemu-system-x86_64 -m 32 -display none -nodefaults -no-user-config -name "guest=$1,debug-threads=on" -accel "$accel" \
		-smp 2 >/dev/null 2>>log &
	pid=$!
	for _ in $(seq 100); do
		pid=$(pgrep -P $! qemu-system) && [ "$(find "/proc/$pid/task" -maxdepth 1 2>/dev/null | wc -l)" -gt 4 ] && break
		sleep 0.1
	done
	pids+=("$pid")
}
# used PID: ticks of CPU time of all its threads
used() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

start mmt-keep1
keep1=$pid
start mmt-other
other=$pid
timeout 60 "$MMT" record -q --vm mmt-keep1,mmt-none --vm-match '^mmt-kee.2$' -e sched,place -o t.mmt --duration 30 2>err &
rec=$!
pids+=($rec)
for _ in $(seq 100); do
	sleep 0.1
	tool=$(pgrep -P "$rec" mmt-trace) && [ -S "/tmp/mmt-trace.$tool.ctl" ] && [ "$(stat -c %s t.mmt)" -gt 4096 ] && break
done
t0=$(used "$keep1")
start mmt-keep2
keep2=$pid
sleep 1.5
t1=$(used "$keep1")
t2=$(used "$keep2")
kill -INT "$tool"
wait "$rec" || fail "record: status $?: $(cat err)"
[ ! -s err ] || fail "record says: $(cat err)"

"$MMT" report --by process --csv t.mmt >procs.csv
run() { awk -F, -v pid="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["pid"] == pid { print $at["run_ns"]; exit }' procs.csv; }
# kernel threads that work for the VMs may be there; nothing else
awk -F, -v a="$keep1" -v b="$keep2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["pid"] != a && $at["pid"] != b && $at["process"] !~ "^(vhost-|kvm-pit/)(" a "|" b ")$" { print }' procs.csv >rest
[ ! -s rest ] || fail "others are in the trace: $(cat rest)"
[ -z "$(run "$other")" ] || fail "the other VM is in the trace"
# against the kernel's own accounting, which is by ticks or better: half a tenth of a second, and a tenth
hz=$(getconf CLK_TCK)
near()
{
	awk -v ours="$2" -v ticks="$3" -v hz="$hz" -v what="$1" 'BEGIN {
		theirs = ticks / hz; d = ours / 1e9 - theirs; if (d < 0) d = -d
		if (d > 0.15 + theirs / 10) { printf "%s ran %.3f s, %.3f s by the kernel\n", what, ours / 1e9, theirs; exit 1 } }' || bad=1
}
near "the VM that was there" "$(run "$keep1")" $((t1 - t0))
# what it ran before it was found is not in the trace: it is looked for within 200 ms of its first virtual CPU
awk -v ours="$(run "$keep2")" -v ticks="$t2" -v hz="$hz" 'BEGIN {
	theirs = ticks / hz; exit !(ours / 1e9 > theirs - 0.4 && ours / 1e9 < theirs + 0.15 && ours > 0) }' ||
	fail "the VM that started later ran $(run "$keep2") ns, $((t2 * 1000 / hz)) ms by the kernel"
"$MMT" report --numa t.mmt --csv >numa.csv
for p in $keep1 $keep2; do grep -q ",$p," numa.csv || fail "no memory of process $p"; done
! grep -q ",$other," numa.csv || fail "memory of the other VM was measured"
"$MMT" vms t.mmt | grep -q "^run time   not available for [1-9][0-9]* VMs\{0,1\}: not among those recorded, or ended too soon" || fail "vms does not say whose run time it cannot tell"
# the same choice of a trace of all
timeout 30 "$MMT" record -q --vm all -o all.mmt --duration 1 2>err || fail "record --vm all: $(cat err)"
for want in "--vm mmt-other" "--vm-match ^mmt-o"; do
	# shellcheck disable=SC2086
	"$MMT" report $want --by process --csv all.mmt >procs.csv || fail "report $want"
	[ -n "$(run "$other")" ] && [ -z "$(run "$keep1")" ] || fail "report $want: $(cat procs.csv)"
done
"$MMT" report --vm all --by process --csv all.mmt >procs.csv
[ -n "$(run "$other")" ] && [ -n "$(run "$keep1")" ] && [ -n "$(run "$keep2")" ] || fail "report --vm all: $(cat procs.csv)"
# none of that name: said, and not an error
timeout 30 "$MMT" record --vm mmt-nobody -o none.mmt --duration 0.3 2>err || fail "record --vm mmt-nobody: status $?"
grep -q "no VM 'mmt-nobody' runs now.*there are: .*mmt-keep1" err || fail "record --vm mmt-nobody says: $(cat err)"
[ "$("$MMT" export --table task_totals none.mmt | wc -l)" = 0 ] || fail "tasks of nobody were recorded"
# run: the command is no VM's
timeout 60 "$MMT" run -q -d log.run -n r -i 1 --vm mmt-other -- sleep 0.5 || fail "run --vm: status $?"
"$MMT" report --by process --csv log.run/r/iter-0/sleep/trace.mmt >procs.csv || fail "report of run: $(ls -R log.run)"
[ -n "$(run "$other")" ] && ! grep -q sleep procs.csv || fail "run --vm: $(cat procs.csv)"
exit $bad
