#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# options.sh PROGRAM [COMMAND]: the commands of PROGRAM, or the options of one, one a line, from its own help.
set -eu
if [ $# -eq 1 ]; then
	"$1" help | sed -n 's/^  *\([a-z][a-z-]*\)  .*/\1/p'
	exit
fi
# an option line of argp begins with spaces and a dash: "  -x, --long=ARG   text"
"$1" "$2" --help | sed -n 's/^  *\(-[^ ].*\)$/\1/p' | awk '
	{
		sub(/   *.*/, "") # the text stands two spaces or more behind
		n = split($0, w, /, */)
		for (i = 1; i <= n; i++) {
			o = w[i]
			sub(/[=[ ].*/, "", o)
			if (o ~ /^--?[A-Za-z0-9?]/)
				print o
		}
	}' | sort -u
