#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# list vms: real QEMU processes, with names of threads and without, with KVM and without; their virtual CPUs.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: the descriptors of others need root"; exit 77; }
command -v qemu-system-x86_64 >/dev/null || { echo "skipped: no qemu-system-x86_64"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
pids=()
stop() { for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done; }
trap stop EXIT
# start NAME-OPTION ACCEL: $pid runs firmware without a disk, with 2 virtual CPUs
start()
{
	timeout 60 qemu-system-x86_64 -name "$1" -accel "$2" -smp 2 -m 32 -display none -nodefaults -no-user-config >/dev/null 2>"log.$2" &
	pids+=($!)
	for _ in $(seq 100); do
		pid=$(pgrep -P $! qemu-system) && [ "$(find /proc/"$pid"/task -maxdepth 1 2>/dev/null | wc -l)" -gt 3 ] && break
		sleep 0.1
	done
	[ -n "$pid" ] && pids+=("$pid")
}
# cell PID COLUMN
cell() { "$MMT" list vms --json | tr -d '\n' | grep -o "{[^{}]*\"pid\": $1,[^{}]*}" | sed -n "s/.*\"$2\": \"\{0,1\}\([^\",}]*\).*/\1/p"; }

start guest=mmt-tcg,debug-threads=on tcg,thread=multi
[ "$(cell "$pid" vm)" = mmt-tcg ] || fail "the VM without KVM is called '$(cell "$pid" vm)'"
[ "$(cell "$pid" accel)" = tcg ] || fail "TCG is '$(cell "$pid" accel)'"
[ "$(cell "$pid" known)" = 2 ] || fail "TCG: $(cell "$pid" known) virtual CPUs known, not 2"
for tid in $(cell "$pid" threads); do
	grep -q '^CPU [01]/TCG$' "/proc/$pid/task/$tid/comm" || fail "thread $tid is $(cat "/proc/$pid/task/$tid/comm")"
done
if [ -w /dev/kvm ]; then
	start guest=mmt-kvm,debug-threads=on kvm
	[ "$(cell "$pid" vcpus)" = 2 ] && [ "$(cell "$pid" known)" = 2 ] && [ "$(cell "$pid" accel)" = kvm ] || fail "KVM: $("$MMT" list vms)"
	start mmt-bare kvm
	[ "$(cell "$pid" vm)" = mmt-bare ] && [ "$(cell "$pid" vcpus)" = 2 ] || fail "KVM, threads without names: $("$MMT" list vms)"
	# the second CPU waits for the first one to wake it: it is in KVM_RUN, and asleep
	for _ in $(seq 20); do
		known=$(cell "$pid" known)
		[ "${known:-0}" -ge 1 ] && break
		sleep 0.1
	done
	[ "${known:-0}" -ge 1 ] || fail "KVM, threads without names: none was seen in KVM_RUN"
else
	echo "no /dev/kvm: VMs without KVM only"
fi
exit $bad
