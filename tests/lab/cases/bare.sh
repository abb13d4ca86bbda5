#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Without tracefs, bpffs and cgroup2 mounted it records all the same.
# lab: --cpus 2
. /lab/lib
umount /sys/kernel/tracing /sys/fs/bpf /sys/fs/cgroup 2> /dev/null
umount /sys/kernel/debug 2> /dev/null
mmt-trace record -a -o t.mmt -- mmt-trace workload pipe 200 > out 2>&1 || fail "record: $(tail -1 out)"
mmt-trace report t.mmt > /dev/null || fail "report: $?"
finish
