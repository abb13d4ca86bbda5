#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hot: names the lock and the copy of a program that has ended, and nothing wrong once its file is another.
set -u
cd "$TMPDIR" || exit 1
fail() { [ ! -s out ] || head -c 2500 out; cat err; echo "FAIL: $*"; exit 1; }
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 77; }
[ -x "$BUILD/tests/tools/hotspots" ] || { echo "skipped: not built"; exit 77; }
cp "$BUILD/tests/tools/hotspots" demo || exit 1

if ! "$MMT" record -e hot -o t.mmt -- ./demo 700 2>err; then
	grep -qiE "privilege|not available|not permitted" err && { echo "skipped: $(tail -n 1 err)"; exit 77; }
	fail "record: $(cat err)"
fi
hot() { "$MMT" hot --no-pager "$@" t.mmt >out 2>err || fail "hot $*: $(cat err)"; }
hot --json
if grep -q '"faults"' out && grep -q '"blocked"' out; then :; else
	echo "skipped: this kernel shows no $(grep -q '"faults"' out && echo blocked time || echo faults)"
	exit 77
fi
command -v python3 >/dev/null || { echo "skipped: no python3 to read JSON"; exit 77; }
cat >check.py <<'PY'
import json, sys
d = json.load(open("out"))
names = sys.argv[1] == "named"
# phase one: eight threads wait for one lock, in what debug_malloc called
b = d["blocked"]
top = b["rows"][0]
f = [x["name"] for x in top["path"]["frames"]]
if any(x.get("kernel") and not x.get("unknown") for x in top["path"]["frames"]):
    assert top["reason"] == "futex", top["reason"]
assert top["share_pct"] > 50, top["share_pct"]
assert 95 < b["coverage_pct"] < 101, b["coverage_pct"]
if names:
    assert any(x.startswith("debug_malloc") for x in f) and "allocate" in f, f
else:
    assert not any(x.startswith("debug_malloc") or x == "allocate" for x in f), f
    assert any("replaced since" in x for x in f), f
# phase two: the copy faults, and madvise is why; of the faults of the program's own mode
user = [r for r in d["faults"]["rows"] if not r["path"]["frames"][0].get("kernel")]
mine = sum(r["weight"] for r in user)
named = sum(r["weight"] for r in user if any(x["name"] == "copy_record" for x in r["path"]["frames"]))
if names:
    assert named > 0.95 * mine, (named, mine)
    f = user[0]["path"]["frames"]
    at = [x["name"] for x in f].index("search")
    assert f[at]["file"].endswith("hotspots.c") and f[at]["line"] > 50 or "line" not in f[at], f[at]
else:
    assert named == 0
m = d["memory_calls"]
assert m[0]["call"] == "madvise" and m[0]["class"] == "DONTNEED" and m[0]["share_pct"] > 50, m[0]
PY
python3 check.py named 2>err || fail "what it is"
sed -n '/^{/,$p' out >before
# threads of a process whose first one sleeps from before the recording on
./demo 2000 &
sleep .3
"$MMT" record -q -e offcpu,map -p $! --duration 1 -o attached.mmt 2>err || fail "record -p: $(cat err)"
wait $!
"$MMT" hot --no-pager --blocked --top 1 attached.mmt >out 2>err || fail "hot attached.mmt: $(cat err)"
grep -q 'debug_malloc.* <$' out && grep -q ' allocate ' out || fail "threads of a process that was there already have no names"
# the program is gone, and another has its name
rm demo
cp "$(type -P true)" demo || exit 1
hot --json
python3 check.py replaced 2>err || fail "after its file was replaced"
exit 0
