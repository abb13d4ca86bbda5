#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every option that a command's --help names is in its man page, and the reverse.
set -u
cd "$TOP" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }

# options of an mdoc page: the words behind .Fl in the tags of its lists; "Fl -long" is --long
page_options()
{
	sed -n 's/^\.It Fl /Fl /p' "$1" | tr -d '\\&' | awk '
		{ for (i = 1; i < NF; i++) if ($i == "Fl") { o = "-" $(i + 1); sub(/[=,].*/, "", o); print o } }' | sort -u
}

# argp brings these to every command
common='^(-\?|--help|--usage|-V|--version)$'

commands=$(scripts/options.sh "$MMT")
[ -n "$commands" ] || fail "mmt-trace help lists no command"
for c in $commands; do
	page=docs/mmt-trace-$c.1
	[ -f "$page" ] || { fail "$c: no $page"; continue; }
	scripts/options.sh "$MMT" "$c" | grep -vE -- "$common" >"$TMPDIR/help"
	page_options "$page" | grep -vE -- "$common" >"$TMPDIR/page"
	for o in $(comm -23 "$TMPDIR/help" "$TMPDIR/page"); do fail "$page: does not name $o"; done
	for o in $(comm -13 "$TMPDIR/help" "$TMPDIR/page"); do fail "$page: names $o, which $c does not know"; done
	grep -q "^\.Xr mmt-trace-$c 1" docs/mmt-trace.1 || fail "docs/mmt-trace.1: does not name mmt-trace-$c"
	grep -q '^\.Sh EXIT STATUS' "$page" || fail "$page: no EXIT STATUS"
	grep -q '^\.Sh EXAMPLES' "$page" || fail "$page: no EXAMPLES"
done
for page in docs/mmt-trace-*.1; do
	c=${page#docs/mmt-trace-}
	grep -qx "${c%.1}" <<<"$commands" || fail "$page: there is no such command"
done
if command -v mandoc >/dev/null; then
	for page in docs/*.[1357]; do
		# pages that exist only elsewhere and the order of references are matters of taste
		mandoc -T lint -W warning "$page" 2>&1 | grep -vE 'unusual Xr order|referenced manual not found' >"$TMPDIR/lint"
		[ ! -s "$TMPDIR/lint" ] || { cat "$TMPDIR/lint"; fail "$page: mandoc warns"; }
	done
fi
exit $bad
