#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The walls between the rooms of the house, and the rules that every source file keeps.
set -u
cd "$TOP" || exit 1
bad=0
fail() { echo "$*"; bad=1; }

# the files of the project, also where there is no git; not what others wrote
tracked()
{
	{ git ls-files --cached --others --exclude-standard 2>/dev/null ||
		find . -type f -not -path './build/*' -not -path './work/*' | sed 's|^\./||'; } | grep -v '^third_party/' |
		while IFS= read -r f; do [ ! -f "$f" ] || echo "$f"; done
}

sources() { find "$@" -name '*.[ch]' 2>/dev/null | sort; }

# wall ROOM PATTERN WHY: no #include of PATTERN in the files of ROOM
wall()
{
	local hits

	hits=$(sources "$1" | xargs -r grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($2)" /dev/null)
	[ -z "$hits" ] || fail "$1/ must not include $3:"$'\n'"$hits"
}

kernel_side='bpf/|perf/|internal/|.*\.skel\.h|linux/(bpf|perf_event)'
wall libmmtrace "$kernel_side|(\.\./)*(bpf|collector|runner|analyzer)/" "anything but itself"
wall libmmtrace "\.\./" "anything but itself"
wall analyzer "$kernel_side|(\.\./)*(bpf|collector|runner)/" "the collector, the runner, libbpf or libperf"
wall collector "(\.\./)*(runner|analyzer)/" "the runner or the analyzer"
wall runner "bpf/|perf/|(\.\./)*bpf/|.*\.skel\.h" "libbpf, libperf or bpf/"

# only layouts are shared between bpf/ and user space
hits=$(sources collector runner analyzer libmmtrace | xargs -r grep -nE '#[[:space:]]*include.*bpf/mmt|#[[:space:]]*include "\.\./bpf/' |
	grep -vE 'bpf/[a-z]+_shared\.h"')
[ -z "$hits" ] || fail "user space shares more than bpf/*_shared.h with bpf/:"$'\n'"$hits"

# libperf stands behind a few files
hits=$(sources collector runner analyzer libmmtrace | grep -vE '^collector/(oracle|perf_(lib|ring|count))\.c$' | xargs -r grep -nE '#[[:space:]]*include[[:space:]]*<perf/')
[ -z "$hits" ] || fail "only collector/oracle.c and perf_{lib,ring,count}.c may include libperf:"$'\n'"$hits"

# a symbol that crosses a wall without an include: the library and the analyzer link without the other rooms
if [ -f "$BUILD/libmmtrace.a" ]; then
	room() { find "$BUILD/obj/$1" -name '*.o' | sort; }
	undefined=$( { room analyzer; room libmmtrace; } | xargs -r nm -u 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u)
	foreign=$( { room collector; room runner; } | xargs -r nm --defined-only -g 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
	hits=$(comm -12 <(echo "$undefined") <(echo "$foreign"))
	[ -z "$hits" ] || fail "analyzer/ or libmmtrace/ call into collector/ or runner/: $hits"
fi

# a function of ours that has the name of one of a library's takes its place silently
if [ -x "$MMT" ]; then
	ours=$(nm --defined-only "$MMT" | awk '$2 == "T" || $2 == "t" { print $3 }' | grep -vE '^(_init|_fini|_start|main)$' | sort -u)
	theirs=$(ldd "$MMT" | awk '/=> \// { print $3 }' | grep -vE '/lib(asan|ubsan|gcc_s)\.' | xargs -r nm -D --defined-only 2>/dev/null |
		awk '$2 == "T" || $2 == "W" { sub(/@.*/, "", $3); print $3 }' | sort -u)
	global=$(find "$BUILD/obj" -name '*.o' -not -path '*/tests/*' -exec nm -g --defined-only {} + 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
	hits=$(comm -12 <(comm -12 <(echo "$ours") <(echo "$global")) <(echo "$theirs") | tr '\n' ' ')
	[ -z "$hits" ] || fail "names that a library has too: $hits"
fi

# SPDX in the first lines of every source file, with the licence of its room
while IFS= read -r f; do
	line=$(head -n 3 "$f" | grep -m 1 'SPDX-License-Identifier:')
	case $f:$line in
	*:) fail "$f: no SPDX line" ;;
	libmmtrace/*:*"LGPL-2.1-only OR BSD-2-Clause"*) ;;
	libmmtrace/*) fail "$f: the library is LGPL-2.1-only OR BSD-2-Clause" ;;
	docs/examples/*) ;;
	*:*GPL-2.0-only*) ;;
	*) fail "$f: not GPL-2.0-only: $line" ;;
	esac
done < <(tracked | grep -E '\.(c|h|sh|tsv|map|css|js)$|^Makefile$|^\.ci/run$|\.conf$')

# what others wrote is what they released
scripts/uplot.sh check || fail "third_party/uplot is not what its checksums say"

# sizes: a file has one concern, a function fits on two screens
while IFS= read -r f; do
	n=$(wc -l <"$f")
	[ "$n" -lt 800 ] || fail "$f: $n lines, 800 are too many"
done < <(sources bpf collector libmmtrace analyzer runner tests; find scripts tests -name '*.sh'; find analyzer/page -name '*.css' -o -name '*.js')

# exit() belongs to main(); a forked child leaves by _exit()
hits=$(sources bpf collector libmmtrace analyzer runner | grep -v '^runner/main\.c$' |
	xargs -r grep -nE '(^|[^_[:alnum:]])(exit|quick_exit|abort)[[:space:]]*\(' | grep -vE ':[[:space:]]*(/?\*|//)')
[ -z "$hits" ] || fail "exit() outside runner/main.c:"$'\n'"$hits"

# the build is reproducible, and nothing prints but the output module in the library
hits=$(sources bpf collector libmmtrace analyzer runner | xargs -r grep -nE '__(DATE|TIME)__')
[ -z "$hits" ] || fail "__DATE__ or __TIME__:"$'\n'"$hits"
hits=$(sources libmmtrace | xargs -r grep -nE '(^|[^_[:alnum:]])(printf|puts|perror|fprintf)[[:space:]]*\(')
[ -z "$hits" ] || fail "libmmtrace/ prints:"$'\n'"$hits"

exit $bad
