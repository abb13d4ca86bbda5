#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# compare on trees of results with known differences: verdicts, views, words in place of numbers, bad options.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# put NAME ITER START LINES: an iteration's results; metrics: time (lower), rate (higher), what (no side)
put()
{
	local dir=log/$1/iter-$2/bench

	mkdir -p "$dir"
	printf '%b' "$4" >"$dir/results.tsv"
	printf 'time\ts\tlower\nrate\tops/s\thigher\nzero\ts\tlower\n' >"$dir/metrics.tsv"
	printf 'test begin :: bench %s\ntest end :: bench %s 0\n' "$3" "$3" >"log/$1/iter-$2/tests-timestamp"
}

noise=(0 100 97 102 99 103 98 101 96)
for i in 1 2 3 4 5 6 7 8; do
	n=${noise[i]} m=${noise[9 - i]} k=${noise[(i * 3) % 8 + 1]}
	put base $i $((1000 + i * 300)) "time\t_\t_\t0\t$n\t_\nrate\t_\t_\t0\t${n}0\t_\nwhat\t_\t_\t0\t$n\t_\nzero\t_\t_\t0\t0\t_\n"
	put worse $i $((1100 + i * 300)) "time\t_\t_\t0\t$((m * 2))\t_\nrate\t_\t_\t0\t${m}5\t_\nwhat\t_\t_\t0\t$((m * 3))\t_\nzero\t_\t_\t0\t3\t_\nnew\t_\t_\t0\t1\t_\n"
	put better $i $((1200 + i * 300)) "time\t_\t_\t0\t$((k / 2))\t_\nrate\t_\t_\t0\tnan\t_\nwhat\t_\t_\t0\t$k\t_\nzero\t_\t_\t0\t0\t_\n"
done

cell() { awk -F, -v m="$1" -v a="$2" -v c="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) k = i } $2 == m && $5 == a { print $k }' all.csv; }
# expect METRIC ARM COLUMN VALUE
expect() { local got; got=$(cell "$1" "$2" "$3"); [ "$got" = "$4" ] || fail "$1 $2 $3: '$got', expected '$4'"; }

"$MMT" compare -d log -n base,worse,better --unpaired --csv >all.csv 2>err || fail "status $?: $(cat err)"
expect time worse verdict WORSE
expect time worse test mann-whitney
expect time better verdict BETTER
expect what worse verdict CHANGED
expect rate better n 0
expect rate better dropped 8
expect rate better verdict_why 'no number'
expect zero worse verdict WORSE
expect zero worse verdict_why 'from 0'
expect zero better verdict SAME
expect new worse verdict_why 'no baseline'
expect new better verdict_why 'no value'
! grep -q ',0\.00,' all.csv || fail "a 0.00 that nobody measured"

# the start of every run is recorded, so the blocks they were run in are seen
"$MMT" compare -d log -n base,worse -b bench >text 2>&1 || fail "text: status $?"
grep -q 'time .*WORSE\|s, lower is better .*WORSE' text || fail "text: no WORSE"
grep -q '^unit ' text && grep -q '^order ' text && grep -q '^benchmark .*Holm over' text || fail "text: no rule"
grep -q '^order .*block' text || fail "text: no blocks: $(grep '^order' text)"
grep -q 'from 0' text && grep -q 'no baseline' text || fail "text: words are missing"
grep -q '^what.*: which side is' text || fail "text: no word on the missing direction"

"$MMT" compare -d log -n base,worse,better --print-ratio >ratio || fail "--print-ratio: status $?"
grep -q '^time *1.9[0-9]*\|^time *2.0[0-9]*' ratio || fail "--print-ratio: no ratio of about 2: $(grep ^time ratio)"
grep -q '^gain, geometric mean' ratio || fail "--print-ratio: no geometric mean"
"$MMT" compare -d log -n base,worse,better --scoreboard >score || fail "--scoreboard: status $?"
grep -Eq '^time .* 0\.[45][0-9]* \+-[0-9.]+% - .* \+-[0-9.]+% \+' score || fail "--scoreboard: marks: $(grep ^time score)"
"$MMT" compare -d log -n base,worse --markdown >md || fail "--markdown: status $?"
grep -q '^| time |' md && grep -q '^|:---' md || fail "--markdown: no table"
if python3 -c '' 2>/dev/null; then
	"$MMT" compare -d log -n base,worse,better -j | python3 -c '
import json, sys
d = json.load(sys.stdin)
rows = {(r["metric"], r["arm"]): r for r in d["rows"]}
assert rows["time", "worse"]["verdict"] == "WORSE" and abs(rows["time", "worse"]["delta_pct"] + 100) < 10
assert "delta_pct" not in rows["rate", "better"] and rows["zero", "worse"]["delta_pct"] is None
assert d["design"]["unit"] == "iteration" and len(d["rule"]) > 3 and d["notes"]' || fail "-j: not what it should say"
fi

# an iteration left out is said, and counted
"$MMT" compare -d log -n base,worse --drop-iter worse:3,base:1 >drop || fail "--drop-iter: status $?"
grep -q 'worse iteration 3: left out as asked for' drop || fail "--drop-iter: not said"
grep -q '^ *time .* 7 ' drop || fail "--drop-iter: not 7 left: $(grep '^ *time' drop)"

# bad input: one line, status 2
refuse() # WORD COMMAND...
{
	local word=$1

	shift
	"$MMT" compare "$@" >out 2>err
	[ $? = 2 ] || fail "$*: status not 2"
	[ "$(grep -c '^mmt-trace' err)" = 1 ] && grep -q -- "$word" err || fail "$*: $(cat err)"
	[ ! -s out ] || fail "$*: something on stdout"
}
refuse 'expected run, iteration or boot' -d log --unit week
refuse 'expected holm' -d log --adjust maybe
refuse 'above 0 and below 1' -d log --alpha 2
refuse 'no such iteration' -d log -n base,worse --drop-iter base:99
refuse 'expected NAME:N' -d log -n base,worse --drop-iter base
refuse 'named twice' -d log -n base,base
refuse 'nobody' -d log -n base,nobody

# units that do not agree are not compared
sed -i 's/time\ts/time\tms/' log/worse/iter-*/bench/metrics.tsv
"$MMT" compare -d log -n base,worse --csv >all.csv || fail "units: status $?"
expect time worse verdict_why 'other unit'
expect time worse delta_pct ''
exit $bad
