#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Memory bound to nodes and used from others is seen where it is: as the kernel and numastat say, walked and sampled.
# lab: --nodes 4 --cpus 4 --mem 2560 --dist 10,14,20,26,17,10,20,20,20,20,10,20,30,20,24,10 --bin $BUILD/tests/tools/placed --maybe numastat
. /lab/lib
mib=160

# hold NAME POLICY CPU MIB KIND: its pid in $NAME
hold() {
	placed hold "$2" "$3" "$4" "$5" > "$1.ready" 2> "$1.err" &
	eval "$1=$!"
	i=0
	while ! grep -q ready "$1.ready" && [ $i -lt 600 ]; do
		i=$((i + 1))
		usleep 100000
	done
	grep -q ready "$1.ready" || fail "$1: $(cat "$1.err")"
}

# maps_pct PID NODE: share of its memory there, by /proc/PID/numa_maps
maps_pct() {
	awk -v node="N$2" '
		{ kb = 4; for (i = 3; i <= NF; i++) if ($i ~ /^kernelpagesize_kB=/) { split($i, a, "="); kb = a[2] }
		  for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) { split($i, a, "="); all += a[2] * kb; if (a[1] == node) on += a[2] * kb } }
		END { printf "%.3f", 100 * on / all }' /proc/$1/numa_maps
}

# near WHAT "GOT [MARGIN]" WANT: within one point, and what it says of itself
near() {
	echo "$2 0" | awk -v b="$3" '{ d = $1 - b; s = 1 + $2; exit !(NF > 1 && b != "" && d <= s && d >= -s) }' || fail "$1: $2, not $3"
}

# placed_at PID NODE: its share there by our trace, of the last measurement, and half its interval
placed_at() {
	awk -F, -v epoch="$(awk -F, -v pid="$1" '$2 == pid { print $3 }' exposure)" -v node="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["epoch"] == epoch && $at["kind"] == "all" {
			if ($at["time"] != time) { time = $at["time"]; all = on = half = 0 }
			all += $at["kb"]; if ($at["node"] == node) { on = $at["kb"]; half = ($at["hi"] - $at["lo"]) / 2 } }
		END { if (all) printf "%.3f %.3f", 100 * on / all, 100 * half / all }' rows
}

exposed() { awk -F, -v pid="$1" 'NR > 1 && $2 == pid { print $6, ($8 - $7) / 2 }' exposure; }

# walked_at NAME NODE: its share there by our walk
walked_at() { awk -v node="N$2" '$1 == "all" && $2 == node { v = $5 } END { print v + 0 }' "$1.check"; }

hold far bind:1 0 $mib small
hold same bind:2 2 $mib small
hold spread interleave 3 $mib small
mmt-trace record -q -a -e place --profile light --duration 5 -o t.mmt 2> err || fail "record: $(tail -1 err)"
mmt-trace report --numa -x , t.mmt > exposure || fail "report --numa: $?"
mmt-trace report --numa --top 6 t.mmt > text || fail "report --numa: $?"
mmt-trace report --numa -j t.mmt > json || fail "report --numa -j: $?"
mmt-trace export --table placement --format csv t.mmt > rows || fail "export: $?"
near "bound to node 1, running on node 0" "$(exposed $far)" 100
near "bound to node 2, running there" "$(exposed $same)" 0
near "spread over four nodes" "$(exposed $spread)" 75

# how far: rows of --dist, of the node that runs, over its own
far_x() { awk -F, -v pid="$1" 'NR > 1 && $2 == pid { print $9 }' exposure; }
distance() { awk -v a="$2" -v b="$3" 'BEGIN { d = a - b; exit !(a != "" && d <= .03 && d >= -.03) }' || fail "distance of $1: $2, not $3"; }
distance "node 1 from node 0" "$(far_x $far)" 1.4
distance "node 2 from itself" "$(far_x $same)" 1
distance "all nodes from node 3" "$(far_x $spread)" 2.1

# checked NAME: samples hold what their intervals say; the cost is shown
checked() {
	eval "pid=\$$1"
	placed check $pid 100 > "$1.check" 2>&1 || { fail "$1: $(tail -1 "$1.check")"; return; }
	sed "s/^/$1: /" "$1.check"
	awk '$1 == "sampled" { for (i = 1; i < NF; i++) if ($i == "of" && $(i + 2) == "intervals") exit !($(i - 1) * 100 >= 90 * $(i + 1)) }' "$1.check" ||
		fail "$1: $(grep sampled "$1.check")"
}
for name in far same spread; do
	checked $name
done
for node in 0 1 2 3; do
	for name in far same spread; do
		eval "pid=\$$name"
		pct=$(maps_pct $pid $node)
		near "$name, node $node" "$(placed_at $pid $node)" $pct
		near "$name, node $node, walked" "$(walked_at $name $node)" $pct
	done
done
if command -v numastat > /dev/null; then
	for name in far same spread; do
		eval "pid=\$$name"
		numastat -p $pid > stat 2>&1 || { fail "numastat: $(tail -1 stat)"; continue; }
		for node in 0 1 2 3; do
			pct=$(awk -v c=$((node + 2)) '$1 == "Total" { printf "%.3f", 100 * $c / $NF }' stat)
			near "$name, node $node, by numastat" "$(placed_at $pid $node)" $pct
			near "$name, node $node, walked, by numastat" "$(walked_at $name $node)" $pct
		done
	done
else
	echo "no numastat: held against numa_maps alone"
fi
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
