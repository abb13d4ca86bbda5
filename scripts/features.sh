#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Find compilers and libraries by compiling small programs; print make variables.
# One line on stderr for each thing that is missing, with the packages that bring it.
set -u
cd "$(dirname "$0")/.." || exit 1
CC=${CC:-cc}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
DEPS=${DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/mmt-trace}
PATH=$PATH:/usr/sbin:/sbin
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

# missing PROBE WHY: name the packages of the row of packages.tsv that PROBE stands in
missing()
{
	awk -F '\t' -v probe="$1" -v why="$2" '
		$2 == probe { printf "missing: %s%s (Debian: %s; Fedora: %s; openSUSE: %s)\n", $6, why, $3, $4, $5 }
	' scripts/packages.tsv >&2
	bad=1
}

# try_c CFLAGS LIBS: compile and link the program on stdin
try_c()
{
	cat >"$tmp/t.c"
	# shellcheck disable=SC2086 # lists of flags
	$CC $1 "$tmp/t.c" -o "$tmp/t" $2 >"$tmp/log" 2>&1
}

# try_lib MODULE: flags of a pkg-config module, then the program on stdin with them
try_lib()
{
	cat >"$tmp/prog.c"
	cflags=$($PKG_CONFIG --cflags "$1" 2>/dev/null) && libs=$($PKG_CONFIG --libs "$1" 2>/dev/null) &&
		try_c "$cflags" "$libs" <"$tmp/prog.c"
}

# need MODULE PROBE: a library that there is no way round
need()
{
	if try_lib "$1"; then
		PKG_CFLAGS="$PKG_CFLAGS $cflags"
		PKG_LIBS="$PKG_LIBS $libs"
	else
		missing "$2" ""
	fi
}

# want MODULE DEFINE: a library that something small is left out without; "-lNAME" where it has no pkg-config module
want()
{
	case $1 in
	-l*) cat >"$tmp/prog.c"; cflags='' libs=$1; try_c '' "$1" <"$tmp/prog.c" ;;
	*) try_lib "$1" ;;
	esac || return 0
	PKG_CFLAGS="$PKG_CFLAGS $cflags -D$2"
	PKG_LIBS="$PKG_LIBS $libs"
}

if ! printf 'int main(void) { return 0; }\n' | try_c '' ''; then
	missing cmd:cc ": \`$CC\` does not build a program"
	missing inc:stdio.h ""
fi
command -v "$PKG_CONFIG" >/dev/null 2>&1 || missing cmd:pkg-config ""

PKG_CFLAGS=
PKG_LIBS=

need libbpf 'lib:libbpf>=1.1' <<'C'
#include <bpf/libbpf.h>
#if LIBBPF_MAJOR_VERSION < 1 || (LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION < 1)
#error too old
#endif
int main(void) { return bpf_object__open_mem(0, 0, 0) != 0; }
C
need libelf lib:libelf <<'C'
#include <libelf.h>
int main(void) { return elf_version(EV_CURRENT) == EV_NONE; }
C
need zlib lib:zlib <<'C'
#include <zlib.h>
int main(void) { return crc32(0, 0, 0) != 0; }
C
need liblzma lib:liblzma <<'C'
#include <lzma.h>
int main(void) { return lzma_version_number() == 0; }
C
need libtraceevent lib:libtraceevent <<'C'
#include <event-parse.h>
int main(void) { tep_free(tep_alloc()); return 0; }
C
need jansson lib:jansson <<'C'
#include <jansson.h>
int main(void) { json_decref(json_object()); return 0; }
C
need inih lib:inih <<'C'
#include <ini.h>
int main(void) { return ini_parse("", 0, 0) == 0; }
C
want libdw MMT_HAVE_LIBDW <<'C'
#include <elfutils/libdw.h>
int main(void) { return dwarf_end(0); }
C
want -liberty MMT_HAVE_IBERTY <<'C'
#include <libiberty/demangle.h>
int main(void) { return rust_demangle("x", 0) || cplus_demangle_v3("x", 0); }
C

# libperf: the distribution's, else ours
PERF_CFLAGS=
PERF_LIBS=
cat >"$tmp/perf.c" <<'C'
#include <perf/core.h>
#include <perf/evlist.h>
#include <perf/evsel.h>
#include <perf/cpumap.h>
#include <perf/threadmap.h>
int main(void) { libperf_init(0); perf_evlist__delete(perf_evlist__new()); return 0; }
C
if try_lib libperf <"$tmp/perf.c"; then
	PERF_CFLAGS=$cflags
	PERF_LIBS=$libs
else
	PKG_CONFIG_PATH=$DEPS/libperf/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
	export PKG_CONFIG_PATH
	if try_lib libperf <"$tmp/perf.c"; then
		PERF_CFLAGS=$cflags
		PERF_LIBS=$libs
	else
		echo "missing: libperf (Fedora: libperf-devel; where there is no package: \`make setup\`" \
			"builds it from the kernel's source package)" >&2
		bad=1
	fi
fi

# BPF: clang with the target, bpftool that can link objects
CLANG=${CLANG:-$(command -v clang || ls /usr/bin/clang-[0-9]* 2>/dev/null | sort -V | tail -n 1)}
machine=$(uname -m)
case $machine in
x86_64) BPF_ARCH=x86 ;;
aarch64) BPF_ARCH=arm64 ;;
ppc64le) BPF_ARCH=powerpc ;;
s390x) BPF_ARCH=s390 ;;
riscv64) BPF_ARCH=riscv ;;
*) BPF_ARCH=$machine ;;
esac
# asm/types.h stands in the multiarch directory on Debian
BPF_INCLUDES=
multiarch=$($CC -print-multiarch 2>/dev/null || :)
[ -n "$multiarch" ] && [ -d "/usr/include/$multiarch" ] && BPF_INCLUDES="-idirafter /usr/include/$multiarch"
if [ -z "$CLANG" ] || ! printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' \
	'SEC("raw_tp/x") int f(void *ctx) { return ctx != 0; }' |
	$CLANG -target bpf -O2 -g $BPF_INCLUDES -x c -c - -o "$tmp/t.o" 2>"$tmp/log"; then
	missing cmd:clang ""
fi
BPFTOOL=${BPFTOOL:-$(command -v bpftool || :)}
if [ -z "$BPFTOOL" ]; then
	missing cmd:bpftool ""
elif [ -s "$tmp/t.o" ] && ! { "$BPFTOOL" gen object "$tmp/t2.o" "$tmp/t.o" &&
	"$BPFTOOL" gen skeleton "$tmp/t2.o"; } >"$tmp/log" 2>&1; then
	missing cmd:bpftool ": $BPFTOOL has no \`gen object\`"
fi

if [ $bad -ne 0 ]; then
	echo "run \`make setup\` as root to install what is missing" >&2
	exit 1
fi
cat <<MK
# made by scripts/features.sh
CLANG := $CLANG
BPFTOOL := $BPFTOOL
BPF_ARCH := $BPF_ARCH
BPF_INCLUDES := $BPF_INCLUDES
PKG_CFLAGS := $PKG_CFLAGS
PKG_LIBS := $PKG_LIBS
PERF_CFLAGS := $PERF_CFLAGS
PERF_LIBS := $PERF_LIBS
MK
