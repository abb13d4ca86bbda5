#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A node that has CPUs and no memory, and one that has memory and no CPUs: nothing is at home on either.
# lab: --layout 768:0-1,768:2,0:3,768: --timeout 500 --vms --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
. /lab/placelib
. /lab/vmlib
[ "$(cat /sys/devices/system/node/has_memory)" = 0-1,3 ] || { echo "skipped: QEMU or the kernel made other nodes: memory on $(cat /sys/devices/system/node/has_memory)"; exit 77; }
hold nocpu bind:3 0 192 small
hold nomem bind:1 3 192 small
hold home bind:1 2 192 small
hold spread interleave 1 192 small
vm=
if [ -x /vms/usr/bin/qemu-system-x86_64 ]; then
	vm_start vm bind:3 3 tcg 96 1
	vm=$vm_pid
	settled $vm
fi
recorded "$nocpu $nomem $home $spread $vm"
near "memory where no CPU is" "$(exposed $nocpu)" 100
near "run where no memory is" "$(exposed $nomem)" 100
near "at home" "$(exposed $home)" 0
near "spread over the three nodes that have memory" "$(exposed $spread)" 66.67
[ -z "$vm" ] || near "a VM with memory where no CPU is, run where no memory is" "$(exposed $vm)" 100
kill -STOP $nocpu $nomem $home $spread $vm
for name in nocpu nomem home spread ${vm:+vm}; do
	checked $name
done
held_against "0 1 3" nocpu nomem home spread ${vm:+vm}
# node CPUs memory ...
awk '/^Nodes/ { on = 1 } on && $1 == 2 { cpu = $2; mem = $3 } on && $1 == 3 { cpus = $2; mib = $3 } END { exit !(cpu == 1 && mem == 0 && cpus == 0 && mib > 100) }' text ||
	fail "nodes: $(grep -A 7 '^Nodes' text)"
verified t.mmt 60
cat text
finish
