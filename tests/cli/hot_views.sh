#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hot in other forms: folded paths, speedscope's JSON, the page with flame graphs; of one run and of two.
set -u
cd "$TOP" || exit 1
bad=0
fail() { echo "$*"; bad=1; }
. tests/cli/page/check.sh
cd "$TMPDIR" || exit 1
made=$BUILD/tests/unit/test_hot
[ -x "$made" ] || { echo "skipped: no $made (cmocka is missing)"; exit 77; }
"$made" t.mmt || { echo "no trace made"; exit 1; }
hot() { "$MMT" hot "$@" t.mmt >out 2>err || fail "hot $*: $(cat err)"; }

# refused ARG...: status 2, one line that has $want, and nothing written
refused()
{
	"$MMT" hot "$@" >out 2>err
	[ $? -eq 2 ] || fail "hot $*: status"
	[ "$(wc -l <err)" = 1 ] || fail "hot $*: not one line: $(cat err)"
	grep -qF -- "$want" err || fail "hot $*: does not say '$want': $(cat err)"
	[ ! -s out ] || fail "hot $*: wrote something"
}

# ------------------------------------------------------------------- folded
hot --folded
grep -q 'prints one kind: this is faults' err || fail "which kind --folded took is not said: $(cat err)"
grep -qE '^demo-worker;\[truncated\];main;churn;copy;fill_\[i\];memcpy 800$' out || { cat out; fail "no folded path of a copy"; }
! grep -vE '^[^;]+(;[^;]+)* [0-9]+(\.[0-9]+)?$' out || fail "lines that are no folded paths"
sort -c out || fail "folded paths are not in order"
[ "$(sed 's/ [0-9.]*$//' out | uniq -d | wc -l)" = 0 ] || fail "a path twice"
# what they weigh in all is what hot says
sum=$(awk '{ s += $NF } END { print s }' out)
all=$("$MMT" hot --faults --no-pager t.mmt | sed -n 's/.* samples stand for \([0-9 ]*\) faults.*/\1/p' | tr -d ' ')
[ "$sum" = "$all" ] || fail "folded faults are $sum, of $all"
hot --folded --blocked
[ ! -s err ] || fail "said something of one kind: $(cat err)"
grep -qE '^demo-worker;main;churn;dbg_malloc;__lll_lock_wait;.*futex_wait_queue_\[k\] 2970000000$' out || { cat out; fail "no blocked path in ns"; }
hot --folded --faults --by process
grep -qE '^demo-100;' out || fail "--by process does not begin with comm-pid"
hot --folded --faults --by task
grep -qE '^demo[^;]*-100/10[01];' out || fail "--by task does not begin with comm-pid/tid"
hot --folded --faults --by path
grep -qE '^\[truncated\];main;churn;' out || fail "--by path begins with something else than the path"

# --------------------------------------------------------------- speedscope
hot --speedscope s.json
[ ! -s out ] || fail "--speedscope FILE writes to standard output too"
for want in '"$schema":"https://www.speedscope.app/file-format-schema.json"' '"type":"sampled"' '"unit":"none"' '"unit":"nanoseconds"' \
	'"name":"memcpy","file":"memcpy.S","line":300'; do
	sed 's/": /":/g; s/, "/,"/g' s.json | grep -qF -- "$want" || fail "s.json lacks $want"
done
if command -v python3 >/dev/null; then
	python3 - <<-'PY' || fail "s.json is not as the format asks"
	import json
	j = json.load(open("s.json"))
	n = len(j["shared"]["frames"])
	assert {p["name"] for p in j["profiles"]} == {"faults", "blocked", "preempted", "wakers", "cpu"}, [p["name"] for p in j["profiles"]]
	for p in j["profiles"]:
	    assert len(p["samples"]) == len(p["weights"]) > 0
	    assert all(0 <= f < n for s in p["samples"] for f in s)
	    assert abs(p["endValue"] - p["startValue"] - sum(p["weights"])) < 1e-3
	PY
