#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# explain on traces with known answers: traces and trees named as for compare, one answer in
# every form, the same bytes each time, and the right words with status 2 where nothing can be said.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
golden=$BUILD/tests/tools/golden
[ -x "$golden" ] || { echo "skipped: no $golden"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# a tree: two arms of 6, the result 10 s and 15 s with a little noise, a trace in every iteration
for arm in a b; do
	for i in 1 2 3 4 5 6; do
		dir=work/log/$arm/iter-$i/bench
		mkdir -p "$dir"
		"$golden" "$dir/trace.mmt" $((i + (${#arm} * 10) + ($(printf %d "'$arm") - 97) * 7)) || exit 1
		base=10
		[ $arm = a ] || base=15
		printf 'time\t_\t_\t0\t%s.%s\t_\n' $base $((i * 7 % 10)) >"$dir/results.tsv"
		printf 'time\ts\tlower\n' >"$dir/metrics.tsv"
	done
done

"$MMT" explain a b >text 2>err || fail "explain a b: status $?: $(cat err)"
[ ! -s err ] || fail "explain a b: stderr: $(cat err)"
grep -q '^result  *time \[s\], lower is better' text || fail "no line of the result"
grep -q '^ *a 10.45, b 15.45: +47.9 % as measured (95 % CI +43.6 +52.3), adjusted p <.0001: WORSE' text || fail "no verdict: $(sed -n 3p text)"
grep -q '^Unexplained: ' text || fail "the unexplained rest is not printed"
grep -q '^Next, to tell a cause from company' text || fail "no experiment is asked for"
grep -qi 'cause[sd] by\|because of' text && fail "a cause is claimed"
[ "$(awk '{ if (length > n) n = length } END { print n }' text)" -le 110 ] || fail "lines are too long"
"$MMT" explain -d work/log -b bench -n a,b >again 2>&1 && cmp text again || fail "-d -b -n: not the same as a b"
"$MMT" explain a b >again 2>&1 && cmp text again || fail "the second time it is another text"
traces=$(printf '%s,' work/log/a/*/bench/trace.mmt | sed 's/,$//')
others=$(printf '%s,' work/log/b/*/bench/trace.mmt | sed 's/,$//')
"$MMT" explain "$traces" "$others" >traces 2>err || fail "traces: status $?: $(cat err)"
grep -q 'run.duration' traces || fail "of traces alone run.duration is to be explained"
"$MMT" explain --result sched.wait.p99 a b | grep -q '^result  *sched.wait.p99' || fail "--result of the kernel"
"$MMT" explain -m sched.wait a b --csv >wait.csv || fail "-m: status $?"
awk -F, 'NR > 1 && $3 !~ /^(sched.wait|run.duration)/ { exit 1 }' wait.csv || fail "-m sched.wait: other metrics are in it"

"$MMT" explain a b --csv >metrics.csv || fail "--csv: status $?"
"$MMT" explain a b --csv --carriers >carriers.csv || fail "--carriers: status $?"
grep -q '^of,quantity,' carriers.csv || fail "--carriers: head"
grep -q '^task,run_time,s,' carriers.csv || fail "--carriers: no tasks"
"$MMT" explain a b --json >json || fail "--json: status $?"
if command -v python3 >/dev/null; then
	python3 - <<'P' || fail "--json does not hold what the CSV holds"
import csv, json
j = json.load(open("json"))
rows = list(csv.DictReader(open("metrics.csv")))
assert j["kind"] == "explain" and j["result"]["verdict"] == "WORSE" and j["result"]["changed"]
assert [r["metric"] for r in rows] == [m["metric"] for m in j["metrics"]]
assert len(list(csv.DictReader(open("carriers.csv")))) == len(j["carriers"])
for r, m in zip(rows, j["metrics"]):
    assert ("p_shift" in m) == (r["p_shift"] != "")
P
fi

# where nothing can be said: one line, status 2, nothing on stdout
no() # WORDS COMMAND...
{
	local words=$1 status

	shift
	"$@" >o 2>e
	status=$?
	[ $status -eq 2 ] || fail "$*: status $status"
	[ ! -s o ] || fail "$*: prints $(head -n 1 o)"
	grep -q -- "$words" e || fail "$*: does not say '$words': $(cat e)"
	[ "$(wc -l <e)" -eq 1 ] || fail "$*: not one line: $(cat e)"
}
no 'takes two runs, not 1' "$MMT" explain a
no 'takes two runs, not 3' "$MMT" explain a b c
no 'only one run (a)' "$MMT" explain -n a
no 'no results of a run named' "$MMT" explain a nowhere
no 'no such metric' "$MMT" explain -m nothing a b
no 'no such metric; there are time' "$MMT" explain --result Time a b
no 'expected a number' "$MMT" explain --top many a b
no 'better 10' "$MMT" explain work/log/a/iter-1/bench/trace.mmt work/log/b/iter-1/bench/trace.mmt
cp -r work/log/b work/log/c
no 'takes two, name them with -n' "$MMT" explain
rm work/log/c/iter-*/bench/trace.mmt
no 'c: no usable trace' "$MMT" explain a c
exit $bad
