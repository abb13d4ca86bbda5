#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# run.sh [unit|cli|live|FILE...]: run the tests, count, say why what was skipped was skipped.
#
# Programs of tests/unit and tests/live (cmocka): each test counts. Scripts of tests/cli and
# tests/live: exit 0 passed, 77 skipped (last line "skipped: why"), anything else failed.
# A script finds: MMT (the program), BUILD and TOP (absolute), TMPDIR (its own, removed afterwards).
# The last line is "N passed, N failed, N skipped"; the status is 1 on a failure or when nothing ran.
set -u
TOP=$(cd "$(dirname "$0")/.." && pwd)
cd "$TOP" || exit 1
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
MMT=$BUILD/mmt-trace
TEST_TIMEOUT=${TEST_TIMEOUT:-600}
export TOP BUILD MMT LC_ALL=C.UTF-8 NO_COLOR=1 PAGER=cat
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
unset MMT_TRACE_CTL MAKEFLAGS MFLAGS MAKELEVEL

base=$(mktemp -d "${TMPDIR:-/var/tmp}/mmt-test.XXXXXX") || exit 1
trap 'rm -rf "$base"' EXIT
trap 'exit 130' INT TERM HUP
out=$base/output
passed=0 failed=0 skipped=0
reasons=()
failures=()

result() # PASS|FAIL|SKIP NAME NOTE
{
	printf '%s %s%s\n' "$1" "$2" "${3:+ ($3)}"
}

show() { sed 's/^/    | /' "$out" | tail -n "${SHOW_LINES:-60}"; }

private_tmp()
{
	rm -rf "$base/tmp"
	mkdir "$base/tmp"
}

run() # COMMAND...: with a private TMPDIR and a time limit; output goes to $out
{
	private_tmp
	TMPDIR=$base/tmp timeout -k 10 "$TEST_TIMEOUT" "$@" >"$out" 2>&1 </dev/null
}

run_cmocka() # SOURCE
{
	local name=${1%.c} bin status p=0 f=0 s=0 why="" line

	bin=$BUILD/$name
	name=${name#tests/}
	if [ ! -x "$bin" ]; then
		skipped=$((skipped + 1))
		reasons+=("$name: not built (cmocka is missing)")
		result SKIP "$name" "not built"
		return
	fi
	CMOCKA_MESSAGE_OUTPUT=TAP run "$bin"
	status=$?
	while IFS= read -r line; do
		case $line in
		"skipped: "*) why=${line#skipped: } ;;
		"ok "*"# SKIP"* | "not ok "*"# SKIP"*)
			s=$((s + 1))
			reasons+=("$name ${line##*# SKIP }: ${why:-no reason given}")
			why=""
			;;
		"ok "[0-9]*) p=$((p + 1)) ;;
		"not ok "[0-9]*)
			f=$((f + 1))
			failures+=("$name ${line#not ok * - }")
			;;
		esac
	done < <(tr -d '\000' <"$out")
	if [ $status -ne 0 ] && [ $f -eq 0 ]; then
		f=1 # crashed, timed out, or a set-up failed
		failures+=("$name: exit status $status")
	elif [ $((p + f + s)) -eq 0 ]; then
		f=1
		failures+=("$name: ran no test")
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if [ $f -gt 0 ]; then
		result FAIL "$name" "$p passed, $f failed, $s skipped"
		show
	elif [ $p -eq 0 ]; then
		result SKIP "$name" "$s skipped"
	else
		result PASS "$name" "$p passed, $s skipped"
	fi
}

run_script() # FILE
{
	local name=${1#tests/} status start=$SECONDS
	local took

	name=${name%.sh}
	run bash "$1"
	status=$?
	took=$((SECONDS - start))
	case $status in
	0)
		passed=$((passed + 1))
		result PASS "$name" "$([ $took -gt 4 ] && echo "$took s")"
		;;
	77)
		skipped=$((skipped + 1))
		reasons+=("$name: $(grep -a '^skipped: ' "$out" | tail -n 1 | sed 's/^skipped: //' | grep . || echo 'no reason given')")
		result SKIP "$name"
		;;
	*)
		failed=$((failed + 1))
		if [ $status -eq 124 ]; then
			failures+=("$name: still running after $TEST_TIMEOUT s")
		else
			failures+=("$name: exit status $status")
		fi
		result FAIL "$name" "exit status $status"
		show
		;;
	esac
}

run_one()
{
	case $1 in
	*.c) run_cmocka "$1" ;;
	*.sh) run_script "$1" ;;
	*) echo "run.sh: what is $1?" >&2; exit 2 ;;
	esac
}

shopt -s nullglob
[ $# -gt 0 ] || set -- unit cli live
for arg; do
	case $arg in
	unit) list=(tests/unit/test_*.c) ;;
	cli) list=(tests/cli/*.sh) ;;
	live) list=(tests/live/test_*.c tests/live/*.sh) ;;
	*) list=("$arg") ;;
	esac
	for t in "${list[@]}"; do
		case $t in */lib.sh) continue ;; esac # shared functions
		run_one "$t"
	done
done

if [ ${#reasons[@]} -gt 0 ]; then
	echo
	echo "skipped:"
	printf '  %s\n' "${reasons[@]}"
fi
if [ ${#failures[@]} -gt 0 ]; then
	echo
	echo "failed:"
	printf '  %s\n' "${failures[@]}"
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ $((passed + failed)) -gt 0 ]
