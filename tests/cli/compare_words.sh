#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# compare says what it did: level, estimate, units and families in the header; notes by kind and not by cell; words for what
# has no number, in every view; numbers that read the same in compare and gate.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
data=$TOP/tests/data/mmtests-example/log
bad=0
fail() { echo "FAIL: $*"; bad=1; }
# has PATTERN FILE, hasnt PATTERN FILE
has() { grep -Eq -- "$1" "$2" || fail "no '$1': $(head -30 "$2")"; }
hasnt() { ! grep -Eq -- "$1" "$2" || fail "'$1': $(grep -E -- "$1" "$2")"; }
cmp_() { "$MMT" compare "$@" 2>err || fail "compare $*: status $?: $(cat err)"; }

# the level is the one asked for; with ranks the change is not that of the means
cmp_ -d "$data" -n A,D >text
has '^change .*median pair .*not of the means, .* 95 % interval' text
has '^benchmark .*n = 10\), Holm over 4 tests' text
cmp_ -d "$data" -n A,B --alpha 0.01 >text
has '^change .* 99 % interval' text
has 'n = 8 in the smaller arm' text
has 'before p is adjusted' text
hasnt '95 %' text
cmp_ -d "$data" -n A,D --alpha 0.1 --print-ratio >text
has '[(]90 %,' text
hasnt '95 %' text
cmp_ -d "$data" -n A,D --alpha 0.1 --scoreboard >text
has 'width of its 90 % interval' text
hasnt '95 %' text

# metrics outside of the primary family are no kernel metrics
cmp_ -d "$data" -n A,D --primary time-1 >text
has '^others .*Benjamini-Hochberg over 3 tests' text
hasnt '^kernel' text

# the same numbers in gate
"$MMT" gate -d "$data" -n A,B >gate
cmp_ -d "$data" -n A,B >text
has '^undecided time-1 .* \+0\.48 +-1\.94 \+9\.57 .* 550$' gate
has ' \+0\.48 -1\.94 \+9\.57 .* \+550$' text

# put ARM ITER LINES
put()
{
	mkdir -p "log/$1/iter-$2/bench"
	printf '%b' "$3" >"log/$1/iter-$2/bench/results.tsv"
	printf 'time\ts\tlower\nzero\ts\tlower\ntozero\ts\tlower\nother\t%s\tlower\n' "${4:-s}" >"log/$1/iter-$2/bench/metrics.tsv"
}
line() { printf '%s\\t_\\t_\\t0\\t%s\\t_\\n' "$@"; }
for i in 1 2 3 4 5 6; do
	all=
	for m in side1 side2 side3 side4 side5 side6 side7; do all=$all$(line $m 1$i); done
	[ $i -lt 3 ] || all=$all$(line some 2$i)
	put a $i "$all$(line time 10$i zero 0 tozero 5 other 1$i big 1234${i}0 bad nan)"
	put b $i "$all$(line time 11$i zero 3 tozero 0 other 1$i big 1234${i}0 bad nan)" ms
done
put b 7 "$(line time 900)" ms
cmp_ -d log >text
has '^other: the arms do not agree on unit or direction; not compared$' text
has '^side1, side2, side3, side4, side5 and [0-9]+ more: which side is better' text
has '^a: iterations without a value of some \(2\)$' text
has '^b: values that are no numbers, left out, of bad \(6\)$' text
cmp_ -d log --json >json
has "outlier kept: time, b iteration 7: 900, " json
[ "$(grep -c 'which side is better' text)" -eq 1 ] || fail "a note for each metric without a better side"
hasnt 'in b: no value' text
cmp_ -d log --csv >csv
awk -F, '$2 == "zero" && $5 == "b" { ok = $0 ~ /,WORSE,from 0,/ && $0 ~ /,welch,/ } END { exit !ok }' csv || fail "from 0: no test: $(grep zero csv)"
cmp_ -d log --scoreboard >text
has '^tozero .* to 0 ' text
has '^zero .* from 0' text
"$MMT" gate -d log -m zero >gate 2>&1
has 'zero WORSE by 3 from 0 in b \(threshold 1 %, no spread, means 0 and 3 s\)' gate
cmp_ -d log >text
has '\+3 absolute .* WORSE \(exact\)' text
has '^boots were not recorded: if each arm was one boot' text

