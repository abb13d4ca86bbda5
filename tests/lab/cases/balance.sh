#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Sixteen groups of spinning tasks, all started on two of four nodes: balance advises, moves those that have to move and no
# other, their memory follows, and what was there before is put back.
# lab: --nodes 4 --cpus 4 --mem 2560 --timeout 400
. /lab/lib
top=/sys/fs/cgroup
[ -w $top/cgroup.subtree_control ] || { echo "skipped: no cgroup v2"; exit 77; }
grep -q cpuset $top/cgroup.controllers || { echo "skipped: no cpuset controller"; exit 77; }
echo "+cpuset" > $top/cgroup.subtree_control || fail "cpuset controller"
mkdir $top/vms
echo "+cpuset" > $top/vms/cgroup.subtree_control
pids=
i=0
while [ $i -lt 16 ]; do
	g=$top/vms/g$i
	mkdir $g
	[ $i -lt 8 ] && cpus=0 || cpus=1
	echo $cpus > $g/cpuset.cpus
	sh -c "echo \$\$ > $g/cgroup.procs; x=\$(head -c 8000000 /dev/zero | tr '\\0' x); touch /tmp/up.$i; while :; do :; done" &
	pids="$pids $!"
	i=$((i + 1))
done
i=0
while [ "$(ls /tmp/up.* 2>/dev/null | wc -l)" -lt 16 ] && [ $i -lt 300 ]; do
	i=$((i + 1))
	usleep 200000
done
# (an empty cpuset.mems may come back as all that is above it)
state() { for f in $top/vms/g*/cpuset.cpus $top/vms/g*/cpuset.mems.effective $top/cgroup.subtree_control $top/vms/cgroup.subtree_control; do echo "$f $(cat $f)"; done; }
state > state.before
json() { sed -n "s/.*\"$1\": *\([-0-9.a-z]*\).*/\1/p" $2 | tail -1; }

mmt-trace balance --cgroup "$top/vms/*" -I 3 -j > advice.json 2> err || fail "balance -j: $(tail -1 err)"
# (pages of programs that several map stay where they are: some exposure is there at any time)
awk -v v="$(json imbalance_pct advice.json)" 'BEGIN { exit !(v > 80) }' || fail "imbalance at first: $(json imbalance_pct advice.json)"
[ "$(grep -c '"rule": "cpus"' advice.json)" = 4 ] || fail "advice: $(grep -c '"rule"' advice.json) steps, not 4"
state | cmp -s - state.before || fail "advice changed something"

mmt-trace balance --apply --keep --cgroup "$top/vms/*" -I 2 --probation 4 --rounds 12 --ndjson > rounds 2> err ||
	fail "balance --apply: $(tail -1 err)"
cat err
sed -i 's/": /":/g' rounds
moves=$(grep -o '"rule":"cpus"[^}]*"result":"done"' rounds | wc -l)
memory=$(grep -o '"rule":"memory"[^}]*"result":"done"' rounds | wc -l)
others=$(grep -o '"rule":"[a-z]*"' rounds | grep -vc 'cpus\|memory')
echo "moves $moves, memory $memory, others $others"
[ "$moves" = 8 ] || fail "$moves moves of CPUs, not 8"
[ "$memory" = 8 ] || fail "$memory moves of memory, not 8"
[ "$others" = 0 ] || fail "$others other steps"
cat rounds | while read -r line; do echo "$line" | sed 's/,"nodes.*//; s/.*"time_s":\([0-9.]*\).*"imbalance_pct":\([0-9.]*\).*"exposure_pct":\([0-9.]*\).*/\1 s: imbalance \2 %, exposure \3 %/'; done
sed 's/.*"time_s":\([0-9.]*\).*"imbalance_pct":\([0-9.]*\).*/\1 \2/' rounds | awk '$2 < 10 && !t { t = $1 } END { print "even after " t " s"; exit !(t && t <= 60) }' ||
	fail "not even within 60 s"
# what a step cost is said
grep -o '"cost_ms":[0-9.]*,"pages":[0-9]*,"result"' rounds | head -3
tail -1 rounds > last
awk -v v="$(sed 's/.*"imbalance_pct":\([0-9.]*\).*/\1/' last)" -v e="$(sed 's/.*"exposure_pct":\([0-9.]*\).*/\1/' last)" \
	-v e0="$(json exposure_pct advice.json)" 'BEGIN { exit !(v < 10 && e < e0 + 5) }' || fail "at the end: $(sed 's/,"nodes.*//' last)"
mmt-trace balance --apply --cgroup "$top/vms/*" -I 1 --rounds 1 > out 2>&1 && fail "a second balancer over an unfinished journal"
grep -q 'wait to be undone' out || fail "second balancer: $(tail -1 out)"
mmt-trace balance --undo > out 2>&1 || fail "--undo: $(tail -1 out)"
cat out
state > state.after
cmp state.before state.after || fail "not as it was: $(diff state.before state.after)"
mmt-trace balance --undo > out 2>&1 || fail "--undo again: $(tail -1 out)"
kill -9 $pids
finish
