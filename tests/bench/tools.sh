# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The workloads and the tools of run.sh; one measured run is one row of raw.tsv.

bin=$BUILD/bench
peer_events="switch migrate_task wakeup wakeup_new"

bench_build() {
	mkdir -p "$bin"
	"$CC" -O2 -Wall -D_GNU_SOURCE "$here/storm.c" -o "$bin/storm" -lpthread &&
		"$CC" -O2 -Wall -D_GNU_SOURCE "$here/floor.c" -o "$bin/floor" -lbpf &&
		"$CLANG" -target bpf -O2 -g -Wall -idirafter "/usr/include/$("$CC" -dumpmachine)" \
			-c "$here/floor.bpf.c" -o "$bin/floor.bpf.o"
}

# A parallel build of the library: real, noisy, many short-lived processes.
bench_mix() {
	local cc="$CC -O2 -std=gnu11 -D_GNU_SOURCE -c"
	printf '%s' "ls $top/libmmtrace/*.c $top/libmmtrace/*.c | xargs -P $(nproc) -n 1 sh -c '$cc \$0 -o $work/mix.\$\$.o; rm -f $work/mix.\$\$.o'"
}

# Sets the array `load` to the command of a workload.
bench_load() {
	local n=$size
	case $1 in
	empty) load=("$bin/storm" switch 1) ;;
	switch) load=("$bin/storm" switch $((5000 * n))) ;;
	pipe | pipefree) load=("$bin/storm" "$1" $((1500 * n))) ;;
	fault) load=("$bin/storm" fault $((3000 * n))) ;;
	cpu) load=("$bin/storm" cpu $((5 * n))) ;;
	hackbench) load=("$bin/storm" run hackbench -g 2 -l $((10 * n))) ;;
	build) load=("$bin/storm" run sh -c "$(bench_mix)") ;;
	*) return 1 ;;
	esac
}

bench_have() {
	case $1 in
	perf | perfstat) command -v perf > /dev/null ;;
	tracecmd) command -v trace-cmd > /dev/null && [ -d /sys/kernel/tracing/events/sched ] ;;
	*) true ;;
	esac
}

# Sets the array `tracer` to the command line before the workload's.
bench_tool() {
	local e ev=() tev=()
	for e in $peer_events; do
		ev+=(-e "sched:sched_$e")
		tev+=(-e "sched_$e")
	done
	case $1 in
	none) tracer=() ;;
	F2) tracer=("$bin/floor" -o "$bin/floor.bpf.o" -e "switch,migrate" --) ;;
	F4) tracer=("$bin/floor" -o "$bin/floor.bpf.o" -e "switch,migrate,wakeup,wakeup_new" --) ;;
	light | default | full) tracer=("$MMT" record -a --profile "$1" -o "$work/t.$1" --) ;;
	perfstat) tracer=(perf stat -a "${ev[@]}" -o "$work/t.perfstat" --) ;;
	perf) tracer=(perf record -q -a "${ev[@]}" -o "$work/t.perf" --) ;;
	tracecmd) tracer=(bash "$here/tools.sh" trace-cmd record -d -q -b 32768 "${tev[@]}" -o "$work/t.tracecmd") ;;
	*) return 1 ;;
	esac
}

# Where the kernel refuses the function tracer's files, trace-cmd gets empty ones to write to.
bench_tracecmd() {
	# shellcheck disable=SC2016
	exec unshare -m sh -c 'd=$(mktemp -d)
		mount -t tmpfs none "$d"
		for f in set_ftrace_filter set_ftrace_notrace set_ftrace_pid set_ftrace_notrace_pid set_graph_function set_graph_notrace; do
			[ -e /sys/kernel/tracing/$f ] && : > "$d/$f" && mount --bind "$d/$f" /sys/kernel/tracing/$f
		done
		exec trace-cmd "$@"' sh "$@"
}

# Records taken and lost, for the tools that keep them: "SEEN LOST", "-" unknown.
bench_loss() {
	case $1 in
	default | full | light)
		sed -n 's/.* \([0-9]*\) events of .*, \([0-9]*\) lost.*/\1 \2/p' "$work/log" |
			tail -1 | grep . || echo "- -"
		;;
	perf)
		perf report -i "$work/t.perf" --stats 2>/dev/null | awk '
			/^ *SAMPLE events:/ && !s { s = $3 }
			/^ *LOST(_SAMPLES)? events:/ { l += $3 }
			END { print s + 0, l ? "some" : 0 }'
		;;
	tracecmd)
		trace-cmd report --stat "$work/t.tracecmd" 2>/dev/null | awk '
			/overrun:|dropped events:/ { l += $NF } END { print "-", l + 0 }'
		;;
	*) echo "- -" ;;
	esac
}

