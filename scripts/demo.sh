#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The main job on real input: hackbench in two variants, traced, interleaved A B B A ..., then compared.
set -eu
cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
work=${DEMO_DIR:-$BUILD/demo}
rm -rf "$work"
"$BUILD/mmt-trace" run -d "$work" ${DEMO_ITERATIONS:+-i "$DEMO_ITERATIONS"} -c configs/demo.conf
echo
"$BUILD/mmt-trace" compare -d "$work"
