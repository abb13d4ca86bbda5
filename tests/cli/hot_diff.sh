#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hot --diff on traces with known weights: what was planted is found and the rest is not, of trees,
# lists of traces and single ones; every form tells the same; the right words where nothing can be said.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
make=$BUILD/tests/tools/hot_trace
[ -x "$make" ] || { echo "skipped: no $make"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# five blocks; "slow" takes half again as much in B, whose build is another; a fixed rate of the rest, with a little noise
noise=(0 11 4 7 2 9)
for i in 1 2 3 4 5; do
	for arm in base patched; do
		n=${noise[i]} slow=400 build=1 start=$((1000 + i * 100))
		[ $arm = base ] || { n=${noise[6 - i]}; slow=600; build=2; start=$((start + 50)); }
		dir=log/$arm/iter-$i/bench
		mkdir -p "$dir"
		"$make" "$dir/trace.mmt" $start 10 $build slow=$((slow + n)) same=$((800 + n * 2)) other=$((300 + n)) tiny=2 \
			wait=$((2000 + n * 10))b touch=$((500 + n))f sys:read=$((1000 + n)) sys:futex=$((slow * 10 + n)) || exit 1
		printf 'time\t_\t_\t0\t%s\t_\n' $((100 + n)) >"$dir/results.tsv"
		printf 'time\ts\tlower\n' >"$dir/metrics.tsv"
		printf 'test begin :: bench %s\ntest end :: bench %s 0\n' $start $((start + 10)) >"log/$arm/iter-$i/tests-timestamp"
	done
done

"$MMT" hot --diff -d log -n base,patched --csv >all.csv 2>err || fail "status $?: $(cat err)"
[ ! -s err ] || fail "stderr: $(cat err)"
# cell KIND BY NAME COLUMN
cell() { awk -F, -v k="$1" -v b="$2" -v m="$3" -v c="$4" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i } $1 == k && $2 == b && $4 == m { print $at }' all.csv; }
expect() { local got; got=$(cell "$1" "$2" "$3" "$4"); [ "$got" = "$5" ] || fail "$1 $2 $3 $4: '$got', expected '$5'"; }
expect cpu function slow verdict MORE
expect cpu function slow where prog
expect cpu function slow test paired-t-log
expect cpu path slow path 'main;work;slow'
expect cpu path slow mark slow
for f in same other; do
	case $(cell cpu function $f verdict) in SAME | UNCLEAR) ;; *) fail "$f: $(cell cpu function $f verdict)" ;; esac
done
[ -z "$(cell cpu function tiny verdict)" ] || fail "tiny is below the threshold"
expect syscalls syscall futex verdict MORE
expect blocked reason futex n_a 5
case $(cell faults function touch verdict) in SAME | UNCLEAR) ;; *) fail "faults: $(cell faults function touch verdict)" ;; esac
# 200 ms in 10 s, give or take the noise
awk -v d="$(cell cpu function slow diff)" 'BEGIN { exit !(d > 19.5e6 && d < 20.5e6) }' || fail "slow: $(cell cpu function slow diff) ns/s"
# rows and what is below the threshold make up the total
awk -F, '$1 == "cpu" && $2 == "function" { if ($3 == "total") t += $13; else s += $13 } END { exit !(t > 0 && (s - t) ^ 2 < 1) }' all.csv ||
	fail "rows do not add up to the total"

"$MMT" hot --diff -d log -n base,patched >text 2>&1 || fail "text: status $?"
grep -q '^order .*blocks' text || fail "text: no blocks: $(grep ^order text)"
grep -q '^CPU time by function' text && grep -q '^slow .*MORE' text || fail "text: no MORE of slow"
grep -q '^family: the 3 functions with 0.5 % or more' text || fail "text: the family is not told: $(grep ^family text)"
grep -q '^    > slow' text || fail "text: no mark where the difference begins"
grep -q 'Benjamini-Hochberg over' text || fail "text: no rule"
"$MMT" hot --diff -d log -n base,patched >again 2>&1 && cmp -s text again || fail "the second time it is another text"
(cd log/.. && "$MMT" hot --diff -d log base patched >again 2>&1) && cmp -s text again || fail "names as arguments: another text"
traces=$(printf '%s,' log/base/*/bench/trace.mmt | sed 's/,$//')
others=$(printf '%s,' log/patched/*/bench/trace.mmt | sed 's/,$//')
"$MMT" hot --diff "$traces" "$others" --by function --cpu >list 2>&1 || fail "lists: status $?"
grep -q '^slow .*MORE' list || fail "lists: no MORE of slow"
! grep -q '^Page faults\|^CPU time by path' list || fail "lists: more than was asked for"

