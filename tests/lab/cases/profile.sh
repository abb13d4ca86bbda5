#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What samples of the CPUs stand for is the time that they were busy; in the kernel they have its stacks, with names.
# lab: --cpus 2
. /lab/lib

# column FILE NAME: its values
column() {
	awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i; next } at { print $at }' "$1"
}

mmt-trace record -a -e sched,profile,map -F 499 --profile light -o t.mmt -- mmt-trace workload spin 3 > out 2>&1 || fail "record: $(tail -1 out)"
mmt-trace export --table cpu_sample --format csv t.mmt > samples || fail "no samples"
mmt-trace export --table cpu_totals --format csv t.mmt > totals || fail "no totals"
# timers of an emulated machine come late on a busy host, and what they missed is not made up for
by_samples=$(column samples weight | awk '{ s += $1 } END { print s / 1e6 }')
by_clock=$(column totals busy_ns | awk '{ s += $1 } END { print s / 1e6 }')
awk -v a="$by_samples" -v b="$by_clock" 'BEGIN { exit !(b > 2000 && a > 0.3 * b && a < 1.1 * b) }' ||
	fail "samples stand for $by_samples ms, the CPUs were busy for $by_clock ms"
mmt-trace export --table meta --format csv t.mmt | grep -q '^profile.event,cpu-clock\|^profile.event,cycles' || fail "no event in meta"

mmt-trace record -e profile -F 499 -o t.mmt -- dd if=/dev/zero of=/dev/null bs=1M count=4000 > out 2>&1 || fail "record: $(tail -1 out)"
mmt-trace export --table cpu_sample --format csv t.mmt > samples || fail "no samples"
column samples kstack | awk '{ n++; k += $1 > 0 } END { exit !(n > 20 && k > 0.6 * n) }' ||
	fail "few samples of dd have stacks of the kernel: $(wc -l < samples), $(column samples kstack | grep -cv '^0$')"
mmt-trace export --table ksym --format csv t.mmt | grep -q 'zero\|clear_user' || fail "no kernel function of /dev/zero has a name"
finish
