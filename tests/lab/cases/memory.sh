#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Memory comes while we record: to a node that had some, and as a node that was not there. It goes again in part.
# lab: --layout 512:0,256:1,0: --slots 4 --timeout 300 --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
. /lab/placelib
nodes=/sys/devices/system/node
[ -c /dev/ttyS1 ] || { echo "skipped: no way to QEMU's monitor"; exit 77; }

# dimm NAME MIB NODE: a DIMM is plugged in, and what is new of the machine's memory is taken into use
dimm() {
	was=$(awk '$3 == "MemTotal:" { print $4 }' $nodes/node$3/meminfo 2> /dev/null)
	printf 'object_add memory-backend-ram,id=m-%s,size=%sM\ndevice_add pc-dimm,id=%s,memdev=m-%s,node=%s\n' $1 $2 $1 $1 $3 > /dev/ttyS1
	i=0
	while [ $i -lt 100 ]; do
		for m in $(grep -l offline /sys/devices/system/memory/memory*/state); do
			echo online > $m
		done
		[ "$(awk '$3 == "MemTotal:" { print $4 }' $nodes/node$3/meminfo 2> /dev/null)" -ge $((${was:-0} + $2 * 1024)) ] 2> /dev/null && return
		i=$((i + 1))
		usleep 100000
	done
	echo "skipped: no memory came ($(dmesg | tail -1))"
	exit 77
}

hold before bind:0 0 128 small
mmt-trace record -q -a -e place --profile light --duration 160 -o t.mmt 2> err &
recorder=$!
sleep 2
dimm one 256 1
hold more bind:1 0 288 small
dimm two 256 2
hold new bind:2 1 192 small
sleep 4
kill -INT $recorder
wait $recorder || fail "record: $? $(tail -1 err)"
tables
kill -STOP $before $more $new
echo "nodes online: $(cat $nodes/online), with memory: $(cat $nodes/has_memory)"
near "memory on node 0, run there" "$(exposed $before)" 0
# when they are young most of their memory is the program, on its own node
exposed $more | awk '{ exit !($1 >= 95) }' || fail "more than node 1 had, run on node 0: $(exposed $more)"
exposed $new | awk '{ exit !($1 >= 95) }' || fail "on a node that is new: $(exposed $new)"
for name in before more new; do
	checked $name
done
held_against "0 1 2" before more new
# what was there at first, and what came, is told
grep -q '^note .*memory changed while recording: node 1 [12][0-9]* -> 4[0-9]* MiB, node 2 0 -> 2[0-9]* MiB' text || fail "not said: $(grep '^note' text)"
# what of it is of processes is the mean of measurements, the first of which were when it was being filled
awk '/^Nodes/ { on = 1 } on && $1 == 2 { n++; mib = $3; of = $4 } END { exit !(n == 1 && mib > 200 && of > 60 && of < mib) }' text ||
	fail "the new node: $(grep -A 7 '^Nodes' text)"
distance "a node that is new" "$(far_x $new)" 2
cat text
finish
