#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e load: tasks that spin on a CPU are on its run queue, those that sleep are on none; held against busy time.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
command -v taskset >/dev/null || { echo "skipped: no taskset"; exit 77; }
read -r others _ </proc/loadavg # of a machine that is not ours alone
cpu=$(awk '/^Cpus_allowed_list/ { sub(/.*[-,]/, "", $2); print $2 }' /proc/self/status)
bad=0
fail() { echo "$*"; bad=1; }
pids=()
spin() { taskset -c "$cpu" timeout 60 sh -c 'while :; do :; done' & pids+=($!); }
trap 'kill "${pids[@]}" 2>/dev/null' EXIT

# recorded N: N tasks spin on the CPU
recorded()
{
	"$MMT" record -q -a -e load --profile light --duration 3 -o t.mmt 2>log || { fail "record: $(tail -n 1 log)"; return; }
	"$MMT" export --table cpu_load --format csv t.mmt >rows || fail "export"
	"$MMT" report --nodes -j t.mmt >json || fail "report"
	# time,segment,cpu,samples,running,max,busy
	awk -F, -v cpu="$cpu" -v want="$1" -v others="$others" '
		NR > 1 && $2 && $3 == cpu { n += $4; sum += $5; busy += $7; if ($6 > max) max = $6; if ($7 > $4 || $6 * $4 < $5) wrong = 1 }
		END { mean = n ? sum / n : -1
			printf "%d tasks: %.2f seen, at most %d, busy in %d of %d samples\n", want, mean, max, busy, n
			exit !(n >= 20 && !wrong && mean > want - 0.3 && mean < want + 1.2 + others && max >= want && (!want || busy > n * .95)) }' rows >said ||
		fail "$(cat said)"
	cat said
}
for n in 1 2 3; do
	spin
done
sleep 60 & pids+=($!)
recorded 3
# what was sampled agrees with what was counted
awk -v RS='{' -v cpu="$cpu" '
	$0 ~ "\"cpu\": " cpu "," && match($0, /"sampled_busy_pct": [0-9.]+/) { a = substr($0, RSTART + 20, RLENGTH - 20)
		match($0, /"busy_pct": [0-9.]+/); n = split($0, w, "\"busy_pct\": "); b = w[n] + 0; found = 1 }
	END { exit !(found && a - b < 10 && b - a < 10) }' json || fail "sampled and counted busy time differ: $(cat json)"
kill "${pids[@]:0:3}" 2>/dev/null
wait "${pids[@]:0:3}" 2>/dev/null
exit $bad
