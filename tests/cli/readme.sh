#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What README says exists: packages as in packages.tsv, directories, make targets, commands and their options.
set -u
cd "$TOP" || exit 1
bad=0
fail() { echo "$*"; bad=1; }

packages() # COLUMN: of the groups that a build needs
{
	awk -F '\t' -v c="$1" '$1 == "build" && $c != "-" { print $c }' scripts/packages.tsv | sort -u | tr '\n' ' ' | sed 's/ $//'
}
for row in "Debian 12, 13:3" Fedora:4 openSUSE:5; do
	want="| ${row%:*} | \`$(packages "${row#*:}")\` |"
	grep -qxF "$want" README.md || fail "README.md: the packages of ${row%:*} are not those of packages.tsv; it should say:"$'\n'"$want"
done
for d in $(sed -n 's/^| `\([a-z]*\/\)` .*/\1/p' README.md); do
	[ -d "$d" ] || fail "README.md: no directory $d"
done
for t in $(grep -ohE '(^|`)make [a-z -]+' README.md | sed 's/`//; s/^make //; s/ -.*//'); do
	grep -qE "^$t:" Makefile || fail "README.md: no target $t in Makefile"
done
if [ -x "$MMT" ]; then
	grep -E '^mmt-trace [a-z]+' README.md | sed 's/ -- .*//; s/ --run .*/ --run/; s/#.*//' | while read -r _ c args; do
		"$TOP/scripts/options.sh" "$MMT" | grep -qx "$c" || echo "README.md: no command $c"
		for a in $args; do
			case $a in --*) a=${a%%=*} ;; -?) ;; *) continue ;; esac
			"$TOP/scripts/options.sh" "$MMT" "$c" | grep -qxF -- "$a" || echo "README.md: $c does not know $a"
		done
	done >"$TMPDIR/said"
	[ ! -s "$TMPDIR/said" ] || fail "$(cat "$TMPDIR/said")"
fi
exit $bad
