#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What recording costs, against the floor and against other tools. See usage below.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
BUILD=${BUILD:-$top/build}
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac
CLANG=${CLANG:-clang} CC=${CC:-cc}

usage() {
	cat <<'END'
usage: tests/bench/run.sh [options]
  -w LIST   workloads (switch,pipe,pipefree,hackbench,cpu,build,fault,pages,profile)
  -t LIST   tools (light,default,full,perfstat,tracecmd,perf)
  -r N      rounds of the mmt-trace profiles and floors (7)
  -p N      rounds of the other tools, at most -r (3)
  -s N      size of the workloads in percent (100)
  -a N      million events of the trace whose analysis is timed (8; 0: skip)
  -c N      runs a cell of the simulation that checks the verdicts of compare (4000; 0: skip)
  -m        minima instead of medians: for a machine that is not ours alone
  -k        keep the raw numbers and traces, and say where
  -q        quick: 3 rounds, 1 of the others, half size, 2 million events; the simulation is whole

Each round runs every workload once under each tool, so that the machine's moods meet
all tools alike. Of a tool's cost only differences to the untraced run of the same
round count:
  cost    = median over rounds of (CPU of the workload traced - untraced) / events
  F       = the cost of empty tp_btf programs on the tracepoints that the tool uses
            (F2: switch, migrate; F4: also wakeup, wakeup_new)
            The storm of page faults has a table of its own, for record -e fault, and so have new pages (-e numa)
            and -e profile.
  x F     = cost / F.  "-": F is within the noise there, a ratio would say nothing
  slow %  = cost beyond that of F, in percent of the untraced CPU, with its 95 % CI
CPU of the workload is user + system time of its own processes by getrusage(); that of
the tool ("coll.") is all the rest of the tree, less what an empty run of the tool takes. Events are counted once by counting
programs. Speed is shown, never asserted: exit status is 0 if everything ran.
END
}

minima=0
workloads=switch,pipe,pipefree,hackbench,cpu,build,fault,pages,profile
tools=light,default,full,perfstat,tracecmd,perf
rounds=7 peer_rounds=3 size=100 analysis=8 simulated=4000 keep=0
while getopts w:t:r:p:s:a:c:mkqh opt; do
	case $opt in
	w) workloads=$OPTARG ;;
	t) tools=$OPTARG ;;
	r) rounds=$OPTARG ;;
	p) peer_rounds=$OPTARG ;;
	s) size=$OPTARG ;;
	a) analysis=$OPTARG ;;
	c) simulated=$OPTARG ;;
	m) minima=1 ;;
	k) keep=1 ;;
	q) rounds=3 peer_rounds=1 size=50 analysis=2 ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
[ "$peer_rounds" -gt "$rounds" ] && peer_rounds=$rounds

MMT=${MMT:-$BUILD/mmt-trace}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mmt-bench.XXXXXX")
raw=$work/raw.tsv
# shellcheck disable=SC2329 # called by the trap
finish() {
	if [ "$keep" = 1 ]; then
		echo "raw numbers and traces: $work" >&2
	else
		rm -rf "$work"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM

[ -x "$MMT" ] || { echo "bench: no $MMT; build it first (make)" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "bench: recording needs root" >&2; exit 1; }

# shellcheck source=tests/bench/tools.sh
. "$here/tools.sh"
# shellcheck source=tests/bench/analysis.sh
. "$here/analysis.sh"

# shellcheck source=tests/bench/bodies.sh
. "$here/bodies.sh"
# shellcheck source=tests/bench/families.sh
. "$here/families.sh"
# shellcheck source=tests/bench/offcpu.sh
. "$here/offcpu.sh"
# shellcheck source=tests/bench/faults.sh
. "$here/faults.sh"
# shellcheck source=tests/bench/profile.sh
. "$here/profile.sh"

bench_build || exit 1
others=$(tr ',' '\n' <<< "$workloads" | grep -vxE 'fault|pages|profile' | paste -sd,)
if [ -n "$others" ]; then
	all=$workloads workloads=$others
	bench_calibrate
	bench_rounds
	awk -v cpus="$(nproc)" -v minima="$minima" -f "$here/table.awk" "$work/events.tsv" "$raw"
	bench_bodies
	bench_families
	bench_offcpu
	workloads=$all
fi
case ,$workloads, in *,fault,*) bench_faults ;; esac
case ,$workloads, in *,pages,*) bench_pages ;; esac
case ,$workloads, in *,profile,*) bench_profile ;; esac
[ "$analysis" -gt 0 ] && bench_analysis
[ "$simulated" -gt 0 ] && bench_verdicts
exit 0
