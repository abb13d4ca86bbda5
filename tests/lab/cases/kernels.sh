#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# All families at once, and what of it this kernel can do: each total is right against the kernel's own counters, or is
# not available and says why. Writes kernels.tsv, of which docs/kernels.md is made (make lab-table).
# lab: --layout 1024:0-1,1024:2-3 --vms --timeout 240
. "${LAB_LIB:-/lab}/lib"
. "${LAB_LIB:-/lab}/vmlib"
tab=$(printf '\t')

# The machine of all metrics: processes that switch, move, fault, sleep, and a VM.
cat > work.sh <<'END'
mmt-trace workload pipe 1000
mmt-trace workload migrate 23
mmt-trace workload fault 30000
mmt-trace workload sleep 100
mmt-trace workload yield 500
sleep 1
END
vm=
if [ -x /vms/usr/bin/qemu-system-x86_64 ] && [ -x /payload/numactl ]; then
	accel=tcg
	[ ! -w /dev/kvm ] || accel=kvm
	mount -t debugfs debug /sys/kernel/debug 2> /dev/null # KVM's own statistics
	vm_start lab default 0-3 $accel 64 1
	vm=$vm_pid
elif [ -n "${LAB_VM:-}" ] && command -v qemu-system-x86_64 > /dev/null; then
	qemu-system-x86_64 -name guest=lab,debug-threads=on -accel tcg,tb-size=16 -machine microvm -smp 1 -m 64 -bios "$LAB_VM" \
		-nodefaults -no-user-config -display none > vm.log 2>&1 < /dev/null &
	vm=$!
	vm_wait lab $vm 1
fi
families=$(mmt-trace list families -x , | sed -n '2,$s/,.*//p' | grep -v '^hot$' | tr '\n' ' ')
counters=page-faults,minor-faults,major-faults,context-switches,cpu-migrations,task-clock,node-loads,node-load-misses,node-stores,node-store-misses
counters=$counters,cycles,instructions,branches,branch-misses,cache-references,cache-misses
mmt-trace record -a --profile full -e "$(echo $families | tr ' ' ,)" --counter $counters -o t.mmt -- sh work.sh > out 2> err || fail "record: $(tail -1 err)"
[ -z "$vm" ] || kill -KILL $vm
mmt-trace info --raw=meta t.mmt > meta || fail "info: $?"

{
	echo "kernel$tab$tab$(uname -r)"
	for f in $families; do
		why=$(sed -n "s/^mmt-trace: \(warning: \)\?$f: \(not available: .*\)/\2/p" err | head -1)
		# of perf's counters those without hardware are there
		[ "$f" != counters ] || ! mmt-trace report --counters t.mmt | grep -q page-faults || why=
		echo "family$tab$f$tab${why:-yes}"
	done
	# what families can do by halves
	for key in probe clock latency.start fault.kinds map.source numa.tasks numa.hint numa.hint.pages numa.migrate numa.migrate.nodes numa.balancing profile.event counters.event.node-loads; do
		value=$(sed -n "s/^meta key=$(echo $key | sed 's/\./\\./g') value=\"\?\([^\"]*\)\"\?$/\1/p" meta | head -1)
		echo "part$tab$key$tab${value:--}"
	done
	# the rows that have no edge are right to the count; of the others the edge is short against what was counted
	mmt-trace report --verify -x '|' t.mmt | awk -F'|' -v OFS="$tab" '
		$1 == "what" && $2 == "source" { on = 1; next }
		!on || NF < 6 { next }
		{
			d = $6 < 0 ? -$6 : $6
			ok = d <= .1 * $5 || ($3 == "count" && d <= 60)
			if ($2 == "kernel, at death" && $3 == "count" && $1 != "migrations") ok = d == 0
			print "check", $1 ", by " $2, ok ? "right" : "wrong: " $4 ", the kernel says " $5
		}'
	mmt-trace report -j t.mmt > report.json
	mmt-trace list metrics -x , | awk -F, -v OFS="$tab" '
		FNR == NR { if (/^  "metrics": /) on = 1; else if (/^  }/) on = 0; else if (on && !/": null,?$/) { split($0, a, "\""); has[a[2]] = 1 }; next }
		FNR > 1 { print "metric", $1, $1 in has ? "yes" : "-" }' report.json -
} > kernels.tsv
cat kernels.tsv
grep "^check$tab" kernels.tsv | grep -q 'right$' || fail "nothing was held against the kernel's counters"
grep "^check$tab.*${tab}wrong" kernels.tsv >&2 && failed=1
grep "^part$tab" kernels.tsv | grep "$tab-$" >&2 && fail "not told whether there is such"
[ "$(grep -c "^metric$tab.*${tab}yes" kernels.tsv)" -gt 100 ] || fail "only $(grep -c "^metric$tab.*${tab}yes" kernels.tsv) metrics"
finish