# One run: round workload tool cpu wall coll_cpu start stop hwm_kb bytes seen lost switches
bench_one() {
	local round=$1 w=$2 t=$3 bytes=- loss='- -'
	bench_load "$w" || { echo "bench: no workload $w" >&2; exit 2; }
	bench_tool "$t" || { echo "bench: no tool $t" >&2; exit 2; }
	rm -rf "$work"/t.*
	rm -f "$work/in" "$work/out"
	STORM_OUT=$work/in STORM_TIME=$work/out "$bin/storm" time "${tracer[@]}" "${load[@]}" > "$work/log" 2>&1
	if [ ! -s "$work/in" ] || [ ! -s "$work/out" ]; then
		echo "bench: $t did not run $w:" >&2
		tail -3 "$work/log" >&2
		return 1
	fi
	[ -e "$work/t.$t" ] && bytes=$(stat -c %s "$work/t.$t")
	# The loss of the slow readers is asked for once.
	case $t in
	perf | tracecmd) [ "$round" = 1 ] && loss=$(bench_loss "$t") ;;
	*) loss=$(bench_loss "$t") ;;
	esac
	awk -v pre="$round $w $t" -v bytes="$bytes" -v loss="$loss" '
		FNR == NR { i[$1] = $2; next } { o[$1] = $2 }
		END {
			print pre, i["cpu"], i["wall"], o["cpu"] - i["cpu"], i["begin"] - o["begin"], o["end"] - i["end"],
				i["parent_hwm_kb"], bytes, loss, i["switches"]
		}' OFS=' ' "$work/in" "$work/out" >> "$raw"
}

# How many events of each kind a workload makes for each switch of its own: workload F2 F4.
# The least of three runs: the counters see the whole machine, and others only add.
bench_calibrate() {
	local w i
	: > "$work/events.tsv"
	for w in ${workloads//,/ }; do
		bench_load "$w" || { echo "bench: no workload $w" >&2; exit 2; }
		: > "$work/ratios"
		for i in 1 2 3; do
			FLOOR_OUT=$work/counts STORM_OUT=$work/in "$bin/floor" -c -o "$bin/floor.bpf.o" \
				-e switch,migrate,wakeup,wakeup_new -- "${load[@]}" > /dev/null 2>&1
			awk '{ n[$1] = $2 } END {
				print n["migrate"] / n["switches"], (n["wakeup"] + n["wakeup_new"]) / n["switches"]
			}' "$work/counts" "$work/in" >> "$work/ratios"
		done
		awk -v w="$w" 'NR == 1 || $1 < m { m = $1 } NR == 1 || $2 < k { k = $2 } END { print "events", w, 1 + m, 1 + m + k }' \
			"$work/ratios" >> "$work/events.tsv"
	done
}

bench_rounds() {
	local r w t n=0 missing=''
	for t in ${tools//,/ }; do
		bench_have "$t" || { missing="$missing $t"; tools=$(tr ',' '\n' <<< "$tools" | grep -vx "$t" | paste -sd,); }
	done
	[ -n "$missing" ] && echo "bench: left out, not here:$missing" >&2
	for ((r = 1; r <= rounds; r++)); do
		for w in empty ${workloads//,/ }; do
			# Every other round backwards: what grows over a round meets all tools alike.
			local order="none F2 F4 ${tools//,/ }"
			[ $((r % 2)) = 0 ] && order=$(tr ' ' '\n' <<< "$order" | tac | paste -sd' ')
			for t in $order; do
				case $t in
				perf | perfstat | tracecmd) [ "$r" -gt "$peer_rounds" ] && continue ;;
				esac
				bench_one "$r" "$w" "$t"
				n=$((n + 1))
			done
			[ -t 2 ] && printf '\rround %d of %d, %s, %d runs   ' "$r" "$rounds" "$w" "$n" >&2
		done
	done
	[ -t 2 ] && printf '\r%60s\r' '' >&2
	return 0
}

if [ "${BASH_SOURCE[0]}" = "$0" ] && [ "${1:-}" = trace-cmd ]; then
	shift
	bench_tracecmd "$@"
fi
