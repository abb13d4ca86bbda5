#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fuzz the reader for a bounded time: any bytes are read without a crash, a hang or undefined behaviour.
set -u
shopt -s nullglob
targets=("$TOP"/tests/fuzz/fuzz_*.c)
n=${#targets[@]}
[ -x "$BUILD/fuzz/fuzz_reader" ] || { echo "skipped: no fuzz target was built"; exit 77; }
total=${FUZZ_SECONDS:-20}
FUZZ_SECONDS=$(((total + n - 1) / n)) bash "$TOP/tests/fuzz/run.sh" "$BUILD/fuzz"
