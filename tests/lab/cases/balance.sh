#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Sixteen groups of spinning tasks, all started on two of four nodes: balance advises, moves those that have to move and no
# other, their memory follows, and what was there before is put back.
# lab: --nodes 4 --cpus 4 --mem 2560 --timeout 400
. /lab/lib
. /lab/balancelib
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
	spinner $i $g 18
	i=$((i + 1))
done
spinners_up 16
touch /tmp/go
# (an empty cpuset.mems may come back as all that is above it)
state() { for f in $top/vms/g*/cpuset.cpus $top/vms/g*/cpuset.mems.effective $top/cgroup.subtree_control $top/vms/cgroup.subtree_control; do echo "$f $(cat $f)"; done; }
state > state.before
json() { sed -n "s/.*\"$1\": *\([-0-9.a-z]*\).*/\1/p" $2 | head -1; }

mmt-trace balance --cgroup "$top/vms/*" -I 3 -j > advice.json 2> err || fail "balance -j: $(tail -1 err)"
awk -v v="$(json exposure_pct advice.json)" 'BEGIN { exit !(v < 20) }' || fail "exposure at first: $(json exposure_pct advice.json)"
awk -v v="$(json imbalance_pct advice.json)" 'BEGIN { exit !(v > 80) }' || fail "imbalance at first: $(json imbalance_pct advice.json)"
[ "$(grep -c '"rule": "cpus"' advice.json)" = 4 ] || fail "advice: $(grep -c '"rule"' advice.json) steps, not 4"
state | cmp -s - state.before || fail "advice changed something"

mmt-trace balance --apply --keep --cgroup "$top/vms/*" -I 2 --probation 4 --rounds 12 --ndjson > rounds 2> err ||
	fail "balance --apply: $(tail -1 err)"
cat err
tight rounds
moves=$(grep -o '"rule":"cpus"[^}]*"result":"done"' rounds | wc -l)
memory=$(grep -o '"rule":"memory"[^}]*"result":"done"' rounds | wc -l)
others=$(grep -o '"rule":"[a-z]*"' rounds | grep -vc 'cpus\|memory')
echo "moves $moves, memory $memory, others $others"
[ "$moves" = 8 ] || fail "$moves moves of CPUs, not 8"
[ "$memory" = 8 ] || fail "$memory moves of memory, not 8"
[ "$others" = 0 ] || fail "$others other steps"
sed 's/,"nodes".*//; s/.*"time_s":\([0-9.]*\).*"imbalance_pct":\([0-9.]*\).*"exposure_pct":\([0-9.]*\).*/\1 s: imbalance \2 %, exposure \3 %/' rounds
held rounds 10
sed 's/.*"time_s":\([0-9.]*\).*"imbalance_pct":\([0-9.]*\).*/\1 \2/' rounds | awk '$2 < 10 && !t { t = $1 } END { print "even after " t " s"; exit !(t && t <= 60) }' ||
	fail "not even within 60 s"
# what a step cost is said; each group has 4 MiB at least, and its memory has moved
grep -o '"cost_ms":[0-9.]*,"pages":[0-9]*,"result"' rounds | sed -n '1p;$p'
grep -o '"rule":"memory"[^}]*"pages":[0-9]*' rounds | sed 's/.*"pages"://' | awk '{ s += $1 } END { print s " pages moved"; exit !(s >= 8 * 1024) }' ||
	fail "memory did not move"
tail -4 rounds | sed 's/,"nodes".*//; s/.*"imbalance_pct":\([0-9.]*\).*"exposure_pct":\([0-9.]*\).*/\1 \2/' | awk -v e0="$(json exposure_pct advice.json)" '
	{ v += $1 / 4; e += $2 / 4 }
	END { print "at the end imbalance " v " %, exposure " e " %"; exit !(v < 15 && e < e0 + 5) }' || fail "it does not stay so"
mmt-trace balance --apply --cgroup "$top/vms/*" -I 1 --rounds 1 > out 2>&1 && fail "a second balancer over an unfinished journal"
grep -q 'wait to be undone' out || fail "second balancer: $(tail -1 out)"
mmt-trace balance --undo > out 2>&1 || fail "--undo: $(tail -1 out)"
cat out
state > state.after
cmp state.before state.after || fail "not as it was: $(diff state.before state.after)"
mmt-trace balance --undo > out 2>&1 || fail "--undo again: $(tail -1 out)"
kill -9 $pids
finish
