#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What comes and goes under a balancer, and how it ends: groups that begin, that are removed in the middle of it, one wider
# than any node, one pinned by hand, nodes without CPUs or without memory; ^C, SIGHUP, a reader that leaves, a full disk, a
# second balancer, journals that are none, no hierarchy. Whatever happens, nothing of it is left, and each refusal is one line.
# lab: --layout 640:0-1,512:2,0:3,256: --timeout 300
. /lab/lib
. /lab/balancelib
top=/sys/fs/cgroup
[ -w $top/cgroup.subtree_control ] || { echo "skipped: no cgroup v2"; exit 77; }
grep -q cpuset $top/cgroup.controllers || { echo "skipped: no cpuset controller"; exit 77; }
echo "+cpuset" > $top/cgroup.subtree_control || fail "cpuset controller"
mkdir $top/vms
touch /tmp/go
journal=/run/mmt-trace-balance.journal
# group NAME N: N tasks spin in it
group() {
	mkdir $top/vms/$1
	n=0
	while [ $n -lt $2 ]; do
		spinner $1.$n $top/vms/$1 1
		n=$((n + 1))
	done
}
# gone NAME: its tasks and itself
gone() {
	rm -f /tmp/busybox.$1.* /tmp/up.$1.*
	kill -9 $(cat $top/vms/$1/cgroup.procs) 2> /dev/null
	t=0
	while ! rmdir $top/vms/$1 2> /dev/null && [ $t -lt 100 ]; do
		t=$((t + 1))
		usleep 50000
	done
}
# (an empty cpuset.mems may come back as all that is above it)
state() {
	for f in $top/cgroup.subtree_control $top/vms/cgroup.subtree_control $top/vms/wide/cpuset.cpus $top/vms/two/cpuset.cpus $top/vms/wide/cpuset.mems.effective $top/vms/two/cpuset.mems.effective; do
		[ -f $f ] && echo "$f $(cat $f)"
	done
}
# until TEXT FILE: it says that, by and by
until_says() {
	t=0
	while ! grep -q "$1" $2 2> /dev/null && [ $t -lt 400 ]; do
		t=$((t + 1))
		usleep 100000
	done
	grep -q "$1" $2 || fail "$2 never says $1: $(tail -1 err)"
}
echo "+cpuset" > $top/vms/cgroup.subtree_control
group wide 3
group one 1
group two 1
group pin 1
spinners_up 6
taskset -p 4 $(cat $top/vms/pin/cgroup.procs) > /dev/null
for g in wide one two; do echo 2 > $top/vms/$g/cpuset.cpus; done
state > state.before
# (in the background, it takes the place of the shell: $! is its number)
balance() { exec mmt-trace balance --cgroup "$top/vms/*" -I 1 --probation 2 "$@"; }

balance --apply --ndjson > rounds 2> err &
b=$!
until_says '"rule": *"spread"' rounds
took "spread"
mmt-trace balance --apply --cgroup "$top/vms/*" > out 2>&1 && fail "a second balancer runs"
[ "$(wc -l < out)" = 1 ] && grep -q "another balancer is running" out || fail "second balancer: $(cat out)"
group new 1
until_says '"rule": *"place"' rounds
took "placed"
gone one
usleep 2500000
kill -INT $b
wait $b || fail "^C: status $?: $(tail -1 err)"
took "ended: $(tail -1 err)"
tight rounds
grep -o '"rule":"[a-z]*","group":"[a-z/0-9]*","sets":"[A-Za-z]*","from":"[0-9,-]*","to":"[0-9,-]*"' rounds > steps
cat steps
# whole nodes, as many as it is wide; no group goes where there are no CPUs, or no memory, alone
grep '"rule":"spread","group":"vms/wide"' steps | grep -q '"to":"0[-,][12]"' || fail "the wide one: $(grep wide steps)"
grep '"group":"vms/wide"' steps | grep '"to":"[0-9]"' && fail "the wide one was put on one node"
grep '"group":"vms/pin"' steps && fail "one was moved that is pinned by hand"
grep -q '"group":"vms/pin","[^}]*"fixed":"its threads are pinned by hand"' rounds || fail "not said of the one that is pinned by hand"
grep '"to":"[23]"' steps && fail "to a node without memory, or without CPUs"
[ ! -e $journal ] || fail "^C left a journal"
grep -q "undone: .* 0 failed" err || fail "^C: $(tail -1 err)"
state > state.after
cmp state.before state.after || fail "^C: $(diff state.before state.after)"

