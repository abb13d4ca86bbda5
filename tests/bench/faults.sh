# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A storm of page faults on all CPUs, recorded with -e fault; the floor F are empty programs on
# its two tracepoints. Each round runs all four, one after the other.

# CPU time of the storm under a tracer: round tool ns ns_by_the_kernel's_statistics_a_run
# shellcheck disable=SC2154 # set by run.sh
bench_fault_one() {
	local round=$1 t=$2 tracer=() body=- tool=${BPFTOOL:-bpftool}
	case $t in
	none) ;;
	F) tracer=("$bin/floor" -o "$bin/floor.bpf.o" -e "fault,fault_kernel" --) ;;
	light) tracer=("$MMT" record -a --profile light -o "$work/t.mmt" --) ;;
	fault) tracer=("$MMT" record -a --profile light -e fault -o "$work/t.mmt" --) ;;
	esac
	rm -f "$work/in"
	STORM_OUT=$work/in "${tracer[@]}" "$bin/storm" refault $((10000 * size)) > "$work/log" 2>&1
	[ -s "$work/in" ] || { tail -3 "$work/log" >&2; return 1; }
	if [ "$fault_stats" = 1 ] && [ "$round" -le 3 ]; then # a run of its own: the statistics cost time
		"${tracer[@]}" sh -c '"$@" > /dev/null; '"$tool"' prog show > '"$work/progs" sh "$bin/storm" refault $((10000 * size)) \
			> /dev/null 2>&1
		body=$(sed -n 's/.*name \(floor\|mmt\)_fault\(_user\)\? .*run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\3 \4/p' "$work/progs" |
			awk '$2 > 20000 { print $1 / $2 }')
	fi
	awk -v pre="$round $t" -v body="${body:--}" '$1 == "cpu" { print pre, $2, body }' "$work/in" >> "$work/faults"
}

# shellcheck disable=SC2154 # set by run.sh
bench_faults() {
	local r t was='' fault_stats=0 n=$((10000 * size * $(nproc)))
	[ -d /sys/kernel/tracing/events/exceptions ] || { echo "faults    no exceptions tracepoints here" >&2; return 0; }
	: > "$work/faults"
	for ((r = 1; r <= rounds; r++)); do
		for t in none F light fault; do
			bench_fault_one "$r" $t || return 0
		done
	done
	if command -v "${BPFTOOL:-bpftool}" > /dev/null && was=$(cat /proc/sys/kernel/bpf_stats_enabled 2> /dev/null); then
		echo 1 > /proc/sys/kernel/bpf_stats_enabled
		fault_stats=1
		for r in 1 2 3; do
			for t in F fault; do
				bench_fault_one "$r" $t && sed -i '$s/^[0-9]* \([A-Za-z]*\) [0-9]*/s \1 -/' "$work/faults"
			done
		done
		echo "$was" > /proc/sys/kernel/bpf_stats_enabled
	fi
	"$MMT" report --faults --by comm -j "$work/t.mmt" > "$work/faults.json" 2> /dev/null
	awk -v n="$n" -v minima="$minima" '
		function median(list, m, i, j, v, a) {
			m = split(list, a, " ")
			for (i = 2; i <= m; i++)
				for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) { v = a[j]; a[j] = a[j - 1]; a[j - 1] = v }
			if (minima) return a[1]
			return m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2
		}
		FILENAME ~ /json$/ {
			if ($1 == "\"samples\":" && !samples) samples = $2 + 0
			if ($1 == "\"comm\":") storm = $2 ~ /storm/
			if ($1 == "\"minor\":" && storm && !minor) minor = $2 + 0
			next
		}
		$1 == "s" { if ($4 != "-" && (!($2 in body) || $4 < body[$2])) body[$2] = $4; next }
		$2 == "none" { none = $3; cpu = cpu " " $3; next }
		{ l[$2] = l[$2] " " (minima ? $3 : $3 - none) }
		END {
			print ""
			printf "storm of %d page faults, untraced %.0f ns of CPU each\n", n, median(cpu) / n
			split("F light fault", t, " ")
			for (i = 1; i <= 3; i++)
				c[t[i]] = (median(l[t[i]]) - (minima ? median(cpu) : 0)) / n
			printf "%-22s %7.1f ns a fault more\n", "empty programs (F)", c["F"]
			printf "%-22s %7.1f\n", "record, no -e fault", c["light"]
			printf "%-22s %7.1f", "record -e fault", c["fault"]
			if (c["F"] > 0)
				printf "   %.2f x F: <= 1.4 %s", c["fault"] / c["F"], c["fault"] / c["F"] <= 1.4 ? "pass" : "MISS"
			print ""
			if (("F" in body) && ("fault" in body))
				printf "body                   %+7.1f ns beyond the empty program, by the kernel'"'"'s statistics (goal 20)\n",
					body["fault"] - body["F"]
			if (minor)
				printf "counted %d minor faults of %d pages touched; %d samples\n", minor, n, samples
		}' "$work/faults.json" "$work/faults"
}
