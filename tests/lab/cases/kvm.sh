#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A nested virtual machine whose exits are known: each is counted, by reason, as KVM's own statistics have them.
# lab: --cpus 2 --module irqbypass --module kvm --module kvm-amd --bin $BUILD/tests/tools/kvmguest
. /lab/lib
[ -c /dev/kvm ] || { echo "skipped: no /dev/kvm here: $(dmesg | grep -i kvm | tail -1)"; exit 77; }

# run NAME OPTIONS OF RECORD -- OPTIONS OF THE GUEST: its rows in $NAME.rows, what the kernel says in $NAME.says
run() {
	name=$1 opts=
	shift
	while [ "$1" != -- ]; do
		opts="$opts $1"
		shift
	done
	shift
	mmt-trace record -q -e kvm $opts --profile light -o "$name.mmt" -- kvmguest "$@" > "$name.says" 2> "$name.err" ||
		fail "$name: $(tail -1 "$name.err")"
	mmt-trace export --table kvm_totals --format csv "$name.mmt" > "$name.rows" || fail "$name: export"
}

# sum NAME CLASS REASON COLUMN: over its rows; REASON all: any
sum() {
	awk -F, -v class="$2" -v reason="$3" -v col="$4" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["class"] == class && (reason == "all" || $at["name"] == reason) { n += $at[col] }
		END { printf "%.0f", n }' "$1.rows"
}

# says NAME COUNTER: of all its CPUs, by KVM; empty where the kernel does not tell (before 5.14)
says() { awk -v name="$2" '$1 == name { n += $2; some = 1 } END { if (some) printf "%.0f", n }' "$1.says"; }

is() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
as_kvm() { x=$(says "$1" "$3"); [ -z "$x" ] || is "$1: $3" "$2" "$x"; }

# all NAME IO CPUID HLT: known answers, and that nothing is missing from the sums
all() {
	is "$1: io" "$(sum $1 exit io count)" "$2"
	is "$1: cpuid" "$(sum $1 exit cpuid count)" "$3"
	is "$1: hlt" "$(sum $1 exit hlt count)" "$4"
	is "$1: returns by io" "$(sum $1 user io count)" "$2"
	is "$1: as many entries as exits" "$(sum $1 entry all count)" "$(sum $1 exit all count)"
	is "$1: cpuids with a time" "$(sum $1 exit cpuid timed)" "$3"
	as_kvm $1 "$(sum $1 exit all count)" exits
	as_kvm $1 "$(sum $1 exit io count)" io_exits
	as_kvm $1 "$(sum $1 exit hlt count)" halt_exits
	as_kvm $1 "$(sum $1 exit interrupt count)" irq_exits
	grep -q ',exit,svm,' $1.rows || fail "$1: not SVM"
	grep -q ',,exit,' $1.rows && fail "$1: an exit without a name: $(grep ',,exit,' $1.rows | head -1)"
}

for probe in tp_btf raw_tp; do
	run $probe --probe $probe -- --io 1000 --cpuid 700 --hlt 300
	all $probe 1001 700 300
	is "$probe: returns by hlt" "$(sum $probe user hlt count)" 300
	# how long: a return to the program takes part of its exit's time
	[ "$(sum $probe exit io total)" -gt "$(sum $probe user io total)" ] || fail "$probe: returns take longer than their exits"
done

# the kernel waits for halts: two CPUs, woken all the time
run halts -- --long --irqchip 300 --io 10 --cpuid 20 --hlt 200 --vcpus 2
all halts 22 40 400
x=$(says halts halt_wait_ns)
[ -z "$x" ] || is "halts: time of halts" "$(($(sum halts halt_poll wait total)))" "$((x + $(says halts halt_poll_fail_ns)))"
[ "$(sum halts halt_poll wait count)" -gt 0 ] || fail "halts: none was waited for"

