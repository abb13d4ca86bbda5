#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run: what is wrong is said in one line, the status is that of env(1) or the command's, nothing is left behind.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
export MMT_TRACE_CONFIGS=$TOP/configs
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# expect STATUS TEXT COMMAND...: one line on stderr that holds TEXT
expect()
{
	local want=$1 say=$2 got

	shift 2
	"$@" >o 2>e </dev/null
	got=$?
	[ $got -eq "$want" ] || fail "status $got, not $want: $*: $(head -n 3 e)"
	grep -qF -- "$say" e || fail "does not say '$say': $*: $(head -n 3 e)"
	[ "$(wc -l <e)" -eq 1 ] || fail "not one line: $*: $(cat e)"
	[ ! -s o ] || fail "stdout is not clean: $*"
}

conf() { printf '%b' "$1" >bad.conf; }

run=("$MMT" run --no-trace)
expect 127 "no-such-program" "${run[@]}" -- no-such-program
expect 127 "/no/such/program" "${run[@]}" -- /no/such/program
expect 126 "Permission denied" "${run[@]}" -- /etc/passwd
expect 127 "no-such-wrap" "${run[@]}" --arm a:wrap="no-such-wrap -x" -- true
expect 125 "nothing to run" "${run[@]}"
expect 125 "not both" "${run[@]}" -c demo -- true
expect 125 "'hackbench'" "${run[@]}" -c hackbnch
expect 125 "/no/such.conf" "${run[@]}" -c /no/such.conf
expect 125 "is not a number" "${run[@]}" -i zero -- true
expect 125 "is not a number" "${run[@]}" -i 0 -- true
expect 125 "there are: light" "${run[@]}" --profile heavy -- true
expect 125 "'iterations'" "${run[@]}" --set run.iteratons=2 -- true
expect 125 "contradict" "${run[@]}" --append --force -- true
expect 125 "named 'a'" "${run[@]}" --arm a:env.X=1 --arm a:env.X=2 -- true
expect 125 "'wrap'" "${run[@]}" --arm a:warp=nice -- true
expect 125 "cannot be the name" "${run[@]}" -n ../up -- true
expect 125 "cannot create" "${run[@]}" -d /proc/nowhere -- true
expect 125 "cannot create" "${run[@]}" -d /dev/null/x -- true
if [ "$(id -u)" -ne 0 ]; then
	mkdir -m 555 closed
	expect 125 "Permission denied" "${run[@]}" -d closed -- true
fi
# nothing of this may have left results
[ ! -e work/log ] || [ -z "$(ls -A work/log)" ] || fail "left behind: $(ls work/log)"

conf '[benchmark]\nname = x\ncomand = y\n'
expect 125 "bad.conf:3:" "${run[@]}" -c bad.conf
conf '[benchmark]\nname = x\ncommand = true\n[metric t]\npattern = a(b)\nunit = frobs\n'
expect 125 "direction" "${run[@]}" -c bad.conf
conf '[benchmark]\nname = x\ncommand = y\nneeds = no-such-tool (some-package)\n[metric t]\nbuiltin = elapsed\nunit = s\n'
expect 127 "apt-get install some-package" "${run[@]}" -c bad.conf
conf 'rubbish\n'
expect 125 "bad.conf:1:" "${run[@]}" -c bad.conf
: >bad.conf
expect 125 "bad.conf" "${run[@]}" -c bad.conf
head -c 4096 /dev/urandom >bad.conf
"${run[@]}" -c bad.conf >o 2>e
[ $? -eq 125 ] || fail "random bytes as config: status"

# a benchmark that fails: its output stays, its status is ours, said once whatever the iterations
"${run[@]}" -n f -i 3 -- sh -c 'echo out; echo oops >&2; exit 3' 2>e
[ $? -eq 3 ] || fail "the command's status is not passed"
[ "$(grep -c 'exited with status 3' e)" -eq 1 ] || fail "not said once: $(cat e)"
grep -q 'oops' e || fail "its last line is not shown"
grep -q '0 of 3 executions, 3 failed' e || fail "not counted: $(cat e)"
grep -qx oops work/log/f/iter-2/sh/logs/stderr-output || fail "its errors are not kept"
grep -q 'test end :: sh [0-9]* 3$' work/log/f/iter-1/tests-timestamp || fail "no status in tests-timestamp"
[ ! -e work/log/f/iter-0/sh/results.tsv ] || fail "a failed iteration has results"
# shellcheck disable=SC2016 # the inner shell's
"${run[@]}" -n k -- sh -c 'kill -9 $$' 2>e
[ $? -eq 137 ] || fail "killed by signal 9: not 137"

# a metric that is not in the output
conf '[benchmark]\nname = x\ncommand = echo nothing\n[metric t]\npattern = T ([0-9]+)\nunit = s\n[run]\niterations = 2\n'
"${run[@]}" -n u -c bad.conf 2>e
[ $? -eq 125 ] || fail "missing metric: status"
[ "$(grep -c 'metric t' e)" -eq 1 ] || fail "missing metric: not said once: $(cat e)"

# too long
conf '[benchmark]\nname = x\ncommand = sleep 20\n[metric t]\nbuiltin = elapsed\nunit = s\n[run]\niterations = 1\ntimeout = 1\n'
"${run[@]}" -n t -c bad.conf 2>e
[ $? -eq 124 ] || fail "time-out: status"
grep -q 'longer than 1 s' e || fail "time-out: not said: $(cat e)"

# results that are there are not touched
"${run[@]}" -n keep -- true 2>e || fail "first: $(cat e)"
before=$(find work/log/keep -type f -printf '%p %s %T@\n' | sort)
expect 125 "--append adds" "${run[@]}" -n keep -- true
[ "$before" = "$(find work/log/keep -type f -printf '%p %s %T@\n' | sort)" ] || fail "refused, but changed"
mkdir -p work/log/other && echo mine >work/log/other/file
expect 125 "no results of a run" "${run[@]}" -n other --force -- true
[ -e work/log/other/file ] || fail "--force removed what is no run"
exit $bad
