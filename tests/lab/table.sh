#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# table.sh OUT: docs/kernels.md from what cases/kernels.sh prints on each kernel of the lab and on this machine
# (make lab-table). Kernels that are not to be had are left out, and it fails.
set -u
dir=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$dir/../.." && pwd)
BUILD=${BUILD:-$top/build}
case $BUILD in /*) ;; *) BUILD=$top/$BUILD ;; esac
export BUILD
out=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0

files=()
# shellcheck disable=SC2046
for k in $(cut -f1 "$dir/kernels.tab" | grep -v '^#'); do
	opts=$(sed -n 's/^# lab: //p' "$dir/cases/kernels.sh")
	set -- $opts --bin "$BUILD/mmt-trace"
	for lib in "$dir"/cases/*lib; do
		set -- "$@" --file "$lib:/lab/$(basename "$lib")"
	done
	if "$dir/lab" run -k "$k" -o "$tmp/$k" "$@" -- "$dir/cases/kernels.sh" > "$tmp/$k.out" 2> "$tmp/$k.err"; then
		files+=("$tmp/$k/kernels.tsv")
	else
		echo "table: kernel $k: $(tail -n 1 "$tmp/$k.err")" >&2
		bad=1
	fi
done
mkdir "$tmp/here"
if (cd "$tmp/here" && LAB_LIB=$dir/cases LAB_VM=$BUILD/tests/lab/spin.bin PATH=$BUILD:$PATH sh "$dir/cases/kernels.sh" > out 2> err); then
	files+=("$tmp/here/kernels.tsv")
else
	echo "table: this machine: $(tail -n 1 "$tmp/here/err")" >&2
	bad=1
fi
[ ${#files[@]} -gt 0 ] || exit 1
awk -F'\t' -f "$dir/table.awk" "${files[@]}" > "$tmp/table" && cp "$tmp/table" "$out" && exit $bad
