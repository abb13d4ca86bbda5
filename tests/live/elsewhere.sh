#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A trace opens as an unprivileged user without BTF, BPF, tracefs or /proc of its tasks, with
# the same report to the byte; and so does one whose collector was killed.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
mmt=${MMT:-${BUILD:-$top/build}/mmt-trace}
case $mmt in /*) ;; *) mmt=$top/$mmt ;; esac

[ "$(id -u)" -eq 0 ] || { echo "skipped: recording needs root"; exit 77; }
"$mmt" check >/dev/null 2>&1 || { echo "skipped: recording is not possible here (mmt-trace check says why)"; exit 77; }
# unshare's own way of making all mounts private wants / to be a mount point, which it is not in a chroot
apart() {
	unshare -m --propagation unchanged sh -c 'mount --make-rprivate /sys && "$@"' sh "$@"
}
apart true 2>/dev/null || { echo "skipped: cannot make a mount namespace"; exit 77; }

tmp=$(TMPDIR=/tmp mktemp -d) # where another user gets to
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cp "$mmt" "$tmp/mmt-trace"

"$mmt" record -q -a --profile full -o "$tmp/t.mmt" -- "$mmt" workload pipe 20000 >/dev/null
"$mmt" record -q -a --profile full -o "$tmp/k.mmt" --duration 60 &
sleep 1.2
kill -KILL $!
wait $! 2>/dev/null || true
chmod 644 "$tmp"/*.mmt

elsewhere() {
	apart sh -c 'mount -t tmpfs none /sys && cd / && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
		env -i PATH=/usr/bin:/bin "$@"' sh "$tmp/mmt-trace" "$@"
}

bad=0
for f in t k; do
	for cmd in report "report --by process" "report --events" "report --verify" info "export --format ndjson" \
		"export --format csv" "export --format perf-script" "export --format csv --table task_totals"; do
		"$mmt" $cmd "$tmp/$f.mmt" >"$tmp/here" 2>"$tmp/here.err" || { echo "$cmd $f.mmt: failed here"; bad=1; }
		elsewhere $cmd "$tmp/$f.mmt" >"$tmp/there" 2>"$tmp/there.err" || { echo "$cmd $f.mmt: failed there"; bad=1; }
		cmp "$tmp/here" "$tmp/there" || { echo "$cmd $f.mmt: differs"; bad=1; }
		[ -s "$tmp/here" ] || { echo "$cmd $f.mmt: printed nothing"; bad=1; }
		lines=$(wc -l <"$tmp/here.err")
		if [ $f = k ] && [ "$lines" -ne 1 ]; then
			echo "$cmd of a killed trace: $lines lines on stderr, want one:"
			cat "$tmp/here.err"
			bad=1
		fi
	done
done
"$mmt" recover "$tmp/k.mmt" -o "$tmp/r.mmt" >/dev/null 2>&1 || { echo "recover failed"; bad=1; }
"$mmt" report "$tmp/r.mmt" >"$tmp/there" 2>"$tmp/there.err"
[ ! -s "$tmp/there.err" ] || { echo "a recovered trace still complains:"; cat "$tmp/there.err"; bad=1; }
exit $bad
