#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# aa and plan: floors that are recorded and used, pairs, runs that aa makes itself; planned numbers.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# put RUN FACTOR: 10 iterations of time, with a start a run
put()
{
	local run=$1 i=0 v d

	for v in 10.0 10.1 9.9 10.05 9.95 10.0 10.02 9.98 10.03 9.97; do
		d=log/$run/iter-$i/bench
		mkdir -p "$d"
		awk -v v=$v -v f="$2" 'BEGIN { printf "time\t_\t_\t0\t%.10g\t_\n", v * f }' >"$d/results.tsv"
		printf 'time\ts\tlower\n' >"$d/metrics.tsv"
		printf 'test begin :: bench %d\ntime :: bench 1 user 2 system 30.0 elapsed\ntest end :: bench %d 0\n' $((1700000000 + $3 + i)) \
			$((1700000001 + $3 + i)) >"log/$run/iter-$i/tests-timestamp"
		i=$((i + 1))
	done
}
# expect STATUS PATTERN COMMAND...: on either stream
expect()
{
	local want=$1 pattern=$2 got

	shift 2
	"$MMT" "$@" >o 2>e </dev/null
	got=$?
	[ $got -eq "$want" ] || fail "status $got, not $want: $*: $(head -n 3 o e)"
	cat o e | grep -qE -- "$pattern" || fail "no '$pattern': $*: $(head -n 20 o e)"
}

# five runs of the same system: ten pairs. r5 is a known step off: 3 %
put r1 1 0; put r2 1.001 1000; put r3 0.999 2000; put r4 1.002 3000; put r5 1.03 4000
expect 0 'floor: none yet: 9 pairs are missing to 10' aa -d log -n r1,r2 --no-save
[ ! -e log/aa.json ] || fail "--no-save saved"
expect 0 '^time +benchmark +6 .* - +4 ' aa -d log -n r1,r2,r3,r4
[ -s log/aa.json ] || fail "no aa.json"
expect 0 'WORSE' compare -d log -n r1,r5
grep -q '^A/A floor' o && fail "a floor of 6 pairs is in use"
expect 0 'pairs +10 \(10 of this call, of 5 runs\)' aa -d log -n r1,r2,r3,r4,r5
grep -q 'false positives: 4 of 10 pairs .* 40.0 % (95 % interval 12.2 to 73.8 %)' o || fail "false positives: $(cat o)"
grep -q '^floor: the 95th percentile' o || fail "no floor: $(cat o)"
grep -q '^note: pairs that share runs' o || fail "no word on shared runs"
expect 0 '^A/A floor +3.[0-9]* % for time, from 10 pairs, log/aa.json' compare -d log -n r1,r4
expect 0 'UNCLEAR \(A/A\)' compare -d log -n r1,r5
expect 0 'PASS' gate -d log -n r1,r5
expect 0 '\(0 of this call|10 \(1 of this call' aa -d log -n r1,r2
[ "$(grep -c '"id"' log/aa.json)" = 10 ] || fail "a pair is there twice"
expect 0 'not by the usual rule' aa -d log -n r1,r2 --alpha 0.1

# a floor of another host, or of another benchmark, is none of ours
sed 's/"host": null/"host": "elsewhere"/; s/"benchmark": "bench"/"benchmark": "other"/' log/aa.json >x && cp x log/aa.json
expect 0 'WORSE' compare -d log -n r1,r5
echo '{ "hist' >log/aa.json
expect 2 'log/aa.json:[12]:' compare -d log -n r1,r5
expect 2 'aa.json' aa -d log -n r1,r2
rm log/aa.json

# runs in blocks are judged by pairs in blocks, others by the larger floor
put i1 1 9000; put i2 1.03 9000
history() { echo "{ \"benchmark\": \"bench\", \"host\": null, \"pairs_of\": \"$1\", \"pairs\": [], \"floors\": [ { \"metric\": \"time\", \"source\": \"benchmark\", \"pairs\": 12, \"floor_pct\": $2 } ] }"; }
echo "{ \"version\": 1, \"histories\": [ $(history blocks 2), $(history sequence 50) ] }" >log/aa.json
expect 0 '^A/A floor +2 % for time, from 12 pairs' compare -d log -n i1,i2
grep -q 'WORSE' o || fail "3 % in blocks are above a floor of 2 %: $(cat o)"
expect 0 '^A/A floor +50 % for time' compare -d log -n r1,r5
grep -q 'UNCLEAR (A/A)' o || fail "3 % one after the other are not below a floor of 50 %: $(cat o)"
rm log/aa.json

# both kinds in one call
expect 0 'runs interleaved, in blocks' aa -d log -n i1,i2,r1 --no-save
grep -q 'runs one after the other' o || fail "pairs one after the other are not told apart: $(cat o)"
[ "$("$MMT" aa -d log -n i1,i2,r1 --no-save --csv | cut -d, -f 1 | paste -sd,)" = pairs_of,blocks,sequence ] || fail "CSV of two kinds"

