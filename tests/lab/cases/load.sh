#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tasks that spin on one node are its load, as many as they are; the node without them has none, nor has one without CPUs.
# lab: --nodes 4 --cpus 6
. /lab/lib
spin() { taskset "$1" sh -c 'while :; do :; done' & pids="$pids $!"; }
pids=
# CPUs by node: 0, 1-2, 3, 4-5
cat /sys/devices/system/node/node1/cpulist > cpus
[ "$(cat cpus)" = 1-2 ] || fail "node 1 has CPUs $(cat cpus)"
for i in 1 2 3 4 5; do
	spin 6
done
spin 8
mmt-trace record -q -a -e load --profile light --duration 8 -o t.mmt 2> err || fail "record: $(tail -1 err)"
mmt-trace report --nodes -x , t.mmt > nodes || fail "report --nodes: $?"
mmt-trace report --nodes t.mmt > text || fail "report --nodes: $?"
# kernel's own: runnable tasks of all CPUs, the reader among them
runnable=$(for i in 1 2 3 4 5 6 7 8 9; do awk '{ split($4, a, "/"); print a[1] - 1 }' /proc/loadavg; usleep 100000; done | sort -n | sed -n 5p)
kill $pids
# node,cpus,mib,tasks,load,max,busy_pct,samples
of() { awk -F, -v node="$1" -v col="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $1 == node { print $at[col] }' nodes; }
between() { awk -v v="$2" -v lo="$3" -v hi="$4" 'BEGIN { exit !(v != "" && v >= lo && v <= hi) }' || fail "$1: $2, not $3 to $4"; }
between "tasks on node 1" "$(of 1 tasks)" 4.8 5.4
between "load of node 1" "$(of 1 load)" 2.4 2.7
between "tasks on node 2" "$(of 2 tasks)" 0.95 1.4
between "tasks on node 3" "$(of 3 tasks)" 0 0.3
all=$(awk -F, 'NR > 1 { s += $4 } END { print s }' nodes)
between "all, against /proc/loadavg's $runnable" "$all" "$(echo "$runnable" | awk '{ print $1 - 1 }')" "$(echo "$runnable" | awk '{ print $1 + 1 }')"
cat text
finish
