#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A trace of this guest reads the same on the machine that started it, to the byte.
# lab: --nodes 2 --cpus 4
# host: "$MMT" report --top 0 t.mmt > here.txt && cmp report.txt here.txt && "$MMT" report --events -j t.mmt > here.json && cmp events.json here.json
. /lab/lib
mmt-trace record -a --profile full -o t.mmt -- mmt-trace workload pipe 500 > out 2>&1 || fail "record: $(tail -1 out)"
mmt-trace report --top 0 t.mmt > report.txt || fail "report: $?"
mmt-trace report --events -j t.mmt > events.json || fail "report --events: $?"
finish
