#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 of the collector, and a full disk: what is in the file opens.
# lab: --cpus 2
. /lab/lib
mmt-trace record -a --profile full -o k.mmt > out 2>&1 &
pid=$!
n=0
until grep -q recording out || [ $n = 100 ]; do
	n=$((n + 1))
	usleep 100000
done
mmt-trace workload pipe 5000 > /dev/null
sleep 1
kill -9 $pid
wait $pid 2> /dev/null
mmt-trace report k.mmt > report.txt 2> err || fail "report after kill -9: $(tail -1 err)"
[ -s report.txt ] || fail "no report after kill -9"

mkdir -p /small && mount -t tmpfs -o size=64k none /small
mmt-trace record -a --profile full -o /small/t.mmt -- mmt-trace workload pipe 20000 > out 2>&1
rc=$?
[ $rc != 0 ] || fail "record on a full disk: exit 0"
grep -qi 'space' out || fail "full disk is not named: $(cat out)"
mmt-trace report /small/t.mmt > report2.txt 2> err || fail "report after a full disk: $(tail -1 err)"
finish
