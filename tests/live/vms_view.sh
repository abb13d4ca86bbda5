#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vms: real QEMU processes, live and from a trace of the same time; the screen on a terminal of its own.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || { echo "skipped: no qemu-system-x86_64"; exit 77; }
"$MMT" check >/dev/null 2>&1 || { echo "skipped: recording is not possible here"; exit 77; }
PTY=$BUILD/tests/tools/pty
bad=0
fail() { echo "FAIL: $*"; bad=1; }
pids=()
stop() { for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done; }
trap stop EXIT
export TERM=xterm
unset COLUMNS

# qemu NAME CPUS MiB: $pid runs firmware without a disk
qemu()
{
	timeout 120 qemu-system-x86_64 -name "guest=$1,debug-threads=on" -accel tcg,thread=multi -smp "$2" -m "$3" -display none -nodefaults \
		-no-user-config -object "memory-backend-ram,id=m,size=$3M,prealloc=on" -machine memory-backend=m >/dev/null 2>"log.$1" &
	pids+=($!)
	for _ in $(seq 100); do
		pid=$(pgrep -P $! qemu-system) && [ "$(find "/proc/$pid/task" -maxdepth 1 2>/dev/null | wc -l)" -gt $((2 + $2)) ] && break
		sleep 0.1
	done
	pids+=("${pid:-1}")
}
qemu mmt-one 2 96
one=$pid
qemu mmt-two 1 32

# cell FILE VM COLUMN [LINE]: of CSV
cell()
{
	awk -F, -v vm="$2" -v col="$3" -v want="${4:-1}" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		$at["vm"] == vm && ++n == want { print $at[col] }' "$1"
}

"$MMT" vms --csv -n 3 -d 1 --vm mmt-one,mmt-two >o 2>e || fail "live: $(cat e)"
[ "$(grep -c '^time_s,vm,' o)" -eq 1 ] || fail "CSV: the heads: $(cat o)"
[ "$(grep -c ',mmt-one,' o)" -eq 3 ] && [ "$(grep -c ',mmt-two,' o)" -eq 3 ] || fail "CSV: three intervals of two machines: $(cat o)"
[ "$(cell o mmt-one vcpus)" = 2 ] || fail "virtual CPUs: $(cell o mmt-one vcpus)"
[ "$(cell o mmt-one pid)" = "$one" ] || fail "pid: $(cell o mmt-one pid), not $one"
# resident memory as the kernel has it, within 2 %; the measurement stands while there is no newer one
rss=$(awk '/^VmRSS/ { print $2 / 1024 }' "/proc/$one/status")
for i in 1 2 3; do
	mib=$(cell o mmt-one mib $i)
	awk -v a="${mib:-0}" -v b="$rss" 'BEGIN { d = a - b; exit !(d < b * .02 && d > -b * .02) }' || fail "interval $i: $mib MiB, VmRSS says $rss"
done

# run time is that of the kernel's own clock of the process
ticks() { awk '{ print $14 + $15 }' "/proc/$one/stat"; }
before=$(ticks)
"$MMT" vms --csv -n 2 -d 2 >o 2>e || fail "live: $(cat e)"
used=$((($(ticks) - before) * 1000 / $(getconf CLK_TCK)))
ran=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $at["vm"] == "mmt-one" { s += $at["run_ns"] } END { print int(s / 1e6) }' o)
# the clock of the process goes on before and after
[ "$ran" -le $((used + 30)) ] || fail "ran $ran ms, by /proc/PID/stat $used ms"

"$MMT" vms -j -n 2 -d 0.5 >o 2>e || fail "live JSON: $(cat e)"
[ "$(wc -l <o)" -eq 2 ] || fail "JSON: $(wc -l <o) lines"
if command -v python3 >/dev/null; then
	python3 - o <<'P' || fail "JSON"
import json, sys
for line in open(sys.argv[1]):
    t = json.loads(line)
    assert t["kind"] == "vms" and t["window"]["name"] == "live"
    assert 0.4e9 < t["window"]["duration_ns"] < 3e9, t["window"]
    one = [v for v in t["vms"] if v["vm"] == "mmt-one"][0]
    assert one["kind"] == "qemu" and one["accel"] == "tcg"
    assert len([v for v in t["vcpus"] if v["vm"] == "mmt-one"]) == 2
    assert t["nodes"]
P
fi

# one that ends and one that begins are in it
"$MMT" vms -n 3 -d 1 --by vm >o 2>e &
live=$!
sleep 0.7
qemu mmt-late 1 16
wait $live || fail "live: $(cat e)"
grep -q '^mmt-late ' o || fail "a machine that began is not there: $(cat o)"

# a trace of it
"$MMT" record -o t.mmt -e vm,place,load -a -- sleep 2 >/dev/null 2>e || fail "record: $(cat e)"
"$MMT" vms t.mmt --csv >o 2>e || fail "of a trace: $(cat e)"
mib=$(cell o mmt-one mib)
awk -v a="${mib:-0}" -v b="$rss" 'BEGIN { d = a - b; exit !(d < b * .02 && d > -b * .02) }' || fail "trace: $mib MiB, VmRSS says $rss"

# the screen: from beginning to end, with keys, a size that changes, and the terminal as it was
if [ -x "$PTY" ]; then
	"$PTY" 24 80 "until VMs, most off-node" "dump a" "resize 10 60" "wait 300" "keys \e[B\e[B" "wait 300" "dump b" "keys q" -- \
		"$MMT" vms -d 0.5 >o 2>e || fail "screen: $(cat o e)"
	grep -q 'status 0, screen main, cursor shown, modes same, overflow 0' o || fail "screen: $(cat o)"
	grep -q 'mmt-one' a || fail "screen: $(cat a)"
	[ "$(wc -L <b)" -le 60 ] || fail "screen of 60 columns: $(cat b)"
	"$PTY" 24 80 "until VMs, most" "signal 15" -- "$MMT" vms -d 0.5 >o 2>e || fail "SIGTERM: $(cat o e)"
	grep -q 'status 0, screen main, cursor shown, modes same' o || fail "SIGTERM: $(cat o)"
fi
# a reader that had enough
timeout 20 "$MMT" vms -d 0.2 2>e | head -n 1 >o
[ ! -s e ] || fail "a reader that ends: $(cat e)"
exit $bad
