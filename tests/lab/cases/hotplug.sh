#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# CPUs go away and come back while we record, and one comes that was not there: nothing is lost, the kernel's counts are
# ours, nothing seems to run on a CPU that is gone, and what changed is said.
# lab: --layout 768:0-1,768:2-3 --later 1
. /lab/lib
cpu=/sys/devices/system/cpu
[ -w $cpu/cpu2/online ] || { echo "skipped: CPUs cannot be taken offline"; exit 77; }
cat > hot.sh <<END
mmt-trace workload pipe 500 > /dev/null
echo 0 > $cpu/cpu2/online
mmt-trace workload pipe 500 > /dev/null
sleep 2
echo 1 > $cpu/cpu2/online
echo 0 > $cpu/cpu1/online
printf 'device_add max-x86_64-cpu,id=c3,socket-id=1,core-id=1,thread-id=0\n' > /dev/ttyS1
i=0
until [ -w $cpu/cpu3/online ] || [ \$i = 100 ]; do
	i=\$((i + 1))
	usleep 100000
done
if [ -w $cpu/cpu3/online ]; then
	grep -q 1 $cpu/cpu3/online || echo 1 > $cpu/cpu3/online
	taskset 8 mmt-trace workload spin 2
fi
mmt-trace workload pipe 500 > /dev/null
END

# sum of the run time of tasks that are called $1, ms
ran() { mmt-trace report -x '|' --top 0 $t | awk -F'|' -v comm="$1" '
	{ head = 0; for (i = 1; i <= NF; i++) if ($i == "run_ns") head = i }
	head { at = head; next }
	at && $1 == comm { s += $at } END { printf "%d", s / 1e6 }'; }

families=$(mmt-trace list families -x ',' | sed -n 's/^\([a-z-]*\),.*/\1/p' | grep -v '^family$\|^hot$' | tr '\n' ,)
for run in sched "$families"; do
	t=all.mmt
	[ "$run" != sched ] || t=sched.mmt
	echo 1 > $cpu/cpu1/online
	mmt-trace record -a --profile full -e "${run%,}" -o $t -- sh hot.sh > out 2>&1 || fail "record -e $run: $(tail -1 out)"
	came=0
	[ ! -d $cpu/cpu3 ] || came=1
	grep -q ' 0 lost' out || fail "$run: lost: $(tail -1 out)"
	# a CPU that comes is given some hundred pages in bulk
	verified $t 300 600
	grep -q 'CPUs went offline or came' verify.txt || fail "$run: perf's rows do not say that CPUs went"
	mmt-trace report $t > text || fail "report: $?"
	grep -q '^note *CPUs 1 went offline while recording' text && { [ $came = 0 ] || grep -q '^note *CPUs 3 came online' text; } ||
		fail "$run: not said: $(grep -A 5 '^note' text)"
	for n in 1 2; do
		[ "$(ran migration/$n)" -lt 500 ] || fail "$run: migration/$n seems to have run for $(ran migration/$n) ms"
	done
	mmt-trace report --verify -x '|' $t | awk -F'|' '$1 == "run time of tasks" { n++; d = $4 / $5 } END { exit !(n == 1 && d > .95 && d < 1.05) }' ||
		fail "$run: run time by task and by CPU: $(grep '^run time of tasks' verify.txt)"
	mmt-trace export --table cpu_totals --format csv $t > totals
	# ns by CPU, and of the recording
	awk -F, -v came=$came 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ t = $1; t0 = t0 ? t0 : t; ns[$at["cpu"]] += $at["busy_ns"] + $at["idle_ns"] }
		END { for (c = 0; c < 4; c++) printf "cpu %d %.2f s\n", c, ns[c] / 1e9
		      exit !(ns[2] < ns[0] - 1.2e9 && ns[1] < ns[0] - 1.2e9 && (came ? ns[3] > 2e9 && ns[3] < ns[0] : !ns[3])) }' totals > cpus ||
		fail "$run: times of CPUs that were gone: $(cat cpus)"
	# where the CPU that came is, and what it ran
	[ $came = 0 ] || mmt-trace export --table cpu --format csv $t | tail -3 | grep -q '^3,[23],[23],1,' || fail "$run: CPU 3: $(mmt-trace export --table cpu --format csv $t)"
	cat cpus
	[ $came = 0 ] || echo 0 > $cpu/cpu3/online
done
[ $came = 1 ] || echo "no CPU came (kernels from 6.9 on may refuse those that were not there at boot): CPUs went and came back only"
cat text
finish
