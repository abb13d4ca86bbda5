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

# -e numa on a storm of fresh pages: all of its cost is at mm_page_alloc. One run under "$@": ns of CPU a page.
bench_page_ns() {
	rm -f "$work/in"
	STORM_OUT=$work/in "$@" "$bin/storm" fault $((5000 * size)) > "$work/log" 2>&1
	[ -s "$work/in" ] || { echo "bench: no storm of pages under $1:" >&2; tail -3 "$work/log" >&2; return 1; }
	awk -v n=$((5000 * size * $(nproc))) '$1 == "cpu" { print $2 / n }' "$work/in"
}

# ns a run of the programs, by the kernel's own statistics: empty, ours
bench_page_body() {
	local was tool=${BPFTOOL:-bpftool} t tracer
	command -v "$tool" > /dev/null && was=$(cat /proc/sys/kernel/bpf_stats_enabled 2> /dev/null) || return 0
	echo 1 > /proc/sys/kernel/bpf_stats_enabled
	for _ in 1 2 3; do
		for t in empty numa; do
			tracer=("$MMT" record -q -a --profile light -e numa -o "$work/t.page" --)
			[ $t = numa ] || tracer=("$bin/floor" -o "$bin/floor.bpf.o" -e alloc --)
			"${tracer[@]}" sh -c '"$@" > /dev/null; '"$tool"' prog show > '"$work/progs" sh "$bin/storm" fault $((5000 * size)) > /dev/null 2>&1
			sed -n 's/.*name \(floor_alloc\|mmt_numa_alloc\) .*run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\2 \3/p' "$work/progs" |
				awk -v t=$t '$2 > 20000 { print "body_" t, $1 / $2 }' >> "$work/pages"
		done
	done
	echo "$was" > /proc/sys/kernel/bpf_stats_enabled
}

bench_pages() {
	local i v
	: > "$work/pages"
	for ((i = 0; i < rounds; i++)); do
		v=$(bench_page_ns env) && echo "none $v" >> "$work/pages"
		v=$(bench_page_ns "$bin/floor" -o "$bin/floor.bpf.o" -e alloc --) && echo "floor $v" >> "$work/pages"
		v=$(bench_page_ns "$MMT" record -q -a --profile light -e numa -o "$work/t.page" --) && echo "numa $v" >> "$work/pages"
	done
	bench_page_body
	sort -k1,1 -k2,2n "$work/pages" | awk -v minima="$minima" '
		{ v[$1, ++n[$1]] = $2 }
		function typical(k) { return minima ? v[k, 1] : n[k] % 2 ? v[k, (n[k] + 1) / 2] : (v[k, n[k] / 2] + v[k, n[k] / 2 + 1]) / 2 }
		END {
			if (!n["none"] || !n["floor"] || !n["numa"])
				exit
			print ""
			printf "%-18s %8s %8s %8s %8s   ns of CPU a page (goal 1.1)\n", "storm of new pages", "untraced", "empty", "numa", "x empty"
			printf "%-18s %8.0f %8.0f %8.0f %8.2f\n", "", typical("none"), typical("floor"), typical("numa"),
				typical("numa") / typical("floor")
			if (n["body_empty"] && n["body_numa"])
				printf "%-18s %35.1f   ns a run beyond the empty program\n", "body of page_alloc", v["body_numa", 1] - v["body_empty", 1]
		}'
}
