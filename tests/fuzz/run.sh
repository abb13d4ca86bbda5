#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh DIR: run the fuzz targets of DIR for FUZZ_SECONDS each; inputs that crash are kept beside them.
set -u
dir=$(cd "$1" && pwd) || exit 2
seconds=${FUZZ_SECONDS:-20}
export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=1024 UBSAN_OPTIONS=print_stacktrace=1
bad=0
cd "$dir" || exit 2
for t in ./fuzz_*; do
	case $t in *-corpus | *.d) continue ;; esac
	[ -x "$t" ] && [ -f "$t" ] || continue
	if nm "$t" 2>/dev/null | grep -q ' LLVMFuzzerRunDriver$'; then
		mkdir -p "$t-corpus"
		# the seeds come from the build with our own driver
		"../../fuzz/$t" --seeds "$t-corpus" 2>/dev/null
		"$t" -max_total_time="$seconds" -max_len=65536 -timeout=20 -rss_limit_mb=2048 "$t-corpus" || bad=1
	else
		"$t" "$seconds" ${FUZZ_START:+"$FUZZ_START"} || bad=1
	fi
done
exit $bad
