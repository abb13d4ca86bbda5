#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run under the tracer: known answers through the whole house, ^C, a full disk.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
"$MMT" check >/dev/null 2>&1 || { echo "skipped: recording is not possible here"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# migrations of the marked part, all classes, as the report has them
moves()
{
	"$MMT" report "$1" --mark "workload start" --by process -x, | awk -F, '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i ~ /^mig_/) c[i] }
		$1 == "mmt-trace" { for (i in c) n += $i }
		END { print n + 0 }'
}

if [ "$(nproc)" -ge 2 ]; then
	for scope in machine tree; do
		"$MMT" run -n $scope-a,$scope-b -i 2 --scope $scope -- "$MMT" workload --mark migrate 23 2>e || fail "run: $(cat e)"
		grep -qE '4 of 4 executions; [0-9]+ events, 0 lost, .* MB, collector .* s of CPU' e || fail "last line: $(cat e)"
		for t in work/log/$scope-?/iter-*/mmt-trace/trace.mmt; do
			[ "$(moves "$t")" = 23 ] || fail "$t: $(moves "$t") migrations, not 23"
		done
	done
	"$MMT" info work/log/tree-b/iter-1/mmt-trace/trace.mmt >o || fail "info"
	for w in 'run.name *tree-b$' 'run.iteration *1$' 'run.benchmark *mmt-trace$' 'boot.id' 'filter *yes$' 'kernel.release'; do
		grep -q "^$w" o || fail "info: no $w"
	done
	"$MMT" compare -n machine-a,machine-b >o 2>e || fail "compare: $(cat e)"
	grep -q '^sched.migrations' o || fail "compare: $(head -20 o)"
fi

# several commands of one benchmark: the iteration is the sum of its parts
cat >parts.conf <<'C'
[benchmark]
name = parts
command = sleep 0.${t}
[matrix]
t = 1, 3
[metric elapsed]
builtin = elapsed
unit = s
[run]
iterations = 1
C
"$MMT" run -q -n parts -c parts.conf || fail "parts"
"$MMT" report work/log/parts/iter-0/parts/trace.mmt --by machine | grep -qE 'window .* 0\.4[0-9]* s' ||
	fail "parts: $("$MMT" report work/log/parts/iter-0/parts/trace.mmt --by machine | grep window)"

# ^C: the trace is whole, the iteration does not count
"$MMT" run -n int -i 2 -- sleep 60 2>e &
pid=$!
for ((i = 0; i < 100; i++)); do
	pgrep -P $pid -x sleep >/dev/null && break
	sleep 0.05
done
sleep 0.3
kill -INT $pid
wait $pid
got=$?
[ $got -eq 130 ] || fail "^C: status $got: $(cat e)"
"$MMT" info work/log/int/iter-0/sleep/trace.mmt 2>e | grep -q 'complete$' || fail "^C: the trace is not complete: $(cat e)"
"$MMT" compare -n int,int >o 2>e && fail "^C: an incomplete iteration was compared"

# a full disk: said once, the benchmark ends in peace, what was written can be read
if mkdir small && mount -t tmpfs -o size=512k tmpfs small 2>/dev/null; then
	"$MMT" run -d small -n full -i 1 --profile full -- "$MMT" workload pipe 400000 >o 2>e
	got=$?
	[ $got -eq 125 ] || fail "full disk: status $got: $(cat e)"
	grep -q 'No space left' e || fail "full disk: not said: $(cat e)"
	"$MMT" report small/full/iter-0/mmt-trace/trace.mmt >/dev/null 2>e || fail "full disk: no report: $(cat e)"
	umount small
fi
exit $bad
