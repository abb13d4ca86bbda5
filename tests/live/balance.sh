#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# balance sees VMs as they come and go, and what they and cgroups of known tasks want of CPUs.
set -u
cd "$TMPDIR" || exit 1
[ "$(id -u)" = 0 ] || { echo "skipped: reading run queues needs root"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }
pids=()
stop() {
	for p in "${pids[@]}"; do kill -9 "$p" 2>/dev/null; done
	[ -z "${group:-}" ] || { sleep 0.3; rmdir "$group" 2>/dev/null; }
}
trap stop EXIT
# cell GROUP-PATTERN COLUMN ROUND: of the ndjson in file rounds
cell() { sed -n "$3p" rounds | sed 's/": /":/g' | grep -o "{\"group\":\"$1\"[^{}]*}" | sed -n "s/.*\"$2\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
group=$mount/mmt-balance-$$
if [ -n "$mount" ] && mkdir "$group" 2>/dev/null; then
	# two tasks that spin on one CPU want two CPUs, and get about one
	cpu=$(awk '/^Cpus_allowed_list/ { sub(/[-,].*/, "", $2); print $2 }' /proc/self/status)
	for _ in 1 2; do
		bash -c "echo \$\$ >$group/cgroup.procs; exec taskset -c $cpu nice -n -5 timeout 60 sh -c 'while :; do :; done'" & pids+=($!)
	done
	sleep 0.5
	"$MMT" balance --cgroup "$mount/mmt-balance-*" -I 2 --ndjson >rounds 2>err || fail "balance: $(cat err)"
	awk -v d="$(cell 'mmt-balance-[0-9]*' demand 1)" -v u="$(cell 'mmt-balance-[0-9]*' use 1)" \
		'BEGIN { print "two tasks on a CPU: demand " d ", use " u; exit !(d > 1.7 && d < 2.2 && u > 0.2 && u < 1.1) }' >said || fail "$(cat said)"
	cat said
	pkill -9 -P "${pids[0]}"
	pkill -9 -P "${pids[1]}"
else
	group=
	echo "no cgroup2 to write to: VMs only"
fi

command -v qemu-system-x86_64 >/dev/null || { echo "no qemu-system-x86_64: cgroups only"; exit $bad; }
"$MMT" balance --vm-match '^mmt-bal' -I 1 --rounds 6 --ndjson >rounds 2>err &
balance=$!
sleep 1.5 # it comes while the balancer runs
timeout 60 qemu-system-x86_64 -name guest=mmt-bal,debug-threads=on -accel tcg,thread=multi -smp 3 -m 32 -display none -nodefaults \
	-no-user-config >/dev/null 2>log & pids+=($!)
sleep 3.2
pkill -P "${pids[-1]}" qemu-system || fail "QEMU: $(cat log)"
wait $balance || fail "balance: $(cat err)"
[ -z "$(cell mmt-bal width 1)" ] || fail "a VM before there was one"
n=0
for r in 2 3 4 5; do
	[ "$(cell mmt-bal width $r)" = 3 ] && n=$((n + 1))
done
[ $n -ge 1 ] || fail "a VM of 3 CPUs: not seen: $(cat rounds)"
[ -z "$(cell mmt-bal width 6)" ] || fail "a VM that ended is still there"
exit $bad
