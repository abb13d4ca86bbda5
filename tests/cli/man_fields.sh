#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What programs read is in the manual: every member of the JSON and every column of the CSV of compare, gate, explain, aa, plan.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
golden=$BUILD/tests/tools/golden
[ -x "$golden" ] || { echo "skipped: no $golden"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }

for arm in a b; do
	for i in 1 2 3 4 5; do
		dir=log/$arm/iter-$i/bench
		mkdir -p "$dir"
		"$golden" "$dir/trace.mmt" $((i * 3 + ${#arm} + ($(printf %d "'$arm") - 97) * 7)) || exit 1
		printf 'time\t_\t_\t0\t%s%s.5\t_\n' $((1 + ($(printf %d "'$arm") - 97))) $i >"$dir/results.tsv"
		printf 'time\ts\tlower\n' >"$dir/metrics.tsv"
	done
done

# words PAGE: those of its part on output, one a line
words() { sed -n '/^\.Sh OUTPUT FOR PROGRAMS/,/^\.Sh EXIT STATUS/p' "$TOP/docs/mmt-trace-$1.1" | tr -cs 'a-zA-Z0-9_' '\n' | sort -u; }

# fields COMMAND OPTION...
fields()
{
	local c=$1 n

	shift
	words "$c" >page
	"$MMT" "$c" -d log "$@" --json >json 2>err
	"$MMT" "$c" -d log "$@" --csv 2>err | sed -n 1p | tr -d '\r' | tr ',' '\n' >names
	[ -s json ] && [ -s names ] || { fail "$c: nothing printed: $(cat err)"; return; }
	# n_2pct and the like follow the one that is described
	grep -Eo '"[a-z_0-9]+":' json | tr -d '":' | cat - names | sed -E 's/^(n|n_hi)_[0-9.]+pct$/\1_1pct/; s/^sees_[0-9]+_pct$/sees_3_pct/' |
		sort -u >all
	n=$(comm -23 all page | paste -sd' ')
	[ -z "$n" ] || fail "docs/mmt-trace-$c.1 does not say what these are: $n"
	[ "$(grep -c . all)" -gt 10 ] || fail "$c: few fields: $(cat all)"
}
fields compare -n a,b
fields gate -n a,b --max time=1
fields explain -n a,b
fields explain -n a,b --carriers
for arm in a b; do
	dir=hot/$arm/iter-1/bench
	mkdir -p "$dir"
	"$BUILD/tests/tools/hot_trace" "$dir/trace.mmt" 1000 10 1 f=500 g=300 h=20b sys:read=5 || exit 1
	printf 'time\t_\t_\t0\t1\t_\n' >"$dir/results.tsv"
done
fields hot --diff -d hot -n a,b
fields aa -n a,b --no-save
fields plan -n a,b --effect 3
exit $bad
