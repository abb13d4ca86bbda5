# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# How long each program runs beyond an empty one, by the kernel's own statistics of BPF
# programs. Says nothing of what it does to caches and branches, but is steady on a machine
# where the difference of two runs drowns.

bench_bodies() {
	local was tool=${BPFTOOL:-bpftool} w t
	command -v "$tool" > /dev/null || { echo "bodies    no bpftool" >&2; return 0; }
	was=$(cat /proc/sys/kernel/bpf_stats_enabled 2> /dev/null) || return 0
	echo 1 > /proc/sys/kernel/bpf_stats_enabled
	: > "$work/bodies"
	for _ in 1 2 3; do
		for w in switch pipe; do
			bench_load $w
			for t in F4 light default full; do
				bench_tool $t
				"${tracer[@]}" sh -c '"$@" > /dev/null; '"$tool"' prog show > '"$work/progs" sh "${load[@]}" > /dev/null 2>&1
				sed -n 's/.*name \(floor\|mmt\)_\([a-z_]*\) .*run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\2 \3 \4/p' \
					"$work/progs" | sed "s/^/$w $t /" >> "$work/bodies"
			done
		done
	done
	echo "$was" > /proc/sys/kernel/bpf_stats_enabled
	# Programs that ran a few times only were cold.
	awk '$5 > 20000 {
			k = $1 " " $3
			v = $4 / $5
			if (!((k, $2) in best) || v < best[k, $2])
				best[k, $2] = v
			if (!(k in have)) { have[k] = 1; order[++n] = k }
		}
		END {
			print ""
			printf "%-18s %8s %8s %8s %8s   ns a run beyond the empty program (goal 15)\n", "body of", "empty", "light", "default", "full"
			for (i = 1; i <= n; i++) {
				k = order[i]
				printf "%-18s %8.1f", k, best[k, "F4"]
				m = split("light default full", t, " ")
				for (j = 1; j <= m; j++)
					printf " %8s", ((k, t[j]) in best) ? sprintf("+%.1f", best[k, t[j]] - best[k, "F4"]) : "-"
				print ""
			}
		}' "$work/bodies"
}
