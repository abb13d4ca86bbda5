#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Help, version, unknown words and bad files: one clear line on stderr, the right status, a clean stdout.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

# expect STATUS COMMAND...: leaves stdout in ./o, stderr in ./e
expect()
{
	local want=$1 got

	shift
	"$@" >o 2>e </dev/null
	got=$?
	[ $got -eq "$want" ] || fail "status $got, not $want: $*: $(head -n 3 e)"
}
one_line() { [ "$(wc -l <e)" -eq 1 ] || fail "not one line on stderr: $1: $(cat e)"; }
silent() { [ ! -s o ] || fail "stdout is not clean: $1: $(head -n 2 o)"; }

expect 0 "$MMT" --version
grep -qE '[0-9]+\.[0-9]+\.[0-9]+' o || fail "no version in: $(cat o)"
expect 0 "$MMT" help
commands=$("$TOP/scripts/options.sh" "$MMT")
for c in run record mark info report compare explain export check recover bundle list; do
	grep -qx $c <<<"$commands" || fail "help does not list $c"
done
for c in $commands; do
	expect 0 "$MMT" "$c" --help
	[ -s o ] || fail "$c --help: nothing on stdout"
	[ ! -s e ] || fail "$c --help: something on stderr"
	[ "$(wc -L <o)" -le 100 ] || fail "$c --help: lines longer than 100 columns"
	"$MMT" "$c" --no-such-option >o 2>e </dev/null
	got=$?
	[ $got -eq 2 ] || [ $got -eq 125 ] || fail "$c --no-such-option: status $got"
	silent "$c --no-such-option"
	[ -s e ] || fail "$c --no-such-option: nothing on stderr"
done
expect 2 "$MMT" no-such-command
silent no-such-command
grep -q no-such-command e || fail "the unknown command is not named: $(cat e)"

# files that are no trace
printf 'not a trace at all\n' >text
: >empty
mkdir dir
for c in info report "export --format csv" "recover -o out.mmt"; do
	for f in text empty dir missing; do
		# shellcheck disable=SC2086 # command and options
		expect 2 "$MMT" $c $f
		silent "$c $f"
		one_line "$c $f"
		grep -q "$f" e || fail "$c $f: the file is not named: $(cat e)"
	done
done

# standard output that cannot be written is an error
if [ -w /dev/full ]; then
	"$MMT" help >/dev/full 2>e && fail "help > /dev/full: status 0"
	"$MMT" list >/dev/full 2>e && fail "list > /dev/full: status 0"
fi
exit $bad
