#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# balance and real VMs, each in a cgroup of its own, crowded on one of two nodes: the one whose memory is on the other node
# goes there, and nothing has to follow; one wider than a node gets both; one that starts meanwhile is placed, one that ends
# is forgotten. (What is predicted is held against what comes of it in balance.sh: here the wide one runs where it likes.)
# lab: --maybe unshare --vms --nodes 2 --cpus 4 --mem 2560 --timeout 400
. /lab/lib
. /lab/vmlib
. /lab/balancelib
vm_need tcg
top=/sys/fs/cgroup
[ -w $top/cgroup.subtree_control ] || { echo "skipped: no cgroup v2"; exit 77; }
grep -q cpuset $top/cgroup.controllers || { echo "skipped: no cpuset controller"; exit 77; }
echo "+cpuset" > $top/cgroup.subtree_control || fail "cpuset controller"
[ ! -w /proc/sys/kernel/numa_balancing ] || echo 0 > /proc/sys/kernel/numa_balancing
mkdir $top/vms
echo "+cpuset" > $top/vms/cgroup.subtree_control
# boot NAME CPUS VCPUS: in its cgroup from the start, with a QEMU of its own, so that all of its memory is where it begins
boot() {
	mkdir $top/vms/$1
	echo $2 > $top/vms/$1/cpuset.cpus
	echo $$ > $top/vms/$1/cgroup.procs
	vm_boot $1 $1 any tcg 32 $3
	echo $$ > $top/cgroup.procs
	eval "pid_$1=$vm_pid"
}
boot away 2-3 1
boot one 0-1 1
boot two 0-1 1
boot wide 0-3 3
vm_wait away $pid_away 1
vm_wait one $pid_one 1
vm_wait two $pid_two 1
vm_wait wide $pid_wide 3
settled $pid_away $pid_one $pid_two $pid_wide
for g in away one two wide; do echo 0-1 > $top/vms/$g/cpuset.cpus; done
state() { for f in $top/vms/away/cpuset.cpus $top/vms/one/cpuset.* $top/vms/wide/cpuset.cpus; do case $f in *effective*) ;; *) echo "$f $(cat $f)" ;; esac; done; }
state > state.before
took "VMs run"

mmt-trace balance --vm all -I 3 > advice 2> err || fail "advice: $(tail -1 err)"
cat advice
if [ -x /payload/unshare ]; then # the directories of this hierarchy are not those that a namespace of cgroups tells of
	sh -c "echo \$\$ > $top/vms/one/cgroup.procs; exec /payload/unshare -C mmt-trace balance --apply --vm away -I 1 --rounds 1" > inside 2>&1
	grep -q "no cgroup with a cpuset of its own" inside || fail "in a namespace of cgroups: $(cat inside)"
	state > state.after
	cmp state.before state.after || fail "in a namespace of cgroups: $(diff state.before state.after)"
fi
: > rounds
mmt-trace balance --apply --vm all -I 3 --probation 6 --ndjson > rounds 2> err &
b=$!
# rounds_are N: so many have been
rounds_are() {
	t=0
	while [ "$(wc -l < rounds)" -lt $1 ] && [ $t -lt 600 ]; do
		t=$((t + 1))
		usleep 200000
	done
	[ "$(wc -l < rounds)" -ge $1 ] || fail "no round $1: $(tail -1 err)"
}
rounds_are 3
took "three rounds"
boot new 0-3 1
vm_wait new $vm_pid 1
rounds_are $(($(wc -l < rounds) + 3))
kill -9 $pid_two
took "one has ended"
rounds_are $(($(wc -l < rounds) + 2))
kill -INT $b
wait $b || fail "^C: status $?: $(tail -1 err)"
cat err
state > state.after
cmp state.before state.after || fail "not as it was: $(diff state.before state.after)"
kill -9 $pid_away $pid_one $pid_wide $vm_pid

tight rounds
grep -o '"round":[0-9]*,"rule":"[a-z]*","group":"[a-z]*","sets":"[A-Za-z]*","from":"[0-9,-]*","to":"[0-9,-]*"' rounds > steps
cat steps
grep -q '"rule":"\(cpus\|gather\)","group":"away","sets":"CPUs","from":"0","to":"1"' steps || fail "the one away from its memory stays so"
grep '"group":"wide"' steps | grep -q '"to":"0-1"' || fail "the wide one has not got both nodes"
[ "$(grep -c '"rule":"\(cpus\|gather\)","group":"away"' steps)" = 1 ] || fail "the one that was home again was moved once more"
grep '"group":"wide"' steps | grep '"to":"[01]"' && fail "the wide one was put on one node"
head -n 3 rounds | grep '"rule":"cpus","group":"\(one\|two\)"' && fail "one was moved whose memory is where it runs"
grep -q '"rule":"place","group":"new"' steps || fail "the new one was not placed"
tail -n 1 rounds | grep -q '"group":"two"' && fail "the one that has ended is still there"
# exposure N: of the VM away, in round N
exposure() { sed -n "$1p" rounds | sed 's/.*"groups":\[//; s/\].*//' | tr '{' '\n' | sed -n 's/.*"group":"away".*"exposure_pct":\([0-9.]*\).*/\1/p'; }
last=$(wc -l < rounds)
echo "exposure of the one that was away: $(exposure 1) %, in the end $(exposure $last) %"
awk -v a="$(exposure 1)" -v b="$(exposure $last)" 'BEGIN { exit !(a > 90 && b < 10) }' || fail "exposure $(exposure 1) and $(exposure $last)"
finish
