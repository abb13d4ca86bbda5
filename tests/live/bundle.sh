#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A bundled trace shows the same names when the program is gone, or another one, and below a root where nothing is.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
command -v "${CC:-cc}" >/dev/null || { echo "skipped: no C compiler"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }

cat >burn.c <<'C'
#include <time.h>
volatile unsigned long x;
__attribute__((noinline)) void innermost_burn(void) { for (int i = 0; i < 100000; i++) x += i; }
__attribute__((noinline)) void outer_burn(void) { innermost_burn(); __asm__ volatile("" : : : "memory"); }
int main(void)
{
	struct timespec t;

	do {
		outer_burn();
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (!t.tv_sec);
	return 0;
}
C
"${CC:-cc}" -g -O1 -fno-omit-frame-pointer burn.c -o burn || exit 1
mkdir nothing
"$MMT" record -q -e fault,profile,map -F 499 -o plain.mmt -- ./burn >/dev/null 2>log || { cat log; exit 1; }
"$MMT" hot --no-pager plain.mmt >want 2>&1 || fail "hot: $(cat want)"
grep -q 'innermost_burn' want || fail "no innermost_burn in: $(head -20 want)"
"$MMT" bundle -q plain.mmt -o names.mmt || fail "bundle"
cp names.mmt place.mmt
"$MMT" bundle -q place.mmt || fail "bundle in its place, a second time"
"$MMT" record -q --bundle -e profile,map -F 499 -o record.mmt -- ./burn >/dev/null 2>log || fail "record --bundle: $(cat log)"
ls ./*.bundle >/dev/null 2>&1 && fail "something was left behind: $(ls ./*.bundle)"

# the same as a machine that has none of the files: of the plain trace no name is left
"$MMT" hot --no-pager --root "$PWD/nothing" plain.mmt 2>&1 | grep -q innermost_burn && fail "a name out of nothing"
mv burn gone
printf 'int main(void) { return 0; }\n' | "${CC:-cc}" -x c - -o burn
for t in names place; do
	for root in "" "--root=$PWD/nothing"; do
		# shellcheck disable=SC2086 # none or one word
		"$MMT" hot --no-pager $root $t.mmt 2>&1 | sed "s/$t\.mmt/plain.mmt/" >got
		cmp -s want got || fail "$t.mmt $root tells another story: $(diff want got | head -5)"
	done
	"$MMT" info $t.mmt >o 2>&1 || fail "info $t.mmt: $(cat o)"
	grep -qi 'damaged\|unfinished\|cut' o && fail "$t.mmt is not whole: $(cat o)"
done
"$MMT" hot --no-pager --root "$PWD/nothing" record.mmt 2>&1 | grep -q innermost_burn || fail "record --bundle: no innermost_burn"

"$MMT" record -q --bundle -o no.mmt -- true 2>e
[ $? = 125 ] && grep -q 'add -e map' e || fail "record --bundle without mappings: $(cat e)"
"$MMT" run -q -d runs -n b -e profile,map --bundle -- ./gone >o 2>e || fail "run --bundle: $(cat e)"
"$MMT" info runs/b/iter-0/*/trace.mmt | grep -q '^symbol ' || fail "run --bundle: no names"

# what has nothing to name says so, and is left as it was
"$MMT" record -q -o sched.mmt -- true 2>log || fail "record: $(cat log)"
cp sched.mmt before.mmt
"$MMT" bundle sched.mmt >o 2>e
[ $? = 2 ] && [ "$(wc -l <e)" = 1 ] && grep -q 'record with -e map' e || fail "bundle of a trace without mappings: $(cat e)"
cmp -s sched.mmt before.mmt || fail "a trace that could not be bundled was changed"
"$MMT" bundle -q names.mmt -o nowhere/x.mmt 2>e && fail "bundle into no directory"
[ "$(wc -l <e)" = 1 ] || fail "not one line: $(cat e)"
exit $bad
