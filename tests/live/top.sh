#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# top: batches, and the screen on a terminal of its own: size, keys, and the terminal as it was, however it ends.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
"$MMT" check >/dev/null 2>&1 || { echo "skipped: recording is not possible here"; exit 77; }
PTY=$BUILD/tests/tools/pty
bad=0
fail() { echo "FAIL: $*"; bad=1; }
export TERM=xterm
unset COLUMNS

# batches: text of the width asked for, the machine in four lines, heads, lines
for w in 20 40 80 132 300; do
	"$MMT" top -b -n 1 -d 0.2 -w $w >o 2>e || fail "batch of $w columns: $(cat e)"
	[ ! -s e ] || fail "batch: $(cat e)"
	[ "$(wc -L <o)" -le $w ] || fail "batch: $(wc -L <o) columns, not $w"
	[ "$(wc -l <o)" -ge 6 ] || fail "batch: $(cat o)"
done
"$MMT" top -n 2 -d 0.2 </dev/null | head -n 1 >o
grep -q '^mmt-trace top .*every 0.2 s' o || fail "no batch where there is no terminal: $(cat o)"
"$MMT" top -b -n 3 -d 0.2 --top 2 >o
[ "$(grep -c '^mmt-trace top' o)" -eq 3 ] || fail "three intervals: $(cat o)"
[ "$(grep -c '^  *PID' o)" -eq 3 ] || fail "three heads: $(cat o)"
grep -qE '^mmt-trace top .*costs [0-9.]+ % of a CPU, [0-9.]+ MB \+ [0-9.]+ MB BPF$' o || fail "no cost: $(head -n 1 o)"

# the interval is what was asked for, and its length is told
"$MMT" top --csv -n 3 -d 0.5 >o
[ "$(grep -c '^time_s,seconds,name' o)" -eq 1 ] || fail "CSV: the heads: $(cat o)"
awk -F, 'NR > 1 && ($2 < 0.49 || $2 > 0.8) { print "length " $2; bad = 1 } END { exit bad }' o || fail "CSV: intervals of 0.5 s"
"$MMT" top -x ';' -n 1 -d 0.2 | head -n 1 | grep -q '^time_s;seconds;' || fail "separator"
"$MMT" top -j -n 2 -d 0.2 >o
[ "$(wc -l <o)" -eq 2 ] || fail "JSON: $(wc -l <o) lines"
if command -v python3 >/dev/null; then
	python3 - o <<'P' || fail "JSON"
import json, sys
for n, line in enumerate(open(sys.argv[1])):
    t = json.loads(line)
    m = t["machine"]
    assert t["kind"] == "top" and 0.1 < t["seconds"] < 1, t
    assert m["switches"] == m["nvcsw"] + m["nivcsw"] + m["idle_switches"], m
    cpu = m["cpus"] * t["seconds"] * 1e9
    # of each CPU from its first switch on
    assert n == 0 or abs(m["busy_ns"] + m["idle_ns"] - cpu) < 0.02 * cpu, m
    for key in "nvcsw", "nivcsw": # tasks and CPUs are read one after the other
        tasks = sum(l[key] for l in t["lines"])
        assert abs(tasks - m[key]) <= 10 + m[key] / 100, (key, tasks, m[key])
    assert "cpu_share" in t["own"]
P
fi

# names that are no text
cat >odd.sh <<'S'
printf 'a\033[31mb\377\302\200c' >/proc/$$/comm
while :; do read -rt 0.01 <> <(:); done
S
bash odd.sh &
odd=$!
sleep 0.2
"$MMT" top -b -n 1 -d 0.5 -p $odd >o 2>e || fail "odd names: $(cat e)"
grep -qP '[^\x20-\x7e\n]' o && fail "odd names: $(cat -v o)"
grep -q ' a?\[31mb??c$' o || fail "odd names: $(cat -v o)"
kill $odd 2>/dev/null
wait $odd 2>/dev/null

# by name and cgroup; sorted as asked
"$MMT" top -b -n 1 -d 0.3 --by comm | grep -q 'TASKS.*COMMAND$' || fail "by comm"
"$MMT" top -b -n 1 -d 0.3 --by cgroup | grep -q 'TASKS.*CGROUP$' || fail "by cgroup"
"$MMT" workload sleep 1000 >/dev/null &
"$MMT" top --csv -n 1 -d 0.5 --sort switches >o
awk -F, 'NR > 1 { n = $9 + $10; if (NR > 2 && n > last) bad = 1; last = n } END { exit bad }' o ||
	fail "not sorted by switches: $(cut -d, -f3,9,10 o)"
wait

# ^C and TERM end a batch in peace
for sig in INT TERM; do
	: >o
	"$MMT" top -b -d 0.2 >>o 2>e &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		[ ! -s o ] || break
		sleep 0.1
	done
	kill -$sig $pid
	wait $pid
	got=$?
	[ $got -eq 0 ] || fail "$sig: status $got: $(cat e)"
	[ -s o ] || fail "$sig: nothing was printed"
done

