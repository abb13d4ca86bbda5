#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On a machine with a node for each CPU every forced migration crosses nodes.
# check: 5
# lab: --nodes 4 --cpus 4
. /lab/lib
mmt-trace record -a --profile full -o t.mmt -- mmt-trace workload --mark migrate 23 > out 2>&1 || fail "record: $(tail -1 out)"
mmt-trace report --mark 'workload start' -j t.mmt > json || fail "report: $?"
grep -q '"sched.migrations.cross_node": 2[3-9]' json || fail "cross-node: $(grep cross_node json)"
grep -q '"sched.migrations.llc": 0' json || fail "same LLC: $(grep migrations.llc json)"
grep -q '"node.count": "4"' json || fail "nodes: $(grep node.count json)"
finish