"$MMT" hot --diff log/base/iter-1/bench/trace.mmt log/patched/iter-1/bench/trace.mmt --cpu >one 2>&1 || fail "one each: status $?"
grep -q '^slow .*(n = 1)' one && grep -q 'sampling' one || fail "one each: no word on n = 1 or sampling"
! grep -q 'MORE\|LESS' <(grep -v '^verdict' one) || fail "one each: a verdict from nothing"
"$MMT" hot --diff log/base/iter-1/bench/trace.mmt log/patched/iter-1/bench/trace.mmt --by instruction --cpu | grep -q '^slow+?' ||
	fail "an offset of another build was taken for an instruction"

"$MMT" hot --diff -d log -n base,patched --json >json || fail "--json: status $?"
if command -v python3 >/dev/null; then
	python3 - <<'P' || fail "--json does not hold what the CSV holds"
import json
d = json.load(open('json'))
t = [x for x in d['tables'] if x['kind'] == 'cpu' and x['by'] == 'function'][0]
r = {x.get('name', x['row']): x for x in t['rows']}
assert d['kind'] == 'hot-diff' and d['per'] == 'second'
assert r['slow']['verdict'] == 'MORE' and r['slow']['p_adj'] < 0.05 and r['slow']['unit'] == 'ns/s'
assert t['below'] == 1 and t['tested'] == 4 and [x for x in d['tables'] if x['by'] == 'syscall'][0]['tested'] == 2 and r['total']['n_a'] == 5
P
fi

# work of a fixed size: B takes 5 s longer for the same and its slow function
"$make" x.mmt 1000 10 1 slow=4000 same=4000 && "$make" y.mmt 2000 15 1 slow=8000 same=4000 || exit 1
"$MMT" hot --diff x.mmt y.mmt --cpu --by function --csv >second.csv && "$MMT" hot --diff x.mmt y.mmt --cpu --by function --per run --csv >run.csv ||
	fail "--per: status $?"
awk -F, '$4 == "same" { exit !($13 < -1e8) }' second.csv || fail "--per second: $(grep same second.csv)"
awk -F, '$4 == "same" { exit !($13 == 0) }' run.csv || fail "--per run: $(grep same run.csv)"
"$MMT" hot --diff x.mmt y.mmt 2>&1 | grep -q "B's are 50.0 % longer" || fail "no word on longer windows"

# a part of the time: samples are of the first second, system calls are not told by time
"$MMT" hot --diff x.mmt y.mmt --to 2 --csv >part.csv 2>&1 || fail "--to: status $?"
awk -F, '$1 == "cpu" && $2 == "function" && $4 == "same" { exit !($11 == 2e9 && $12 == 2e9) }' part.csv || fail "--to: $(grep ,same, part.csv)"
refused_early() { ! "$MMT" hot --diff x.mmt y.mmt "$@" >out 2>err; }
refused_early --from 5 --to 6 --by task && grep -q 'not the same in two runs' err || fail "--by task: $(cat err)"
"$MMT" hot --diff --comm nobody x.mmt y.mmt >out 2>err && fail "--comm nobody: nothing is there, and no error"
grep -q 'nothing in common' err || fail "--comm nobody: $(cat err)"

# refused STATUS WORDS COMMAND...
refused()
{
	local status

	"$MMT" "${@:3}" >out 2>err </dev/null
	status=$?
	[ $status -eq "$1" ] || fail "${*:3}: status $status, expected $1: $(cat err)"
	grep -q "$2" err || fail "${*:3}: no '$2' in: $(cat err)"
}
refused 2 'takes two runs, not 1' hot --diff x.mmt
refused 2 'there is only base' hot --diff -d log -n base
refused 2 'belongs to --diff' hot --per run x.mmt
refused 2 'belongs to --diff' hot -n base,patched
refused 2 'expected second or run' hot --diff --per hour x.mmt y.mmt
refused 2 'min-share 0' hot --diff --min-share 0 x.mmt y.mmt
"$BUILD/tests/tools/golden" plain.mmt || exit 1
refused 2 'record with -e hot' hot --diff plain.mmt x.mmt
cp "$BUILD/tests/tools/golden" not.mmt
refused 2 'not a trace' hot --diff not.mmt x.mmt
exit $bad
