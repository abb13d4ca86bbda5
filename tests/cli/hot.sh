#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hot: what is shown of a trace with known answers, in which forms, and what is said where there is nothing to show.
set -u
cd "$TMPDIR" || exit 1
fail() { echo "FAIL: $*"; exit 1; }
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }

# a trace without call paths, and options that do not go together
"$MMT" hot "$TOP/tests/data/build.mmt" >out 2>err
[ $? -eq 2 ] || fail "status of a trace without call paths"
grep -q "record it with -e hot$" err || fail "no advice where a trace has no call paths: $(cat err)"
[ "$(wc -l <err)" = 1 ] || fail "not one line: $(cat err)"
[ -s out ] && fail "output beside the error"
"$MMT" hot --blocked "$TOP/tests/data/build.mmt" 2>err && fail "blocked paths of a trace without"
grep -q "no time off the CPU with call paths in this trace: record it with -e offcpu,map" err || fail "$(cat err)"
"$MMT" hot --syscalls "$TOP/tests/data/build.mmt" 2>err && fail "system calls of a trace without"
grep -q "record it with -e syscall" err || fail "$(cat err)"
"$MMT" hot - </dev/null 2>err && fail "hot read standard input"
grep -q "save standard input" err || fail "no advice for standard input"
"$MMT" hot missing.mmt 2>err && fail "a trace that is not there"
grep -q "missing.mmt" err || fail "$(cat err)"
for bad in "--by nonsense" "--inclusive" "--from 3 --to 2" "--from x" "--top x" "-p x" "--segment x" "a b"; do
	# shellcheck disable=SC2086 # words
	"$MMT" hot $bad >/dev/null 2>err
	[ $? -eq 2 ] && [ -s err ] || fail "hot $bad"
done

made=$BUILD/tests/unit/test_hot
[ -x "$made" ] || { echo "skipped: no $made (cmocka is missing)"; exit 77; }
"$made" t.mmt || fail "no trace made"
hot() { "$MMT" hot --no-pager "$@" t.mmt >out 2>err || fail "hot $*: $(cat err)"; }
has() { grep -qF -- "$1" out || { cat out; fail "it does not say: $1"; }; }
like() { grep -q -- "$1" out || { cat out; fail "no line like: $1"; }; }

hot
[ "$(awk '{ if (length($0) > m) m = length($0) } END { print m }' out)" -le 100 ] || fail "wider than 100 columns"
has "13 samples stand for 1 101 faults (+- 632): 91.8 % of the 1 200 counted"
like "^memcpy+0x10  *memcpy.S:300 "
has "user    memcpy memcpy.S:300 < fill demo.c:88 (inlined) <"
has "kernel  rep_movs_alternative < vfs_read"
has "[libgone.so+0x111: not there] < [0x7fff00001233]"
has "? (no frame pointers)"
has "4.54 s in 59 periods: 99.8 % of the 4.55 s off the CPU"
has " 65.4 %    2.97 s        29    102 ms    200 ms  futex, demo-worker 101"
has "user    __lll_lock_wait (libc.so.6) < dbg_malloc demo.c:34 <"
has " 11.0 % in kernel threads without work"
has "  0.9 %   40.0 ms         1   40.0 ms   40.0 ms  unknown, other 200"
has "demo 100 -> demo-worker 101, futex"
has "an interrupt -> demo-worker 101"
has "10 samples stand for 1.00 s: 90.9 % of the 1.10 s that ran"
grep -q "do_syscall_64\|bpf_prog\|__schedule" out && fail "how the stacks were come by is in them"

