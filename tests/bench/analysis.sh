# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Speed and memory of report and compare.

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

# One line: what, seconds, memory, seconds scaled to the goal's size, goal
bench_report() {
	local millions=$1 out=$work/big.mmt n
	"$MMT" record -a --profile full -o "$out" -- "$bin/storm" switch $((millions * 1000000 / $(nproc) / 2)) > "$work/log" 2>&1 ||
		{ tail -2 "$work/log" >&2; return 1; }
	bench_timed 3 "$MMT" report "$out" || return 1
	n=$((millions * 1000000))
	awk -v s="$secs" -v m="$mib" -v n="$n" -v b="$(stat -c %s "$out")" 'BEGIN {
		at34 = s * 34e6 / n
		printf "report    %.1f M switches, %.1f MB: %.2f s, %.0f MiB; at 34 M %.2f s: <=1.2 s %s, <=300 MiB %s\n",
			n / 1e6, b / 1e6, s, m, at34, at34 <= 1.2 ? "pass" : "MISS", m <= 300 ? "pass" : "MISS"
	}'
	rm -f "$out"
}

# 3 runs of 10 iterations, from totals: real short traces of `run`, compared.
bench_compare() {
	local dir=$work/cmp
	"$MMT" run -d "$dir" --iterations 10 --name A --name B --name C --profile light -- "$bin/storm" pipe 20000 \
		> "$work/log" 2>&1 || { tail -2 "$work/log" >&2; return 1; }
	bench_timed 5 "$MMT" compare -d "$dir" -n A,B,C || return 1
	awk -v s="$secs" -v m="$mib" 'BEGIN {
		printf "compare   3 x 10 iterations from totals: %.0f ms, %.0f MiB; <=100 ms %s\n", s * 1000, m, s <= 0.1 ? "pass" : "MISS"
	}'
}

bench_analysis() {
	bench_report $(((analysis + 3) / 4))
	bench_report "$analysis"
	bench_compare || echo "compare   could not be measured"
}
