# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Speed and memory of report and compare, and how far compare can be trusted.

# Sets secs and mib: the quickest of N runs of a command, and its memory.
bench_timed() {
	local n=$1 i s
	shift
	secs='' mib=''
	for ((i = 0; i < n; i++)); do
		STORM_TIME=$work/timed "$bin/storm" time "$@" > "$work/log" 2>&1 || { tail -2 "$work/log" >&2; return 1; }
		s=$(awk '$1 == "wall" { print $2 / 1e9 }' "$work/timed")
		if [ -z "$secs" ] || awk -v a="$s" -v b="$secs" 'BEGIN { exit !(a < b) }'; then
			secs=$s
			mib=$(awk '$1 == "maxrss_kb" { print $2 / 1024 }' "$work/timed")
		fi
	done
}

# Lines: what, seconds, memory, seconds scaled to the goal's size, goal
bench_report() {
	local millions=$1 out=$work/big.mmt how
	"$MMT" record -a --profile full -o "$out" -- "$bin/storm" switch $((millions * 1000000 / $(nproc) / 2)) > "$work/log" 2>&1 ||
		{ tail -2 "$work/log" >&2; return 1; }
	for how in '' --events; do
		# shellcheck disable=SC2086 # none or one word
		bench_timed 3 "$MMT" report $how "$out" || return 1
		awk -v s="$secs" -v m="$mib" -v n=$((millions * 1000000)) -v b="$(stat -c %s "$out")" \
			-v how="${how:-totals}" 'BEGIN {
			at34 = s * 34e6 / n
			printf "report    %-8s of %.1f M switches, %.1f MB: %.2f s, %.0f MiB; at 34 M %.2f s: <=1.2 s %s, <=300 MiB %s\n",
				how, n / 1e6, b / 1e6, s, m, at34, at34 <= 1.2 ? "pass" : "MISS", m <= 300 ? "pass" : "MISS"
		}'
	done
	rm -f "$out"
}

# 3 runs of 10 iterations, from totals: real traces of `run`, a row of totals every second as in long ones.
bench_compare() {
	local dir=$work/cmp
	"$MMT" run -q -d "$dir" -i 10 -n A,B,C --profile light -- "$bin/storm" pipe $((250 * size)) > "$work/log" 2>&1 ||
		{ tail -2 "$work/log" >&2; return 1; }
	bench_timed 5 "$MMT" compare -d "$dir" -n A,B,C || return 1
	awk -v s="$secs" -v m="$mib" -v kb="$(find "$dir" -name '*.mmt' -exec du -k {} + | awk '{ n += $1 } END { print n / NR }')" 'BEGIN {
		printf "compare   3 x 10 iterations from totals (%.0f kB a trace): %.0f ms, %.0f MiB; <=100 ms %s\n", kb, s * 1000, m,
			s <= 0.1 ? "pass" : "MISS"
	}'
}

bench_analysis() {
	bench_report $(((analysis + 3) / 4))
	bench_report "$analysis"
	bench_compare || echo "compare   could not be measured"
}

# False and missed verdicts, and how long many of them take.
bench_verdicts() {
	if [ -x "$bin/monte_carlo" ]; then
		"$bin/monte_carlo" "$simulated"
	else
		echo "verdicts  not built: make bench-tools"
	fi
}
