# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What `-e syscall` costs a storm of the cheapest system call, against empty programs on the
# same tracepoints: CPU of the workload a call, all told, since that is what a program feels.

# One run of the storm under "$@": ns of CPU a call.
bench_call_ns() {
	rm -f "$work/in"
	STORM_OUT=$work/in "$@" "$bin/storm" syscall $((10000 * size)) > "$work/log" 2>&1
	[ -s "$work/in" ] || { echo "bench: no syscall storm under $1:" >&2; tail -3 "$work/log" >&2; return 1; }
	awk -v n=$((10000 * size * $(nproc))) '$1 == "cpu" { print $2 / n }' "$work/in"
}

bench_families() {
	local i v
	: > "$work/calls"
	for ((i = 0; i < rounds; i++)); do
		v=$(bench_call_ns env) && echo "none $v" >> "$work/calls"
		v=$(bench_call_ns "$bin/floor" -o "$bin/floor.bpf.o" -e sys_enter,sys_exit --) && echo "floor $v" >> "$work/calls"
		v=$(bench_call_ns "$MMT" record -q -a --profile light -e syscall -o "$work/t.call" --) && echo "syscall $v" >> "$work/calls"
	done
	sort -k1,1 -k2,2n "$work/calls" | awk -v minima="$minima" '
		{ v[$1, ++n[$1]] = $2 }
		function typical(k) { return minima ? v[k, 1] : n[k] % 2 ? v[k, (n[k] + 1) / 2] : (v[k, n[k] / 2] + v[k, n[k] / 2 + 1]) / 2 }
		END {
			if (!n["none"] || !n["floor"] || !n["syscall"])
				exit
			print ""
			printf "%-18s %8s %8s %8s %8s   ns of CPU a call (goal 1.4)\n", "getppid storm", "untraced", "empty", "syscall", "x empty"
			printf "%-18s %8.0f %8.0f %8.0f %8.2f\n", "", typical("none"), typical("floor"), typical("syscall"),
				typical("syscall") / typical("floor")
		}'
}
