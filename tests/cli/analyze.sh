#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# report, compare, info, export, recover on a trace with known answers: the text they print
# (UPDATE=1 writes tests/data/golden anew), totals = events, the same bytes anywhere and for
# anyone, bad files, cut files, flipped bits, full disks, closed pipes.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
golden=$BUILD/tests/tools/golden
[ -x "$golden" ] || { echo "skipped: no $golden"; exit 77; }
data=$TOP/tests/data/golden
bad=0
fail() { echo "FAIL: $*"; bad=1; }

"$golden" g.mmt || exit 1
"$golden" again.mmt && cmp g.mmt again.mmt || fail "the same trace written twice differs"

# text NAME COMMAND...: what it prints is what it printed before
text()
{
	local name=$1

	shift
	"$@" >"$name.out" 2>"$name.err" || fail "$name: status $?: $(head -n 2 "$name.err")"
	[ ! -s "$name.err" ] || fail "$name: stderr: $(head -n 2 "$name.err")"
	if [ -n "${UPDATE:-}" ]; then
		cp "$name.out" "$data/$name.txt"
	elif ! diff -u "$data/$name.txt" "$name.out"; then
		fail "$name: not what it printed before"
	fi
}

text report "$MMT" report --verify --hist g.mmt
text report-events "$MMT" report --events --by process g.mmt
text report-cpu "$MMT" report --by cpu --segment all g.mmt
text report-csv "$MMT" report -x ';' --by cgroup --collector --sort wait_p99 g.mmt
text report-json "$MMT" report -j --by process --top 2 g.mmt
text report-mark "$MMT" report --mark 'half, "time"' --by comm --top 3 g.mmt
text perf-script "$MMT" export --format perf-script --time +0.0012,+0.00121 g.mmt
text events-csv "$MMT" export --format csv --time +0.0012,+0.00123 -e switch,migrate g.mmt
text events-ndjson "$MMT" export -t 500 --time ,+0.00003 g.mmt
text table-csv "$MMT" export --table counter --format csv g.mmt
text raw "$MMT" info --raw=later_table g.mmt
"$golden" b.mmt 2
text compare "$MMT" compare g.mmt b.mmt
cp b.mmt c.mmt
text compare-csv "$MMT" compare -m sched.switches,run.duration --csv g.mmt,b.mmt c.mmt
# sizes depend on how well the library packs
"$MMT" info g.mmt | grep -v '^\(file\|chunks\|tables \|events  \)' | sed '/^Tables$/,$d' >info.txt
text info cat info.txt

# two truths, one story
for seed in 1 2 3; do
	"$golden" s.mmt $seed
	for how in '--by task' '--by process --segment all' '--by cgroup --segment 3' '--by machine --segment 2'; do
		# shellcheck disable=SC2086
		"$MMT" report $how -x, s.mmt >totals.csv && "$MMT" report $how --events -x, s.mmt >events.csv ||
			fail "seed $seed, $how: status $?"
		[ "$(wc -l <totals.csv)" -gt 1 ] || fail "seed $seed, $how: no rows"
		cmp totals.csv events.csv || fail "seed $seed, $how: totals and events differ"
	done
done

# every JSON output is JSON
if python3 -c '' 2>/dev/null; then
	for cmd in 'report -j' 'report -j --hist --events' 'info -j' 'compare -j' 'export --format json' 'export --table task --format json'; do
		# shellcheck disable=SC2086
		"$MMT" $cmd g.mmt | python3 -m json.tool >/dev/null || fail "$cmd: no JSON"
	done
	"$MMT" export g.mmt | python3 -c 'import json,sys
for l in sys.stdin: json.loads(l)' || fail "export: a line is no JSON"
fi

# the same bytes elsewhere: other zone, terminal, language, an unprivileged user
mkdir -m 755 pub && cp g.mmt pub/ && chmod 644 pub/g.mmt
(cd pub && TZ=Asia/Tokyo COLUMNS=200 LANG=de_DE.UTF-8 LC_ALL=C TERM=dumb "$MMT" report --verify --hist g.mmt) >elsewhere.out
cmp report.out elsewhere.out || fail "another environment: another report"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod 755 . 2>/dev/null
	(cd pub && setpriv --reuid 65534 --regid 65534 --clear-groups "$MMT" report --verify --hist - <g.mmt) >nobody.out 2>nobody.err ||
		grep -q 'Permission denied' nobody.err || fail "as nobody: status $?: $(cat nobody.err)"
	[ ! -s nobody.out ] || cmp report.out nobody.out || fail "nobody gets another report"
