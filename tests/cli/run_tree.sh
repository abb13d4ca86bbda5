#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run: the tree of results, the order of arms, hooks, environment, MMTests' configs and layout.
# shellcheck disable=SC2015,SC2016 # ands and ors are meant; inner shells expand
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
export MMT_TRACE_CONFIGS=$TOP/configs
bad=0
fail() { echo "FAIL: $*"; bad=1; }
run=("$MMT" run --no-trace)

cat >b.conf <<'C'
[benchmark]
name = b-${mode}
command = sh -c 'echo ${mode} ${g}; echo "T: ${g}.5"; echo $$MMT_TRACE_ARM >>order; echo "{\"v\": [${g}, 9]}" >${logs}/j-${g}; pwd'
log = b-${g}
output = j-${g}
[matrix]
mode = x:--x, y:--y
g = 1, 2
[metric v]
json = v.0
unit = ops/s
append = G ${value}
[run]
iterations = 3
[env]
LANG = C
C
"${run[@]}" -c b.conf -b b-x -n A,B 2>e || fail "$(cat e)"
[ "$(wc -l <e)" -eq 1 ] || fail "more than the last line: $(cat e)"
grep -q 'work/log/{A,B}: 6 of 6 executions; not traced' e || fail "last line: $(cat e)"
[ "$(uniq order | tr '\n' ' ')" = "A B A B " ] || fail "order of arms: $(tr '\n' ' ' <order)"
for f in run.json iter-0/facts.tsv iter-0/cmdline iter-0/cpu-topology iter-0/tests-timestamp iter-2/b-x/logs/b-2; do
	[ -s work/log/B/$f ] || fail "no $f"
done
[ ! -e work/log/A/iter-3 ] || fail "an iteration too many"
[ ! -e work/log/A/iter-0/b-y ] || fail "-b did not select"
printf 'v\t1\t_\t0\t1\t_\nv\t2\t_\t0\t2\t_\n' | cmp - work/log/A/iter-1/b-x/results.tsv || fail "results.tsv"
printf 'v\tops/s\thigher\n' | cmp - work/log/A/iter-1/b-x/metrics.tsv || fail "metrics.tsv"
[ "$(sed -n '1p;$p' work/log/A/iter-0/b-x/logs/b-2 | tr '\n' ' ')" = "--x 2 G 2 " ] || fail "raw log: $(cat work/log/A/iter-0/b-x/logs/b-2)"
grep -q "^$(printf 'kernel.release\t')$(uname -r)" work/log/A/iter-0/facts.tsv || fail "facts"
for w in '^start :: [0-9]*$' '^test begin :: b-x [0-9]*$' '^test end :: b-x [0-9]* 0$' \
	'^time :: b-x [0-9.]* user [0-9.]* system [0-9.]* elapsed$' '^finish :: [0-9]*$'; do
	grep -q "$w" work/log/A/iter-1/tests-timestamp || fail "tests-timestamp: no $w"
done

# more of the same
"${run[@]}" -c b.conf -b 'b-*' -n A --append -i 1 2>e || fail "append: $(cat e)"
[ -e work/log/A/iter-3/b-y/results.tsv ] && [ -e work/log/A/iter-0/b-x/results.tsv ] || fail "--append"
"${run[@]}" -c b.conf -b b-y -n A --force -i 1 2>e || fail "force: $(cat e)"
[ ! -e work/log/A/iter-0/b-x ] && [ ! -e work/log/A/iter-1 ] && [ -e work/log/A/iter-0/b-y ] || fail "--force"

# arms: parameters, wrapper, hooks, environment
rm -f order
"${run[@]}" -c b.conf -b b-x -i 2 -n p --arm 'one:params.g=7,before=echo before-$Q >>order,after=echo after >>order,env.Q=q' \
	--arm 'two:wrap=env W=1,env.Q=r' 2>e || fail "arms: $(cat e)"
[ "$(tr '\n' ' ' <order)" = "before-q p-one after p-two p-two p-two p-two before-q p-one after " ] ||
	fail "arms: $(tr '\n' ' ' <order)"
[ "$(cut -f2 work/log/p-one/iter-0/b-x/results.tsv)" = 7 ] || fail "arm's parameter"
"${run[@]}" -n h --arm 'x:before=exit 4' -- true 2>e
[ $? -eq 125 ] && grep -q 'exit 4' e || fail "a hook that fails: $(cat e)"

# the command's surroundings
# shellcheck disable=SC2016 # the inner shell's
"${run[@]}" -n s -- sh -c 'read x && exit 1; [ -z "$MMT_TRACE_CTL" ] || exit 2; kill -0 -$$ || exit 3; echo $MMT_TRACE_ITERATION' \
	2>e || fail "surroundings: $(cat e)"
[ "$(cat work/log/s/iter-0/sh/logs/output)" = 0 ] || fail "MMT_TRACE_ITERATION"
"${run[@]}" -n w --warmup 2 -i 1 -- sh -c 'echo once' 2>e || fail "warm-up: $(cat e)"
[ "$(cat work/log/w/iter-0/sh/logs/output)" = once ] && [ "$(wc -l <work/log/w/warmup/sh/logs/output)" = 2 ] || fail "warm-up"
"${run[@]}" -n bg -- sh -c 'sleep 1000 & echo $!' 2>e || fail "left behind: $(cat e)"
! kill -0 "$(cat work/log/bg/iter-0/sh/logs/output)" 2>/dev/null || fail "a process was left behind"

# MMTests' configs are read, not executed
printf 'export MMTESTS="b-x nothing-like-it"\nexport MMTEST_ITERATIONS=2\nexport X="$(touch executed)"\ntouch executed\n' >mm
mkdir configs && mv b.conf configs
"${run[@]}" -c mm --dry-run >o 2>e || fail "MMTests: $(cat e)"
[ "$(cut -f1-3 o | uniq)" = "$(printf 'mm\tb-x\t2')" ] || fail "MMTests: $(cat o)"
grep -q 'nothing-like-it' e || fail "MMTests: an unknown benchmark is not said"
[ ! -e executed ] || fail "MMTests: was executed"

"$MMT" list runs --csv >o || fail "list runs"
grep -q '^A,1,0,' o || fail "list runs: $(cat o)"
"$MMT" list benchmarks --csv | grep -q '^b-y,b,2,ready' || fail "list benchmarks"
"$MMT" list configs >o 2>e || fail "list configs: $(cat e)"
# every config that is shipped can be read and multiplied out
for c in "$TOP"/configs/*.conf; do
	(PATH=$PATH:.; "${run[@]}" -c "$c" --dry-run >o 2>e)
	got=$?
	[ $got -eq 0 ] || { [ $got -eq 127 ] && grep -q 'not in PATH' e; } || fail "$c: $(cat e)"
done
exit $bad
