#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# completion.sh PROGRAM: bash completion for mmt-trace, from the program's own help.
set -eu
here=$(dirname "$0")
cmds=$("$here/options.sh" "$1" | tr '\n' ' ')
cat <<'BASH'
# SPDX-License-Identifier: GPL-2.0-only
# bash completion for mmt-trace; made by scripts/completion.sh
_mmt_trace()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev= cmd= opts= i

	COMPREPLY=()
	[ "$COMP_CWORD" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD-1]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--) return ;; # the benchmark's own words
		-*) ;;
		*) cmd=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $cmd in
BASH
for c in $cmds; do
	# shellcheck disable=SC2046 # one line
	printf '\t%s) opts="%s" ;;\n' "$c" "$(echo $("$here/options.sh" "$1" "$c" 2>/dev/null | grep '^--'))"
done
cat <<BASH
	help) COMPREPLY=(\$(compgen -W "$cmds" -- "\$cur")); return ;;
	"") COMPREPLY=(\$(compgen -W "$cmds help --help --version" -- "\$cur")); return ;;
	esac
BASH
cat <<'BASH'
	case $prev in
	--profile) COMPREPLY=($(compgen -W "light default full" -- "$cur")); return ;;
	--format) COMPREPLY=($(compgen -W "csv json ndjson perf-script" -- "$cur")); return ;;
	--color) COMPREPLY=($(compgen -W "auto always never" -- "$cur")); return ;;
	-p | --pid) COMPREPLY=($(compgen -W "$(command ps -eo pid=)" -- "$cur")); return ;;
	-b | --benchmark) COMPREPLY=($(compgen -W "$(mmt-trace list --names 2>/dev/null)" -- "$cur")); return ;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$opts" -- "$cur"))
	else
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$cur"))
	fi
}
complete -F _mmt_trace mmt-trace
BASH
