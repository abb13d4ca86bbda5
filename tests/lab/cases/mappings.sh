#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Processes that live a few milliseconds have mappings, with build-ids, told by this kernel; their faults have names.
# lab: --cpus 2
. /lab/lib
n=100
cat > job.sh <<'END'
i=0
while [ $i -lt 100 ]; do
	mmt-trace workload fault 300 > /dev/null
	i=$((i + 1))
done
END
mmt-trace record -a -e map,fault --profile light -o t.mmt -- sh job.sh > out 2>&1 || fail "record: $(tail -1 out)"
mmt-trace info --raw=meta t.mmt | grep -q 'key=map.source value="\?perf' || fail "not by perf: $(grep map out)"
# one that was there before may end before its turn
gone=$(mmt-trace info --raw=note t.mmt | sed -n 's/.*map: \([0-9]*\) processes ended.*/\1/p')
[ "${gone:-0}" -le 3 ] || fail "$gone processes were missed"
mmt-trace info --raw=mapping t.mmt > rows
grep 'path=/payload/mmt-trace$' rows > ours
[ "$(awk '{ print $2 }' ours | sort -u | wc -l)" -ge $n ] || fail "of $n processes $(awk '{ print $2 }' ours | sort -u | wc -l) have mappings"
grep -q 'build_id= ' ours && fail "without build-id: $(grep -m1 'build_id= ' ours)"
[ "$(sed 's/.*build_id=\([0-9a-f]*\).*/\1/' ours | sort -u | wc -l)" = 1 ] || fail "several build-ids of one file"
[ "$(grep -c 'path=\[vdso\]$' rows)" -ge $n ] || fail "vdso of $(grep -c 'path=\[vdso\]$' rows)"
[ "$(grep 'path=\[vdso\]$' rows | grep -c 'build_id= ')" = 0 ] || fail "vdso without build-id"
[ "$(mmt-trace info --raw=image t.mmt | grep -c 'parent=0$')" -ge $n ] || fail "not all programs that were executed are told"
mmt-trace report --faults --json --top 1 t.mmt | sed -n '/"fault_ips"/,/\]/p' | grep -q '"function": "fault_run"' || fail "no name: $(mmt-trace report --faults t.mmt | grep -A4 Instructions)"
finish
