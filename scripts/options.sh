#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# options.sh PROGRAM [COMMAND]: the commands of PROGRAM, or the options of one, one a line, from the program's own tables.
set -eu
"$1" help --dump-options | awk -F '\t' -v cmd="${2:-}" '
	cmd == "" { if ($2 == "" && $3 == "") print $1; next }
	$1 == cmd { if ($2 != "") print $2; if ($3 != "") print $3 }' | { if [ $# -gt 1 ]; then sort -u; else cat; fi; }
