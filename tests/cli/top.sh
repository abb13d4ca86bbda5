#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# top: bad options and no privilege are one clear line, status 2, and leave standard output clean.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

refused() # PATTERN ARGUMENT...
{
	local what=$1 got

	shift
	"$MMT" top "$@" >o 2>e </dev/null
	got=$?
	[ $got -eq 2 ] || fail "top $*: status $got"
	[ ! -s o ] || fail "top $*: stdout: $(head -n 2 o)"
	[ "$(wc -l <e)" -eq 1 ] || fail "top $*: not one line: $(cat e)"
	grep -q "$what" e || fail "top $*: $(cat e)"
}

refused "delay '0'" -d 0
refused "delay 'soon'" -d soon
refused "delay '1x'" -d 1x
refused "delay '1e9'" -d 1e9
refused "delay 'nan'" -d nan
refused "number of intervals" -n 0
refused "number of intervals" -n -1
refused "did you mean 'task'" --by tasks
refused "did you mean 'wait'" --sort wat
refused "'x' is not a list" -p x
refused "'1,' is not a list" -p 1,
refused "'0' is not a list" -t 0
refused "width '5'" -w 5
refused "takes no argument; 'extra'" extra
refused "nowhere" -b -n 1 -G "$TMPDIR/nowhere"

# without privilege
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cp "$MMT" /tmp/mmt-top.$$ && chmod 755 /tmp/mmt-top.$$
	setpriv --reuid 65534 --regid 65534 --clear-groups /tmp/mmt-top.$$ top -b -n 1 >o 2>e </dev/null
	got=$?
	rm -f /tmp/mmt-top.$$
else
	[ "$(id -u)" -ne 0 ] || { echo "skipped: no setpriv to give up privileges with"; exit $((bad ? 1 : 77)); }
	"$MMT" top -b -n 1 >o 2>e </dev/null
	got=$?
fi
[ $got -eq 2 ] || fail "no privilege: status $got"
[ ! -s o ] || fail "no privilege: stdout: $(cat o)"
[ "$(wc -l <e)" -eq 1 ] || fail "no privilege: not one line: $(cat e)"
grep -qE 'privilege|BTF' e || fail "no privilege: $(cat e)"
exit $bad
