#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The main job on real input: hackbench in two variants, traced, interleaved A B B A ..., then explained and compared.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
work=${DEMO_DIR:-$BUILD/demo}
rm -rf "$work"
"$BUILD/mmt-trace" run -d "$work" ${DEMO_ITERATIONS:+-i "$DEMO_ITERATIONS"} -c configs/demo.conf
"$BUILD/mmt-trace" compare -d "$work" --html -o "$work/report.html"
echo
"$BUILD/mmt-trace" explain -d "$work" -n free,onecpu --top 3
echo
"$BUILD/mmt-trace" compare -d "$work"
echo
echo "The same as a page: $work/report.html"