# splits
expect 0 'within a run' aa -d log -n r1
grep -q '^time  *benchmark  *1 ' o || fail "10 iterations are one pair of 5: $(cat o)"
expect 0 '^time +benchmark +4 ' aa -d log -n r1,r2 --pairing split --per-arm 2 --no-save
expect 0 '^time +benchmark +2 ' aa -d log -n r1,r2,r3,r4,r5 --pairing neighbours --no-save
expect 2 'which runs' aa -d log
expect 2 'no results of a run named' aa -d log -n nosuch
expect 2 'expected runs, neighbours or split' aa -d log -n r1 --pairing all
expect 2 'expected a number' aa -d log -n r1 --per-arm 1
expect 2 'after --run' aa -d log r1.mmt
mkdir -p log/short && cp -r log/r1/iter-0 log/r1/iter-1 log/short
expect 2 'split needs 4' aa -d log -n short
if command -v python3 >/dev/null; then
	"$MMT" aa -d log -n r1,r2,r3,r4,r5 -j >o || fail "aa -j"
	python3 - <<'P' || fail "JSON of aa"
import json
j = json.load(open("o")); s = json.load(open("log/aa.json"))
assert len(j["histories"]) == 1
j = j["histories"][0]
assert j["pairs"] == 10 and j["pairs_flagged"] == 4 and abs(j["rate_lo"] - 0.1215523) < 1e-6, j
h = [h for h in s["histories"] if h["pairs_of"] == "sequence"][0]
assert h["floors"][0]["metric"] == "time" and abs(h["floors"][0]["floor_pct"] - j["metrics"][0]["floor_pct"]) < 1e-12
assert h["pairs"][0]["date"] == "2023-11-14T22:13:20Z", h["pairs"][0]["date"]
P
fi

# runs of its own
expect 0 'pairs +2 \(2 of this call' aa -d own --pairs 2 --run --no-trace -q -i 2 -- "$(command -v true)"
for n in aa-1-x aa-1-y aa-2-x aa-2-y; do [ -s own/$n/iter-1/true/results.tsv ] || fail "no results of $n"; done
expect 0 'pairs +3 \(3 of this call' aa -d own --pairs 1 --run --no-trace -q -i 2 -- "$(command -v true)"
[ "$(grep -c '"id"' own/aa.json)" = 3 ] || fail "3 pairs are not 3: $(cat own/aa.json)"
grep -q '"kernel": "[0-9]' own/aa.json || fail "the kernel is not recorded"
grep -q '"host": "' own/aa.json || fail "the host is not recorded"
expect 2 'status 127' aa -d own --pairs 1 --run --no-trace -q -- no-such-program-at-all
expect 2 'nothing to run' aa -d own --run

# plan: 2 % noise
expect 0 '64 +17 +9 +4$' plan --cv 2% --effect 3
expect 0 '6\.1 +4\.0 +3\.0 +2\.6 +1\.8 +1\.5' plan --cv 2
expect 0 'needs 17 units in each of 2 arms, 17 min at 30 s each' plan --cv 2 --run-time 30
expect 0 'alpha 0.05 / 3 tests' plan --cv 2 --tests 3
expect 2 'either --cv or results' plan --cv 2 -d log
expect 2 'paired goes with' plan --paired
expect 2 'above 0' plan --cv -1
expect 2 'above 0' plan --cv 2 --effect 0
expect 0 'units in each of 2 arms, .* at 30 s each' plan -d log -n r1
grep -qE '^time +two arms +10 +0\.5' o || fail "the deviation of the pilot: $(cat o)"
expect 0 '^time +two arms +20' plan -d log -n r1,r2
mkdir -p log/one && cp -r log/r1/iter-0 log/one
# hackbench runs several times in an iteration, which is what its time is shared by: 10 runs in 3 iterations of 124 s
expect 0 'time-5, which needs most, needs 28 units in each of 2 arms, 34.8 min at 37.3 s each' plan \
	-d "$TOP/tests/data/mmtests-example/log" -n A
[ "$(awk '{ if (length > n) n = length } END { print n }' o)" -le 124 ] || fail "lines are too long"
expect 0 'one value an arm' plan -d log -n one
grep -qE ' 0\.00|nan' o && fail "numbers that nobody measured: $(cat o)"

# boots: three with three iterations each, in run.json
for b in 0 1 2; do
	for k in 0 1 2; do
		i=$((3 * b + k))
		mkdir -p log/boots/iter-$i/bench
		printf 'time\t_\t_\t0\t%s\t_\n' $((1000 + 30 * b + 10 * k)) >log/boots/iter-$i/bench/results.tsv
		printf 'time\ts\tlower\n' >log/boots/iter-$i/bench/metrics.tsv
		echo "{ \"benchmark\": \"bench\", \"iteration\": $i, \"boot_id\": \"boot$b\", \"start\": $((1700000000 + i)), \"status\": \"ok\" }"
	done
done | sed '$!s/$/,/' | { echo '{ "executions": ['; cat; echo '] }'; } >run.json
cp run.json log/boots/run.json
expect 0 'boots +time differs by 2\.[0-9]* % between 3 boots and by 0.9[0-9]* % within one' plan -d log -n boots
expect 0 'time is spent best with 2 iterations a boot' plan -d log -n boots --boot-time 600 --run-time 30
exit $bad
