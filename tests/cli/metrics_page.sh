#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every metric of the catalogue has its place in the man page, and the page names no other.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
mmt=${MMT:-${BUILD:-$top/build}/mmt-trace}
page=$top/docs/mmt-trace-metrics.7
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$mmt" list metrics --json >"$tmp/json" 2>/dev/null || "$mmt" list metrics >"$tmp/json"
grep -oE '\b(run|sched|blocked|counters|kernel|kvm|load|mm|numa|syscall|trace|vm)\.[a-z0-9_.]+[a-z0-9]' "$tmp/json" | sort -u >"$tmp/have"
grep -E '^\.It Sy ' "$page" | sed 's/^\.It Sy //; s/ , /\n/g' | sort -u >"$tmp/page"
[ -s "$tmp/have" ] || { echo "list metrics printed no metric"; exit 1; }
if ! diff "$tmp/page" "$tmp/have" >"$tmp/diff"; then
	echo "docs/mmt-trace-metrics.7 (<) and mmt-trace list metrics (>) differ:"
	cat "$tmp/diff"
	exit 1
fi
