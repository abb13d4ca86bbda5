#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# How often compare's rule is wrong and what it sees, on data with a known truth: within the
# goals of tests/bench/monte_carlo.c. The seeds are fixed, so this does not fail by chance.
set -u
cd "$TMPDIR" || exit 1
tool=$BUILD/bench/monte_carlo
[ -x "$tool" ] || { echo "skipped: no $tool"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

"$tool" 2000 >o || { cat o; fail "a goal is missed"; }
[ "$(grep -cE '^(unblocked|blocks) .* pass$' o)" -eq 16 ] || fail "not 16 cells within the goals"
"$tool" 60 2>&1 | grep -v CPU >one
"$tool" 60 2>&1 | grep -v CPU >two
cmp one two || fail "the same seeds gave other numbers"
"$tool" 0 2>e >o && fail "0 runs are accepted"
exit $bad