fi
hot --speedscope - --cpu
cmp -s <(head -c 1 out) <(printf '{') || fail "--speedscope - does not write to standard output"
hot --speedscope g.json --cpu --by process
grep -qE '"name": ?"cpu: demo-100"' g.json || fail "no profile of a process"

# --------------------------------------------------------------------- page
hot --html a.html
check_page a.html
for kind in faults blocked preempted wakers cpu; do
	has a.html "<section id=\"hot-$kind\""
	has a.html "id=\"t-paths-$kind\""
done
[ "$(grep -c '<figure class="flame"' a.html)" = 5 ] || fail "not a graph for each kind"
has a.html '<title>memcpy: '
has a.html '13 samples stand for 1101 faults ('
has a.html 'id="t-instructions-faults"'
has a.html 'memcpy+0x10'
has a.html 'id="t-reasons-blocked"'
has a.html 'demo 100 -&gt; demo-worker 101'
lacks a.html '>0.00 %<'
has a.html 'that is 91.8 % of the 1200 faults that the totals count'
has a.html 'Kernel threads that wait for work are left out'
lacks a.html 'worker_thread'
lacks a.html 'nan'
sed -n 's|.*<script type="application/json" id="flames">\(.*\)</script>.*|\1|p' a.html >flames.json
[ -s flames.json ] || fail "no data of the graphs"
! grep -q '[<>&]' flames.json || fail "the data of the graphs are not escaped"
hot --html b.html
cmp a.html b.html || fail "two pages of the same differ"
hot --html - --cpu
cmp -s <(head -n 1 out) <(echo '<!DOCTYPE html>') || fail "--html - does not write to standard output"
hot --html x.html --speedscope x.json --folded --faults
[ -s x.html ] && [ -s x.json ] && [ -s out ] || fail "three forms at once"

# ----------------------------------------------------------------- two runs
cp t.mmt base.mmt
cp t.mmt new.mmt
"$MMT" hot --diff base.mmt new.mmt --folded --faults >out 2>err || fail "hot --diff --folded: $(cat err)"
! grep -vE '^[^;]+(;[^;]+)* [0-9.]+ [0-9.]+$' out || fail "lines that are no folded paths of two runs"
awk '$NF != $(NF - 1) { exit 1 }' out || fail "a trace differs from itself"
"$MMT" hot --diff base.mmt new.mmt --html d.html 2>err || fail "hot --diff --html: $(cat err)"
check_page d.html
has d.html 'new.mmt against base.mmt'
has d.html '<figure class="flame diff"'
! sed '/<section/,$!d' d.html | grep -E '<g class="[ml][123]"><title>' || fail "the difference of a trace from itself has colours"
"$MMT" compare base.mmt new.mmt --html >c.html 2>err || fail "compare --html: $(cat err)"
check_page c.html
has c.html '<section id="hot"'
has c.html '<a href="#hot">Hot spots</a>'
has c.html 'id="flames"'

# ------------------------------------------------------------------- errors
want="--folded prints one kind" refused --folded --faults --cpu t.mmt
want="by comm, process, task or cgroup" refused --html x --by line t.mmt
want="only one of" refused --folded --html - t.mmt
want="forms of their own" refused --folded --json t.mmt
want="have no call paths" refused --html x --syscalls t.mmt
want="no place for two weights" refused --diff base.mmt new.mmt --speedscope x
want="not the same in two" refused --diff base.mmt new.mmt --folded --faults --by task
want="/nonexistent/x.html: cannot write there" refused --html /nonexistent/x.html t.mmt
[ ! -e x ] || fail "an error left a file"
if [ -w /dev/full ]; then
	want="could not write all of it" refused --html /dev/full t.mmt
fi
if command -v script >/dev/null; then
	script -qec "'$MMT' hot --html - t.mmt" /dev/null >on_tty 2>&1 && fail "a page on a terminal"
	has on_tty 'nothing for a terminal'
fi
exit $bad
