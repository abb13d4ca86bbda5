#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Our totals against the kernel's own counters, through tp_btf and raw_tp, with and without events.
# check: 1
# lab: --nodes 2 --cpus 4
. /lab/lib
for probe in tp_btf raw_tp; do
	for profile in light full; do
		mmt-trace record -a --probe $probe --profile $profile -o t.mmt -- mmt-trace workload pipe 2000 > out 2>&1 ||
			fail "record --probe $probe --profile $profile: $(tail -1 out)"
		verified t.mmt
	done
done
finish
