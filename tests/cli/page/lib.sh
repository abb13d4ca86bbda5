# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
# What the tests of the page share: results whose traces come from the toy scheduler. Runs in the top directory.
fail() { echo "$*"; bad=1; } # the test exits with $bad
golden=$BUILD/tests/tools/golden
[ -x "$golden" ] || { echo "skipped: tests/tools/golden was not built"; exit 77; }

# put DIR ARM ITERATION SEED LINE...: one iteration with its trace; lines of results.tsv
put()
{
	local dir="$1/$2/iter-$3/bench" seed=$4

	mkdir -p "$dir"
	"$golden" "$dir/trace.mmt" "$seed" || exit 1
	: >"$dir/results.tsv"
	shift 4
	local metric
	for metric; do
		printf '%s\t_\t_\t0\t%s\t_\n' "${metric% *}" "${metric##* }" >>"$dir/results.tsv"
	done
}

# two_arms DIR
two_arms()
{
	local i

	for i in 1 2 3 4 5 6; do
		put "$1" base "$i" "$i" "ops/s $((1000 + i)).5" "time 1$i"
		put "$1" new "$i" "$((i + 50))" "ops/s $((1200 + i)).25" "time 1$((7 - i))"
	done
}

# hostile DIR: names that would like to be more than names
hostile()
{
	local i evil='</script><script>document.documentElement.dataset.evil=1</script>'
	local arm="a\"'><img src=x onerror=alert(1)>&amp;"

	for i in 1 2 3; do
		put "$1" "$arm" "$i" "$i" "<b>\"m'&</b>$evil $i" "-->$evil 5"
		put "$1" 'ok' "$i" "$((i + 9))" "<b>\"m'&</b>$evil 1$i" "-->$evil 6"
	done
}
