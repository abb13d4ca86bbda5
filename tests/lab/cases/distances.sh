#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two nodes, nearer from one side than from the other: how far the memory of VMs and of processes was is told by side.
# lab: --layout 1024:0-1,1024:2-3 --dist 10,17,30,10 --vms --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
. /lab/placelib
. /lab/vmlib
hold there bind:1 0 192 small
hold back bind:0 2 192 small
hold spread interleave 3 192 small
vm=
if [ -x /vms/usr/bin/qemu-system-x86_64 ]; then
	vm_start vm bind:0 3 tcg 96 1
	vm=$vm_pid
	settled $vm
fi
recorded "$there $back $spread $vm"
near "memory on node 1, run on node 0" "$(exposed $there)" 100
near "memory on node 0, run on node 1" "$(exposed $back)" 100
near "memory on both" "$(exposed $spread)" 50
distance "node 1 from node 0" "$(far_x $there)" 1.7
distance "node 0 from node 1" "$(far_x $back)" 3
distance "both from node 1" "$(far_x $spread)" 2
[ -z "$vm" ] || { near "a VM's memory on node 0, run on node 1" "$(exposed $vm)" 100; distance "a VM's memory on node 0 from node 1" "$(far_x $vm)" 3; }
grep -q '^ *0 .* 10 17$' text && grep -q '^ *1 .* 30 10$' text || fail "distances: $(grep -A 5 '^Nodes' text)"
kill -STOP $there $back $spread $vm
for name in there back spread ${vm:+vm}; do
	checked $name
done
held_against "0 1" there back spread ${vm:+vm}
cat text

kill -KILL $there $back $spread $vm
mmt-trace record -a --profile full -o m.mmt -- mmt-trace workload --mark migrate 23 > out 2>&1 || fail "record: $(tail -1 out)"
pid=$(awk '$1 == "pid" { print $2 }' out)
mmt-trace report --mark 'workload start' -x '|' m.mmt > table
n=$(($(cell table mig_cross tid "$pid") + $(cell table mig_llc tid "$pid") + $(cell table mig_node tid "$pid")))
[ $n -ge 23 ] && [ $n -le 25 ] || fail "$n migrations, not 23"
verified m.mmt
finish
