#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Memory bound to nodes and used from others is seen where it is: as the kernel and numastat say, walked and sampled.
# check: 4
# lab: --nodes 4 --cpus 4 --mem 2560 --dist 10,14,20,26,17,10,20,20,20,20,10,20,30,20,24,10 --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
. /lab/placelib
mib=160

hold far bind:1 0 $mib small
hold same bind:2 2 $mib small
hold spread interleave 3 $mib small
recorded "$far $same $spread"
near "bound to node 1, running on node 0" "$(exposed $far)" 100
near "bound to node 2, running there" "$(exposed $same)" 0
near "spread over four nodes" "$(exposed $spread)" 75

distance "node 1 from node 0" "$(far_x $far)" 1.4
distance "node 2 from itself" "$(far_x $same)" 1
distance "all nodes from node 3" "$(far_x $spread)" 2.1

for name in far same spread; do
	checked $name
done
held_against "0 1 2 3" far same spread
kill $same

# pages of other sizes and kinds
hold shared interleave 3 64 shared
checked shared
grep -q '^shared N3 1[56]... kB' shared.check || fail "shared memory: $(grep shared shared.check)"
echo 16 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
hold huge bind:1 3 32 huge
checked huge
grep -q '^huge N1 32768 kB' huge.check || fail "huge pages: $(grep huge huge.check)"
hold thp bind:3 3 64 thp
checked thp
for name in far spread shared huge thp; do
	eval "pid=\$$name"
	cat /proc/$pid/numa_maps > $name.numa_maps
	kill $pid
done
cat text
finish