fi

# usage STATUS PATTERN COMMAND...: status, one line that says what is wrong, a clean stdout
usage()
{
	local want=$1 pattern=$2 got

	shift 2
	"$@" >o 2>e </dev/null
	got=$?
	[ $got -eq "$want" ] || fail "status $got, not $want: $*"
	grep -qE -- "$pattern" e || fail "stderr does not say '$pattern': $*: $(cat e)"
	[ "$(wc -l <e)" -le 2 ] || fail "more than a line or two: $*: $(cat e)"
	[ ! -s o ] || fail "stdout is not clean: $*"
}
: >empty.mmt
for cmd in report info export compare 'report --events' 'info --raw' 'export --table task'; do
	# shellcheck disable=SC2086
	usage 2 'no such file|No such file' "$MMT" $cmd nothing.mmt
	# shellcheck disable=SC2086
	usage 2 'not a trace' "$MMT" $cmd /etc/passwd
	# shellcheck disable=SC2086
	usage 2 '.' "$MMT" $cmd empty.mmt
	# shellcheck disable=SC2086
	usage 2 'directory' "$MMT" $cmd .
done
usage 2 'no mark named' "$MMT" report --mark nothing g.mmt
usage 2 'no segment 99' "$MMT" report --segment 99 g.mmt
usage 2 'no column' "$MMT" report --sort nothing g.mmt
usage 2 'no type named' "$MMT" info --raw=nothing g.mmt
usage 2 'no table named' "$MMT" export --table nothing g.mmt
usage 2 '--time' "$MMT" export --time abc g.mmt
usage 2 'no such metric' "$MMT" compare -m nothing g.mmt
usage 2 '-d' "$MMT" compare -d nowhere
usage 2 'nowhere/x.*cannot write' "$MMT" recover g.mmt -o nowhere/x
usage 2 'no such file' "$MMT" recover nothing.mmt
usage 2 'not a trace' "$MMT" recover /etc/passwd -o x.mmt
usage 2 'same file' "$MMT" recover g.mmt -o g.mmt
usage 2 'nowhere' "$MMT" export -o nowhere/x g.mmt

# full disk, closed pipe
for cmd in 'report' 'info' 'export' 'compare' 'report -j'; do
	# shellcheck disable=SC2086
	"$MMT" $cmd g.mmt >/dev/full 2>e
	[ $? -eq 2 ] && grep -q 'could not write' e || fail "$cmd: a full disk goes unnoticed"
done
"$MMT" export g.mmt 2>e | head -n 1 >o
[ -s o ] && [ ! -s e ] || fail "a closed pipe: $(cat e)"

# cut and damaged files: a report or one clear line; never a crash, never a second line
damaged()
{
	local cmd got

	for cmd in 'report -x,' 'report --events -x,' info 'export --format csv' 'compare'; do
		# shellcheck disable=SC2086
		"$MMT" $cmd "$1" >o 2>e </dev/null
		got=$?
		[ $got -eq 0 ] || [ $got -eq 2 ] || fail "$2: $cmd: status $got: $(head -n 3 e)"
		[ "$(wc -l <e)" -le 3 ] || fail "$2: $cmd: too much on stderr: $(cat e)"
		[ $got -eq 0 ] || [ -s e ] || fail "$2: $cmd: no word about what went wrong"
	done
}
size=$(stat -c %s g.mmt)
RANDOM=42
for _ in $(seq 15); do
	at=$(((RANDOM * 32768 + RANDOM) % size))
	head -c $at g.mmt >cut.mmt
	damaged cut.mmt "cut at $at"
	cp g.mmt flip.mmt
	printf "\\x$(printf %02x $((RANDOM % 256)))" | dd of=flip.mmt bs=1 seek=$at conv=notrunc status=none
	damaged flip.mmt "byte at $at"
done

# recover: what it writes is whole, and tells what the damaged file tells
head -c $((size * 2 / 3)) g.mmt >cut.mmt
"$MMT" recover cut.mmt 2>e || fail "recover: $(cat e)"
[ "$(wc -l <e)" -eq 1 ] || fail "recover: $(cat e)"
"$MMT" report -x, cut.mmt >o1 2>e || fail "report of a cut file: $(cat e)"
grep -q 'cut' e || fail "a cut file is not said to be cut"
"$MMT" report -x, cut.recovered.mmt >o2 2>e || fail "report of a recovered file"
cmp o1 o2 || fail "the recovered file tells another story"
exit $bad
