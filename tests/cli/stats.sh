#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# mmt-trace stats: every worked example within its tolerance, columns, parameters, bad input.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
examples=$TOP/tests/data/stats-examples.json
match=$BUILD/tests/tools/stats_match
bad=0
fail() { echo "FAIL: $*"; bad=1; }
stats() { "$MMT" stats "$@"; }

# ---- the worked examples, and a comparator that can fail
if [ -x "$match" ]; then
	stats --batch "$examples" >all.json || fail "--batch: status $?"
	"$match" "$examples" all.json >said || fail "examples: $(tail -n 20 said)"
	[ "$(sed -n '$s/ compared.*//p' said)" -gt 1200 ] || fail "too little was compared: $(tail -n 1 said)"
	stats --batch - <"$examples" | cmp -s - all.json || fail "standard input gives something else than the file"
	sed 's/"amean": 42,/"amean": 42.0000001,/' all.json >off.json
	cmp -s all.json off.json && fail "nothing was changed"
	"$match" "$examples" off.json >said && fail "the comparator accepts a wrong number"
	grep -q 'describe n1: .amean' said || fail "the comparator does not say what is wrong: $(cat said)"
	grep -v '"mk_z"' all.json >off.json
	"$match" "$examples" off.json >/dev/null && fail "the comparator accepts a missing field"
else
	echo "no $match: examples not compared"
	bad=1
fi

# ---- one statistic; the same path for columns and batch
printf '{"statistic":"describe","cases":[{"id":"a","in":{"x":[1,2,3,null,NaN,-Infinity,"nan","inf","4",1e999]}}]}' >b.json
stats --batch b.json >o || fail "NaN in JSON: status $?"
grep -q '"n": 4,' o && grep -q '"dropped": 6,' o || fail "NaN in JSON: $(cat o)"
printf '1\n2\n\n# comment\n3 # three\n4\n' >x
stats describe x --json >one
sed -n '/"a": {/,/^  }/p' o | sed '1d;s/"dropped": 6/"dropped": 0/' >want
sed -n '/"describe": {/,/^  }/p' one | sed 1d | diff want - || fail "columns and batch differ"
printf '[{"id":7,"in":{"x":[1]}}]' >list.json
stats --batch list.json describe | grep -q '"7": {' || fail "a list of cases with the statistic named"
[ "$(printf '9007199254740993\n18446744073709551615\n' | stats histogram - --csv 2>&1 | grep -c '9007199254740993\|18446744073709551615')" -ge 2 ] ||
	fail "64-bit numbers lose digits"
printf '{"statistic":"histogram","cases":[{"id":"a","in":{"values":[18446744073709551615,"0"],"bits":5}}]}' >h.json
stats --batch h.json | grep -q '"exact": "18446744073709551615"' || fail "bare 64-bit number in JSON"

# ---- columns, separators, pairs
printf 'name\tload\tops\na\t1\t10\nb\t2\t19\nc\t4\tbroken\nd\t8\t40\n' >t.tsv
stats correlation -k 2,3 t.tsv --csv >o 2>e || fail "columns: status $?"
grep -qx 'n,3' o || fail "a broken pair is not left out: $(cat o)"
[ "$(wc -l <e)" -eq 1 ] && grep -q "t.tsv:1: 'load' is no number" e || fail "warning: $(cat e)"
stats describe -k 2 t.tsv --csv 2>/dev/null | grep -qx 'amean,3.75' || fail "second column"
printf '1;;3\n2;5;4\n' | stats describe --delimiter ';' -k 2 - --csv 2>/dev/null | grep -qx 'n,1' || fail "empty fields"
echo 5 4 3 2 1 | stats drift - --csv | grep -qx 'theil_sen,-1' || fail "numbers on one line"
stats describe x --level 0.9 --csv | grep -q '^mean_ci90,' || fail "--level"
stats mmtests_stats x --direction higher --csv | grep -q '^Lower' && fail "--direction"
stats power -p n=10 --alpha 0.05 -p cv=0.02 --csv | grep -q '^mde_rel,0.0264' || fail "power: $(stats power -p n=10 -p cv=0.02)"
stats power -p cv=0 -p effect=0.05 --csv | grep -qx 'n_per_arm,2' || fail "power where nothing varies"
stats edivisive --seed 3 x --ndjson | grep -qx '{.*"change_points": *\[\]}' || fail "--ndjson is one line"
printf '1 10\n2 12\n3 13\n' >a.txt
printf '2 11\n3 14\n4 15\n' >b.txt
stats explain -k 1,2 a.txt b.txt --csv | grep -q '^column 2.share,' || fail "explain"

