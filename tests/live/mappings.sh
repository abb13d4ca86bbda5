#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e map: where the code of a command came from, by name and build-id, before and after it executes another one.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
build_id() { readelf -n "$1" 2>/dev/null | sed -n 's/.*Build ID: \([0-9a-f]*\).*/\1/p'; }

"$MMT" record -q -e map -o t.mmt -- sh -c 'sleep 0.4; exec sleep 0.4' >/dev/null 2>log || { cat log; exit 1; }
"$MMT" info --raw=meta t.mmt | grep -q 'key=families value="sched map"' || fail "meta does not say that mappings were recorded"
"$MMT" info --raw=mapping t.mmt >rows || fail "info --raw=mapping"
for program in sh sleep; do
	path=$(readlink -f "$(command -v $program)")
	grep "path=$path\$" rows >of || { fail "no mapping of $path"; continue; }
	id=$(build_id "$path")
	[ -z "$id" ] || grep -q "build_id=$id" of || fail "$path: its build-id is $id, the trace says: $(cat of)"
done
grep -q 'path=\[vdso\]$' rows || fail "no vdso"
# the shell became sleep: its mappings ended in one process, and another file's came
sh=$(readlink -f "$(command -v sh)")
epoch=$(grep "path=$sh\$" rows | sed -n 's/.* epoch=\([0-9]*\) .*/\1/p' | sort -u | head -n 1)
grep " epoch=$epoch " rows | grep "path=$sh\$" | grep -qv ' last=0 ' || fail "the shell's mappings did not end"
grep " epoch=$epoch " rows | grep -q "path=$(readlink -f "$(command -v sleep)")\$" || fail "the shell's process did not become sleep"
# its library was loaded after the first look
[ "$(grep " epoch=$epoch " rows | grep 'path=.*/libc[.-]' | awk '{ print $2 }' | sort -u | wc -l)" -eq 2 ] ||
	fail "the C library of the shell, or of sleep, was not seen"
# instructions that fault have names: the function and line of the file that ran, or none
if command -v "${CC:-cc}" >/dev/null; then
	cat >touch.c <<'C'
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static __attribute__((noinline)) void touch_pages(volatile char *p, size_t len)
{
	for (size_t i = 0; i < len; i += 4096)
		p[i] = 1; /* line 8 */
}
int main(void)
{
	for (int k = 0; k < 40; k++) {
		char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		madvise(p, 8 << 20, MADV_NOHUGEPAGE);
		touch_pages(p, 8 << 20);
		munmap(p, 8 << 20);
		usleep(5000);
	}
	return 0;
}
C
	"${CC:-cc}" -g -O1 -Wl,--build-id touch.c -o touch || exit 1
	"$MMT" record -q -e fault,map -o f.mmt -- ./touch >/dev/null 2>log || { cat log; exit 1; }
	ips() { "$MMT" report --faults --json --top 1 f.mmt | sed -n '/"fault_ips"/,/\]/p'; }
	if "$MMT" info --raw=meta f.mmt | grep -q 'key=fault.kinds value=yes'; then
		ips >named
		grep -q '"function": "touch_pages"' named || fail "touch_pages is not the first among what faults: $(cat named)"
		if ! "$MMT" report --faults f.mmt | grep -q 'built without libdw'; then
			grep -q 'touch\.c:8"' named || fail "not line 8: $(cat named)"
		fi
		"${CC:-cc}" -O0 -Wl,--build-id touch.c -o touch
		ips | grep -q 'touch+0x[0-9a-f]*: replaced since\]"' || fail "the program was replaced: $(ips)"
		rm touch
		ips | grep -q 'touch+0x[0-9a-f]*: not there\]"' || fail "the program is gone: $(ips)"
	else
		echo "this kernel shows no faults one by one: their names are not checked"
	fi
fi

# processes that are gone before anybody can look: the kernel told of them, or they are counted
"$MMT" record -e map -o v.mmt -- sh -c 'i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i + 1)); done' >/dev/null 2>log || { cat log; exit 1; }
n=$("$MMT" info --raw=note v.mmt | sed -n 's/.*map: \([0-9]*\) processes ended before.*/\1/p')
if "$MMT" info --raw=meta v.mmt | grep -q 'key=map.source value="\?perf'; then
	[ -z "$n" ] || fail "$n processes are said to have been missed"
	true=$(readlink -f /bin/true)
	"$MMT" info --raw=mapping v.mmt >rows
	[ "$(grep -c "path=$true\$" rows)" -ge 300 ] || fail "of 300 processes that live a moment $(grep -c "path=$true\$" rows) have mappings"
	id=$(build_id "$true")
	[ -z "$id" ] || ! grep "path=$true\$" rows | grep -qv "build_id=$id" || fail "not all have the build-id of $true"
	"$MMT" info --raw=image v.mmt | grep -c 'parent=0$' >n
	[ "$(cat n)" -ge 300 ] || fail "of 300 programs that were executed $(cat n) are told"
else
	[ "${n:-0}" -gt 100 ] && [ "$n" -le 320 ] || fail "of 300 processes that live a moment ${n:-none} are said to have been missed"
fi
# none of it without being asked for
"$MMT" record -q -o u.mmt -- sleep 0.2 >/dev/null 2>log || { cat log; exit 1; }
[ "$("$MMT" info --raw=mapping u.mmt 2>/dev/null | grep -c path=)" -eq 0 ] || fail "mappings without -e map"
exit $bad
