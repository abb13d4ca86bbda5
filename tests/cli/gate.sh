#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# gate: exit statuses, what fails and what does not, configs, forms, hostile names.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# put RUN METRIC UNIT DIRECTION VALUE...: one value an iteration
put()
{
	local run=$1 metric=$2 unit=$3 dir=$4 i=0 v d

	shift 4
	for v; do
		d=log/$run/iter-$i/bench
		mkdir -p "$d"
		printf '%s\t_\t_\t0\t%s\t_\n' "$metric" "$v" >>"$d/results.tsv"
		printf '%s\t%s\t%s\n' "$metric" "$unit" "$dir" >>"$d/metrics.tsv"
		i=$((i + 1))
	done
}

# gate STATUS PATTERN OPTION...: the first line (or the error) has the pattern
gate()
{
	local want=$1 pattern=$2 got

	shift 2
	"$MMT" gate -d log "$@" >o 2>e </dev/null
	got=$?
	[ $got -eq "$want" ] || fail "status $got, not $want: gate $*: $(head -n 2 o e)"
	{ head -n 1 o; cat e; } | grep -qE -- "$pattern" || fail "no '$pattern': gate $*: $(head -n 2 o e)"
}

put base time s lower 10.0 10.1 9.9 10.05 9.95 10.0 10.02 9.98 10.03 9.97
put base rate ops/s higher 100 101 99 100.5 99.5 100 100.2 99.8 100.3 99.7
put same time s lower 10.01 10.09 9.91 10.04 9.96 10.0 10.03 9.97 10.02 9.99
put same rate ops/s higher 100.1 100.9 99.1 100.4 99.6 100 100.3 99.7 100.2 99.9
put worse time s lower 12.0 12.1 11.9 12.05 11.95 12.0 12.02 11.98 12.03 11.97
put worse rate ops/s higher 100 101 99 100.5 99.5 100 100.2 99.8 100.3 99.7
put better time s lower 8.0 8.1 7.9 8.05 7.95 8.0 8.02 7.98 8.03 7.97
put better rate ops/s higher 120 121 119 120.5 119.5 120 120.2 119.8 120.3 119.7
put noisy time s lower 10 12 8 11 9 13 7 10.5 9.5 10.2
put noisy rate ops/s higher 100 101 99 100.5 99.5 100 100.2 99.8 100.3 99.7
put few time s lower 12.0 12.1 11.9
put few rate ops/s higher 100 101 99
put fewgood time s lower 8.0 8.1 7.9
put fewgood rate ops/s higher 100 101 99
put one time s lower 12.0
put one rate ops/s higher 100
put part time s lower 10.0 10.1 9.9 10.05 9.95 10.0 10.02 9.98 10.03 9.97
put nan time s lower nan nan nan nan nan nan nan nan nan nan
put nan rate ops/s higher 100 101 99 100.5 99.5 100 100.2 99.8 100.3 99.7

# verdicts
gate 0 '^gate: PASS - 2 checks: 2 passed' -n base,same
gate 0 '^gate: PASS' -n base,better
gate 1 '^gate: FAIL - time WORSE by 20.0 % in worse \(95 % CI .*threshold 1 %' -n base,worse
gate 1 'FAIL' -n base,same,worse
gate 0 'PASS' -n base,worse --metrics rate
gate 0 'PASS' -n base,worse --threshold time=30%
gate 1 'WORSE.*threshold 15 %' -n base,worse --threshold 'ti*=15'
gate 0 'PASS' -n base,worse --threshold time=15 --threshold time=25
gate 0 'undecided' -n base,noisy
gate 1 'UNCLEAR' -n base,noisy --fail-on unclear
gate 1 'not shown to be as good' -n base,noisy --require-same
gate 0 'PASS' -n base,same --require-same
gate 0 'PASS' -n base,better --require-same

# few units
gate 2 'TROUBLE.*INDICATIVE' -n base,few
gate 1 'INDICATIVE' -n base,few --strict
gate 1 'INDICATIVE' -n base,few --fail-on indicative
gate 0 'PASS.*passed$' -n base,few --pass-on indicative
gate 0 'PASS.*passed$' -n base,fewgood --strict
gate 2 'TROUBLE.*no verdict' -n base,one

