#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# QEMU VMs with their memory on one node and their virtual CPUs on another, on the same, or spread over all: found, with
# their virtual CPUs, and as far off their memory as numa_maps and numastat say, with KVM and without.
# lab: --nodes 4 --cpus 4 --mem 3584 --vms --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
. /lab/placelib
. /lab/vmlib
vm_need
# nobody makes huge pages, on one node, of small ones on several meanwhile
echo 100000000 > /sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
vms="far same spread"
vm_boot far bind:1 0 tcg 96 2
far=$vm_pid
vm_boot same bind:2 2 tcg 96 1
same=$vm_pid
vm_boot spread interleave 3 tcg 256 1
spread=$vm_pid
if [ -w /dev/kvm ]; then
	vm_boot kvmfar bind:0 1 kvm 96 2
	kvmfar=$vm_pid
	vms="$vms kvmfar"
	vm_wait kvmfar $kvmfar 2
else
	echo "no KVM in this guest: VMs without it only"
fi
vm_wait far $far 2
vm_wait same $same 1
vm_wait spread $spread 1
settled $far $same $spread $kvmfar

mmt-trace list vms -x ',' > list || fail "list vms: $?"
for name in $vms; do
	eval "pid=\$$name"
	accel=tcg
	[ $name != kvmfar ] || accel=kvm
	want="$name,$pid,qemu,$accel,$(vcpus_of $pid | wc -l),$(vcpus_of $pid | wc -l),$(vcpus_of $pid | sort -n -k 2 | awk '{ printf("%s%s", NR > 1 ? " " : "", $1) }')"
	grep -q "^$want," list || { fail "list vms: no row $want"; cat list >&2; }
done

recorded
near "memory on node 1, virtual CPUs on node 0" "$(exposed $far)" 100
near "memory and virtual CPUs on node 2" "$(exposed $same)" 0
near "memory on four nodes" "$(exposed $spread)" 75
[ -z "$kvmfar" ] || near "KVM, memory on node 0, virtual CPUs on node 1" "$(exposed $kvmfar)" 100
# they have been seen running; what follows is quicker without them
for name in $vms; do
	eval "kill -STOP \$$name"
done
for name in $vms; do
	checked $name
done
held_against "0 1 2 3" $vms
cat list text
finish
