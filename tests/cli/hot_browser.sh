#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Flame graphs in a browser: zoom by mouse and keys, search and its share, width by either arm; no name is run as a script.
set -u
cd "$TOP" || exit 1
bad=0
fail() { echo "$*"; bad=1; }
. tests/cli/page/browser.sh
made=$BUILD/tests/unit/test_hot views=$BUILD/tests/unit/test_hot_views
[ -x "$made" ] && [ -x "$views" ] || { echo "skipped: tests/unit was not built (cmocka is missing)"; exit 77; }
cd "$TMPDIR" || exit 1
"$made" t.mmt && "$MMT" hot t.mmt --html a.html || fail "no page"
mkdir pages
HOT_PAGES=$PWD/pages "$views" >/dev/null 2>&1 || fail "no pages of test_hot_views"

# what it found is written into attributes of the body
helpers='
const out = document.body.dataset, fig = document.querySelector("figure.flame"), svg = fig.querySelector("svg");
const labels = () => Array.from(svg.querySelectorAll("g[data-i] text")).map(t => t.textContent);
const named = n => Array.from(svg.querySelectorAll("g[data-i]")).find(g => g.textContent.startsWith(n));
const said = () => fig.querySelector(".flame-readout").textContent;
const key = k => svg.dispatchEvent(new KeyboardEvent("keydown", { key: k, cancelable: true }));
const find = t => { const i = fig.querySelector("input"); i.value = t; i.dispatchEvent(new Event("input")); return fig.querySelector(".found").textContent; };
const width = n => Number(named(n).querySelector("rect").getAttribute("width"));
const button = t => Array.from(fig.querySelectorAll("button")).find(b => b.textContent === t);'

dom a.html a.dom "$helpers"'
out.ready = Array.from(document.querySelectorAll("figure.flame")).every(f => f.dataset.ready === "yes");
const full = width("all"), part = width("churn");
out.part = part > 0 && part < full;
out.found = find("MEMCPY"); out.hits = svg.querySelectorAll(".hit").length; out.nothing = find("no such thing"); find("");
named("churn").dispatchEvent(new MouseEvent("click", { bubbles: true }));
out.zoomed = width("churn") === full && !labels().includes("read") && !button("Reset zoom").disabled;
out.above = svg.querySelectorAll(".above").length;
out.foundhere = find("memcpy"); find("");
button("Reset zoom").click();
out.back = width("churn") === part && button("Reset zoom").disabled;
svg.focus(); key("Home"); key("ArrowDown"); out.down = said(); key("ArrowRight"); out.right = said(); key("ArrowLeft"); key("Enter");
out.enter = svg.querySelectorAll(".above").length; key("Escape"); out.escape = svg.querySelectorAll(".above").length;
const y = () => Number(named("all").querySelector("rect").getAttribute("y"));
const top0 = y(); button("Root at the bottom").click(); out.flipped = top0 === 0 && y() > 0;
key("Home"); key("ArrowUp"); out.up = said() === out.down;
out.errors = document.documentElement.dataset.error || "none";'
expect() { grep -q "data-$1=\"$2\"" a.dom || fail "a.html: $1 is not $2: $(grep -oE "data-$1=\"[^\"]*\"" a.dom)"; }
expect ready true
expect part true
expect found '1 frame, 800 faults, 72.7 % of all\|2 frames, 850 faults, 77.2 % of all'
expect nothing 'found nothing'
expect zoomed true
expect above '[1-9]'
expect foundhere '1 frame, 800 faults, 100 % of what is shown'
expect back true
expect down 'demo.*faults, .* of all'
expect right '.*faults, .* of all'
expect enter 1
expect escape 0
expect flipped true
expect up true
expect errors none

dom pages/diff-1.html d.dom "$helpers"'
out.before = width("▲ main"); const by = fig.querySelector("select"), was = by.value; by.value = "0"; by.dispatchEvent(new Event("change"));
out.chosen = was + ">" + by.value + " " + (svg.querySelectorAll("g.l3").length === 1);
svg.focus(); key("Home"); out.said = said(); out.errors = document.documentElement.dataset.error || "none";'
grep -q 'data-chosen="1&gt;0 true"\|data-chosen="1>0 true"' d.dom || fail "diff: no width by the first arm: $(grep -oE 'data-chosen="[^"]*"' d.dom)"
grep -q 'data-said="allbase 1.369 µs, new &amp; &lt;b&gt; 1.768 µs: +29.1 %"' d.dom ||
	fail "diff: says $(grep -oE 'data-said="[^"]*"' d.dom)"
grep -q 'data-errors="none"' d.dom || fail "diff: $(grep -oE 'data-errors="[^"]*"' d.dom)"

dom pages/hot-3.html h.dom "$helpers"'out.errors = document.documentElement.dataset.error || "none";
out.many = document.querySelectorAll("figure.flame")[2].querySelectorAll("g[data-i]").length > 300;'
grep -q 'data-errors="none"' h.dom || fail "many paths: $(grep -oE 'data-errors="[^"]*"' h.dom)"
grep -q 'data-many="true"' h.dom || fail "many paths: few frames"
! grep -q 'data-evil' h.dom d.dom || fail "a name was run as a script"
exit $bad