# each arm one boot of its own: what looks like a regression does not pass, and a gain is none to worry about
boot() # RUN ID: all its iterations in that boot
{
	local i list=

	for i in 0 1 2 3 4 5 6 7 8 9; do
		list+=${list:+,}"{\"iteration\":$i,\"benchmark\":\"bench\",\"boot_id\":\"$2\",\"start\":$((i + $3))}"
	done
	echo "{\"executions\":[$list]}" >"log/$1/run.json"
}
for run in base worse better; do cp -r log/$run log/boot-$run; done
boot boot-base 1 100 && boot boot-worse 2 200 && boot boot-better 3 300
gate 2 'TROUBLE.*CONFOUNDED \(1 boot an arm\)' -n boot-base,boot-worse
gate 0 'PASS' -n boot-base,boot-worse --pass-on confounded
gate 1 'CONFOUNDED' -n boot-base,boot-worse --fail-on confounded
gate 0 'PASS' -n boot-base,boot-better
gate 0 'PASS' -n base,one --pass-on no-verdict
gate 1 'no verdict' -n base,one --fail-on no-verdict

# missing
gate 2 'TROUBLE.*rate cannot be compared in part: no value' -n base,part
gate 2 'no baseline' -n part,base
gate 0 'PASS' -n base,part --pass-on missing
gate 1 'no value' -n base,part --fail-on missing
gate 2 'time cannot be compared in nan: no number' -n base,nan
gate 1 'WORSE' -n base,worse,part
gate 2 'nothing.*nosuch|nosuch' -n base,nosuch
gate 2 'no run has such a metric' -n base,same --metrics nosuch
gate 2 "--threshold nosuch=5: no run has a metric 'nosuch'" -n base,same --threshold nosuch=5
gate 2 'one run only' -n base
gate 2 'no such directory' -d nowhere
"$MMT" gate missing.mmt >o 2>e && fail "a missing trace passes"
[ $? -ne 1 ] || fail "a missing trace is no regression"

# a benchmark that failed in some iterations
cp -r log/same log/crash
for i in 3 4; do printf 'test end :: bench 1700000000 3\n' >log/crash/iter-$i/tests-timestamp; done
gate 0 '1 with a warning' -n base,crash
grep -q '^warn .*2 of 10 iterations of crash' o || fail "failed iterations pass silently: $(cat o)"
gate 1 '2 of 10 iterations of crash' -n base,crash --strict

# limits
gate 0 'PASS' -n base,worse --metrics rate --max time=12.5
gate 1 'time of worse is 12 s, above the limit of 11.5' -n base,worse --metrics rate --max time=11.5
gate 1 'rate of same is .*below the limit of 200' -n base,same --min rate=200
gate 0 'PASS - 1 check' -n same --max time=11
gate 1 'above' -n same --max time=9
gate 2 'expected METRIC=' -n base,same --max time
gate 2 'expected a number' -n base,same --max time=fast
gate 2 'expected a percentage' -n base,same --threshold time=-3
gate 2 "'sometimes' is nothing" -n base,same --fail-on sometimes

# kernel metrics are not there: naming one is no silent pass
gate 2 'no run has such a metric' -n base,same --metrics sched.migrations

# config
cat >gate.conf <<'C'
# nightly
[gate]
metrics = time ,
	rate, time
names = base,worse
min-effect = 2
fail-on = indicative

[metric ti*]
threshold = 30%
max = 13

