#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# libperf.sh DEST: build libperf from the kernel's sources and keep what a build needs in DEST.
# Sources: $KSRC (a tree or a tar.xz), a source package that is installed, else the
# distribution's package, which is downloaded and unpacked but not installed.
set -eu
dest=$1
say() { echo "libperf: $*" >&2; }

tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/mmt-libperf.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# the parts of the tree that tools/lib/perf needs
unpack()
{
	tar -x -C "$tmp" --strip-components=1 --wildcards '*/tools/lib' '*/tools/include' '*/tools/build' \
		'*/tools/scripts' '*/tools/arch' '*/scripts'
}

newest() { ls -d "$@" 2>/dev/null | sort -V | tail -n 1; }

src=${KSRC:-}
[ -n "$src" ] || src=$(newest /usr/src/linux-source-*.tar.xz)
[ -n "$src" ] || src=$(newest /usr/src/linux-[0-9]*/tools/lib/perf | sed 's|/tools/lib/perf$||')
if [ -n "$src" ] && [ -d "$src" ]; then
	say "from $src"
	(cd "$src" && tar -c --exclude='*.o' ./tools/lib ./tools/include ./tools/build ./tools/scripts ./tools/arch ./scripts) |
		tar -x -C "$tmp"
elif [ -n "$src" ]; then
	say "from $src"
	xz -dc "$src" | unpack
elif command -v apt-get >/dev/null 2>&1; then
	pkg=$(apt-cache search --names-only '^linux-source-[0-9]+\.[0-9]+$' | cut -d' ' -f1 | sort -V | tail -n 1)
	if [ -z "$pkg" ]; then
		apt-get update -q >/dev/null
		pkg=$(apt-cache search --names-only '^linux-source-[0-9]+\.[0-9]+$' | cut -d' ' -f1 | sort -V | tail -n 1)
	fi
	[ -n "$pkg" ] || { say "no linux-source package; set KSRC to a kernel source tree"; exit 1; }
	say "from Debian's $pkg (140 MB, downloaded once)"
	chmod 755 "$tmp" # apt's own user looks at it
	(cd "$tmp" && { apt-get download -q "$pkg" || { apt-get update -q && apt-get download -q "$pkg"; }; } >apt.log 2>&1) ||
		{ cat "$tmp/apt.log" >&2; say "cannot download $pkg"; exit 1; }
	deb=$(newest "$tmp"/linux-source-*.deb)
	dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc | unpack
	rm -f "$deb"
else
	say "no kernel sources: set KSRC to a tree or a tar.xz (Fedora: install libperf-devel; openSUSE: kernel-source)"
	exit 1
fi

out=$tmp/out
# MAKEFLAGS of the caller (-n, -j with a jobserver) are not for the kernel's make
if ! env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u BUILD -u V make -s -C "$tmp/tools/lib/perf" prefix="$out" libdir_relative=lib \
	all install_lib install_headers install_pkgconfig >"$tmp/make.log" 2>&1; then
	tail -n 20 "$tmp/make.log" >&2
	say "the kernel's make failed"
	exit 1
fi
cp "$(find "$tmp/tools" -name libapi.a | head -n 1)" "$out/lib/"
rm -f "$out"/lib/libperf.so*
# relative to the file, so that the directory can be moved; the archive leans on libapi
sed -e 's|^prefix=.*|prefix=${pcfiledir}/../..|' -e 's|^libdir=.*|libdir=${prefix}/lib|' \
	-e 's|-lperf.*|-lperf -lapi|' "$out/lib/pkgconfig/libperf.pc" >"$tmp/pc"
mv "$tmp/pc" "$out/lib/pkgconfig/libperf.pc"
mkdir -p "$dest.new.$$"
cp -R "$out/." "$dest.new.$$/"
rm -rf "$dest"
mv "$dest.new.$$" "$dest"
