#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make install under DESTDIR: files are where they belong, the program runs from there, the library can be linked
# by its pkg-config file, and the completion script is bash.
set -u
cd "$TOP" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
dest=$TMPDIR/dest
make -s BUILD="$BUILD" SAN="${SAN:-}" DESTDIR="$dest" prefix=/usr install >"$TMPDIR/log" 2>&1 || { cat "$TMPDIR/log"; exit 1; }
for f in bin/mmt-trace lib/libmmtrace.so.1 lib/libmmtrace.a include/mmtrace.h share/man/man1/mmt-trace.1 \
	share/man/man3/libmmtrace.3 share/man/man5/mmt-trace.conf.5 share/man/man7/mmt-trace-metrics.7 share/mmt-trace/configs/demo.conf \
	share/bash-completion/completions/mmt-trace; do
	[ -s "$dest/usr/$f" ] || { echo "not installed: $f"; exit 1; }
done
bash -n "$dest/usr/share/bash-completion/completions/mmt-trace" || exit 1
"$dest/usr/bin/mmt-trace" --version >/dev/null || exit 1
(cd / && "$dest/usr/bin/mmt-trace" list benchmarks | grep -q hackbench) || { echo "the installed program does not find its configs"; exit 1; }
ldd "$dest/usr/bin/mmt-trace" | grep 'not found' && exit 1

# completion: `mmt-trace rep<TAB>`
# shellcheck source=/dev/null
. "$dest/usr/share/bash-completion/completions/mmt-trace"
COMP_WORDS=(mmt-trace rep) COMP_CWORD=1 COMPREPLY=()
_mmt_trace
[ "${COMPREPLY[*]}" = report ] || { echo "completion of rep: ${COMPREPLY[*]}"; exit 1; }
COMP_WORDS=(mmt-trace run --iter) COMP_CWORD=2 COMPREPLY=()
_mmt_trace
[ "${COMPREPLY[*]}" = --iterations ] || { echo "completion of run --iter: ${COMPREPLY[*]}"; exit 1; }

cat >"$TMPDIR/t.c" <<'C'
#include <mmtrace.h>
int main(void) { size_t n; return !mmt_std_types(&n) || !n; }
C
export PKG_CONFIG_PATH=$dest/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest
[ -z "${SAN:-}" ] || exit 0
# shellcheck disable=SC2046 # a list of flags
${CC:-cc} "$TMPDIR/t.c" -o "$TMPDIR/t" -I"$dest/usr/include" -L"$dest/usr/lib" \
	$(${PKG_CONFIG:-pkg-config} --define-prefix --cflags --libs libmmtrace) || exit 1
LD_LIBRARY_PATH=$dest/usr/lib "$TMPDIR/t"
