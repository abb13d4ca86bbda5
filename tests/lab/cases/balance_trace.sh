#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What balance does is in traces: sixteen groups spin on two of four nodes, half of them away from their memory. Each step is
# a mark of the trace recorded around it, report shows before and after, and compare finds what changed in traces of both.
# lab: --nodes 4 --cpus 4 --mem 2560 --timeout 400
. /lab/lib
. /lab/balancelib
top=/sys/fs/cgroup
[ -w $top/cgroup.subtree_control ] || { echo "skipped: no cgroup v2"; exit 77; }
grep -q cpuset $top/cgroup.controllers || { echo "skipped: no cpuset controller"; exit 77; }
echo "+cpuset" > $top/cgroup.subtree_control || fail "cpuset controller"
mkdir $top/vms
echo "+cpuset" > $top/vms/cgroup.subtree_control
# memory that moves is to be moved by balance alone
[ ! -w /proc/sys/kernel/numa_balancing ] || echo 0 > /proc/sys/kernel/numa_balancing
pids=
i=0
# Half of them, those with more memory, began on nodes 2 and 3: theirs is there. These are the ones to move.
while [ $i -lt 16 ]; do
	g=$top/vms/g$i
	mkdir $g
	[ $((i % 2)) = 0 ] && twice=17 cpu=$((i / 8)) || twice=18 cpu=$((i / 8 + 2))
	echo $cpu > $g/cpuset.cpus
	spinner $i $g $twice
	i=$((i + 1))
done
spinners_up 16
for i in 1 3 5 7 9 11 13 15; do
	echo $((i / 8)) > $top/vms/g$i/cpuset.cpus
done
touch /tmp/go
took "groups spin"
traces() {
	list=
	for i in 1 2 3 4 5; do
		mmt-trace record -q -a -e load,place --profile light --duration 1 -o $1$i.mmt 2> err || fail "record $1$i: $(tail -1 err)"
		list=$list${list:+,}$1$i.mmt
	done
	took "traces: $list"
}
traces crowded
before=$list

mmt-trace record -q -a -e vm,place,load,numa --profile light -o run.mmt -- sh -c "
	mmt-trace mark before; sleep 1
	mmt-trace balance --apply --keep --cgroup '$top/vms/*' -I 2 --probation 4 --moves 8 --rounds 5 --ndjson
	mmt-trace mark after; sleep 2" > rounds 2> err || fail "record: $(tail -1 err)"
took "balanced"
traces even
after=$list
mmt-trace balance --undo > out 2>&1 || fail "--undo: $(tail -1 out)"
kill -9 $pids

tight rounds
steps=$(grep -o '"result":"done"' rounds | wc -l)
mmt-trace export --table mark --format csv run.mmt > marks || fail "export: $?"
n=$(grep -c '[,"]balance[,"]' marks)
[ "$steps" -ge 8 ] || fail "$steps steps, not 8 at least"
[ "$n" = "$steps" ] || fail "$n marks of $steps steps"
grep -m 1 '[,"]balance[,"]' marks
mmt-trace report --nodes run.mmt | sed -n '/^Marks/,/^$/p' > said
head -n 5 said
grep -q ' balance  *vms/g[0-9]* CPUs: node [01] to [23], [0-9.]* ms, [0-9]* pages' said || fail "report does not show the steps"

val() { sed -n "s/.*\"$2\": *\([-0-9.]*\).*/\1/p" $1 | head -1; }
# differs WHAT LOW HIGH: before and after, the one over LOW and the other under HIGH
differs() { awk -v a="$2" -v b="$3" -v lo="$4" -v hi="$5" 'BEGIN { exit !(a != "" && b != "" && a > lo && b < hi) }' || fail "$1: $2 before and $3 after"; }
for k in before after; do
	mmt-trace report --nodes -j --mark $k run.mmt > nodes.$k || fail "report --nodes --mark $k: $?"
	mmt-trace report --numa -j --mark $k run.mmt > numa.$k || fail "report --numa --mark $k: $?"
	echo "$k: imbalance $(val nodes.$k imbalance_pct) %, exposure $(val numa.$k exposure_pct) %"
done
differs "imbalance by report --nodes" "$(val nodes.before imbalance_pct)" "$(val nodes.after imbalance_pct)" 80 35
differs "exposure by report --numa" "$(val numa.before exposure_pct)" "$(val numa.after exposure_pct)" 35 15

held rounds 10

# (how long a single wait is depends on this machine, too, where the guest's four CPUs are fewer: shown, not asked for)
metrics=load.imbalance,numa.exposure,sched.wait.share,sched.wait.tasks,sched.wait.mean
mmt-trace compare -m $metrics "$before" "$after" > compared 2> err || fail "compare: $(tail -1 err)"
mmt-trace compare -m $metrics -x '|' "$before" "$after" > rows 2> err || fail "compare -x: $(tail -1 err)"
sed -n '/^metric /,$p' compared
# verdict METRIC
verdict() { awk -F'|' -v m="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["metric"] == m && $at["arm"] == "even" { print $at["verdict"] }' rows; }
for m in load.imbalance numa.exposure sched.wait.share; do
	[ "$(verdict $m)" = BETTER ] || fail "compare says of $m: $(verdict $m)"
done
finish
