#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A task that goes from CPU to CPU of four nodes is counted going exactly that way, with the firmware's distances, without
# events and through tp_btf and raw_tp; all of the machine is what the scheduler's own totals say.
# lab: --nodes 4 --cpus 4 --mem 2048 --timeout 300 --dist 10,12,21,32,12,10,32,21,21,32,10,14,32,21,17,10 --bin $BUILD/tests/tools/numaload
. /lab/lib
echo 0 > /proc/sys/kernel/numa_balancing 2> /dev/null

# sum TABLE COLUMN [AWK-CONDITION]: over rows that fit
sum() {
	awk -F, -v col="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
		{ for (i = 1; i <= NF; i++) v[name[i]] = $i }
		'"${3:-1}"' { n += v[col] } END { print n + 0 }' "$1"
}
is() { [ "$2" = "$3" ] || { fail "$probe: $1: $2, not $3"; cat hops >&2; }; }

# rec ARGS...: record numaload with them
rec() {
	mmt-trace record -q -a -e numa --profile light --probe $probe -o t.mmt -- numaload "$@" 2> err || { fail "$probe $*: $(tail -1 err)"; return 1; }
	mmt-trace export --table node_migration --format csv t.mmt > hops || fail "export: $?"
	mmt-trace export --table task_totals --format csv t.mmt > totals || fail "export: $?"
	segment=$(mmt-trace export --table mark --format csv t.mmt | awk -F, '/begin/ { print $1 }')
	epoch=$(mmt-trace export --table task --format csv t.mmt | awk -F, '/numaload/ { e = $1 } END { print e }')
	ours='v["epoch"] == '$epoch' && v["segment"] == '$segment
}
# far NODE NODE: as sysfs has it
far() { cut -d ' ' -f $(($2 + 1)) /sys/devices/system/node/node$1/distance; }
# way FROM TO COUNT
way() {
	is "from $1 to $2" "$(sum hops count "$ours && v[\"from\"] == $1 && v[\"to\"] == $2")" $3
	awk -F'|' -v a=$1 -v b=$2 -v d="$(far $1 $2)" '$1 == a && $2 == b { n++; if ($3 != d) print "distance " $3 ", not " d } END { if (!n) print "no row" }' ways > wrong
	[ ! -s wrong ] || fail "$probe: report --numa, from $1 to $2: $(cat wrong)"
}
report() {
	mmt-trace report --numa --mark begin --json t.mmt > json || fail "report: $?"
	awk '/"numa_task_migrations"/ { on = 1 } !on { next } { gsub(/[",]/, "") }
		$1 == "from:" { from = $2 } $1 == "to:" { to = $2 } $1 == "distance:" { d = $2 }
		$1 == "migrations:" { print from "|" to "|" d "|" $2 }' json > ways
}
# mean WANT: of the metric, to the digits printed
mean() {
	got=$(mmt-trace report --mark begin --json t.mmt | sed -n 's/.*"numa.task_migrations.distance": *\([0-9.]*\).*/\1/p')
	awk -v a="$got" -v b="$1" 'BEGIN { d = a - b; exit !(a != "" && d < .02 && d > -.02) }' || fail "$probe: mean distance $got, not $1"
}

for probe in tp_btf raw_tp; do
	# forth and back; from near to far
	rec hop 600 0 3 || continue
	report
	way 0 3 300
	way 3 0 300
	is "all of the task" "$(sum hops count "$ours")" 600
	is "all of the task, by the scheduler's totals" "$(sum totals mig_cross "$ours")" 600
	mean 3.2
	# around, once in each direction
	rec hop 400 0 1 2 3 || continue
	report
	for n in 0 1 2; do way $n $((n + 1)) 100; done
	way 3 0 100
	is "around, all" "$(sum hops count "$ours")" 400
	mean $(awk 'BEGIN { print (1.2 + 3.2 + 1.4 + 3.2) / 4 }')
	rec hop 401 3 2 1 || continue
	report
	way 3 2 134
	way 2 1 134
	way 1 3 133
	is "around, the other way" "$(sum hops count "$ours")" 401
	# whoever went anywhere since the recording began, with some slack where the two are not read at once: at its begin and end
	a=$(sum hops count) b=$(sum totals mig_cross 'v["segment"] > 0')
	[ $((a - b)) -le 2 ] && [ $((b - a)) -le 2 ] || fail "$probe: all tasks: $a between nodes, $b by the scheduler's totals"
	echo "$probe: 600, 400 and 401 migrations as made; of all tasks $a, by the scheduler's totals $b"
done
# tasks that come and go, more than there are CPUs: all that they do is counted, until their end
mmt-trace record -q -a -e numa --profile light -o t.mmt -- sh -c '
	for i in 1 2 3 4 5 6 7 8; do (n=0; while [ $n -lt 15 ]; do n=$((n + 1)); /payload/numaload hop 6 0 1 2 3 > /dev/null; done) & done; wait' 2> err || fail "record: $(tail -1 err)"
mmt-trace export --table node_migration --format csv t.mmt > hops
mmt-trace export --table task_totals --format csv t.mmt > totals
mmt-trace export --table task --format csv t.mmt > tasks
a=$(sum hops count) b=$(sum totals mig_cross 'v["segment"] > 0')
[ "$a" -ge 720 ] && [ $((a - b)) -le 2 ] && [ $((b - a)) -le 2 ] || fail "many tasks: $a between nodes, $b by the scheduler's totals"
echo "$(awk -F, '/numaload/ { print $1 }' tasks | sort -u | wc -l) tasks that end: $a, by the scheduler's totals $b"
mmt-trace report --numa --by comm t.mmt
finish
