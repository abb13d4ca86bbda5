#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The HTML page in a browser: no errors, tables that sort, marks that say what they are, a chart, both themes.
set -u
cd "$TOP" || exit 1
bad=0
. tests/cli/page/browser.sh
. tests/cli/page/lib.sh
cd "$TMPDIR" || exit 1

two_arms log
"$MMT" compare -d log --html -o a.html || fail "no page"
hostile evil
"$MMT" compare -d evil --html -o evil.html || fail "no page"

dom a.html a.dom 'for (const b of [0, 0]) { const t = document.getElementById("t-kernel"), h = t.tHead.rows[0].cells[3]; h.querySelector("button").click();
	document.body.dataset["sort" + (document.body.dataset.sort1 ? 2 : 1)] = h.ariaSort + " " + Array.from(t.tBodies[0].rows).map(function (r) { return r.cells[3].dataset.v; }).join(" "); }
	const d = document.querySelector("figure.dots svg"); d.dispatchEvent(new KeyboardEvent("keydown", { key: "End" }));
	document.getElementById("theme").click(); document.body.dataset.theme = document.documentElement.dataset.theme;
	document.body.dataset.plots = document.querySelectorAll("#plot canvas").length;'
grep -q 'data-ready="yes"' a.dom || fail "a.html: its script did not come to its end: $(grep -o '<html[^>]*>' a.dom)"
grep -q 'data-plots="1"' a.dom || fail "a.html: no chart over time"
grep -q 'data-theme="\(dark\|light\)"' a.dom || fail "a.html: the theme does not change"
grep -Eq 'class="readout"[^>]*>new, iteration 6: .*iter-6/bench/trace.mmt' a.dom || fail "a.html: the End key does not say the last iteration"
grep -o 'data-sort[12]="[^"]*"' a.dom | sed 's/.*="\([a-z]*\) \(.*\)"/\1 \2/' | while read -r way values; do
	# shellcheck disable=SC2086
	printf '%s\n' $values | grep -v undefined >v
	if [ "$way" = ascending ]; then sort -g -c v; else sort -gr -c v; fi || echo "$way: not sorted"
	[ "$(wc -l <v)" -gt 5 ] || echo "$way: too few"
	echo "$way" >>ways
done >sorted
[ ! -s sorted ] || { cat sorted; fail "a.html: the table does not sort"; }
[ "$(sort ways | tr '\n' ' ')" = "ascending descending " ] || fail "a.html: ways to sort: $(cat ways)"
dom evil.html evil.dom
grep -q 'data-ready="yes"' evil.dom || fail "evil.html: its script did not come to its end"
! grep -q 'data-evil' evil.dom || fail "evil.html: a name was run as a script"
exit $bad
