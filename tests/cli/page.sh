#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The HTML page: one file, well formed, small, without a network, safe against hostile names, always the same.
set -u
cd "$TOP" || exit 1
bad=0
. tests/cli/page/lib.sh
. tests/cli/page/check.sh
cd "$TMPDIR" || exit 1

# ---------------------------------------------------------------- two arms
two_arms log
"$MMT" compare -d log --html >a.html 2>err || fail "compare --html failed: $(cat err)"
check_page a.html
for part in verdict design benchmark kernel time wait moves iterations glossary; do
	has a.html "<section id=\"$part\""
done
has a.html 'ops/<wbr>s'
has a.html 'iteration 3'
has a.html '>base<'
has a.html 'sched.<wbr>switches'
has a.html 'times a task was switched out'
has a.html 'new/iter-3/bench/trace.mmt'
has a.html 'from CPU 0 to 1'
lacks a.html '>nan<'
lacks a.html 'nan '
has a.html 'of the migrations that were counted'
# the toy scheduler tells every migration as an event
grep -q '100 % of the migrations that were counted\|99.[0-9]* % of the migrations' a.html || fail "the matrix does not cover the migrations"

# the same again; written to a file; whatever the number of threads and the time
"$MMT" compare -d log --html -o b.html || fail "-o failed"
cmp a.html b.html || fail "two pages of the same differ"

# one arm, and traces alone
"$MMT" compare -d log -n base --html >one.html || fail "one arm failed"
check_page one.html
has one.html 'nothing to compare it against'
lacks one.html 'BETTER</'
"$MMT" compare log/base/iter-1/bench/trace.mmt,log/base/iter-2/bench/trace.mmt log/new/iter-1/bench/trace.mmt,log/new/iter-2/bench/trace.mmt \
	--html >traces.html || fail "traces alone failed"
check_page traces.html
has traces.html 'no benchmark results'
"$MMT" compare log/base/iter-1/bench/trace.mmt --html >trace.html || fail "a single trace failed"
check_page trace.html

# a trace that is gone or cut is said, the rest stays
mkdir lame
cp -r log/base log/new lame/
rm lame/base/iter-2/bench/trace.mmt
head -c 3000 log/new/iter-3/bench/trace.mmt >lame/new/iter-3/bench/trace.mmt
"$MMT" compare -d lame --html >lame.html 2>/dev/null || fail "a page without some traces failed"
check_page lame.html
has lame.html 'cut short'

# ------------------------------------------------------------ hostile names
hostile evil
"$MMT" compare -d evil --html >evil.html || fail "hostile names failed"
check_page evil.html
lacks evil.html '<img'
lacks evil.html '<b>"m'
lacks evil.html '<script>document'
has evil.html '&lt;img src=x onerror=alert(1)&gt;&amp;amp;'

# --------------------------------------------------------------- much of all
mkdir big
for arm in a b c; do
	for i in $(seq 10); do
		mkdir -p "big/$arm/iter-$i/bench"
		cp "log/base/iter-$((i % 6 + 1))/bench/trace.mmt" "big/$arm/iter-$i/bench/trace.mmt"
		awk -v i="$i" -v arm="$arm" 'BEGIN {
			for (m = 0; m < 400; m++)
				printf "metric-with-a-long-name-%d\t_\t_\t0\t%g\t_\n", m, 1000 + (m * 7919 + i * 104729 + (arm == "b") * 31) % 997
		}' >"big/$arm/iter-$i/bench/results.tsv"
	done
done
"$MMT" compare -d big -n a,b,c -m all --html >big.html || fail "the big one failed"
check_page big.html
has big.html 'to keep this page small'
echo "bytes: a.html $(stat -c %s a.html), big.html $(stat -c %s big.html)"

# ------------------------------------------------------------------- errors
"$MMT" compare -d log --html -o /nonexistent/x.html 2>err && fail "-o into nothing succeeded"
has err '/nonexistent/x.html: cannot write there'
"$MMT" compare -d log -o x.txt 2>err && fail "-o without --html succeeded"
has err '-o is where --html writes'
[ ! -e x.txt ] || fail "-o without --html wrote"
if [ -w /dev/full ]; then
	"$MMT" compare -d log --html >/dev/full 2>err && fail "a full disk is no error"
	has err 'could not write all of it'
fi
if command -v script >/dev/null; then
	script -qec "'$MMT' compare -d log --html" /dev/null >on_tty 2>&1 && fail "a page on a terminal"
	has on_tty 'nothing for a terminal'
fi

# without traces nothing is said of the kernel, and what could not be seen is for one test alone
"$MMT" compare -d "$TOP/tests/data/mmtests-example/log" -n A,C --html >plain.html || fail "no traces: status $?"
has plain.html 'What the kernel did is not known'
lacks plain.html 'no metric moved for sure'
has plain.html 'gone unseen (power 80 %, before p is adjusted)'

exit $bad
