#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# setup.sh GROUP...: install the packages of these groups of packages.tsv that are missing, and libperf.
# Looks first; calls the package manager only for what is missing. SETUP=no does nothing.
set -u
[ "${SETUP:-yes}" = no ] && exit 0
cd "$(dirname "$0")/.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
DEPS=${DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/mmt-trace}
say() { echo "set-up: $*" >&2; }

if command -v apt-get >/dev/null 2>&1; then
	column=3
elif command -v dnf >/dev/null 2>&1; then
	column=4
elif command -v zypper >/dev/null 2>&1; then
	column=5
else
	column=0
fi

have()
{
	case $1 in
	cmd:cc) command -v "${CC:-cc}" ;;
	cmd:clang) command -v "${CLANG:-clang}" || ls /usr/bin/clang-[0-9]* ;;
	cmd:bpftool) command -v "${BPFTOOL:-bpftool}" ;;
	cmd:*) command -v "${1#cmd:}" ;;
	lib:libperf) # or what it can be built from
		$PKG_CONFIG --exists libperf || ls "$DEPS/libperf/lib/pkgconfig/libperf.pc" ||
			ls -d /usr/src/linux-[0-9]*/tools/lib/perf || [ -n "${KSRC:-}" ]
		;;
	lib:*) $PKG_CONFIG --exists "$(echo "${1#lib:}" | sed 's/>=/ >= /')" ;;
	inc:*) echo "#include <${1#inc:}>" | ${CC:-cc} -E -x c - ;;
	esac >/dev/null 2>&1
}

# rows GROUP... -> probe TAB package, of this distribution (or Debian's names where it is unknown).
# dnf and zypper find a library by its pkg-config module, whatever the package is called by now.
rows()
{
	for group; do
		awk -F '\t' -v g="$group" -v c="$column" '
			$1 != g { next }
			{ package = $(c ? c : 3) }
			c > 3 && $2 ~ /^lib:/ && $2 != "lib:libperf" {
				package = "pkgconfig(" substr($2, 5) ")"
				sub(/>=[0-9.]*/, "", package)
			}
			{ print $2 "\t" package }' scripts/packages.tsv
	done
}

tab=$(printf '\t')
lacking()
{
	rows "$@" | while IFS=$tab read -r probe package; do
		have "$probe" || echo "$package"
	done | grep -v '^-$' | sort -u | tr '\n' ' '
}

# shellcheck disable=SC2086 # a list of packages
install()
{
	case $column in
	3)
		export DEBIAN_FRONTEND=noninteractive
		apt-get install -y -q --no-install-recommends $1 ||
			{ apt-get update -q && apt-get install -y -q --no-install-recommends $1; }
		;;
	4) dnf install -y $1 ;;
	5) zypper --non-interactive install $1 ;;
	esac
}

need=$(lacking "$@")
if [ -n "$need" ]; then
	case $column in
	3) how="apt-get install -y --no-install-recommends" ;;
	4) how="dnf install -y" ;;
	5) how="zypper --non-interactive install" ;;
	*) say "missing (Debian's names): $need"; exit 1 ;;
	esac
	if [ "$(id -u)" -ne 0 ]; then
		say "missing; run as root: $how $need"
		exit 1
	fi
	say "$how $need"
	log=$(mktemp)
	if ! install "$need" >"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		say "could not install all of: $need"
	fi
	rm -f "$log"
	need=$(lacking build)
	if [ -n "$need" ]; then
		say "still missing: $need"
		exit 1
	fi
	need=$(lacking "$@")
	[ -z "$need" ] || say "going on without: $need"
fi

if ! $PKG_CONFIG --exists libperf 2>/dev/null && [ ! -e "$DEPS/libperf/lib/pkgconfig/libperf.pc" ]; then
	mkdir -p "$DEPS"
	scripts/libperf.sh "$DEPS/libperf" || exit 1
fi
