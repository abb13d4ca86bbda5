#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# compare --mmtests: byte for byte what compare-mmtests.pl prints for a tree of its own; what is missing, and bad options.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
data=$TOP/tests/data/mmtests-example
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# same FILE OPTION...: the view is the file
same()
{
	local want=$data/hackbench-process-pipes.$1.txt

	shift
	"$MMT" compare -d "$data/log" -b hackbench-process-pipes "$@" >got 2>err || fail "$*: status $?: $(cat err)"
	cmp -s got "$want" || { fail "$*: differs from ${want##*/}"; diff got "$want" | head -20; }
	[ ! -s err ] || fail "$*: says $(cat err)"
}

same default -n A,B,C,D,E --mmtests
same default -n A,B,C,D,E --mmtests --stars=current
same default --mmtests
same ratio -n A,B,C,D,E --mmtests --print-ratio
same duration -n A,B,C,D,E --print-monitor duration
same duration -n A,B,C,D,E --print-monitor=duration --mmtests

# the t test of old: E's 4 % at 20 against 10 values is sure by it, B's noise is not
"$MMT" compare -d "$data/log" --mmtests --stars=classic >classic || fail "--stars=classic: status $?"
grep '^Amean  *time-1 ' classic | grep -q '\* -20.07%\*.*(  *-20.26%).*\*   4.07%\*$' || fail "classic: $(grep '^Amean  *time-1 ' classic)"
[ "$(grep -c '[*]' classic)" -eq 4 ] || fail "classic: stars on other rows than the means"
bare() { tr '*()' '   ' <"$1"; } # the stars take the place of the brackets
[ "$(bare classic)" = "$(bare "$data/hackbench-process-pipes.default.txt")" ] || fail "classic: more than the stars differ"

# wrong WORDS OPTION...: status 2, one line with these words
wrong()
{
	local words=$1

	shift
	"$MMT" compare -d "$data/log" "$@" >got 2>err
	[ $? -eq 2 ] || fail "$*: not status 2"
	[ ! -s got ] || fail "$*: prints"
	[ "$(grep -c . err)" -eq 1 ] && grep -q -- "$words" err || fail "$*: says $(cat err)"
}

wrong 'only duration' --print-monitor=mmtests-vmstat
wrong 'belongs to --mmtests' --stars=classic
wrong 'belongs to --mmtests' --sub-heading=time
wrong 'that begin with thyme' --mmtests --sub-heading=thyme
wrong 'text of its own' --mmtests --json
wrong 'text of its own' --mmtests --scoreboard
wrong 'was not run' -b kernbench -n A --mmtests
"$MMT" compare --stars=golden -d "$data/log" >got 2>err && fail "--stars=golden: status 0"
grep -q 'current or classic' err || fail "--stars=golden: $(cat err)"

# headings: only those rows; a direction and rows of its own
"$MMT" compare -d "$data/log" -n A,B,C,D,E --mmtests --sub-heading=time-3 >got || fail "--sub-heading: status $?"
[ "$(sed 1,2d got)" = "$(grep 'time-3' "$data/hackbench-process-pipes.default.txt")" ] || fail "--sub-heading: $(cat got)"
mkdir -p heads/a/iter-0 heads/b/iter-0
cp -r "$TOP/tests/data/mmtests-logs/dbench" heads/a/iter-0/ && cp -r heads/a/iter-0/dbench heads/b/iter-0/
"$MMT" compare -d heads --mmtests >got && grep -q '^Amean .* tput-1 ' got || fail "dbench: $(grep tput-1 got)"
"$MMT" compare -d heads --mmtests --sub-heading=tput >got && grep -q '^Hmean .* tput-1 ' got || fail "tput: $(cat got)"
"$MMT" compare -d heads --mmtests --sub-heading=op >got && [ "$(sed 1,2d got | cut -d ' ' -f 1 | sort -u)" = Ops ] ||
	fail "op: $(cat got)"