[metric nosuch-*]
optional = yes
threshold = 3
C
gate 0 'PASS - 3 checks: 3 passed' -c gate.conf
gate 1 'threshold 5 %' -c gate.conf --threshold time=5
gate 1 'above the limit' -c gate.conf --max time=11
gate 1 'INDICATIVE' -c gate.conf -n base,few --threshold time=1
gate 2 'cannot read config nowhere.conf' -c nowhere.conf
gate 2 '--config is given twice' -c gate.conf -c other.conf
conf() # PATTERN LINE...: a config with an error
{
	local pattern=$1
	shift
	printf '%s\n' "$@" >bad.conf
	gate 2 "$pattern" -c bad.conf -n base,same
	[ ! -s o ] || fail "bad config: stdout is not clean"
}
conf "bad.conf:3: unknown key 'treshold' in \[gate\]; did you mean|bad.conf:3: unknown key 'treshold'" '[gate]' 'metrics = time' 'treshold = 5'
conf "bad.conf:2: unknown key 'thresold' in \[metric time\]; did you mean 'threshold'" '[metric time]' 'thresold = 5'
conf 'bad.conf:2: unknown section \[gates\]' '[gates]' 'a = b'
conf 'bad.conf:2: unknown section \[metric\]' '[metric]' 'threshold = 5'
conf 'bad.conf:2: threshold = lots' '[metric time]' 'threshold = lots'
conf 'bad.conf:3: max is given twice' '[metric time]' 'max = 1' 'max = 2'
conf 'bad.conf:3: names is given twice' '[gate]' 'names = base' 'names = same'
conf 'bad.conf:2: strict = perhaps' '[gate]' 'strict = perhaps'
conf 'bad.conf:2: alpha = 7: expected a number above 0 and below 1' '[gate]' 'alpha = 7'
conf "bad.conf:2: fail-on: there is no 'rain'" '[gate]' 'fail-on = worse,rain'
conf 'bad.conf:1: neither' 'gate'

# the example: sound, and its kernel metric is missed where nothing was traced
gate 2 '--metrics sched.migrations: no run has such' -c "$TOP/docs/examples/gate.conf" -n base,same

# forms, several at once; a name that would break XML, CSV and patterns
name=$'<a href="x">&amp;\x01\xff]]>'
put base "$name" ms lower 1 1.1 0.9 1.05 0.95 1 1.02 0.98 1.03 0.97
put worse "$name" ms lower 2 2.1 1.9 2.05 1.95 2 2.02 1.98 2.03 1.97
put base 'a[1]*?' ms lower 1 1.1 0.9 1.05 0.95 1 1.02 0.98 1.03 0.97
put worse 'a[1]*?' ms lower 2 2.1 1.9 2.05 1.95 2 2.02 1.98 2.03 1.97
put base stable count _ 5 5 5 5 5 5 5 5 5 5
put worse stable count _ 5 5 5 5 5 5 5 5 5 5
put base gone ms lower 1 1 1 1 1 1 1 1 1 1
gate 1 'FAIL' -n base,worse --junit j.xml -o o.json -o o.csv -o o.md -o o.txt -o o.ndjson -o o2.xml
for f in j.xml o.json o.csv o.md o.txt o.ndjson o2.xml; do [ -s $f ] || fail "no $f"; done
cmp j.xml o2.xml || fail "--junit and -o .xml differ"
[ "$(head -n 1 o)" = "$(head -n 1 o.txt)" ] || fail "-o .txt is not what is printed"

gate 1 'a\[1\]' -n base,worse --metrics 'a[1]*?'
if command -v xmllint >/dev/null; then
	xmllint --noout j.xml 2>e || fail "JUnit is no XML: $(cat e)"
	[ "$(xmllint --xpath 'count(//testcase/failure)' j.xml)" = 3 ] || fail "not 3 failures: $(cat j.xml)"
	[ "$(xmllint --xpath 'count(//testcase/error)' j.xml)" = 1 ] || fail "not 1 error: $(cat j.xml)"
	[ "$(xmllint --xpath 'string(//testsuite/@failures)' j.xml)" = 3 ] || fail "failures is not 3"
	[ "$(xmllint --xpath 'string(//testsuite/@name)' j.xml)" = bench ] || fail "the suite is not bench"
	xmllint --xpath 'string(//testcase[failure][2]/failure/@message)' j.xml | grep -q 'WORSE by' || fail "a failure without numbers"
else
	echo "skipped: xmllint is missing, XML is only looked at"
fi
LC_ALL=C grep -q $'[\x01\xff]' j.xml && fail "bytes in the XML that it cannot hold"
grep -q 'href="x"' j.xml && fail "a metric's name is not escaped"
if command -v python3 >/dev/null; then
	python3 - <<'P' || fail "JSON"