# blocks that are recorded, and not used; a drift that is sure
for i in 1 2 3 4 5 6 7 8; do
	for arm in a b; do
		mkdir -p "blocks/$arm/iter-$i/bench"
		line time $((100 + i * 7 + (i * 5) % 3)) | sed 's/\\t/\t/g; s/\\n/\n/g' >"blocks/$arm/iter-$i/bench/results.tsv"
		printf 'test begin :: bench %s\ntest end :: bench %s 0\n' $((1000 + i * 100 + ${#i} * 9)) $((1000 + i * 100 + 30)) \
			>"blocks/$arm/iter-$i/tests-timestamp"
		[ $arm = a ] || sed -i "s/begin :: bench .*/begin :: bench $((1050 + i * 100))/" "blocks/$arm/iter-$i/tests-timestamp"
	done
done
cmp_ -d blocks >text
has '^order +8 blocks with one iteration of every arm: compared within blocks' text
has '^drift: time in a goes up over the run \(Mann-Kendall p below 0.001; the' text
cmp_ -d blocks --unpaired >text
has '^order +8 blocks .*: not compared within them, as asked for' text
hasnt 'the blocks take it out' text

# options that cannot be meant
refuse() # WORDS OPTION...
{
	local words=$1

	shift
	"$MMT" compare "$@" >out 2>err
	[ $? -eq 2 ] && [ ! -s out ] || fail "$*: not refused"
	[ "$(grep -c . err)" -eq 1 ] && grep -q -- "$words" err || fail "$*: says $(cat err)"
}
refuse 'primary nosuch: the benchmark has no such metric' -d "$data" -n A,D --primary time-1,nosuch
refuse 'print-ratio compares, but there is only one run' -d "$data" -n A --print-ratio
refuse 'scoreboard compares, but there is only one run' -d "$data" -n A --scoreboard
refuse 'above 0 and below 1' -d "$data" -n A,D --alpha 100%
cmp_ -d "$data" -n A,D --alpha 5% --unit boot >text
has '^verdict .*p < 0.05 ' text
has '^unit .*boots were not recorded, so each iteration counts as one' text

# a benchmark with both: a process for each value, several values of one process
mkdir -p eb/a/iter-0 eb/b/iter-0
cp -r "$TOP/tests/data/mmtests-logs/ebizzy" eb/a/iter-0/ && cp -r eb/a/iter-0/ebizzy eb/b/iter-0/
cmp_ -d eb >text
has '^unit  *run \(each run is a process of its own; where values share one, the iteration; boots' text

# names: 6.9 before 6.10, long ones told apart, nothing for the terminal, nothing for Markdown
long=$(printf 'x%.0s' {1..60})
for i in 1 2 3; do
	for arm in v6.9 v6.10 'v6<b>'; do
		mkdir -p "names/$arm/iter-$i/bench"
		printf "${long}1\t_\t_\t0\t5\t_\n${long}2\t_\t_\t0\t6\t_\nre\033[31md\t_\t_\t0\t7\t_\nword\t_\t_\t0\tabc\t_\nbelow\t_\t_\t0\t-5\t_\n" \
			>"names/$arm/iter-$i/bench/results.tsv"
	done
done
"$MMT" compare -d names >text 2>err || fail "names: $(cat err)"
has 'v6.9: 3 iterations, .*\(compared against\)' text
has '^x+~x+1 ' text
has '^x+~x+2 ' text
has '^re\?\[31md ' text
has '^  no better side .* v6.10 .* no number' text
[ "$(grep -c "1 value is no number, left out: 'abc' for word" err)" -eq 9 ] || fail "words: $(cat err)"
"$MMT" compare -d names --mmtests 2>&1 | grep -q "$(printf '\033')" && fail "--mmtests: bytes for the terminal"
"$MMT" compare -d names --markdown >text 2>/dev/null
has '^- \*\*arm\*\* v6\\<b\\>: 3 iterations' text
"$MMT" gate -d names --markdown -n v6.9,'v6<b>' >text 2>/dev/null
has '^## gate: TROUBLE - .* in v6\\<b\\>' text
hasnt '[^\\]<' text
"$MMT" compare -d names --print-ratio >text 2>/dev/null
has '^below .* below 0 ' text

# all runs: those that have the benchmark; gate wants all of them to have it
mkdir -p names/other/iter-1/else names/notes names/broken/iter-1/bench
"$MMT" compare -d names -b bench >text 2>err
[ $? -eq 2 ] && grep -q 'broken: no complete iteration of bench' err || fail "a run without results: $(cat err)"
rm -r names/broken
"$MMT" compare -d names -b bench >text 2>err || fail "all runs: $(cat err)"
has '^ +v6.10: 3 iterations' text
hasnt 'other|notes' text
has 'warning: other: bench was not run there; left out' err
"$MMT" gate -d names -b bench >text 2>err
[ $? -eq 2 ] && grep -q 'other: no complete iteration of bench' err || fail "gate without a run's results: $(cat err)"
rm -r names/v6*
"$MMT" compare -d names -b bench >out 2>err
[ $? -eq 2 ] && grep -q 'names: no run has results of bench' err || fail "no run at all: $(cat err)"

# traces: the same one twice is no second measurement; runs are called by what their traces share
golden=$BUILD/tests/tools/golden
if [ -x "$golden" ]; then
	for i in 1 2; do
		for arm in x y; do
			mkdir -p "t/$arm/iter-$i/bench"
			"$golden" "t/$arm/iter-$i/bench/trace.mmt" $((i * 3 + ${#arm})) || exit 1
			cp "t/$arm/iter-$i/bench/trace.mmt" "run$arm-$i.mmt"
		done
	done
	ln -s runx-1.mmt link.mmt
	"$MMT" compare runx-1.mmt runx-1.mmt 2>&1 | grep -q 'warning: .*the same trace as runx-1.mmt; what both' || fail "a run against itself"
	refuse 'the same trace as runx-1.mmt' runx-1.mmt,link.mmt runy-1.mmt
	refuse "',,' names no trace" ,, runy-1.mmt
	refuse 'x: No such file or directory (of results, runs are named by -n A,B)' x y
	cmp_ runx-1.mmt,runx-2.mmt runy-1.mmt,runy-2.mmt >text
	has '^arms +runx: 2 iterations' text
	cmp_ t/x/iter-1/bench/trace.mmt,t/x/iter-2/bench/trace.mmt t/y/iter-1/bench/trace.mmt,t/y/iter-2/bench/trace.mmt >text
	has '^ +y: 2 iterations' text
fi
exit $bad
