#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# uplot.sh [refresh VERSION]: check third_party/uplot against its checksums; with refresh, fetch that
# release from the npm registry (npm checks it against the registry's own hash) and write them anew.
set -eu
cd "$(dirname "$0")/../third_party/uplot"
files="LICENSE VERSION uPlot.iife.min.js uPlot.min.css"

case ${1:-check} in
check)
	sha256sum --quiet -c SHA256SUMS
	;;
refresh)
	version=${2:?which version?}
	tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/mmt-uplot.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 1' HUP INT TERM
	(cd "$tmp" && npm pack --silent "uplot@$version" >/dev/null && tar -xzf "uplot-$version.tgz")
	grep -q "v$version" "$tmp/package/dist/uPlot.iife.min.js" || { echo "uplot: this is not version $version" >&2; exit 1; }
	grep -q 'MIT License' "$tmp/package/LICENSE" || { echo "uplot: the licence is not MIT's" >&2; exit 1; }
	cp "$tmp/package/LICENSE" "$tmp/package/dist/uPlot.iife.min.js" "$tmp/package/dist/uPlot.min.css" .
	echo "$version" >VERSION
	# shellcheck disable=SC2086
	sha256sum $files >SHA256SUMS
	;;
*)
	echo "usage: uplot.sh [check | refresh VERSION]" >&2
	exit 2
	;;
esac
