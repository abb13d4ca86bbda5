#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lint.sh CFLAGS: cppcheck and shellcheck must have nothing to say; clang-tidy and clang-format only report,
# the one because its analyzer errs about values that a return code guards, the other because tables are set by hand.
set -u
cd "$(dirname "$0")/.." || exit 1
read -ra flags <<<"$1 -D_GNU_SOURCE= -I."
flags+=('-DMMT_VERSION="0"' '-DMMT_DATADIR=""')
bad=0
have() { command -v "$1" >/dev/null || { echo "lint: no $1, left out" >&2; return 1; }; }
mapfile -t src < <(ls {libmmtrace,collector,analyzer,runner}/*.c analyzer/*/*.c 2>/dev/null)

if have cppcheck; then
	# suppressed: what this compiler defines (shifts), and what cppcheck cannot see through (memcpy of a pointer's
	# pointer, formats that are arguments, copies into fresh memory)
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		'-DLIBBPF_OPTS(T,n,...)=struct T n={__VA_ARGS__}' '-Djson_object_foreach(o,k,v)=for(k=0,v=0;v;)' '-Djson_array_foreach(a,i,v)=for(i=0,v=0;v;)' \
		'-Dbpf_object__for_each_program(p,o)=for(p=0;p;)' --suppress=missingInclude --suppress=missingIncludeSystem \
		--suppress=normalCheckLevelMaxBranches --suppress=shiftTooManyBitsSigned --suppress=memleakOnRealloc:libmmtrace/base.c \
		--suppress=wrongPrintfScanfArgNum:collector/topology.c --suppress=uninitdata --suppress=ctuuninitvar \
		--suppress=internalAstError --suppress=nullPointerRedundantCheck:analyzer/sched_events.c \
		-D__STDC_VERSION__=201112L "${flags[@]}" "${src[@]}" || bad=1
fi
if have shellcheck; then
	mapfile -t sh < <(find scripts tests .ci -name '*.sh' -o -path .ci/run | sort)
	shellcheck -S error "${sh[@]}" || bad=1
	shellcheck -S warning scripts/*.sh tests/run.sh tests/cli/*.sh .ci/run || bad=1
fi
if have clang-tidy; then
	for f in "${src[@]}"; do
		clang-tidy --quiet "$f" -- -std=gnu11 "${flags[@]}" 2>/dev/null | grep -E 'warning:|error:'
	done
fi
if have clang-format; then
	n=$(clang-format --dry-run "${src[@]}" 2>&1 | grep -c 'warning:')
	echo "lint: clang-format would change $n places (a hint, not a rule)"
fi
exit $bad
