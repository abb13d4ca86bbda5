#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mmt-trace vms on four nodes, live and of a trace: VMs whose memory is bound to another node, to their own, spread over
# all; where their virtual CPUs run, how they wait, what is on each node. A comparison of before and after a move.
# lab: --nodes 4 --cpus 4 --mem 3072 --timeout 500 --vms
. /lab/lib
. /lab/placelib
. /lab/vmlib
vm_need
vm_boot far bind:1 0 tcg 64 2
far=$vm_pid
vm_boot same bind:2 2 tcg 64 1
same=$vm_pid
vm_boot spread interleave 3 tcg 128 1
spread=$vm_pid
vm_wait far $far 2
vm_wait same $same 1
vm_wait spread $spread 1
settled $far $same $spread

# vm_cell FILE VM COLUMN [NODE]: of the last row of it
vm_cell() {
	awk -F, -v vm="$2" -v col="$3" -v node="$4" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$at["vm"] == vm && (node == "" || $at["node"] == node) { v = $at[col] } END { print v }' "$1"
}
# of NAME: half the width of an interval, behind the value, for near
margin() { echo "$(vm_cell "$1" "$2" "$3") $(awk -v a="$(vm_cell "$1" "$2" "$4")" -v b="$(vm_cell "$1" "$2" "$5")" 'BEGIN { print (b - a) / 2 }')"; }

# view NAME OPTION...: exposures, places and nodes; both live and of a trace
view() {
	what=$1
	shift
	mmt-trace vms --csv "$@" > vms.csv 2> err || fail "$what: $(tail -1 err)"
	[ "$(vm_cell vms.csv far vcpus)" = 2 ] || fail "$what: far has $(vm_cell vms.csv far vcpus) virtual CPUs"
	near "$what: far" "$(margin vms.csv far exposure_pct exposure_lo_pct exposure_hi_pct)" 100
	near "$what: same" "$(margin vms.csv same exposure_pct exposure_lo_pct exposure_hi_pct)" 0
	near "$what: spread" "$(margin vms.csv spread exposure_pct exposure_lo_pct exposure_hi_pct)" 75
	near "$what: far, memory" "$(margin vms.csv far mem_off_pct mem_off_lo_pct mem_off_hi_pct)" 100
	[ "$(vm_cell vms.csv far node) $(vm_cell vms.csv same node) $(vm_cell vms.csv spread node)" = "0 2 3" ] ||
		fail "$what: they run on $(vm_cell vms.csv far node) $(vm_cell vms.csv same node) $(vm_cell vms.csv spread node), not 0 2 3"
	# two busy virtual CPUs on one CPU wait half of the time
	awk -v s="$(vm_cell vms.csv far wait_pct)" 'BEGIN { exit !(s > 40 && s < 60) }' || fail "$what: steal of far: $(vm_cell vms.csv far wait_pct)"
}

view live -n 2 -d 3
mmt-trace record -q -a -e vm,place,load --profile light --duration 4 -o t.mmt 2> err || fail "record: $(tail -1 err)"
view trace t.mmt

# pages and percent by node, as numa_maps has them
mmt-trace vms --by place --csv t.mmt > places || fail "places: $?"
for name in far same spread; do
	eval "pid=\$$name"
	for node in 0 1 2 3; do
		got=$(vm_cell places $name mem_pct $node)
		near "$name on node $node" "${got:-0} $(vm_cell places $name mem_margin_pct $node)" "$(maps_pct $pid $node)"
	done
done
# a VM's virtual CPUs ran where they were bound to, and nowhere else
mmt-trace vms --by vcpu --csv t.mmt > vcpus || fail "vcpus: $?"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	{ split($at["run_by_node_ns"], ns, " "); home = $at["vm"] == "far" ? 1 : $at["vm"] == "same" ? 3 : 4
	  for (i = 1; i <= 4; i++) if ((ns[i] > 0) != (i == home)) { print $at["vm"] " ran " ns[i] " ns on node " i - 1; bad = 1 } }
	END { exit bad || NR != 5 }' vcpus || { fail "residency"; cat vcpus >&2; }
# nodes: two spinning on the CPU of node 0, nobody on node 1, one each on 2 and 3; and one more somewhere, which is us
mmt-trace vms --by node --csv t.mmt > nodes || fail "nodes: $?"
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	{ load[$at["node"]] = $at["load"]; vms[$at["node"]] = $at["vms"]; vcpus[$at["node"]] = $at["vcpus"] }
	END { exit !(load[0] > 1.7 && load[0] < 3.3 && load[1] < 1.3 && load[2] > .8 && load[2] < 2.4 && load[3] > .8 && load[3] < 3.3 &&
		     vms[0] == 1 && vms[1] == 0 && vms[2] == 1 && vms[3] == 1 && vcpus[0] == 2) }' nodes || { fail "nodes"; cat nodes >&2; }

# one is moved to its memory: the difference is seen, of it alone
for i in 1 2; do
	mmt-trace record -q -a -e vm,place --profile light --duration 1.5 -o a$i.mmt 2> err || fail "record: $(tail -1 err)"
done
taskset -a -p -c 1 $far > /dev/null
for i in 1 2; do
	mmt-trace record -q -a -e vm,place --profile light --duration 1.5 -o b$i.mmt 2> err || fail "record: $(tail -1 err)"
done
mmt-trace compare -m 'vm.exposure,vm:far.exposure,vm:same.exposure' --csv a1.mmt,a2.mmt b1.mmt,b2.mmt > cmp || fail "compare: $?"
mean() { awk -F, -v m="$1" -v arm="$2" '$2 == m && $5 == arm { print $9 }' cmp; }
near "far before" "$(mean vm:far.exposure a) 0" 100
near "far after" "$(mean vm:far.exposure b) 0" 0
near "same before" "$(mean vm:same.exposure a) 0" 0
near "same after" "$(mean vm:same.exposure b) 0" 0
awk -v a="$(mean vm.exposure a)" -v b="$(mean vm.exposure b)" 'BEGIN { exit !(a > b + 15) }' || fail "all: $(mean vm.exposure a), then $(mean vm.exposure b)"
mmt-trace vms t.mmt
mmt-trace vms --by vcpu t.mmt
finish
