#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A CPU goes away and comes back while we record; nothing is lost, the kernel's counts are ours.
# lab: --cpus 4
. /lab/lib
cpu3=/sys/devices/system/cpu/cpu3/online
[ -w $cpu3 ] || { echo "skipped: CPUs cannot be taken offline"; exit 77; }
cat > hot.sh <<END
mmt-trace workload pipe 500 > /dev/null
echo 0 > $cpu3
mmt-trace workload pipe 500 > /dev/null
echo 1 > $cpu3
mmt-trace workload pipe 500 > /dev/null
END
mmt-trace record -a --profile full -o t.mmt -- sh hot.sh > out 2>&1 || fail "record: $(tail -1 out)"
grep -q ' 0 lost' out || fail "lost: $(tail -1 out)"
verified t.mmt 60
finish
