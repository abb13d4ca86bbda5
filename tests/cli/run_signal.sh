#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run: ^C ends the benchmark's whole group, keeps what there is, marks the iteration, exits with 128+signal.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# stop SIGNAL WANT NAME SCRIPT: let the first iteration pass, hit the second
stop()
{
	local sig=$1 want=$2 name=$3 i

	"$MMT" run --no-trace -n "$name" -i 3 -- sh -c "$4" 2>e &
	pid=$!
	for ((i = 0; i < 200; i++)); do
		[ -e "$name.go" ] && break
		sleep 0.05
	done
	kill "-$sig" $pid
	wait $pid
	got=$?
	[ $got -eq "$want" ] || fail "$sig: status $got, not $want: $(cat e)"
	[ -s "work/log/$name/iter-0/sh/results.tsv" ] || fail "$sig: the complete iteration is gone"
	[ ! -e "work/log/$name/iter-1/sh/results.tsv" ] || fail "$sig: the incomplete iteration has results"
	[ ! -e "work/log/$name/iter-2" ] || fail "$sig: it went on"
	grep -q '"status": "interrupted"' "work/log/$name/run.json" || fail "$sig: not marked"
	grep -qx begun "work/log/$name/iter-1/sh/logs/output" || fail "$sig: its output is not kept"
	grep -q "stopped by signal" e || fail "$sig: the last line does not say it: $(cat e)"
	grep -q "1 of 3 executions" e || fail "$sig: the last line does not count: $(cat e)"
	# shellcheck disable=SC2013 # words
	for p in $(cat "$name.go"); do
		! kill -0 "$p" 2>/dev/null || fail "$sig: process $p is left"
	done
}

# shellcheck disable=SC2016 # for the inner shell
body='[ $MMT_TRACE_ITERATION = 0 ] && exit 0; echo begun; sleep 300 & echo $! $$ >NAME.tmp; mv NAME.tmp NAME.go; wait'
stop INT 130 int "${body//NAME/int}"
stop TERM 143 term "${body//NAME/term}"
stop HUP 129 hup "${body//NAME/hup}"
# a benchmark that does not listen is killed
stop INT 130 deaf "trap '' INT TERM; ${body//NAME/deaf}"
# results can be added to afterwards
"$MMT" run --no-trace -n int --append -i 1 -- true 2>e || fail "append after ^C: $(cat e)"
[ -s work/log/int/iter-2/true/results.tsv ] || fail "append after ^C"
exit $bad
