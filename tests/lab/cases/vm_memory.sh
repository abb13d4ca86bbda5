#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Guest memory of every kind that QEMU has: transparent huge pages, a memfd that is shared, huge pages by memfd and by a
# file, a file on tmpfs. Where it is by us, walked and sampled, is where numa_maps, numastat and the cgroup's
# memory.numa_stat say.
# lab: --nodes 4 --cpus 4 --mem 3584 --vms --timeout 500 --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
. /lab/placelib
. /lab/vmlib
vm_need
echo 100000000 > /sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
echo always > /sys/kernel/mm/transparent_hugepage/enabled
for n in 2 3; do echo 24 > /sys/devices/system/node/node$n/hugepages/hugepages-2048kB/nr_hugepages; done
mkdir -p /huge /ramdisk /cg
mount -t hugetlbfs none /huge
mount -t tmpfs -o size=128m none /ramdisk
mount -t cgroup2 none /cg 2> /dev/null
echo +memory > /cg/cgroup.subtree_control 2> /dev/null

# boot NAME POLICY CPUS BACKEND: in a cgroup of its own; its pid in $NAME
boot() {
	mkdir -p /cg/$1
	echo $$ > /cg/$1/cgroup.procs
	vm_backend=$4
	vm_boot $1 $2 $3 tcg 48 1
	echo $$ > /cg/cgroup.procs
	eval "$1=$vm_pid"
}
# programs are charged to nobody here
for policy in bind:1 bind:2 bind:3; do vm_root $policy > /dev/null; done
boot thp bind:1 0 memory-backend-ram
boot memfd bind:2 2 memory-backend-memfd,share=on
boot hugefd bind:2 3 memory-backend-memfd,share=on,hugetlb=on,hugetlbsize=2M
boot hugefile bind:3 3 memory-backend-file,share=on,mem-path=/huge/ram
boot file bind:3 1 memory-backend-file,share=on,mem-path=/ramdisk/ram
vms="thp memfd hugefd hugefile file"
for name in $vms; do eval "vm_wait $name \$$name 1"; done
settled $thp $memfd $hugefd $hugefile $file

recorded "$thp $memfd $hugefd $hugefile $file" -e place,vm
# what is charged to the cgroups, before anything else touches it
for name in $vms; do cat /cg/$name/memory.numa_stat > $name.numa_stat 2> /dev/null; done
near "THP on another node" "$(exposed $thp)" 100
near "memfd at home" "$(exposed $memfd)" 0
near "huge memfd on another node" "$(exposed $hugefd)" 100
near "hugetlbfs at home" "$(exposed $hugefile)" 0
near "file on another node" "$(exposed $file)" 100
for name in $vms; do eval "kill -STOP \$$name"; done
for name in $vms; do checked $name; done
held_against "0 1 2 3" $vms

# kind NAME KIND NODE: MiB of it there, by our walk
kind() { awk -v kind=$2 -v node=N$3 '$1 == kind && $2 == node { v = $3 } END { printf "%d", v / 1024 }' $1.check; }
for want in "thp anon 1" "memfd shared 2" "hugefd huge 2" "hugefile huge 3" "file file 3"; do
	set -- $want
	[ "$(kind $1 $2 $3)" -ge 48 ] || fail "$1: $(kind $1 $2 $3) MiB of kind $2 on node $3, not 48"
done
[ "$(kind hugefd huge 2)" = 48 ] && [ "$(kind hugefile huge 3)" = 48 ] || fail "huge pages: $(kind hugefd huge 2), $(kind hugefile huge 3) MiB, not 48"
thp_kb=$(awk '$1 == "AnonHugePages:" { print $2 }' /proc/$thp/smaps_rollup)
echo "AnonHugePages of thp: $thp_kb kB"

# charged NAME NODE: kB of it, anonymous and in the page cache, by memory.numa_stat
charged() { awk -v node=N$2 '$1 == "anon" || $1 == "file" { for (i = 2; i <= NF; i++) { split($i, a, "="); if (a[1] == node) s += a[2] } } END { printf "%d", s / 1024 }' $1.numa_stat; }
# ours NAME NODE: the same by the trace
ours() {
	awk -F, -v id="$(stat -c %i /cg/$1)" -v node=$2 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$at["epoch"] == 0 && $at["cgroup"] == id && $at["node"] == node && $at["kind"] == "all" { v = $at["kb"] } END { print v }' rows
}
if [ -s thp.numa_stat ]; then
	measured=0
	for name in $vms; do
		case $name in thp) node=1 ;; memfd | hugefd) node=2 ;; *) node=3 ;; esac
		echo "$name: memory.numa_stat has $(charged $name $node) kB on node $node, the trace $(ours $name $node)"
		if [ -n "$(ours $name $node)" ]; then # there was time for it
			measured=$((measured + 1))
			echo "$(ours $name $node) $(charged $name $node)" | awk '{ d = $1 - $2; exit !(d < 1024 && d > -1024) }' ||
				fail "$name: cgroup on node $node: $(ours $name $node) kB, $(charged $name $node) by memory.numa_stat"
		fi
		case $name in
		huge*) [ "$(charged $name $node)" -lt 45000 ] || echo "$name: huge pages are charged" ;;
		*) [ "$(charged $name $node)" -ge 49152 ] || fail "$name: memory.numa_stat has $(charged $name $node) kB on node $node" ;;
		esac
	done
	[ $measured -ge 2 ] || fail "cgroups: $measured of 5 were measured"
else
	echo "no memory.numa_stat here"
fi
mmt-trace vms t.mmt
finish