import json
j = json.load(open("o.json", encoding="utf-8"))
assert j["kind"] == "gate" and j["result"] == "fail" and j["status"] == 1, j["result"]
assert j["counts"]["fail"] == 3 and j["counts"]["trouble"] == 1, j["counts"]
by = {c["metric"]: c for c in j["checks"]}
assert by["time"]["gate"] == "FAIL" and abs(by["time"]["delta_pct"] + 20) < 0.1
assert by["gone"]["gate"] == "TROUBLE" and "delta_pct" not in by["gone"] and "mean" not in by["gone"]
assert by["stable"]["gate"] == "pass"
P
fi
head -n 1 o.md | grep -q '^## gate: FAIL' || fail "Markdown does not begin with the result"
# no checks: the files say so, and are not those of yesterday
gate 2 'nosuch' -n base,nosuch -b bench -o j.xml -o o.json -o o.csv -o o.md -o o.txt
[ ! -s o.csv ] || fail "a CSV of yesterday"
for f in j.xml o.json o.md o.txt; do grep -q "run named 'nosuch'\|run named &apos;nosuch\|nosuch" $f || fail "$f does not say what is wrong: $(cat $f)"; done
grep -q '"result": "trouble"' o.json || fail "o.json: $(cat o.json)"
grep -q 'errors="1"' j.xml && grep -q '<error' j.xml || fail "j.xml: $(cat j.xml)"
if command -v xmllint >/dev/null; then xmllint --noout j.xml || fail "trouble is no XML"; fi

gate 2 'cannot write /dev/full|cannot write nowhere' -n base,same -o nowhere/x.json
gate 2 'cannot write /dev/full' -n base,same --junit /dev/full
"$MMT" gate -d log -n base,same >/dev/full 2>e
[ $? -eq 2 ] || fail "a full disk passes"
"$MMT" gate -d log -n base,worse -x ';' | head -n 1 | grep -q '^gate;metric;' || fail "CSV with a separator"

# kernel metrics of traces: only those that are named, and no other test is counted
golden=$BUILD/tests/tools/golden
if [ -x "$golden" ]; then
	for i in 1 2 3 4 5 6; do
		"$golden" a$i.mmt $i && "$golden" b$i.mmt $((i + 30)) || fail "no golden trace"
	done
	a=a1.mmt,a2.mmt,a3.mmt,a4.mmt,a5.mmt,a6.mmt b=b1.mmt,b2.mmt,b3.mmt,b4.mmt,b5.mmt,b6.mmt
	"$MMT" gate $a $b >o 2>e
	[ $? -eq 2 ] && grep -q 'name kernel metrics by --metrics' e || fail "traces without a metric: $(cat e)"
	"$MMT" gate $a $a --metrics sched.switches,sched.wait >o 2>e
	[ $? -eq 0 ] || fail "the same arm twice: $(cat o e)"
	"$MMT" gate $a $b --metrics sched.switches --max sched.migrations=1e12 --csv >o 2>e
	[ $? -le 1 ] || fail "kernel metrics: $(cat e)"
	grep -q ',sched.switches,' o && grep -q ',sched.migrations,.*<= ' o || fail "not the metrics that were named: $(cat o)"
	grep -q ',sched.migrations\.' o && fail "a limit on a metric is one on those below it too: $(cat o)"
	"$MMT" gate $a $b --max 'sched.migrations*=1e12' --csv >o 2>e
	grep -q ',sched.migrations\.[a-z.]*,.*<= ' o || fail "a pattern as a limit: $(cat o e)"
	"$MMT" gate $a $b --max sched.migration=1 >o 2>e
	grep -q "no run has a metric 'sched.migration' (did you mean 'sched.migrations'?)" e || fail "a limit on nothing: $(cat e)"
	"$MMT" gate a1.mmt --max sched.switches=0 >o 2>e
	[ $? -eq 1 ] && head -n 1 o | grep -q 'above the limit of 0' || fail "a limit on one trace: $(cat o e)"
	"$MMT" gate -d log $a $b -m sched.switches >o 2>e
	[ $? -eq 2 ] && grep -q 'either traces or results' e || fail "traces and -d: $(cat e)"
else
	echo "skipped: no $golden, kernel metrics are not gated here"
fi
exit $bad
