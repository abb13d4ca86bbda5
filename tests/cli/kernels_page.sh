#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/kernels.md is of this program: all its families and metrics and no others, on all kernels of the lab, nothing wrong.
set -u
page=$TOP/docs/kernels.md
bad=0
fail() { echo "$*"; bad=1; }

# rows SECTION: first cells of its table
rows() { awk -F'|' -v s="## $1" '/^## / { on = index($0, s) == 1; next } on && /^\| / && n++ { gsub(/ /, "", $2); print $2 }' "$page"; }
same() # WHAT: stdin against the file
{
	diff "$2" - >"$TMPDIR/diff" || { fail "docs/kernels.md (<) and mmt-trace list $1 (>) differ; make lab-table makes it anew:"; cat "$TMPDIR/diff"; }
}
rows "Families" | sort >"$TMPDIR/families"
same families "$TMPDIR/families" < <("$MMT" list families -x , | sed -n '2,$s/,.*//p' | grep -v '^hot$' | sort)
{ rows "Metrics"; sed -n '/^On each of them:/,/^$/p; /^On none of them/,/^$/p' "$page" | grep -o '`[^`]*`' | tr -d '`'; } | sort >"$TMPDIR/metrics"
same metrics "$TMPDIR/metrics" < <("$MMT" list metrics -x , | sed -n '2,$s/,.*//p' | sort)
[ "$(rows "Totals against" | wc -l)" -ge 12 ] || fail "docs/kernels.md: too few totals"
head=$(grep -m1 '^| family |' "$page")
for k in $(grep -v '^#' "$TOP/tests/lab/kernels.tab" | cut -f1); do
	[ "$k" = new ] || grep -qF "| $k |" <<<"$head" || fail "docs/kernels.md: no kernel $k: $head"
done
columns=$(tr -dc '|' <<<"$head" | wc -c)
grep '^|' "$page" | while IFS= read -r line; do
	[ "$(tr -dc '|' <<<"$line" | wc -c)" = "$columns" ] || echo "docs/kernels.md: not $((columns - 2)) kernels: $line"
done >"$TMPDIR/ragged"
[ ! -s "$TMPDIR/ragged" ] || fail "$(cat "$TMPDIR/ragged")"
! grep '| wrong' "$page" || fail "docs/kernels.md: a total is wrong"
# each reason is told once, and each one told is meant
diff <(grep -o 'not available ([0-9]*)' "$page" | grep -o '[0-9]*' | sort -un) <(sed -n '/^## Not available/,$s/^\([0-9]*\)\. ..*/\1/p' "$page" | sort -n) ||
	fail "docs/kernels.md: reasons of what is not available"
exit $bad