# groups that are removed at any moment
(
	i=0
	while [ $i -lt 8 ]; do
		i=$((i + 1))
		group r$i 2
		usleep $((i % 4 * 200000 + 300000))
		gone r$i
	done
	touch /tmp/churned
) &
balance --apply -I 0.2 --probation 0.2 --ndjson > rounds 2> err &
b=$!
t=0
while [ ! -e /tmp/churned ] && [ $t -lt 400 ]; do t=$((t + 1)); usleep 200000; done
kill -HUP $b
wait $b || fail "SIGHUP: status $?: $(tail -1 err)"
took "groups came and went: $(grep -c '"group": *"vms/r' rounds) rounds had some: $(tail -1 err)"
grep -v "its cgroup is gone$\|^mmt-trace: balance: \(undone\|CPUs of\)" err && fail "said more than that they are gone"
state > state.after
cmp state.before state.after || fail "SIGHUP: $(diff state.before state.after)"

# nobody reads any more
balance --apply --rounds 20 --ndjson 2> err | head -n 1 > /dev/null
[ ! -e $journal ] || fail "a closed pipe left a journal"
state > state.after
cmp state.before state.after || fail "a closed pipe: $(diff state.before state.after): $(tail -1 err)"
took "closed pipe: $(tail -1 err)"

# says TEXT ARG...: --apply or --undo refuses so, in one line
refuses() {
	text=$1
	shift
	mmt-trace balance "$@" > out 2>&1 && fail "$*: status 0"
	[ "$(wc -l < out)" = 1 ] && grep -q "$text" out || fail "$*: not '$text' but: $(cat out)"
	[ ! -d $top/vms ] || state > state.after
	cmp state.before state.after || fail "$*: $(diff state.before state.after)"
}
mkdir full
mount -t tmpfs -o size=4k full full
head -c 4096 /dev/zero > full/most
refuses "No space left" --apply --cgroup "$top/vms/*" --journal full/journal
[ ! -s full/journal ] || fail "something of a journal on a full disk"
umount full
echo "root:x:0:0" > mine
refuses "is no journal" --apply --cgroup "$top/vms/*" --journal mine
refuses "is no journal" --undo --journal mine
[ "$(cat mine)" = "root:x:0:0" ] || fail "a file that is no journal was changed"
# what a boot before this one left
mmt-trace balance --apply --keep --rounds 1 -I 0.5 --cgroup "$top/vms/*" --high 0.1 > out 2> err || fail "--keep: $(tail -1 err)"
[ "$(wc -l < $journal)" -gt 1 ] || fail "--keep: nothing is kept: $(cat out)"
sed '1s/[0-9a-f]$/x/' $journal > older
mmt-trace balance --undo --journal older > out 2>&1 || fail "--undo of another boot: $(cat out)"
grep -q "before the last boot" out && [ ! -e older ] || fail "--undo of another boot: $(cat out)"
mmt-trace balance --undo > out 2>&1 || fail "--undo: $(cat out)"
mmt-trace balance --undo > out 2>&1 || fail "--undo twice: $(cat out)"
state > state.after
cmp state.before state.after || fail "--undo: $(diff state.before state.after)"

# no hierarchy that has cpusets
for p in $(cat $top/vms/*/cgroup.procs); do kill -9 $p; done
umount $top || fail "umount"
refuses "no unified cgroup hierarchy" --apply --vm all
mkdir /tmp/v1
if mount -t cgroup -o cpuset cpuset /tmp/v1 2> /dev/null; then
	mount -t cgroup2 cgroup $top
	refuses "has no cpuset controller" --apply --vm all
fi
finish
