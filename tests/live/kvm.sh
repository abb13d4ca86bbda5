#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# record -e kvm: a virtual machine whose exits are known is counted as KVM's own statistics count it; where KVM is
# not there, or tells no exits, that is said.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: recording needs root"; exit 77; }
guest=$BUILD/tests/tools/kvmguest
[ -x "$guest" ] || { echo "skipped: no $guest"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }

# sum CLASS REASON COLUMN: over the rows; REASON all: any
sum()
{
	awk -F, -v class="$1" -v reason="$2" -v col="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["class"] == class && (reason == "all" || $at["name"] == reason) { n += $at[col] }
		END { printf "%.0f", n }' rows
}
# says COUNTER: by KVM, over the virtual CPUs; nothing where it does not tell
says() { awk -v name="$1" '$1 == name { n += $2; some = 1 } END { if (some) printf "%.0f", n }' says; }
is() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }
as_kvm() { local x; x=$(says "$3"); [ -z "$x" ] || is "$1, by KVM's $3" "$2" "$x"; }
record()
{
	timeout 60 "$MMT" record -q -e kvm --profile light -o t.mmt -- "$guest" "$@" >says 2>log || { fail "record: $(tail -n 1 log)"; return 1; }
	"$MMT" export --table kvm_totals --format csv t.mmt >rows || fail "export"
}

if [ ! -d /sys/module/kvm ]; then
	# it may come yet, where modules can be loaded
	"$MMT" record -q -e sched,kvm -o t.mmt -- true 2>log || fail "with sched: $(tail -n 1 log)"
	grep -q "kvm: .*this kernel runs no KVM now" log || fail "without KVM it says: $(cat log)"
	"$MMT" report --kvm t.mmt 2>log && fail "report --kvm without KVM"
	grep -q "not available: this kernel runs no KVM" log || fail "report --kvm says: $(cat log)"
	[ $bad = 0 ] && { echo "skipped: no KVM here; that is said"; exit 77; }
	exit 1
fi
"$guest" --io 1 >out 2>&1 || { echo "skipped: no virtual machine runs here: $(tail -n 1 out)"; exit 77; }

record --io 1000 --hlt 500 || exit 1
is "returns by io" "$(sum user io count)" 1001
is "returns by hlt" "$(sum user hlt count)" 500
n=$(sum exit all count)
if [ "$n" = 0 ] && [ "$(sum entry all count)" = 0 ]; then
	echo "this KVM tells no exits: $(find /sys/module -maxdepth 1 -name 'kvm_*' -printf '%f ')"
	"$MMT" info t.mmt | grep -q "tells neither their exits nor their entries" || fail "that there are no exits is not noted"
	"$MMT" report --kvm t.mmt | grep -q "exits not available" || fail "that there are no exits is not in the report"
	"$MMT" report --kvm -j t.mmt | grep -q '"exits": null' || fail "exits in JSON, which nobody told"
	silent=1
else
	silent=0
	as_kvm exits "$n" exits
	as_kvm "exits by hlt" "$(sum exit hlt count)" halt_exits
	is "as many entries as exits" "$(sum entry all count)" "$n"
fi

# halts that the kernel waits for
if timeout 10 "$guest" --hlt 5 --irqchip 1000 >/dev/null 2>&1; then
	record --io 20 --hlt 200 --irqchip 500 --vcpus 2
	is "returns by io, two CPUs" "$(sum user io count)" 42
	is "threads" "$(awk -F, 'NR > 1 && $6 == "user" { print $3 }' rows | sort -u | wc -l)" 2
	[ $silent = 1 ] || as_kvm "exits by hlt, two CPUs" "$(sum exit hlt count)" halt_exits
	wait_ns=$(says halt_wait_ns)
	[ -z "$wait_ns" ] || is "time of halts" "$(sum halt_poll wait total)" $((wait_ns + $(says halt_poll_fail_ns)))
	[ "$(sum halt_poll wait count)" -gt 0 ] || fail "no halt was waited for"
else
	echo "no halts that the kernel waits for: the guest is not woken here"
fi

# KVM's own statistics stand in the trace, where it lets us read them
alive() # GUEST OPTION...: it is there for two intervals after its work
{
	printf '{ echo; sleep 3; echo; } | "%s" --wait %s >says\n' "$guest" "$*" >alive
	timeout 60 "$MMT" record -q -e kvm --profile light -o t.mmt -- bash alive 2>log || fail "record, alive: $(tail -n 1 log)"
	"$MMT" report --verify -x '|' t.mmt >verify || fail "report --verify"
	"$MMT" vms --by vm -x '|' t.mmt >vms || fail "vms: $?"
	"$MMT" export --table kvm_totals --format csv t.mmt >rows || fail "export"
}
col() { awk -F'|' -v col="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { n += $at[col] } END { printf "%.0f", n }' vms; }
if timeout 10 "$guest" --stats --hlt 5 --irqchip 1000 >/dev/null 2>&1; then
	alive --stats --io 20 --hlt 100 --irqchip 500 --vcpus 2
	grep -q '^time of halts|KVM|' verify || fail "halts are not held against KVM's: $("$MMT" report --verify t.mmt | grep -A2 KVM)"
	# a halt that was over at once has a time with us only
	awk -F'|' '$2 == "KVM" && ($6 < 0 || $6 > ($3 == "ns" ? 100000 : 0)) { print; bad = 1 } END { exit bad }' verify || fail "not what KVM counted"
	is "vms: time of halts" "$(($(col halt_polled_ns) + $(col halt_slept_ns)))" "$(($(sum halt_poll wait total) + $(sum halt_poll poll total) +
		$(sum halt_poll wait_invalid total) + $(sum halt_poll poll_invalid total)))"
	[ "$(col return_rate)" -gt 0 ] || fail "vms: no returns: $(cat vms)"
fi
alive --io 20
if ! grep -q '|KVM|' verify; then
	"$MMT" report --verify t.mmt | tr '\n' ' ' | grep -q 'KVM: not available: .*QEMU has done *so since 8.1' || fail "why KVM's statistics are not there is not said"
fi

# a mark cuts it
cat >marked <<END
#!/bin/bash
"$guest" --io 300 >/dev/null && "\$MMT" mark here && "$guest" --io 200 --vcpus 2 >/dev/null
END
chmod +x marked
export MMT
timeout 60 "$MMT" record -q -e kvm --profile light -o t.mmt -- ./marked >/dev/null 2>log || fail "record with marks: $(tail -n 1 log)"
for cut in "all 703" "1 301" "2 402"; do
	"$MMT" report --kvm --segment "${cut% *}" -j t.mmt >json || fail "report -j"
	tr -d '\n ' <json | grep -q '"kvm_returns":\[{"reason":"io",[^}]*"count":'"${cut#* }", ||
		fail "segment ${cut% *}: not ${cut#* } returns: $(grep -A8 kvm_returns json)"
done

# not of others
"$guest" --io 100000 >/dev/null &
other=$!
record --io 10
wait $other
is "returns, another machine running" "$(sum user io count)" 11

# too few places: counted all the same, and said
export MMT_KVM_VCPUS=2
record --io 100 --vcpus 3
is "returns with too few places" "$(sum user io count)" 303
[ $silent = 1 ] || "$MMT" info t.mmt | grep -q "counted with the others" || fail "too few places are not noted"
exit $bad