[ -x "$PTY" ] || { echo "no $PTY: the screen is not tested"; exit $bad; }
restored='status 0, screen main, cursor shown, modes same, overflow 0,'

screen() # ROWS COLUMNS STEP...: the screen is dumped to d
{
	"$PTY" "$@" -- "$MMT" top -d 0.3 >o 2>e
	grep -q "^$restored" o || fail "terminal $1 x $2, ${*: -1}: $(cat o e)"
}

for size in "24 80" "10 40" "60 200" "3 20" "1 10"; do
	# shellcheck disable=SC2086 # two numbers
	set -- $size
	screen "$1" "$2" "until mmt-trac" "wait 900" "dump d" "keys q"
	[ "$(wc -l <d)" -eq "$1" ] || fail "$size: $(wc -l <d) lines"
	[ "$(wc -L <d)" -le "$2" ] || fail "$size: $(wc -L <d) columns"
	head -n 1 d | grep -q '^mmt-trac' || fail "$size: first line: $(head -n 1 d)"
	[ "$1" -lt 10 ] || tail -n 1 d | grep -q 'h help, q quit' || fail "$size: last line: $(tail -n 1 d)"
	[ "$1" -lt 10 ] || grep -q 'CPU.*COMMAND' d || fail "$size: no heads: $(cat d)"
done

# however it ends
for sig in 1 2 3 10 12 13 14 15; do
	screen 24 80 "until COMMAND" "signal $sig"
done
screen 24 80 "until COMMAND" "keys $(printf '\003')"
for sig in 6 9; do
	"$PTY" 24 80 "until COMMAND" "signal $sig" "wait 300" -- "$MMT" top -d 0.3 >o 2>e
	grep -q "^status $((128 + sig)), ${restored#*, }" o || fail "signal $sig: $(cat o e)"
done
"$PTY" 24 80 -- "$MMT" top -d 0.2 -n 2 >o 2>e || fail "two intervals: $(cat o e)"
grep -q "^$restored" o || fail "two intervals: $(cat o e)"

# stopped, the terminal is the shell's; afterwards the screen is there again
"$PTY" 24 80 "until COMMAND" "signal 20" "wait 300" "dump stopped" "signal 18" "wait 600" "dump d" "keys q" -- "$MMT" top -d 0.3 >o 2>e
grep -q "^$restored" o || fail "stop: $(cat o e)"
grep -q 'COMMAND' d || fail "stop: no screen afterwards: $(cat d)"

# keys
screen 24 80 "until   PID" "keys H" "until   TID" "keys C" "until TASKS" "keys G" "until CGROUP" "keys G" "until   PID" \
	"keys h" "until any key goes back" "keys x" "until COMMAND" "keys q"
screen 24 80 "until COMMAND" "keys /top no such name\\n" "until /top no such name/: 0 shown" "keys /\\n" "until h help" "keys q"
screen 24 80 "until COMMAND" "keys /(\\n" "until Unmatched" "keys q"
screen 24 80 "until COMMAND" "keys /abc\\e" "until h help" "keys +" "until every 0.5 s" "keys -" "until every 0.2 s" "keys q"
screen 24 80 "until COMMAND" "keys wsmfPP " "wait 300" "keys \\e[A\\e[B\\e[5~\\e[6~\\e[H\\e[F\\e[15~" "wait 300" "until COMMAND" "keys q"
screen 24 80 "until COMMAND" "resize 10 40" "until h help" "wait 400" "dump d" "resize 40 132" "wait 700" "dump d2" "keys q"
[ "$(wc -L <d)" -le 40 ] || fail "resize: $(wc -L <d) columns"
[ "$(tail -n 1 d)" = "h help, q quit" ] || fail "resize: $(cat d)"
grep -q '%WAIT' d2 || fail "resize: no more columns: $(head -n 6 d2)"
tail -n 1 d2 | grep -q 'h help' || fail "resize: last line: $(tail -n 2 d2)"

# dumb terminals get batches
"$PTY" 24 80 -- env TERM=dumb "$MMT" top -n 1 -d 0.2 >o 2>e || fail "dumb: $(cat o e)"

# no colour
"$PTY" 24 80 "until COMMAND" "keys q" -- env -u NO_COLOR "$MMT" top -d 0.3 >o 2>e
grep -q "^$restored" o || fail "colour: $(cat o e)"

# two thousand tasks: the interval holds, and the cost is what is said
"$MMT" workload threads 2000 >/dev/null &
load=$!
while kill -0 $load 2>/dev/null; do
	"$MMT" top -j -H -n 1 -d 1
done >o
wait
if command -v python3 >/dev/null; then
	python3 - o <<'P' || fail "2000 tasks"
import json, sys
for line in open(sys.argv[1]):
    t = json.loads(line)
    assert t["seconds"] < 1.5, t["seconds"]
    print("%d tasks ran: %.3f s, own %.1f %%" % (t["machine"]["tasks_ran"], t["seconds"], 100 * t["own"]["cpu_share"]))
P
fi
exit $bad
