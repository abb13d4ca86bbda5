#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every struct and field of bpf/mmt_kernel.h is in the running kernel's BTF. Flavours (NAME___suffix)
# are other kernels' shapes; a field whose line says "optional" may be missing.
set -u
cd "$TOP" || exit 1
btf=/sys/kernel/btf/vmlinux
[ -r $btf ] || { echo "skipped: no $btf"; exit 77; }
PATH=$PATH:/usr/sbin
command -v bpftool >/dev/null || { echo "skipped: no bpftool"; exit 77; }
bpftool btf dump file $btf format c >"$TMPDIR/vmlinux.h" || exit 1

# "struct field optional" lines of a header; nested anonymous structs give their fields to the outer one
fields()
{
	awk '
		/^(struct|union) [a-z_0-9A-Z]+ \{/ { name = $2; depth = 1; print name, "-", 0; next }
		!name { next }
		{ line = $0; opt = line ~ /optional/; gsub(/\/\*.*\*\//, "", line) }
		line ~ /\{[ \t]*$/ { depth++; next }
		line ~ /^[ \t]*\}/ {
			if (--depth == 0) { name = ""; next }
			sub(/^[ \t]*\}[ \t]*/, "", line)
			if (line ~ /^;/) next
		}
		line ~ /;/ {
			sub(/;.*/, "", line)
			gsub(/\[[^]]*\]/, "", line)
			sub(/:[ \t]*[0-9]+[ \t]*$/, "", line)
			if (line ~ /\(\*/) { sub(/.*\(\*/, "", line); sub(/\).*/, "", line) }
			n = split(line, w, /[ \t*,]+/)
			while (n && w[n] == "") n--
			if (n) print name, w[n], opt
		}
	' "$1" | sort -u
}

fields bpf/mmt_kernel.h >"$TMPDIR/ours"
fields "$TMPDIR/vmlinux.h" >"$TMPDIR/theirs"
awk '
	NR == FNR { has[$1 " " $2] = 1; next }
	$1 ~ /___/ { next }
	{ n++ }
	!(($1 " " $2) in has) {
		if ($3) { print "optional, not in this kernel: " $1 "." $2; next }
		print "not in this kernel: struct " $1 ($2 == "-" ? "" : ", field " $2)
		bad = 1
	}
	END { if (n < 5) { print "mmt_kernel.h: only " n + 0 " names found"; bad = 1 } exit bad }
' "$TMPDIR/theirs" "$TMPDIR/ours"
