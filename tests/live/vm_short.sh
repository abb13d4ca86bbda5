#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e vm: what is a virtual machine for a few milliseconds is known all the same, with its virtual CPUs and what they
# ran; what could not be looked at in time is counted. Processes made to look like VMs, and KVM's own.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
tools=$(dirname "$MMT")/tests/tools
bad=0
fail() { echo "$*"; bad=1; }
for name in qemu-system-x86_64 firecracker cloud-hypervisor crosvm lkvm; do ln -s "$tools/vmlike" $name; done
rec=
trap '[ -z "$rec" ] || kill -9 "$rec" 2>/dev/null' EXIT
# record FILE [OPTION...]: begins; its socket is there, and its first mark
record()
{
	file=$1
	shift
	timeout 60 "$MMT" record -q -e sched,vm -o "$file" --duration 30 "$@" 2>err &
	rec=$!
	for _ in $(seq 100); do
		sleep 0.1
		tool=$(pgrep -P "$rec" mmt-trace) && [ -S "/tmp/mmt-trace.$tool.ctl" ] && [ "$(stat -c %s "$file")" -gt 4096 ] && return
	done
	fail "record does not begin: $(cat err)"
}
end()
{
	kill -INT "$tool"
	wait "$rec" || fail "record: status $?: $(cat err)"
	rec=
	for table in vm vcpu meta; do "$MMT" export --table $table "$file" >"$file.$table"; done
}
# rows FILE TABLE [PATTERN...]: those with all of them
rows() { cp "$1.$2" rows.out; shift 2; for w; do grep -F -- "$w" rows.out >rows.in; mv rows.in rows.out; done; cat rows.out; }
fact() { rows "$1" meta "\"$2\"" | sed 's/.*"value": "\([0-9]*\)".*/\1/'; }

record t.mmt
# all at once, so that there is nobody to look at them: most end within one pass of the collector
for i in $(seq 5); do
	./qemu-system-x86_64 1 2 -name guest=q$i,debug-threads=on >q$i &
	./firecracker 1 1 --id f$i >f$i &
	./cloud-hypervisor 1 3 --api-socket path=/run/c$i.sock >c$i &
	./crosvm 1 1 run --name r$i >r$i &
	./lkvm 1 2 run --name l$i >l$i &
	./qemu-system-x86_64 1 3 unnamed -name u$i >u$i &
done
# asked something and gone: no VMs
./qemu-system-x86_64 1 1 unnamed -name none >none
( exec -a firecracker sleep 0.001 )
wait $(jobs -p | grep -v "^$rec\$")
# one that lives long enough to be looked at is one VM, not two
./qemu-system-x86_64 800 1 -name guest=longer >longer
sleep 0.3
end
for i in $(seq 5); do
	for kind in "q qemu 2" "f firecracker 1" "c cloud-hypervisor 3" "r crosvm 1" "l kvmtool 2" "u qemu 0"; do
		read -r name vmm n <<<"$kind"
		read -r pid tids <"$name$i"
		[ "$(rows t.mmt vm '"found"' "\"kind\": \"$vmm\"" "\"tgid\": $pid," | wc -l)" = 1 ] ||
			{ fail "$name$i, process $pid: found $(rows t.mmt vm '"found"' "\"tgid\": $pid," | wc -l) times as a $vmm"; continue; }
		[ "$(rows t.mmt vm '"ended"' "\"tgid\": $pid," | wc -l)" = 1 ] || fail "$name$i: no end"
		! rows t.mmt vm "\"tgid\": $pid," | grep -q '"epoch": 0' || fail "$name$i has no task"
		rows t.mmt vm '"found"' "\"tgid\": $pid," | grep -q "\"name\": \"$name$i\"\|\"name\": \"$vmm-$pid\"" ||
			fail "$name$i is called $(rows t.mmt vm '"found"' "\"tgid\": $pid,")"
		number=$(rows t.mmt vm '"found"' "\"tgid\": $pid," | sed 's/.*"vm": \([0-9]*\).*/\1/')
		[ "$(rows t.mmt vcpu '"found"' "\"vm\": $number," | wc -l)" = "$n" ] ||
			fail "$name$i: $(rows t.mmt vcpu '"found"' "\"vm\": $number," | wc -l) virtual CPUs, not $n"
		[ "$n" != 0 ] || continue
		for tid in $tids; do
			[ "$(rows t.mmt vcpu '"found"' "\"vm\": $number," "\"tid\": $tid," | grep -cv '"epoch": 0,')" = 1 ] || fail "$name$i: thread $tid is not a virtual CPU"
		done
	done
done
for name in none longer; do read -r pid _ <$name; eval "$name=$pid"; done
[ "$(rows t.mmt vm "\"tgid\": $none," | wc -l)" = 0 ] || fail "a question to QEMU is a VM"
[ "$(rows t.mmt vm '"found"' "\"tgid\": $longer," '"name": "longer"' | wc -l)" = 1 ] || fail "longer: $(rows t.mmt vm "\"tgid\": $longer,")"
[ "$(fact t.mmt vm.missed)" = 0 ] || fail "missed: $(fact t.mmt vm.missed)"
# there may be others on this machine
nameless=0
for f in [qfcrlu][1-5]; do
	read -r pid _ <"$f"
	! rows t.mmt vm '"found"' "\"tgid\": $pid," | grep -q "\"name\": \"[a-z-]*-$pid\"" || nameless=$((nameless + 1))
	echo "$pid"
done >ours
[ "$(fact t.mmt vm.nameless)" = "$nameless" ] || fail "nameless: told $(fact t.mmt vm.nameless), seen $nameless"
# the table has them all, with what they ran; a note says whose name is not known
"$MMT" vms --by vcpu --csv t.mmt >vcpus.csv 2>err || fail "vms: $(cat err)"
awk -F, 'NR == FNR { ours[$1] = 1; next } FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["pid"] in ours && $at["run_ns"] >= 900000 { n++ } END { exit n != 45 }' ours vcpus.csv ||
	fail "not all of 45 virtual CPUs ran for a millisecond: $(wc -l <vcpus.csv) rows"
if [ "$nameless" != 0 ]; then
	"$MMT" vms t.mmt | grep -q "^note .*$nameless virtual machines\{0,1\} ended before \(its\|their\) name could be read" || fail "vms does not say that $nameless have no name"
fi
echo "$nameless of 30 had ended before their name could be read"

# KVM's own, by a program that nobody knows: KVM says so, and there is a look, or they are counted
if [ -w /dev/kvm ] && "$tools/kvmguest" --io 10 >/dev/null 2>&1; then
	record k.mmt
	for i in $(seq 20); do "$tools/kvmguest" --io 10 >/dev/null; done
	sleep 0.3
	end
	found=$(rows k.mmt vm '"found"' '"kind": "other"' | grep -c '"name": "vm-')
	missed=$(fact k.mmt vm.missed)
	[ $((found + missed)) = 20 ] || fail "of 20 VMs of KVM $found were found, and $missed were said to be missing"
	[ "$missed" = 0 ] || "$MMT" vms k.mmt | grep -q "^note .*\($missed processes that seemed\|a process that seemed\)" || fail "vms does not say that $missed are missing"
	echo "KVM: $found found, $missed counted"
else
	echo "no KVM: no VMs of it"
fi
exit $bad
