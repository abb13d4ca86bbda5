#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# QEMU VMs with their memory on one node and their virtual CPUs on another, on the same, or spread over all: found, with
# their virtual CPUs, and as far off their memory as numa_maps and numastat say, with KVM and without.
# lab: --nodes 4 --cpus 4 --mem 3584 --vms --timeout 240 --bin $BUILD/tests/tools/placed --maybe numastat
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

recorded "$far $same $spread $kvmfar" -e place,vm,load
mmt-trace vms -x , t.mmt > vms.csv || fail "vms: $?"
mmt-trace vms --by place -x , t.mmt > by_node || fail "vms --by place: $?"
mmt-trace vms t.mmt > vms.txt || fail "vms: $?"
# of FILE VM [NODE]: cells of these columns
cells() {
	file=$1 vm=$2 node=$3
	shift 3
	awk -F, -v vm="$vm" -v node="$node" -v cols="$*" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(cols, c, " "); next }
		$at["vm"] == vm && (node == "" || $at["node"] == node) { for (i = 1; i <= n; i++) printf("%s%s", i > 1 ? " " : "", $at[c[i]]); exit }' $file
}
# VM NODE: share of its memory; a node that has none of it has no row
on_node() {
	cells by_node $1 $2 mem_pct mem_margin_pct | grep . || echo 0 0
}
for name in $vms; do
	eval "pid=\$$name"
	[ "$(cells vms.csv $name '' pid vcpus)" = "$pid $(vcpus_of $pid | wc -l)" ] || fail "vms: $name: $(cells vms.csv $name '' pid vcpus), not $pid $(vcpus_of $pid | wc -l)"
	case $name in
	same) want=0 ;;
	spread) want=75 ;;
	*) want=100 ;;
	esac
	near "vms: exposure of $name" "$(cells vms.csv $name '' exposure_pct exposure_lo_pct exposure_hi_pct | awk '{ print $1, ($3 - $2) / 2 }')" $want
	near "vms: memory of $name off the node of its virtual CPUs" "$(cells vms.csv $name '' mem_off_pct)" $want
	for node in 0 1 2 3; do
		near "vms: memory of $name on node $node" "$(on_node $name $node)" "$(maps_pct $pid $node)"
	done
done
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
cat list text vms.txt
finish