hot --blocked --top 1
has " 23.6 % in 3 more; --top 0 shows all"
[ "$(grep -c "^Page faults\|^On the CPU\|^Preempted" out)" = 0 ] || fail "sections that were not asked for"
hot --blocked --by reason
like "^futex  *66.1 "
like "^unknown  *0.9 "
hot --faults --by line
like "^memcpy.S:300  *77.2 "
like "^demo.c:150  *18.2 "
like "^\[unknown: no source line\]  *4.6 "
hot --cpu --by function --inclusive
[ "$(sed -n '/^function/,$p' out | sed -n 4p | cut -d' ' -f1)" = churn ] || { cat out; fail "not by inclusive weight"; }
hot --wakers --by process
has "demo 100 -> demo 100"
hot --blocked --comm 'demo-*' --depth 1
has "3.00 s in 30 periods: 100.0 % of the 3.00 s off the CPU"
has "kernel  futex_wait_queue < ... "
hot --blocked --to 1.5
has "1.00 s in 10 periods"
hot --segment 1 --faults
has "0 samples stand for 0 faults"

# forms for programs: what they say adds up
hot --csv
[ "$(head -1 out | tr ',' '\n' | wc -l)" = 19 ] || fail "columns: $(head -1 out)"
[ "$(awk -F, '$1 == "blocked" { s += $11 } END { printf "%.0f", s }' out)" = 4540000000 ] || fail "sum of blocked rows"
[ "$(awk -F, '$1 == "blocked" { s += $12 } END { printf "%.3f", s }' out)" = 100.000 ] || fail "sum of shares"
hot --csv --by function --cpu
hot --ndjson
hot --markdown --blocked
hot --json
if command -v python3 >/dev/null; then
	python3 - out <<'PY' || fail "JSON"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["kind"] == "hot" and d["version"] == 1
f, b, w, c = d["faults"], d["blocked"], d["wakers"], d["cpu"]
assert abs(f["coverage_pct"] - 100 * 1101 / 1200) < 1e-6 and f["rows_in_all"] == len(f["rows"]) == 5
assert f["instructions"][0]["instruction"] == {"module": "/lib/libc.so.6", "offset": "0x1010"}
top = f["rows"][0]
assert [x["name"] for x in top["path"]["frames"]] == ["memcpy", "fill", "copy", "churn", "main"]
assert top["path"]["frames"][1]["inlined"] and top["path"]["missing"] == "truncated"
assert sum(r["weight"] for r in b["rows"]) == b["weight"] == 4540e6 and b["total"] == 4550e6
assert b["rows"][0]["reason"] == "futex" and b["rows"][0]["task"] == {"comm": "demo-worker", "tid": 101, "pid": 100}
assert "total" not in d["preempted"] and "margin_pct" not in b["rows"][0]
assert w["rows"][0]["woken"]["tid"] == 101 and w["rows"][0]["blocked_path"]["frames"][0]["name"] == "futex_wait_queue"
assert w["rows"][1]["interrupt"] and "task" not in w["rows"][1]
assert any(x.get("unknown") for r in c["rows"] for x in r["path"]["frames"])
PY
fi

# the section of report, and nothing of it where it has no place
"$MMT" report t.mmt >out 2>err || fail "report: $(cat err)"
has "faults     72.7     800 -       memcpy < fill < copy"
has "blocked    65.4  2.97 s futex   __lll_lock_wait < dbg_malloc < churn"
"$MMT" report --json t.mmt | grep -q '"hot_spots"' || fail "no hot spots in the report's JSON"
"$MMT" report "$TOP/tests/data/build.mmt" | grep -qi "hot spots" && fail "hot spots of a trace without"
"$MMT" report --faults t.mmt | grep -q "Hot spots" && fail "hot spots in report --faults"
"$MMT" hot --json t.mmt >out

# every name for programs is in the manual
sed -n '/^\.Sh OUTPUT FOR PROGRAMS/,/^\.Sh EXIT STATUS/p' "$TOP/docs/mmt-trace-hot.1" | tr -cs 'a-zA-Z0-9_' '\n' | sort -u >page
{
	grep -Eo '"[a-z_0-9]+":' out | tr -d '":'
	"$MMT" hot --csv t.mmt | sed -n 1p | tr -d '\r' | tr ',' '\n'
} | sort -u >names
[ -z "$(comm -23 names page)" ] || fail "docs/mmt-trace-hot.1 does not say what these are: $(comm -23 names page | paste -sd' ')"

# the same bytes again
"$MMT" hot --json t.mmt | cmp -s - out || fail "not the same twice"
exit 0
