#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fuzz the reader for a bounded time: any bytes are read without a crash, a hang or undefined behaviour.
set -u
targets=$(ls "$BUILD"/fuzz/fuzz_* 2>/dev/null | grep -v -- -corpus)
[ -n "$targets" ] || { echo "skipped: no fuzz target was built"; exit 77; }
n=$(echo "$targets" | wc -l)
total=${FUZZ_SECONDS:-20}
FUZZ_SECONDS=$(((total + n - 1) / n)) bash "$TOP/tests/fuzz/run.sh" "$BUILD/fuzz"
