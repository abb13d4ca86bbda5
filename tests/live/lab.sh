#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The lab's cases that say "# check: N" in guests with kernel 6.1, in that order, as many as begin within LAB_SECONDS (120).
# `make lab` runs all of them on all kernels.
set -u
cd "$TOP" || exit 1
[ "$(uname -m)" = x86_64 ] || { echo "skipped: guests of the lab are x86_64"; exit 77; }
! ldd "$MMT" | grep -q 'libasan\|libubsan' || { echo "skipped: the sanitizers are too slow for guests without KVM"; exit 77; }
limit=${LAB_SECONDS:-120}
MMT_LAB_DIR=${MMT_LAB_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mmt-trace-lab} # kept: it is fetched once
export MMT_LAB_DIR
cases=$(sed -n 's/^# check: \([0-9]*\)$/\1/p;T;F' tests/lab/cases/*.sh | paste - - | sort -n | cut -f2)
[ -n "$cases" ] || { echo "no case is for here"; exit 1; }
late='' ran=0 bad=0
for c in $cases; do
	if [ $SECONDS -ge "$limit" ]; then
		late="$late $(basename "$c" .sh)"
		continue
	fi
	tests/lab/lab test -k 6.1 "$c" >out 2>err
	rc=$?
	if [ $rc != 0 ]; then # an emulator on a busy machine stands still now and then: what is wrong is so twice
		grep -v '^lab: ' out
		echo "once more:"
		tests/lab/lab test -k 6.1 "$c" >out 2>err
		rc=$?
	fi
	grep -v '^lab: ' out
	case $rc:$(tail -n 1 out) in
	0:*" 1 passed"*) ran=$((ran + 1)) ;;
	0:*) why=$(sed -n 's/.*skipped: //p' out | head -n 1); : "${why:=$(tail -n 1 err)}" ;;
	*) bad=1; tail -n 5 err ;;
	esac
done
[ -z "$late" ] || echo "not begun within $limit s (make lab runs them):$late"
[ $bad = 0 ] || exit 1
[ $ran -gt 0 ] || { echo "skipped: ${why:-nothing ran}"; exit 77; }
