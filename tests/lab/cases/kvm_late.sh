#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# KVM's modules are loaded while a trace is recorded: exits are counted from then on, and that is said.
# lab: --cpus 2 --bin $BUILD/tests/tools/kvmguest
. /lab/lib
[ -f /lab/modules.d/kvm.ko ] || { echo "skipped: KVM is no module of this kernel"; exit 77; }
[ ! -d /sys/module/kvm ] || fail "KVM is loaded already"
mount -t debugfs debug /sys/kernel/debug

cat > work.sh <<'END'
sleep 2
for m in irqbypass kvm kvm-amd; do insmod /lab/modules.d/$m.ko || echo "no $m" >&2; done
sleep 2
{ echo; sleep 3; echo; } | kvmguest --wait --io 1000 --cpuid 700 --hlt 300 > says
END
mmt-trace record -a -e sched,kvm --profile light -o t.mmt -- sh work.sh 2> err || fail "record: $(tail -1 err)"
cat err
[ -c /dev/kvm ] || { echo "skipped: no KVM here: $(dmesg | grep -i kvm | tail -1)"; exit 77; }
grep -q "exits are counted from when it is loaded" err || fail "at first it says: $(cat err)"
mmt-trace info --raw=meta t.mmt > meta
grep -q '^meta key=kvm value="\?yes' meta || fail "meta: $(grep kvm meta)"
grep -q '^meta key=kvm.from value="\?[1-9][0-9]*' meta || fail "meta does not say from when on"
mmt-trace info t.mmt | grep -q "KVM was loaded while recording" || fail "no note: $(mmt-trace info t.mmt | tail -5)"

mmt-trace export --table kvm_totals --format csv t.mmt > rows
sum() {
	awk -F, -v class="$1" -v reason="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["class"] == class && (reason == "all" || $at["name"] == reason) { n += $at["count"] }
		END { printf "%.0f", n }' rows
}
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
is io "$(sum exit io)" 1001
is cpuid "$(sum exit cpuid)" 700
is hlt "$(sum exit hlt)" 300
is "as many entries as exits" "$(sum entry all)" "$(sum exit all)"
x=$(awk '$1 == "exits" { print $2 }' says)
[ -z "$x" ] || is "exits, by KVM" "$(sum exit all)" "$x"
mmt-trace report --kvm --segment all t.mmt > text || fail "report --kvm: $?"
grep -q "counted from .* s on" text || fail "report --kvm does not say from when on"
cat text
mmt-trace report --verify --segment all -x '|' t.mmt > verify
awk -F'|' '$2 == "KVM" { print; n++; if ($3 == "count" && $6 != 0) bad = 1 } END { exit bad || !n }' verify || fail "not what KVM counted"

# kvm is loaded, and what drives the processor is not: that comes, and with it what exits look like
rmmod kvm-amd
if [ ! -d /sys/module/kvm_amd ]; then
	printf 'sleep 1\ninsmod /lab/modules.d/kvm-amd.ko\nsleep 2\nkvmguest --io 100 --cpuid 70 > says\n' > work.sh
	mmt-trace record -q -a -e kvm --profile light -o t.mmt -- sh work.sh 2> err || fail "record, kvm alone: $(tail -1 err)"
	mmt-trace export --table kvm_totals --format csv t.mmt > rows
	is "io, kvm alone at first" "$(sum exit io)" 101
	is "cpuid, kvm alone at first" "$(sum exit cpuid)" 70
fi

# by itself, and never loaded: as good a trace as it can be
rmmod kvm-amd kvm 2> /dev/null
if [ ! -d /sys/module/kvm ]; then
	mmt-trace record -q -e kvm --profile light -o none.mmt -- true 2> err || fail "record without KVM: $(tail -1 err)"
	mmt-trace report --kvm none.mmt 2> err && fail "report --kvm without KVM"
	grep -q "not available: this kernel runs no KVM" err || fail "report --kvm says: $(cat err)"
fi
finish
