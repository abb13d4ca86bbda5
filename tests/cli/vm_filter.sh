#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# --vm and --vm-match of report, on a trace whose answers are known; what is wrong with them.
set -u
cd "$TMPDIR" || exit 1
tool=$BUILD/tests/tools/vms_trace
[ -x "$tool" ] || { echo "skipped: no $tool"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
# says STATUS TEXT COMMAND...: its status, and one line on stderr with TEXT
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
"$tool" t.mmt vms=4 vcpus=2 nodes=2 seconds=2 || exit 1
"$tool" plain.mmt vms=1 vm=0 || exit 1
# names as the trace has them
mapfile -t names < <("$MMT" export --table vm t.mmt | grep '"found"' | sed 's/.*"name": "\([^"]*\)".*/\1/')
mapfile -t pids < <("$MMT" export --table vm t.mmt | grep '"found"' | sed 's/.*"tgid": \([0-9]*\).*/\1/')
[ "${#names[@]}" = 4 ] || fail "the trace has ${#names[@]} VMs"
# procs OPTIONS...: numbers of the processes in the report
procs() { "$MMT" report --by process --csv t.mmt "$@" | cut -d, -f2 | sed 1d | sort -n | paste -sd' '; }
sorted() { printf '%s\n' "$@" | sort -n | paste -sd' '; }
[ "$(procs --vm "${names[1]}")" = "${pids[1]}" ] || fail "--vm ${names[1]}: $(procs --vm "${names[1]}")"
[ "$(procs --vm "${names[1]},${names[3]}")" = "$(sorted "${pids[1]}" "${pids[3]}")" ] || fail "two VMs: $(procs --vm "${names[1]},${names[3]}")"
[ "$(procs --vm all)" = "$(sorted "${pids[@]}")" ] || fail "all VMs: $(procs --vm all)"
[ "$(procs --vm "${names[0]}" --vm-match "^${names[2]}\$")" = "$(sorted "${pids[0]}" "${pids[2]}")" ] || fail "a name and an expression"
"$MMT" report --vm "${names[1]}" t.mmt | grep -qx "only       VM ${names[1]}: what is told of tasks is told of theirs" || fail "the head does not say it"
"$MMT" report --vm "${names[1]}" --json t.mmt | grep -q "\"only\": \"VM ${names[1]}\"" || fail "JSON does not say it"
# the second VM has its memory on the other node
"$MMT" report --vm "${names[1]}" --numa t.mmt | grep -q "off-node exposure 100.0 %" || fail "exposure: $("$MMT" report --vm "${names[1]}" --numa t.mmt)"
says 2 "no VM 'nobody'; there are: ${names[0]}, " "$MMT" report --vm nobody t.mmt
says 2 "record it with -e vm" "$MMT" report --vm nobody plain.mmt
says 2 "record it with -e vm" "$MMT" report --vm all "$TOP/tests/data/hackbench.mmt"
says 2 "--vm-match (: " "$MMT" report --vm-match '(' t.mmt
says 2 "A|B matches either" "$MMT" report --vm-match a --vm-match b t.mmt
says 2 "goes without --vm" "$MMT" report --vm all --by cpu t.mmt
says 2 "goes without --vm" "$MMT" report --vm all --nodes t.mmt
says 125 "--vm-match (: " "$MMT" record --vm-match '(' -- true
says 125 "--vm-match (: " "$MMT" run --vm-match '(' -- true
exit $bad
