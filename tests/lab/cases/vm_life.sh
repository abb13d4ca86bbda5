#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# record -e vm of QEMU VMs that are there, start, are renamed and end meanwhile, some at once. Their virtual CPUs: found, what they ran
# and waited as the kernel's schedstat says, on the node where they were kept, and moved across nodes as often as they were.
# lab: --nodes 4 --cpus 4 --mem 2560 --timeout 400 --vms
. /lab/lib
. /lab/vmlib
vm_need
[ -e /proc/self/schedstat ] || { echo "skipped: this kernel has no schedstat"; exit 77; }
# row TABLE WORDS...: rows of the trace with all of them
row() { t=$1; shift; mmt-trace export --table "$t" t.mmt > row.out; for w; do grep -F -- "$w" row.out > row.in; mv row.in row.out; done; cat row.out; }
# vm_cell FILE COLUMN KEY-COLUMN VALUE [KEY-COLUMN VALUE]: of a table of `mmt-trace vms`
vm_cell() {
	awk -F'|' -v col="$2" -v a="$3" -v av="$4" -v b="$5" -v bv="$6" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at[a] == av && (b == "" || $at[b] == bv) { print $at[col]; exit }' "$1"
}
# like WHAT OURS THEIRS ABSOLUTE: within this much and two hundredths
like() {
	echo "$2 $3 $4" | awk '{ d = $1 - $2; if (d < 0) d = -d; exit !(NF == 3 && d <= $3 + $2 / 50) }' || fail "$1: $2, $3 by the kernel"
}

# two busy virtual CPUs on one CPU; one that will end; one that will move
vm_start here bind:1 0 tcg 64 2
here=$vm_pid
vm_start short bind:0 1 tcg 64 1
short=$vm_pid
timeout 250 mmt-trace record -q -a -e sched,vm,place --profile light -o t.mmt > err 2>&1 &
rec=$!
i=0
while [ $i -lt 100 ] && [ "$(wc -c 2> /dev/null < t.mmt || echo 0)" -lt 4096 ]; do usleep 100000; i=$((i + 1)); done
sleep 1
vm_start moves bind:2 2-3 tcg 64 1
moves=$vm_pid
kill -9 $short
# from node to node, and back
tid=$(vcpus_of $moves | cut -d' ' -f1)
taskset -p -c 2 $tid > /dev/null
sleep 1
n=0
while [ $n -lt 11 ]; do
	n=$((n + 1))
	taskset -p -c $((2 + n % 2)) $tid > /dev/null
	usleep 150000
done
# three that end as soon as they have a virtual CPU, where others are busy
taskset 2 sh -c 'while :; do :; done' &
busy=$!
for b in 1 2 3; do
	vm_start brief$b default 1 tcg 32 1
	kill -9 $vm_pid
	eval "brief$b=$vm_pid"
done
kill -9 $busy
# in another scope, as libvirt would have it
if mount -t cgroup2 none /sys/fs/cgroup 2> /dev/null || grep -q cgroup2 /proc/mounts; then
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	mkdir "$root/machine-qemu\\x2d4\\x2dhere.scope" && echo $here > "$root/machine-qemu\\x2d4\\x2dhere.scope/cgroup.procs"
	# a look at it waits for its time, where looks are dear
	i=0
	until row vm '"renamed"' | grep -q . || [ $i -ge 15 ]; do i=$((i + 1)); sleep 2; done
fi
# what it ran and waited, from its first instant until it was stopped: its end, which takes a while, is beyond the mark
kill -STOP $moves
while ! sed 's/.*) //' /proc/$moves/task/$tid/stat | grep -q ^T; do usleep 100000; done
read -r ran waited slices < /proc/$moves/task/$tid/schedstat
MMT_TRACE_CTL=$(echo /tmp/mmt-trace.*.ctl) mmt-trace mark stopped || fail "mark: $?"
kill -9 $moves
sleep 2
kill -INT $rec
wait $rec || fail "record: $? $(tail -1 err)"

for vm in "here $here 2 0" "short $short 1 1" "moves $moves 1 1" "brief1 $brief1 1 1" "brief2 $brief2 1 1" "brief3 $brief3 1 1"; do
	set -- $vm
	[ "$(row vm '"found"' "\"name\": \"$1\"" "\"tgid\": $2," | wc -l)" = 1 ] || fail "VM $1: $(row vm "\"tgid\": $2,")"
	[ "$(row vm '"ended"' "\"tgid\": $2," | wc -l)" = "$4" ] || fail "VM $1: its end: $(row vm "\"tgid\": $2,")"
	number=$(row vm '"found"' "\"tgid\": $2," | sed 's/.*"vm": \([0-9]*\).*/\1/')
	[ "$(row vcpu '"found"' "\"vm\": $number," | wc -l)" = "$3" ] || fail "VM $1: virtual CPUs: $(row vcpu "\"vm\": $number,")"
done
for fact in missed nameless; do
	[ "$(row meta "\"vm.$fact\"" | sed 's/.*"value": "\([0-9]*\)".*/\1/')" = 0 ] || fail "vm.$fact: $(row meta "\"vm.$fact\"")"
done
[ "$(row vm '"renamed"' "\"tgid\": $here," '"scope": "machine-qemu' | wc -l)" = 1 ] || fail "VM here was not seen in another scope"
mmt-trace vms t.mmt --by vm -x '|' > vms.csv || fail "vms --by vm"
mmt-trace vms t.mmt --by vcpu --segment 1 -x '|' > vcpus.csv || fail "vms --by vcpu"
like "run time of a virtual CPU, ns" "$(vm_cell vcpus.csv run_ns tid $tid)" $ran 5000000
like "run-queue wait of a virtual CPU, ns" "$(vm_cell vcpus.csv wait_sum_ns tid $tid)" $waited 5000000
cross=$(vm_cell vcpus.csv mig_cross tid $tid)
[ "${cross:-0}" -ge 11 ] && [ "$cross" -le 13 ] || fail "the virtual CPU was moved across nodes 11 times, and once at first; counted: $cross"
like "off-node exposure of a VM on another node than its memory" "$(vm_cell vms.csv exposure_pct pid $here)" 100 0
like "memory that is not where it ran" "$(vm_cell vms.csv mem_off_pct pid $here)" 100 0
like "off-node exposure of another" "$(vm_cell vms.csv exposure_pct pid $short)" 100 0
# two that are busy share one CPU: each waits as long as it runs
for i in 0 1; do
	pct=$(vm_cell vcpus.csv wait_pct pid $here vcpu $i)
	echo "$pct" | awk '{ exit !($1 > 40 && $1 < 60) }' || fail "virtual CPU $i of two on one CPU waits $pct % of its time"
done
cat vms.csv vcpus.csv
finish