# put NAME ITER GROUPS TIME...: a log of hackbench
put()
{
	local dir=log/$1/iter-$2/hackbench-process-pipes/logs g=$3

	mkdir -p "$dir"
	shift 3
	for t; do printf '     Total time: %s [sec]\n' "$t"; done >"$dir/hackbench-$g"
}

# one value, zero, a metric that only one side has, iteration 10 behind iteration 2, names with dashes
put 6.1-rc3-base 0 1 2.0
put 6.1-rc3-base 0 4 4.0 4.2
put 6.1-rc3-base 2 8 0 0
put 6.1-rc3-base 10 1 2.0
put next-20260101-fix 0 1 2.5 2.6
put next-20260101-fix 0 8 1 1
put next-20260101-fix 0 16 9
"$MMT" compare -d log -n 6.1-rc3-base,next-20260101-fix --mmtests >got 2>err || fail "edges: status $?: $(cat err)"
sed 's/ *$//' got >flat
# expect LINE: of the table, trailing blanks apart
expect() { grep -qxF -- "$1" flat || fail "edges: no line '$1'"; }
expect '                                      6.1-rc3                         next'
expect '                                         base                 20260101-fix'
expect 'Min       time-1            2.0000 (   0.00%)            2.5000 ( -25.00%)'
expect 'Min       time-4            4.0000 (   0.00%)                 - (      - )'
expect 'Min       time-8            0.0000 (   0.00%)            1.0000 ( -99.00%)'
expect 'Amean     time-1            2.0000 (   0.00%)            2.5500 * -27.50%*'
expect 'Amean     time-8            0.0000 (   0.00%)            1.0000 ( -99.00%)'
grep -q 'time-16' flat && fail "edges: a row of a metric that the baseline has not"
grep -q 'time-16: not measured in 6.1-rc3-base' err || fail "edges: nothing on the metric that has no row: $(cat err)"
"$MMT" compare -d log -n 6.1-rc3-base,next-20260101-fix --mmtests --print-ratio >got 2>/dev/null || fail "edge ratios: status $?"
sed 's/ *$//' got >flat
expect 'Ratio time-1            1.0000 (0.00%) (+0.00s)            1.2750 (-27.50%) (+3.97s)'
expect 'Ratio time-4            1.0000 (0.00%) (+0.00s)                 - (-) (-)'

put one 0 1 2.0
put two 0 1 3.0
"$MMT" compare -d log -n one,two --mmtests >got || fail "one value: status $?"
grep -q '^Stddev    time-1               nan (      - )               nan (      - )$' got || fail "one value: $(grep Stddev got)"
grep -q '[*]' got && fail "one value: a star"
"$MMT" compare -d log -n one,two --mmtests --print-ratio >got || fail "one value, ratio: status $?"
grep -q '^Ratio time-1            1.0000 (0.00%) (-)            1.5000 (-50.00%) (-)$' got || fail "one value: $(grep Ratio got)"
grep -q Dmean got && fail "one value: distances without deviations"
"$MMT" compare -d log -n one,two --print-monitor=duration >got 2>err
[ $? -eq 2 ] && grep -q 'no tests-timestamp' err || fail "no times: $(cat err)"

# how long it took is known of any benchmark; a trace that cannot be read is of no importance to these tables
mkdir -p log/old/iter-{0,3}/specjbb
echo 'time :: specjbb 9.00 user 2.00 system 5.25 elapsed' >log/old/iter-0/tests-timestamp
echo 'time :: specjbb 8.00 user 3.00 system 5.50 elapsed' >log/old/iter-3/tests-timestamp
"$MMT" compare -d log -n old -b specjbb --print-monitor=duration >got 2>err || fail "times alone: $(cat err)"
[ "$(awk '/^Duration/ { print $3 }' got | tr '\n' ' ')" = '8.00 2.00 5.25 ' ] || fail "times alone: $(cat got)"
echo no trace >log/one/iter-0/hackbench-process-pipes/trace.mmt
"$MMT" compare -d log -n one,two --mmtests >got 2>err && [ ! -s err ] || fail "a bad trace: $(cat err)"
exit $bad
