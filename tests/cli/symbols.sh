#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The header's MMT_API functions, the symbol map and the shared library's exports are the same set.
set -u
cd "$TOP" || exit 1
header=$(grep -h -A2 '^MMT_API' libmmtrace/mmtrace.h | grep -oE '\bmmt_[a-z0-9_]+ ?\(' | tr -d ' (' | sort -u)
map=$(sed -n 's/^[[:space:]]*\(mmt_[a-z0-9_]*\);$/\1/p' libmmtrace/libmmtrace.map | sort -u)
so=$(nm -D --defined-only "$BUILD/libmmtrace.so" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort -u)
diff <(echo "$header") <(echo "$map") || { echo "mmtrace.h (<) and libmmtrace.map (>) differ"; exit 1; }
diff <(echo "$map") <(echo "$so") || { echo "libmmtrace.map (<) and the exports of libmmtrace.so (>) differ"; exit 1; }
n=$(readelf -d "$BUILD/libmmtrace.so" | grep -c 'SONAME.*libmmtrace\.so\.1\]')
[ "$n" -eq 1 ] || { echo "no SONAME libmmtrace.so.1"; exit 1; }
