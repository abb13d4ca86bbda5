# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What `-e offcpu`, and `-e waker` beyond it, cost a storm of switches through pipes and one by
# sched_yield(): CPU of the workload a switch, all told. `walk` is offcpu,waker with every stack walked.

# One run of a storm under "$@": ns of CPU a switch.
bench_switch_ns() {
	local kind=$1
	shift
	rm -f "$work/in"
	STORM_OUT=$work/in "$@" "$bin/storm" "$kind" $((1000 * size)) > "$work/log" 2>&1
	[ -s "$work/in" ] || { echo "bench: no $kind storm under $1:" >&2; tail -3 "$work/log" >&2; return 1; }
	awk '$1 == "cpu" { c = $2 } $1 == "switches" { s = $2 } END { if (s) print c / s }' "$work/in"
}

# shellcheck disable=SC2154 # set by run.sh
bench_offcpu() {
	local i v k rec=("$MMT" record -q -a --profile light -o "$work/t.off")
	: > "$work/off"
	for ((i = 0; i < rounds; i++)); do
		for k in pipe switch; do
			v=$(bench_switch_ns $k env) && echo "$k none $v" >> "$work/off"
			v=$(bench_switch_ns $k "${rec[@]}" --) && echo "$k light $v" >> "$work/off"
			v=$(bench_switch_ns $k "${rec[@]}" -e sched,offcpu --) && echo "$k offcpu $v" >> "$work/off"
			v=$(bench_switch_ns $k "${rec[@]}" -e sched,waker --) && echo "$k waker $v" >> "$work/off"
			v=$(bench_switch_ns $k env MMT_OFFCPU_STACKS=walk "${rec[@]}" -e sched,waker --) && echo "$k walk $v" >> "$work/off"
		done
	done
	sort -k1,2 -k3,3n "$work/off" | awk -v minima="$minima" '
		{ k = $1 " " $2; v[k, ++n[k]] = $3; kind[$1] = 1 }
		function typical(k) { return minima ? v[k, 1] : n[k] % 2 ? v[k, (n[k] + 1) / 2] : (v[k, n[k] / 2] + v[k, n[k] / 2 + 1]) / 2 }
		END {
			print ""
			printf "%-18s %8s %8s %8s %8s %8s   ns of CPU a switch\n", "storm", "untraced", "light", "offcpu", "+ waker", "(walked)"
			for (k in kind) {
				printf "%-18s %8.0f", k, typical(k " none")
				m = split("light offcpu waker walk", t, " ")
				for (i = 1; i <= m; i++)
					printf " %8s", n[k " " t[i]] ? sprintf("%+.0f", typical(k " " t[i]) - typical(k " none")) : "-"
				print ""
			}
		}'
}
