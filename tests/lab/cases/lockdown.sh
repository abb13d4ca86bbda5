#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A kernel locked down to confidentiality refuses; we say so in few words and exit with 125.
# lab: --cpus 2 --append lockdown=confidentiality
. /lab/lib
grep -q '\[confidentiality\]' /sys/kernel/security/lockdown 2> /dev/null ||
	{ mount -t securityfs none /sys/kernel/security && grep -q '\[confidentiality\]' /sys/kernel/security/lockdown; } ||
	{ echo "skipped: this kernel has no lockdown"; exit 77; }
mmt-trace record -a -o t.mmt -- true > out 2>&1
rc=$?
[ $rc = 125 ] || fail "record under lockdown: exit $rc, not 125"
[ "$(wc -l < out)" -le 3 ] || fail "too many words: $(head -c 600 out)"
grep -qi 'lockdown' out || fail "lockdown is not named: $(cat out)"
finish