# few places: the others are counted, without times
MMT_KVM_VCPUS=2 run few -- --io 100 --cpuid 50 --hlt 10 --vcpus 3
is "few: io" "$(sum few exit io count)" 303
is "few: cpuid" "$(sum few exit cpuid count)" 150
as_kvm few "$(sum few exit all count)" exits
awk -F, '$3 == 0 && $9' few.rows | grep -q . && fail "few: times of others"
mmt-trace info few.mmt | grep -q "counted with the others" || fail "few: does not say that there were too few places"

# a machine that runs already, alone on its CPU, and goes on afterwards: it has a name, and counters of its own
kvmguest --io 1000000000 --cpu 1 > /dev/null &
pid=$!
usleep 300000
mmt-trace record -q -a -e kvm --profile light --duration 1 -o late.mmt 2> late.err || fail "late: $(tail -1 late.err)"
kill $pid
mmt-trace export --table kvm_totals --format csv late.mmt > late.rows || fail "late: export"
n=$(sum late exit io count)
[ "$n" -gt 1000 ] || fail "late: $n exits by io"
d=$((n - $(sum late user io count)))
[ $d -ge -1 ] && [ $d -le 1 ] || fail "late: $d exits more than returns"
awk -F, 'NR > 1 && !$3' late.rows | grep . && fail "late: counted with the others"
mmt-trace report --kvm --segment all --by task --csv late.mmt | grep -q "^kvmguest,[0-9]*,io," || fail "late: not under its name"

# KVM's own statistics stand in the trace, and report --verify holds ours against them; as vms has them, they are KVM's too.
# checked NAME SLACK: row by row; $checked is how many
checked() {
	mmt-trace report --verify --segment all -x '|' "$1.mmt" > "$1.verify" || fail "$1: report --verify: $?"
	checked=$(grep -c '|KVM|' "$1.verify")
	awk -F'|' -v name="$1" -v slack="$2" '
		$2 != "KVM" { next }
		{ print; d = $6 < 0 ? -$6 : $6; if ($3 == "count" && d > slack) { print "FAIL: " name ": " $1 ": ours " $4 ", KVM says " $5; bad = 1 } }
		END { exit bad }' "$1.verify" || failed=1
}
# stat NAME: of the meta table, where they are from
stat() { mmt-trace info --raw=meta "$1.mmt" | sed -n 's/^meta key=kvm.stat value="\?\([^"]*\)"\?$/\1/p' | tail -1; }
# alive NAME OPTIONS OF THE GUEST: it is there for two intervals after its work
alive() {
	name=$1
	shift
	echo "{ echo; sleep 4; echo; } | kvmguest --wait $* > $name.says" > "$name.sh"
	mmt-trace record -q -a -e kvm --profile light -o "$name.mmt" -- sh "$name.sh" 2> "$name.err" || fail "$name: $(tail -1 "$name.err")"
	mmt-trace export --table kvm_totals --format csv "$name.mmt" > "$name.rows" || fail "$name: export"
}
alive nodebugfs --io 100
[ ! -d /sys/kernel/debug/kvm ] || fail "debugfs is mounted in the guest"
checked nodebugfs 0
is "checks without debugfs" "$checked" 0
mmt-trace report --verify --segment all nodebugfs.mmt | grep -q "debugfs is not mounted" || fail "that there is no debugfs is not said"
if kvmguest --stats --io 1 > /dev/null 2>&1; then
	alive held --stats --long --irqchip 300 --io 500 --cpuid 300 --hlt 200 --vcpus 2
	is "where the statistics are from" "$(stat held)" "descriptors of statistics"
	checked held 0
	[ "$checked" -ge 4 ] || fail "held: $checked rows are checked"
