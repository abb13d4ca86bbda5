#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Traces of every released version are read for ever, to the letter; the example still writes the same trace.
set -u
cd "$TOP" || exit 1
read_events=$BUILD/examples/read_events write_trace=$BUILD/examples/write_trace
[ -x "$read_events" ] && [ -x "$write_trace" ] || { echo "skipped: the examples were not built"; exit 77; }
bad=0
for trace in tests/golden/v*.mmt; do
	"$read_events" "$trace" >"$TMPDIR/out" 2>"$TMPDIR/err" || { echo "$trace: not read"; bad=1; }
	diff -u "${trace%.mmt}.txt" "$TMPDIR/out" | head -20
	cmp -s "${trace%.mmt}.txt" "$TMPDIR/out" || bad=1
	[ ! -s "$TMPDIR/err" ] || { cat "$TMPDIR/err"; bad=1; }
done
# the compressor may pack otherwise in another version; what it packs is the same
"$write_trace" "$TMPDIR/a.mmt" && "$write_trace" "$TMPDIR/b.mmt" || bad=1
cmp "$TMPDIR/a.mmt" "$TMPDIR/b.mmt" || { echo "write_trace wrote two different files"; bad=1; }
"$read_events" "$TMPDIR/a.mmt" | cmp - tests/golden/v1.0.txt || bad=1
# through a pipe, both ways
"$write_trace" - | cmp - "$TMPDIR/a.mmt" || bad=1
"$read_events" - <"$TMPDIR/a.mmt" | cmp - tests/golden/v1.0.txt || bad=1
head -c 2000 "$TMPDIR/a.mmt" | "$read_events" - 2>"$TMPDIR/err" >/dev/null
grep -q 'not closed' "$TMPDIR/err" || { echo "a cut trace read from a pipe is not told as such"; bad=1; }
exit $bad
