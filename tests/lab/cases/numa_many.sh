#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Many tasks whose pages are migrated, and that end together: each page is counted once, also where there is no room for all of them.
# lab: --nodes 4 --cpus 4 --mem 2048 --bin $BUILD/tests/tools/numaload
. /lab/lib
echo 0 > /proc/sys/kernel/numa_balancing
echo never > /sys/kernel/mm/transparent_hugepage/enabled

# all of them are there until the last has done its work
cat > many << 'END'
unset MMT_TRACE_CTL
export NUMALOAD_STAY=$PWD/go
rm -f go
i=0
while [ $i -lt 80 ]; do
	numaload mbind $((i % 4)) $(((i + 1) % 4)) 100 &
	i=$((i + 1))
done
sleep 5
touch go
wait
END

# is WHAT AWK-CONDITION PAGES: moved by mbind
is() {
	n=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) name[i] = $i; next }
		{ for (i = 1; i <= NF; i++) v[name[i]] = $i }
		v["reason"] == "mempolicy_mbind" && ('"$2"') { n += v["ok"] } END { print n + 0 }' moved)
	[ "$n" "$3" "$4" ] || { fail "$1: $n pages, not $3 $4"; cat moved >&2; }
}

# rec ROOM OPTION: they are recorded, and all pages are there
rec() {
	MMT_NUMA_ROOM=$1 mmt-trace record -q -a -e numa --profile light $2 -o t.mmt -- sh ./many 2> err || fail "record: $(tail -1 err)"
	mmt-trace export --table page_migration --format csv t.mmt > moved || fail "export: $?"
	is "room for $1, all" 1 = 8000
	verified t.mmt 250
}

rec 8192
is "room for all, by task" 'v["epoch"] > 0' = 8000
[ "$(awk -F, 'NR > 1 && $3 && $4 == "mempolicy_mbind" { print $3 }' moved | sort -u | wc -l)" = 80 ] || fail "not of 80 tasks"
rec 64 # those that have done their work make room
rec 64 "-I 60000" # none makes room before the end
is "no room, of no task" 'v["epoch"] == 0' -gt 0
mmt-trace export --table note --format csv t.mmt | grep -q 'pages without room' || fail "that there was no room is not said"
finish
