#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# report --faults: what is shown of a recording, and what is said where there is nothing to show.
set -u
fail() { echo "FAIL: $*"; exit 1; }

# a trace without them, and options that do not go together
"$MMT" report --faults "$TOP/tests/data/build.mmt" >"$TMPDIR/out" 2>"$TMPDIR/err"
[ $? -eq 2 ] || fail "status of a trace without page faults"
grep -q "record with -e fault" "$TMPDIR/err" || fail "no advice where a trace has no page faults: $(cat "$TMPDIR/err")"
[ -s "$TMPDIR/out" ] && fail "output beside the error"
"$MMT" report --faults - </dev/null 2>"$TMPDIR/err" && fail "--faults read standard input"
grep -q "save standard input" "$TMPDIR/err" || fail "no advice for standard input"
"$MMT" list metrics mm.faults.task.minor >/dev/null 2>&1 || "$MMT" list metrics | grep -q mm.faults.task.minor || fail "no metric"

[ "$(id -u)" = 0 ] || { echo "not root: nothing recorded"; exit 0; }
trace=$TMPDIR/t.mmt
if ! "$MMT" record -e fault -o "$trace" -- sh -c 'ls / >/dev/null; ls /usr >/dev/null' 2>"$TMPDIR/err"; then
	grep -qi "privilege\|not available" "$TMPDIR/err" && { echo "skipped: $(tail -n 1 "$TMPDIR/err")"; exit 77; }
	fail "record: $(cat "$TMPDIR/err")"
fi
"$MMT" report --faults --by comm "$trace" >"$TMPDIR/out" || fail "report --faults"
grep -q "^Page faults by task name" "$TMPDIR/out" || fail "no table"
grep -q "^ls  *2 " "$TMPDIR/out" || fail "not two tasks called ls: $(cat "$TMPDIR/out")"
for by in task process cgroup machine; do
	"$MMT" report --faults --by $by --csv "$trace" >"$TMPDIR/$by.csv" || fail "--by $by"
	head -1 "$TMPDIR/$by.csv" | grep -q ",minor,major,user,kernel,read_pct" || fail "columns by $by: $(head -1 "$TMPDIR/$by.csv")"
done
# every sum tells the same
for by in task process cgroup machine; do
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "minor") c = i } NR > 1 { s += $c } END { print s }' "$TMPDIR/$by.csv"
done | sort -u >"$TMPDIR/sums"
[ "$(wc -l <"$TMPDIR/sums")" = 1 ] || fail "sums differ: $(paste -sd' ' "$TMPDIR/sums")"
[ "$(cat "$TMPDIR/sums")" -gt 100 ] || fail "two runs of ls with $(cat "$TMPDIR/sums") minor faults"
"$MMT" report --faults --sort nonsense "$trace" >/dev/null 2>"$TMPDIR/err" && fail "sorted by nonsense"
grep -q "no column 'nonsense'" "$TMPDIR/err" || fail "no word about the sort key"
"$MMT" report --faults --by cpu "$trace" >/dev/null 2>&1 && fail "--by cpu"
if command -v python3 >/dev/null; then
	"$MMT" report --faults --json "$trace" | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["kind"] == "report.faults" and d["faults"]
if "fault_samples" in d:
    s = d["fault_samples"]
    assert s["samples"] == sum(p["samples"] for p in d["fault_ips"]) == sum(p["samples"] for p in d["fault_regions"])
    assert s["raised"] == sum(t["user"] + t["kernel"] + t["kernel_addr"] for t in d["faults"])
' || fail "JSON"
fi
# how long they take, or why that is not known; the family fault goes along
"$MMT" record -e fault-latency -o "$trace" -- ls / >/dev/null 2>"$TMPDIR/err" || fail "record -e fault-latency: $(cat "$TMPDIR/err")"
"$MMT" report --faults "$trace" >"$TMPDIR/out" || fail "report --faults of -e fault-latency"
case $("$MMT" info --raw=meta "$trace" | grep 'key=fault.latency') in
*value=yes*) grep -q "^How long page faults took" "$TMPDIR/out" || fail "no table of latencies: $(cat "$TMPDIR/out")" ;;
*"not available: "*)
	grep -q "^mmt-trace: fault-latency: not available: " "$TMPDIR/err" || fail "not said: $(cat "$TMPDIR/err")"
	grep -q "^latency  *not available: " "$TMPDIR/out" || fail "the report does not say it: $(cat "$TMPDIR/out")" ;;
*) fail "the trace does not say whether latencies were recorded" ;;
esac
# the same command without -e fault has nothing of it
"$MMT" record -o "$trace" -- true 2>/dev/null
"$MMT" report --faults "$trace" >/dev/null 2>&1 && fail "page faults without -e fault"
exit 0
