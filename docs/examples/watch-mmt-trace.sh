#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A monitor for MMTests that records each test with mmt-trace; see mmt-trace-mmtests(7).
#
# Copy it to monitors/ of MMTests, and say in the config:
#	export MONITORS_TRACER="mmt-trace"
# Options of mmt-trace record may be given too:
#	export MONITOR_MMT_TRACE="-a -e vm,place,load,numa"
#
# run-mmtests.sh: one trace for each test, NAME/iter-N/TEST/trace.mmt, which ends when the test ends.
# run-kvm.sh -L: the same on the host, NAME-host/iter-N/TEST/trace.mmt, between the tokens "test_do" and "test_done" of the
# guests (MMTESTS_HOST_IP must be set), with the time in between as its result.
set -u
read -ra options <<<"${MONITOR_MMT_TRACE:--a -e vm,place,load,numa}"
record=
trap 'finish; exit 0' TERM INT

begin() # DIRECTORY: returns when it records
{
	mkdir -p "$1" && rm -f "$1/trace.mmt" || exit 1
	mmt-trace record -q "${options[@]}" -o "$1/trace.mmt" </dev/null &
	record=$!
	until [ -s "$1/trace.mmt" ]; do
		kill -0 "$record" 2>/dev/null || exit 1 # it has said why
		sleep 0.02
	done
}

finish()
{
	[ -n "$record" ] || return
	kill "$record" 2>/dev/null
	wait "$record"
	record=
}

# lines FILE: what is written to it from now on, on descriptor 3
lines()
{
	exec 3< <(exec tail -n 0 -F "$1" 2>/dev/null)
	follow=$!
	trap 'kill $follow' EXIT
}

# Here: the test is over when time(1) has written its line.
one_test()
{
	begin "$MONITOR_DIR/$CURRENT_TEST"
	echo $$ >"$MONITOR_PID"
	lines "$MONITOR_DIR/timestamp"
	while read -r line; do
		[[ $line != "time :: $CURRENT_TEST "* ]] || break
	done <&3
	finish
}

# On the host: tests come in the order of MMTESTS, iteration by iteration.
guests()
{
	local n=0 dir began us line tests

	read -ra tests <<<"${MMTESTS:-guests}"
	lines "$SHELLPACK_LOGFILE"
	echo $$ >"$MONITOR_PID"
	while read -r line; do
		case $line in
		'sent token :: "test_do"'*)
			dir=${MONITOR_DIR%/iter-*}/iter-$((n / ${#tests[@]}))/${tests[n % ${#tests[@]}]}
			begin "$dir"
			began=${EPOCHREALTIME/[.,]/}
			;;
		'sent token :: "test_done"'*)
			[ -n "$record" ] || continue
			us=$((${EPOCHREALTIME/[.,]/} - began))
			finish
			printf 'time\t_\t_\t0\t%d.%06d\t_\n' $((us / 1000000)) $((us % 1000000)) >"$dir/results.tsv"
			printf 'time\ts\tlower\n' >"$dir/metrics.tsv"
			n=$((n + 1))
			;;
		esac
	done <&3
}

if [ "$CURRENT_TEST" = monitor ]; then
	guests
else
	one_test
fi
