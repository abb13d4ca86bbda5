#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e numa: pages allocated between two marks are counted to the page, small and huge; against the kernel's counters.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
load=$BUILD/tests/tools/numaload
[ -x "$load" ] || { echo "skipped: no $load"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
PATH=$PATH:$(dirname "$load")

# rec PROBE OPTIONS... -- ARGS: record numaload with ARGS
rec()
{
	local probe=$1

	shift
	"$MMT" record -q --profile light -e numa --probe "$probe" -o t.mmt "$@" >out 2>log || { fail "record $*: $(tail -n 1 log)"; return 1; }
	"$MMT" export --table numa_totals --format csv t.mmt >rows || fail "export"
	segment=$("$MMT" export --table mark --format csv t.mmt | awk -F, '/begin/ { print $1 }')
	epoch=$("$MMT" export --table task --format csv t.mmt | awk -F, '/numaload/ { e = $1 } END { print e }')
}

# sum COLUMN: of the task, between the marks
sum()
{
	awk -F, -v col="$1" -v seg="$segment" -v epoch="$epoch" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["segment"] == seg && $at["epoch"] == epoch { n += $at[col] } END { print n + 0 }' rows
}

# the pages, those of page tables for them, and what setting the marks takes
between() { [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || { fail "$1: $2, not $3 to $4"; cat rows; }; }

for probe in tp_btf raw_tp; do
	rec $probe -a -- numaload alloc default 1 7000 small || continue
	between "$probe: pages" $(($(sum alloc_local) + $(sum alloc_remote))) 7000 7050
	between "$probe: allocations" $(($(sum allocs_local) + $(sum allocs_remote))) 7000 7050
	# a filter leaves the others out
	rec $probe -- numaload alloc default 0 3000 small || continue
	between "$probe: pages of the command" $(($(sum alloc_local) + $(sum alloc_remote))) 3000 3050
	[ "$(awk -F, 'NR > 1 { print $3 }' rows | sort -u | wc -l)" -le 2 ] || fail "rows of others: $(cut -d, -f3 rows | sort -u | paste -sd' ')"
done
if grep -q '\[never\]' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null; then
	echo "no huge pages here"
elif rec auto -a -- numaload alloc default 1 4096 thp; then
	n=$(($(sum allocs_local) + $(sum allocs_remote)))
	# memory may be too scattered for some of them: then the pages are the same, and more allocations
	between "huge: pages" $(($(sum alloc_local) + $(sum alloc_remote))) 4096 4180
	[ "$n" -ge 8 ] || fail "huge: $n allocations"
fi
# the kernel's own counters: what is allocated many at a time is not among ours
rec auto -a -- sh -c 'for i in 1 2 3; do numaload alloc default 0 30000 small; done'
"$MMT" report --verify -x '|' t.mmt >verify
awk -F'|' '
	$1 ~ /^allocations on node/ { n++; d = $5 - $4; if (d < 0) d = -d; if (d > $5 / 50 + 100) { print "FAIL: " $0; bad = 1 } }
	$1 == "pages migrated" || $1 == "pages not migrated" { m++; d = $5 - $4; if (d < 0) d = -d; if (d > 20) { print "FAIL: " $0; bad = 1 } }
	END { if (!n) print "nothing was verified"; exit bad || !n }' verify || { fail "verify"; cat verify; }
"$MMT" report --numa t.mmt >text || fail "report --numa"
grep -q '^pages      [0-9]* allocated' text && grep -q '^Pages allocated and moved, by process' text || { fail "report --numa:"; cat text; }
# what a kernel does not let in is said, and not 0
if "$MMT" info --raw=meta t.mmt | grep -q 'key=numa.hint value="not available'; then
	grep -q '^missing    hint faults by task and node' text || fail "hint faults: not said to be missing"
	"$MMT" report --numa -j t.mmt | grep -q '"hint"' && fail "hint faults that nobody counted"
else
	"$MMT" report --numa -j t.mmt | grep -q '"hint"' || fail "no hint faults"
fi
exit $bad
