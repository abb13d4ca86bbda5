#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# balance on this machine: advice without touching anything, refusals in one line, what the page says of its output.
set -u
cd "$TMPDIR" || exit 1
bad=0
fail() { echo "$*"; bad=1; }
says()
{
	local want=$1 text=$2 got
	shift 2
	"$@" >out 2>err
	got=$?
	[ $got = "$want" ] || fail "$*: status $got, not $want"
	if [ "$(wc -l <err)" != 1 ] || ! grep -qF -- "$text" err; then
		fail "$*: does not say '$text' in one line:"
		cat err
	fi
}
says 2 "--apply moves only what it is told to" "$MMT" balance --apply
says 2 "--undo goes alone" "$MMT" balance --undo --vm all
says 2 "--keep goes with --apply" "$MMT" balance --keep
says 2 "--vm-match (" "$MMT" balance --vm-match '('
says 2 "no VM 'nobody-is-called-so' runs now; there are: " "$MMT" balance --vm nobody-is-called-so
says 2 "no VM '^nobody-is-called-so' runs now; there are: " "$MMT" balance --vm-match '^nobody-is-called-so'
says 2 "--cgroup /nowhere: No such file" "$MMT" balance --cgroup /nowhere
says 2 "--interval 0: a number from" "$MMT" balance --interval 0
says 2 "groups are named by --vm" "$MMT" balance somebody
says 0 "no journal, nothing to undo" "$MMT" balance --undo --journal "$TMPDIR/none"
touch empty
says 0 "0 settings put back" "$MMT" balance --undo --journal "$TMPDIR/empty"
[ ! -e empty ] || fail "an empty journal stays"
# what is no journal is nobody's to change; what cannot be read is not lost
echo "root:x:0:0" >mine
says 2 "mine: is no journal of mmt-trace balance" "$MMT" balance --undo --journal mine
[ "$(cat mine)" = "root:x:0:0" ] || fail "a file that is no journal was changed"
printf 'mmt-trace balance journal 1 %s\nspoilt\n' "$(cat /proc/sys/kernel/random/boot_id)" >spoilt
says 2 "spoilt: line 2 cannot be read" "$MMT" balance --undo --journal spoilt
[ "$(wc -l <spoilt)" = 2 ] || fail "a journal that cannot be read is gone"
printf 'mmt-trace balance journal 1 %s\nspoilt\n' another-boot >older
"$MMT" balance --undo --journal older >out 2>&1 || fail "of another boot: $(cat out)"
grep -q 'older: from before the last boot' out && [ ! -e older ] || fail "of another boot: $(cat out)"

"$MMT" balance -I 0.3 >text 2>err || fail "balance: $(cat err)"
grep -q '^host  .* CPUs; every 0.3 s' text || fail "text: $(cat text)"
grep -q '^cpusets ' text || fail "text: nothing of cpusets"
# one node has nothing to balance; several may have
nodes=$(cat /sys/devices/system/node/node*/cpulist 2>/dev/null | grep -c .)
if [ "$nodes" -le 1 ]; then
	grep -q '^nothing .*one node with CPUs' text || fail "one node: $(tail -n 1 text)"
fi
sleep 100 &
pid=$!
"$MMT" balance -I 0.3 --rounds 2 --ndjson >rounds 2>err || fail "--ndjson: $(cat err)"
[ "$(wc -l <rounds)" = 2 ] || fail "$(wc -l <rounds) lines for 2 rounds"
"$MMT" balance -I 0.3 -j >json 2>err || fail "-j: $(cat err)"
kill $pid
"$MMT" balance -I 0.3 -x , >csv 2>err || fail "-x: $(cat err)"
[ "$(wc -l <csv)" = 1 ] || [ "$nodes" -gt 1 ] || fail "csv: $(cat csv)"
sed -n '/^\.Sh OUTPUT FOR PROGRAMS/,/^\.Sh EXIT STATUS/p' "$TOP/docs/mmt-trace-balance.1" | tr -cs 'a-zA-Z0-9_' '\n' | sort -u >page
{ grep -Eo '"[a-z_0-9]+":' json | tr -d '":'; tr -d '\r' <csv | sed -n 1p | tr ',' '\n'; } | sort -u >names
[ "$(wc -l <names)" -gt 20 ] || fail "few names: $(paste -sd' ' names)"
n=$(comm -23 names page | grep -vx 'exposure_.*' | paste -sd' ')
[ -z "$n" ] || fail "docs/mmt-trace-balance.1 does not say what these are: $n"
# a hierarchy without cpusets is refused, and why is said
if ! awk '$3 == "cgroup2" { print $2 }' /proc/self/mounts | while read -r m; do grep -w cpuset "$m/cgroup.controllers" && break; done | grep -q .; then
	says 2 "--apply needs cpusets of cgroup v2" "$MMT" balance --apply --vm all --journal "$TMPDIR/j"
	[ ! -e j ] || fail "refused, and left a journal"
fi
# without privileges: advice from what is left, and why
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	setpriv --reuid 65534 --clear-groups "$MMT" balance -I 0.3 >text 2>err || fail "without privileges: $(cat err)"
	grep -q '^loads  .*no privilege' text || fail "without privileges: $(cat text)"
fi
exit $bad
