# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a sample of -e profile costs the program it interrupts: a load that computes, flat and 30 calls
# deep, recorded without and with it. The cost is taken at 10000 samples a second, where it stands out
# of the noise, and told for the default rate.

# One run of the load $1 under "${@:2}": ns of CPU.
bench_profile_one() {
	local load=$1
	shift
	rm -f "$work/in"
	STORM_OUT=$work/in "$@" "$bin/storm" "$load" $((3 * size)) > "$work/log" 2>&1
	[ -s "$work/in" ] || { tail -3 "$work/log" >&2; return 1; }
	awk '$1 == "cpu" { print $2 }' "$work/in"
}

# shellcheck disable=SC2154 # set by run.sh
bench_profile() {
	local r load v n rate
	: > "$work/profile"
	for ((r = 0; r < rounds; r++)); do
		for load in cpu deep; do
			v=$(bench_profile_one "$load" "$MMT" record -q --profile light -o "$work/t.mmt" --) || return 0
			echo "$load none $v 0" >> "$work/profile"
			v=$(bench_profile_one "$load" "$MMT" record -q --profile light -e profile,map -F 10000 -o "$work/t.mmt" --) || return 0
			n=$("$MMT" export --table meta --format csv "$work/t.mmt" | awk -F, '$1 == "profile.samples" { print $2 }')
			echo "$load profile $v $n" >> "$work/profile"
		done
	done
	"$MMT" record -q --profile light -e profile -o "$work/t.mmt" -- true
	rate=$("$MMT" export --table meta --format csv "$work/t.mmt" | awk -F, '$1 == "profile.freq" { print $2 }')
	awk -v minima="$minima" -v rate="$rate" '
		function median(list, m, i, j, v, a) {
			m = split(list, a, " ")
			for (i = 2; i <= m; i++)
				for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) { v = a[j]; a[j] = a[j - 1]; a[j - 1] = v }
			if (minima) return a[1]
			return m % 2 ? a[(m + 1) / 2] : (a[m / 2] + a[m / 2 + 1]) / 2
		}
		$2 == "none" { none[$1] = none[$1] " " $3; now = $3; next }
		{ cost[$1] = cost[$1] " " ($3 - now) / $4; all[$1] = all[$1] " " $3; n[$1] = n[$1] " " $4 }
		END {
			print ""
			printf "%-22s %10s %12s   at %d Hz (goal 0.5 %%)\n", "record -e profile", "ns a sample", "% of a CPU", rate
			split("cpu deep", l, " ")
			for (i = 1; i <= 2; i++) {
				c = minima ? (median(all[l[i]]) - median(none[l[i]])) / median(n[l[i]]) : median(cost[l[i]])
				printf "%-22s %10.0f %12.3f   %s\n", l[i] == "cpu" ? "flat" : "30 calls deep", c, c * rate / 1e7,
					c * rate / 1e7 <= 0.5 ? "pass" : "MISS"
			}
		}' "$work/profile"
}