fi
mount -t debugfs debug /sys/kernel/debug
alive debugfs --names --long --irqchip 300 --io 500 --cpuid 300 --hlt 200 --vcpus 2
is "where the statistics are from" "$(stat debugfs)" debugfs
checked debugfs 0
[ "$checked" -ge 4 ] || fail "debugfs: $checked rows are checked"
is "KVM's exits, by --verify" "$(awk -F'|' '$1 == "exits of VMs" && $2 == "KVM" { print $5 }' debugfs.verify)" "$(sum debugfs exit all count)"
mmt-trace vms --segment all --by vm -x '|' debugfs.mmt > debugfs.vms || fail "vms: $?"
mmt-trace vms --segment all --by vcpu -x '|' debugfs.mmt > debugfs.vcpus || fail "vms --by vcpu: $?"
# col FILE COLUMN: its sum
col() { awk -F'|' -v col="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { n += $at[col] } END { printf "%.0f", n }' "$1"; }
is "vms: exits" "$(col debugfs.vms exits)" "$(sum debugfs exit all count)"
as_kvm debugfs "$(col debugfs.vms exits)" exits
is "vms: exits of both vCPUs" "$(col debugfs.vcpus exits)" "$(sum debugfs exit all count)"
is "vms: time asleep" "$(col debugfs.vms halt_slept_ns)" "$(($(sum debugfs halt_poll wait total) + $(sum debugfs halt_poll wait_invalid total)))"
[ "$(col debugfs.vms exit_out_ns)" -gt 0 ] || fail "vms: no time out"
grep -q '|\(io\|cpuid\|hlt\)|' debugfs.vms || fail "vms: no reason of most exits: $(cat debugfs.vms)"
# busy all the time, so that exits come while it is looked at
kvmguest --io 1000000000 --cpu 1 > /dev/null &
pid=$!
usleep 500000
mmt-trace record -q -a -e kvm --profile light --duration 3 -o busy.mmt 2> busy.err || fail "busy: $(tail -1 busy.err)"
mmt-trace vms --exits -n 2 -d 1 -x '|' > live.vms 2> live.err || fail "vms --exits: $(tail -1 live.err)"
[ "$(col live.vms exits)" -gt 1000 ] && grep -q '|io|' live.vms || fail "vms, live: $(cat live.vms)"
mmt-trace vms -n 1 -d 1 -x '|' > live.vms 2> live.err || fail "vms: $(tail -1 live.err)"
[ "$(col live.vms exits)" = 0 ] || fail "vms, live: exits that nobody asked for: $(cat live.vms)"
kill $pid
mmt-trace vms --segment all busy.mmt
checked busy 2000
n=$(awk -F'|' '$1 == "exits of VMs" && $2 == "KVM" { print $5 }' busy.verify)
[ "${n:-0}" -gt 3000 ] || fail "busy: $n exits"
d=$(awk -F'|' '$1 == "exits of VMs" && $2 == "KVM" { d = $6 < 0 ? -$6 : $6; printf "%.0f", 1000 * d / $5 }' busy.verify)
[ "${d:-1000}" -le 10 ] || fail "busy: exits are off by $d in 1000"
# it ends while it is recorded: what was read last is held against what there was by then
echo "timeout -s KILL 4 kvmguest --io 1000000000 --cpu 1 > /dev/null; sleep 1" > ends.sh
mmt-trace record -q -a -e kvm --profile light -o ends.mmt -- sh ends.sh 2> ends.err || fail "ends: $(tail -1 ends.err)"
checked ends 2000
[ "$checked" -gt 0 ] || fail "ends: nothing is checked: $(mmt-trace report --verify --segment all ends.mmt | grep KVM)"

mmt-trace report --kvm --segment all halts.mmt > text || fail "report --kvm: $?"
mmt-trace report --kvm --segment all -j halts.mmt > json || fail "report --kvm -j: $?"
mmt-trace report --kvm --segment all --by task --csv halts.mmt > table || fail "report --kvm --csv: $?"
is "report: threads with hlt" "$(awk -F, '$3 == "hlt" && $6 == 200' table | wc -l)" 2
grep -q '"kind": "report.kvm"' json || fail "report --kvm -j: not told what it is"
cat text
finish