# ---- what there is stands in --list and in the man page
stats --list --csv | sed 1d | cut -d, -f1 >names
[ "$(wc -l <names)" -ge 22 ] || fail "--list: $(cat names)"
while read -r n; do
	grep -q "^\.It Cm $n" "$TOP/docs/mmt-trace-stats.1" || fail "the man page does not define $n"
done <names
stats --list | awk 'length > 160' | grep . && fail "--list: long lines"

# ---- bad input: one line, status 2, nothing on standard output
expect()
{
	local want=$1

	shift
	stats "$@" >o 2>e </dev/null
	[ $? -eq 2 ] && [ ! -s o ] && [ "$(wc -l <e)" -eq 1 ] && grep -qE "^mmt-trace: .*$want" e ||
		fail "$*: want one line with '$want', got: $(cat o e)"
}
json() { printf '%s' "$1" >j.json; }
expect "which statistic" --json
expect "no statistic 'averge'" averge x
expect "missing: No such file" describe missing
expect "x: no numbers|no numbers" describe -
expect "2 samples" welch x
expect "choose columns with -k" describe a.txt
expect "numbers of columns" describe -k 0 x
expect "numbers of columns" describe -k 1,a x
expect "no parameter 'foo'" describe -p foo=1 x
expect "want NAME=VALUE" describe -p foo x
expect "level=high: want a number" describe --level high x
expect "level is between" describe --level 95 x
expect "takes no files" power x
expect "no 'n' in the input" power
expect "two files" explain x x
expect "direction is lower" mmtests_stats --direction up x
expect "takes one file" --batch b.json describe x
expect "from its file" --batch b.json --level 0.9
expect "from its file" --batch b.json -k 1
expect "prints JSON only" --batch b.json --csv
expect "missing: No such file" --batch missing
seq 10001 >long
expect "10001 values of 'x' are too many; at most 5000" drift long
expect "too many" edivisive long
expect "too many" hodges_lehmann long x
expect "too many" bootstrap x long
json '{"statistic": "describe", "cases": [{"id": "a", "in": {"x": [1, 2}}]}'
expect "j.json:1: not JSON" --batch j.json
json ''
expect "not JSON" --batch j.json
json '[1]'
expect "want an object" --batch j.json
json '{}'
expect "no 'statistic'" --batch j.json
json '{"statistic": "nope", "cases": []}'
expect "no statistic 'nope'" --batch j.json
json '{"statistic": "describe"}'
expect "no array 'cases'|no 'statistic'" --batch j.json
json '{"statistic": "describe", "cases": [{"id": "ok", "in": {"x": [1]}}, {"id": "a", "in": {"y": [1]}}]}'
expect "case a: describe: no 'x'" --batch j.json
json '{"statistic": "describe", "cases": [{"id": "a", "in": {"x": 5}}]}'
expect "case a: describe: 'x' is not an array" --batch j.json
json '{"statistic": "describe", "cases": [{"id": "a", "in": {"x": [1, "many"]}}]}'
expect "x\[1\] is no number" --batch j.json
json '{"statistic": "describe", "cases": [{"in": {"x": [1]}}]}'
expect "case 1 has no 'id'" --batch j.json
json '{"statistic": "describe", "cases": [{"id": "a"}]}'
expect "case 1 a has no 'in'" --batch j.json
json '{"statistic": "welch", "cases": [{"id": "a", "in": {"a": [1]}}]}'
expect "no 'b'" --batch j.json
json '{"statistic": "paired", "cases": [{"id": "a", "in": {"a": [1], "b": [1, 2]}}]}'
expect "not pairs" --batch j.json
json '{"statistic": "knee", "cases": [{"id": "a", "in": {"load": [1], "throughput": [1, 2]}}]}'
expect "belong together" --batch j.json
json '{"statistic": "histogram", "cases": [{"id": "a", "in": {"values": ["-1"], "bits": 5}}]}'
expect "values\[0\] is no whole number" --batch j.json
json '{"statistic": "histogram", "cases": [{"id": "a", "in": {"values": ["1"], "bits": 70}}]}'
expect "bits" --batch j.json
json '{"statistic": "explain", "cases": [{"id": "a", "in": {"y_a": [1], "y_b": [2], "metrics": {"m": {"a": [1]}}}}]}'
expect "no 'b'" --batch j.json
json '{"statistic": "multiplicity", "cases": [{"id": "a", "in": {"p": [0.5, 5]}}]}'
expect "a probability is between 0 and 1" --batch j.json
printf '1\n2\n' >t
expect 't: there is no column 5: the longest line has 1' describe -k 1,5 t
exit $bad
