#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A balancer killed at any instant, an undo killed too: --undo puts back what was there, the controller that was off included.
# lab: --nodes 4 --cpus 4 --mem 2048 --timeout 400
. /lab/lib
. /lab/balancelib
top=/sys/fs/cgroup
grep -q cpuset $top/cgroup.controllers 2>/dev/null || { echo "skipped: no cpuset controller of cgroup v2"; exit 77; }
# the controller is on for the first level alone: the balancer switches it on below
echo "+cpuset" > $top/cgroup.subtree_control || fail "cpuset controller"
mkdir $top/vms
pids=
for i in 0 1 2 3 4 5 6 7; do
	mkdir $top/vms/g$i
	spinner $i $top/vms/g$i 10
done
spinners_up 8
touch /tmp/go
echo 0-1 > $top/vms/cpuset.cpus
usleep 300000
# moved apart, so that there is something to do: the controller on, CPUs by hand, in half of the rounds
arrange() {
	echo 0-3 > $top/vms/cpuset.cpus
	if [ $(($1 % 2)) = 0 ]; then
		echo "+cpuset" > $top/vms/cgroup.subtree_control
		for i in 0 1 2 3 4 5 6 7; do
			echo $((i / 4)) > $top/vms/g$i/cpuset.cpus
			echo $((i % 3)) > $top/vms/g$i/cpuset.mems
		done
	else
		echo "-cpuset" > $top/vms/cgroup.subtree_control
	fi
}
state() {
	for f in $top/cgroup.subtree_control $top/vms/cgroup.subtree_control $top/vms/cpuset.* $top/vms/g*/cpuset.cpus $top/vms/g*/cpuset.mems; do
		[ -f $f ] && echo "$f $(cat $f 2>/dev/null)"
	done
}
dice() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }
round=0
steps=0
journals=0
while [ $round -lt 20 ]; do
	round=$((round + 1))
	arrange $round
	state > before
	mmt-trace balance --apply --cgroup "$top/vms/*" -I 0.2 --probation 0.3 --ratio 1 --high 0.1 --ndjson > out.$round 2> err.$round &
	b=$!
	if [ $round -gt 4 ]; then
		# once it has begun to write, at a random instant
		i=0
		while [ "$(wc -l < /run/mmt-trace-balance.journal 2>/dev/null || echo 0)" -lt 2 ] && [ $i -lt 60 ] && [ $((round % 2)) = 0 ]; do
			i=$((i + 1))
			usleep 50000
		done
		usleep $(($(dice 1000) * 1000))
	else
		sleep $((round + 2))
	fi
	kill -9 $b 2> /dev/null || fail "round $round: the balancer had ended: $(tail -1 err.$round)"
	wait $b 2> /dev/null
	n=$(($(wc -l < /run/mmt-trace-balance.journal 2>/dev/null || echo 1) - 1))
	[ $n -gt 0 ] && journals=$((journals + 1))
	steps=$((steps + n))
	# the undo is killed as well, now and then
	if [ $((round % 3)) = 0 ]; then
		mmt-trace balance --undo > /dev/null 2>&1 &
		u=$!
		usleep $(($(dice 60) * 1000))
		kill -9 $u 2> /dev/null
		wait $u 2> /dev/null
	fi
	mmt-trace balance --undo > undo.$round 2>&1 || fail "round $round: --undo: $(tail -1 undo.$round)"
	state > after
	cmp before after > /dev/null || fail "round $round: not as it was: $(diff before after | tr '\n' ' '); $(tail -1 undo.$round)"
	[ ! -e /run/mmt-trace-balance.journal ] || fail "round $round: the journal is still there"
done
echo "killed $round times: $journals journals with $steps steps"
[ $journals -ge 6 ] || fail "only $journals journals had steps"
# SIGTERM undoes by itself
arrange 2
state > before
mmt-trace balance --apply --cgroup "$top/vms/*" -I 0.2 --probation 0.3 --ratio 1 --high 0.1 --ndjson > out.term 2> err.term &
b=$!
i=0
while [ "$(wc -l < /run/mmt-trace-balance.journal 2>/dev/null || echo 0)" -lt 3 ] && [ $i -lt 100 ]; do
	i=$((i + 1))
	usleep 100000
done
mmt-trace balance --undo > out 2>&1 && fail "undone beside a running balancer"
kill $b
wait $b || fail "SIGTERM: status $?: $(tail -1 err.term)"
state > after
cmp before after > /dev/null || fail "SIGTERM: not as it was: $(diff before after | tr '\n' ' ')"
tail -1 err.term
kill -9 $pids
finish
