#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The monitor for MMTests: a trace for each test, where compare looks for it; on a host between the tokens of its guests.
set -u
cd "$TMPDIR" || exit 1
bad=0
fail() { echo "FAIL: $*"; bad=1; }
watch=$TOP/docs/examples/watch-mmt-trace.sh
mkdir bin log
cat >bin/mmt-trace <<'END'
#!/bin/bash
# records as mmt-trace does: a file that is there when it has begun, closed at SIGTERM
trap 'echo end >>"$file"; exit 0' TERM
args="$*"
while [ $# -gt 0 ]; do
	[ "$1" != -o ] || file=$2
	shift
done
echo "$args" >"$file"
while :; do sleep 0.05; done
END
chmod +x bin/mmt-trace
export PATH=$PWD/bin:$PATH

# until FILE PATTERN: at most 10 s
until_has()
{
	local i

	for ((i = 0; i < 200; i++)); do
		grep -qsE -- "$2" "$1" && return
		sleep 0.05
	done
	fail "$1 has no '$2': $(cat "$1" 2>&1)"
}

# ------------------------------------------------------- beside a test
export MONITOR_DIR=$PWD/log/base/iter-0 CURRENT_TEST=kernbench MONITOR_PID=$PWD/pid
mkdir -p "$MONITOR_DIR"
echo "time :: install 1 user 2 system 3 elapsed" >"$MONITOR_DIR/timestamp"
MONITOR_MMT_TRACE="-a -e sched" timeout 30 "$watch" &
job=$!
until_has pid .
trace=$MONITOR_DIR/kernbench/trace.mmt
grep -q -- "record -q -a -e sched -o $trace" "$trace" || fail "it records by: $(cat "$trace")"
sleep 0.3
: >"$MONITOR_DIR/timestamp" # as time -o does at first
sleep 0.3
grep -q end "$trace" && fail "it ended before the test"
echo "time :: kernbench 10 user 2 system 3 elapsed" >>"$MONITOR_DIR/timestamp"
until_has "$trace" '^end'
kill "$(cat pid)" 2>/dev/null
wait $job
# stopped before the test has ended
rm pid
CURRENT_TEST=tbench timeout 30 "$watch" &
job=$!
until_has pid .
kill "$(cat pid)"
wait $job || fail "stopped: status $?"
grep -qx end "$MONITOR_DIR/tbench/trace.mmt" || fail "the trace of a test that was stopped is not closed"

# -------------------------------------------- on the host of the guests
export MONITOR_DIR=$PWD/log/base-host/iter-0 CURRENT_TEST=monitor SHELLPACK_LOGFILE=$PWD/log/base-host/iter-0/tests-timestamp
export MMTESTS="kernbench tbench"
mkdir -p "$MONITOR_DIR"
echo 'start :: 1' >"$SHELLPACK_LOGFILE"
rm pid
timeout 30 "$watch" &
job=$!
until_has pid .
for run in iter-0/kernbench iter-0/tbench iter-1/kernbench iter-1/tbench; do
	printf 'recvd token :: "test_do" 5\nsent token :: "test_do" 5\n' >>"$SHELLPACK_LOGFILE"
	until_has log/base-host/$run/trace.mmt 'record -q -a -e vm,place'
	echo 'sent token :: "iteration_begin" 6' >>"$SHELLPACK_LOGFILE"
	sleep 0.2
	echo 'sent token :: "test_done" 7' >>"$SHELLPACK_LOGFILE"
	until_has log/base-host/$run/metrics.tsv 'time'
	grep -qx end log/base-host/$run/trace.mmt || fail "$run: not closed"
	awk -F'\t' '$1 == "time" && $5 >= 0.1 && $5 < 5 { n++ } END { exit n != 1 }' log/base-host/$run/results.tsv ||
		fail "$run: $(cat log/base-host/$run/results.tsv)"
done
kill "$(cat pid)"
wait $job || fail "the host's: status $?"

# --------------------------------- such a tree is one that compare knows
if [ -x "$MMT" ] && [ -x "$BUILD/tests/tools/vms_trace" ]; then
	cp -r log/base-host log/patched-host
	for run in iter-0 iter-1; do
		"$BUILD/tests/tools/vms_trace" log/base-host/$run/kernbench/trace.mmt seconds=3 || exit 1
		"$BUILD/tests/tools/vms_trace" log/patched-host/$run/kernbench/trace.mmt seconds=3 shift=1 || exit 1
	done
	"$MMT" compare -d log -n base-host,patched-host -b kernbench -m 'vm:vm001' --csv >o 2>err || fail "compare: $(cat err)"
	grep -q 'vm:vm001.exposure,' o || fail "compare shows: $(cat o)"
fi
exit $bad
