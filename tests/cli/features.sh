#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Feature detection: all is found here; without pkg-config or a compiler each missing thing is one line with packages.
set -u
cd "$TOP" || exit 1
bad=0
fail() { echo "$*"; bad=1; }

scripts/features.sh >"$TMPDIR/o" 2>"$TMPDIR/e" || fail "features.sh: $(cat "$TMPDIR/e")"
for v in CLANG BPFTOOL PKG_LIBS PERF_LIBS; do
	grep -q "^$v := ." "$TMPDIR/o" || fail "features.sh does not set $v"
done

PKG_CONFIG=/bin/false scripts/features.sh >"$TMPDIR/o" 2>"$TMPDIR/e" && fail "no libraries: status 0"
[ ! -s "$TMPDIR/o" ] || fail "no libraries: something on stdout"
for lib in libbpf libelf zlib libtraceevent jansson inih libperf; do
	n=$(grep -c "^missing: $lib.*Fedora: " "$TMPDIR/e")
	[ "$n" -eq 1 ] || fail "no libraries: $n lines about $lib"
done
CC=/bin/false CLANG=/bin/false scripts/features.sh >"$TMPDIR/o" 2>"$TMPDIR/e" && fail "no compiler: status 0"
grep -q '^missing: C compiler' "$TMPDIR/e" || fail "no compiler: not said"
grep -q '^missing: clang' "$TMPDIR/e" || fail "no clang: not said"

# everything is there: set-up calls no package manager (a fake one would be found first)
mkdir "$TMPDIR/bin"
for tool in apt-get dnf zypper; do
	printf '#!/bin/sh\necho "%s $*" >>"%s/called"\nexit 1\n' $tool "$TMPDIR" >"$TMPDIR/bin/$tool"
	chmod +x "$TMPDIR/bin/$tool"
done
PATH=$TMPDIR/bin:$PATH scripts/setup.sh build >"$TMPDIR/o" 2>"$TMPDIR/e" || fail "setup.sh: $(cat "$TMPDIR/e")"
[ ! -e "$TMPDIR/called" ] || fail "setup.sh called $(cat "$TMPDIR/called")"
exit $bad
