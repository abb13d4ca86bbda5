#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Bad input: one clear line that says what and where, the right exit status, nothing on stdout.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
mmt=${MMT:-${BUILD:-$top/build}/mmt-trace}
case $mmt in /*) ;; *) mmt=$top/$mmt ;; esac
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
bad=0

# STATUS REGEX COMMAND...
expect() {
	status=$1 want=$2
	shift 2
	"$@" >out 2>err </dev/null
	got=$?
	if [ $got -ne "$status" ] || [ "$(wc -l <err)" -ne 1 ] || ! grep -qE "^mmt-trace: .*$want" err; then
		echo "$*: exit $got (want $status), stderr (want one line with: $want):"
		cat err
		bad=1
	fi
	if [ -s out ]; then
		echo "$*: wrote to stdout:"
		head -3 out
		bad=1
	fi
}

printf '[benchmark]\nnmae = x\n' >key.conf
printf '[benchmark]\nname = x\ncommand = true\n[metric m]\npattern = (a\nunit = s\n' >regex.conf
printf 'not a trace' >text
: >empty

expect 2 "no command 'foo'" "$mmt" foo
expect 2 "did you mean 'report'" "$mmt" reprot
expect 125 "no event 'shced'.*there are: sched" "$mmt" record -e shced -- true
expect 125 "no profile 'fulll'" "$mmt" record --profile fulll -- true
expect 125 "duration 'soon'" "$mmt" record --duration soon
expect 125 "'0' is not a list of process ids" "$mmt" record -p 0
expect 125 "key.conf:2: unknown key 'nmae'.*did you mean 'name'" "$mmt" run -c ./key.conf
expect 125 "regex.conf:5: " "$mmt" run -c ./regex.conf
expect 125 "no config 'nope'" "$mmt" run -c nope
expect 2 "MMT_TRACE_CTL is not set" env -u MMT_TRACE_CTL "$mmt" mark here
expect 2 "/nowhere.*has the recording ended" "$mmt" mark -s /nowhere here
for cmd in report info recover export bundle; do
	expect 2 "nothing.mmt: no such file" "$mmt" $cmd nothing.mmt
	expect 2 "text: not a trace" "$mmt" $cmd text
	expect 2 "empty: " "$mmt" $cmd empty
done
expect 2 "format foo: choose csv" "$mmt" export --format foo text
expect 2 "nodir: no such directory" "$mmt" compare -d nodir -b x -n a,b

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$tmp"
	expect 125 "no privilege to load BPF|no kernel type information" \
		setpriv --reuid 65534 --regid 65534 --clear-groups "$mmt" record -o /dev/null -- true
fi
exit $bad
