#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lint.sh CFLAGS: clang-tidy, cppcheck and shellcheck must have nothing to say; clang-format only reports.
set -u
cd "$(dirname "$0")/.." || exit 1
flags=$1
bad=0
have() { command -v "$1" >/dev/null || { echo "lint: no $1, left out" >&2; return 1; }; }
mapfile -t src < <(ls {libmmtrace,collector,analyzer,runner}/*.c 2>/dev/null)

if have clang-tidy; then
	for f in "${src[@]}"; do
		# shellcheck disable=SC2086 # a list of flags
		clang-tidy --quiet "$f" -- $flags 2>/dev/null | grep -E 'warning:|error:' && bad=1
	done
fi
if have cppcheck; then
	cppcheck --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 \
		'-DLIBBPF_OPTS(T,n,...)=struct T n={__VA_ARGS__}' --suppress=missingInclude --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
		-D__STDC_VERSION__=201112L -DMMT_VERSION='""' -DMMT_DATADIR='""' "${src[@]}" || bad=1
fi
if have shellcheck; then
	mapfile -t sh < <(find scripts tests .ci -name '*.sh' -o -path .ci/run | sort)
	shellcheck -S warning "${sh[@]}" || bad=1
fi
if have clang-format; then
	n=$(clang-format --dry-run "${src[@]}" 2>&1 | grep -c 'warning:')
	echo "lint: clang-format would change $n places (a hint, not a rule)"
fi
exit $bad
