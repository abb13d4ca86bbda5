# SPDX-License-Identifier: GPL-2.0-only
# raw.tsv of run.sh -> one table. First file: events by workload, second: one row a run.

function median(list, n,    i, j, v, a)
{
	n = split(list, a, " ")
	if (!n)
		return ""
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) {
			v = a[j]
			a[j] = a[j - 1]
			a[j - 1] = v
		}
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

# half width of the 95 % confidence interval of the mean
function ci(list,    n, i, a, s, q, t)
{
	n = split(list, a, " ")
	if (n < 2)
		return ""
	for (i = 1; i <= n; i++)
		s += a[i]
	for (i = 1; i <= n; i++)
		q += (a[i] - s / n) ^ 2
	split("12.71 4.30 3.18 2.78 2.57 2.45 2.36 2.31 2.26 2.23 2.20 2.18 2.16 2.14", t, " ")
	return (n - 1 in t ? t[n - 1] : 2.1) * sqrt(q / (n - 1) / n)
}

function floor_of(tool)
{
	return tool == "light" || tool == "default" ? "F2" : "F4"
}

# Events of one run: the workload's own switches, and what comes with them; others' events are not its cost.
function events_of(w, tool)
{
	return median(sw_l) * (floor_of(tool) == "F2" || tool == "F2" ? ev2[w] : ev4[w])
}

function num(v, fmt)
{
	return v == "" || v == "-" ? "-" : sprintf(fmt, v)
}

function verdict(what, ok)
{
	return what " " (ok ? "pass" : "MISS")
}

# the k-th lowest, or the last there is
function lowest(list, k,    n, i, j, a, v)
{
	n = split(list, a, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && a[j - 1] + 0 > a[j] + 0; j--) {
			v = a[j]
			a[j] = a[j - 1]
			a[j - 1] = v
		}
	return a[k < n ? k : n]
}

# CPU of a tool over the untraced run: median of the rounds' differences, or difference of the minima
function cost(w, t)
{
	return minima ? lowest(cpu_l, 1) - least[w] : median(cost_l)
}

function beyond(w, t)
{
	return minima ? (lowest(cpu_l, 1) / leastf[w, floor_of(t)] - 1) * 100 : median(beyond_l)
}

# Costs of a run against the untraced run and the floor of the same round.
function gather(w, t,    r, k, f)
{
	cpu_l = sw_l = cost_l = slow_l = beyond_l = coll_l = start_l = stop_l = hwm_l = size_l = ""
	lost = seen = "-"
	for (r = 1; r <= rounds; r++) {
		k = r SUBSEP w SUBSEP t
		if (!(k in cpu))
			continue
		cpu_l = cpu_l " " cpu[k]
		sw_l = sw_l " " sw[k]
		if ((r, w, "none") in cpu) {
			cost_l = cost_l " " (cpu[k] - cpu[r, w, "none"])
			slow_l = slow_l " " (cpu[k] / cpu[r, w, "none"] - 1) * 100
		}
		f = r SUBSEP w SUBSEP floor_of(t)
		if (f in cpu)
			beyond_l = beyond_l " " (cpu[k] / cpu[f] - 1) * 100
		if ((r, "empty", t) in coll)
			coll_l = coll_l " " (coll[k] - coll[r, "empty", t]) / \
				(seen_n[k] + 0 > 0 ? seen_n[k] : sw[k] * (floor_of(t) == "F2" ? ev2[w] : ev4[w]))
		start_l = start_l " " start[k]
		stop_l = stop_l " " stop[k]
		hwm_l = hwm_l " " hwm[k]
		# a file and a collector serve all events of the machine, where the tool says how many it took
		if (seen_n[k] + 0 > 0)
			seen = seen_n[k]
		taken = seen_n[k] + 0 > 0 ? seen_n[k] : sw[k] * (floor_of(t) == "F2" ? ev2[w] : ev4[w])
		if (bytes[k] != "-")
			size_l = size_l " " bytes[k] / taken
		if (lost_n[k] != "-" && (lost == "-" || lost_n[k] + 0 > lost + 0 || lost_n[k] == "some"))
			lost = lost_n[k]
	}
}

function row(w, t,    e, c, f, ratio, size, goals, spread, g)
{
	gather(w, t)
	if (cost_l == "")
		return
	e = events_of(w, t)
	# Too few events to share anything out among them.
	c = e < 20000 ? "" : cost(w, t) / e
	f = t == "none" ? "" : fcost[w, t ~ /^F/ ? t : floor_of(t)]
	spread = noise[w]
	# A floor that the noise of the untraced runs could hide gives no ratio.
	ratio = f == "" || c == "" || f * e < 2 * spread || f <= 0 ? "-" : c / f
	size = size_l == "" || c == "" ? "-" : median(size_l)
	goals = ""
	if (t == "light" && ratio != "-")
		goals = goals verdict("<=1.25F", ratio <= 1.25) "; "
	if ((t == "full" || t == "default") && ratio != "-")
		goals = goals verdict("<=1.4F", ratio <= 1.4) "; "
	if ((t == "full" || t == "default") && e > 20000) {
		g = w == "build" || w == "hackbench" ? 2.5 : 0.8
		goals = goals verdict("<=" g "B", size <= g) "; "
		goals = goals verdict("<=40ns", median(coll_l) <= 40) "; "
		goals = goals verdict("0 lost", lost == 0) "; "
	}
	if (t == "default" && w ~ /^(hackbench|cpu|build)$/)
		goals = goals verdict("<=1%", beyond(w, t) <= 1) "; "
	sub(/; $/, "", goals)
	printf "%-9s %-9s %8s %6s %14s %7s %7s %6s %6s %6s  %s\n", w, t, num(c, "%.1f"), num(ratio, "%.2f"),
		t == "none" || t ~ /^F/ ? num(median(slow_l), "%.1f") "        " : \
			num(beyond(w, t), "%.1f") " +- " num(ci(beyond_l), "%.1f"),
		t ~ /^F/ || c == "" ? "-" : num(median(coll_l), "%.1f"),
		num(size, "%.2f"), t == "none" ? "-" : lost, num(median(start_l) / 1e6, "%.0f"),
		num(median(stop_l) / 1e6, "%.0f"), goals
	all_start[t] = all_start[t] " " median(start_l)
	all_stop[t] = all_stop[t] " " median(stop_l)
	all_hwm[t] = all_hwm[t] " " median(hwm_l)
}

$1 == "events" { ev2[$2] = $3; ev4[$2] = $4; works[++nw] = $2; next }
{
	k = $1 SUBSEP $2 SUBSEP $3
	cpu[k] = $4; coll[k] = $6; start[k] = $7; stop[k] = $8; hwm[k] = $9; bytes[k] = $10
	seen_n[k] = $11; lost_n[k] = $12; sw[k] = $13
	if (!($3 in has)) {
		has[$3] = 1
		if ($3 !~ /^(none|F2|F4)$/)
			order[++nt] = $3
	}
	if ($1 > rounds)
		rounds = $1
}
END {
	printf "mmt-trace bench: %d CPUs, %d rounds\n", cpus, rounds
	print "cost: CPU of the workload over the untraced run, ns an event; beyond: over the floor, percent of its CPU"
	printf "%-9s %-9s %8s %6s %14s %7s %7s %6s %6s %6s  %s\n", "workload", "tool", "cost ns", "x F", "beyond F %",
		"coll.ns", "B/event", "lost", "start", "stop", "goals"
	for (i = 1; i <= nw; i++) {
		w = works[i]
		base = ""
		for (r = 1; r <= rounds; r++)
			if ((r, w, "none") in cpu)
				base = base " " cpu[r, w, "none"]
		least[w] = lowest(base, 1)
		# The error of a median; of a minimum, how far off the next ones are.
		noise[w] = minima ? lowest(base, 3) - least[w] : ci(base)
		for (j = 2; j <= 4; j += 2) {
			gather(w, "F" j)
			leastf[w, "F" j] = lowest(cpu_l, 1)
			fcost[w, "F" j] = cost_l == "" ? "" : cost(w, "F" j) / events_of(w, "F" j)
		}
		printf "%-9s %s untraced %.2f s CPU (+- %.1f %%), %d switches, %.3f migrations and %.2f wakeups each\n", w,
			minima ? "least" : "median", (minima ? least[w] : median(base)) / 1e9,
			median(base) ? noise[w] / median(base) * 100 : 0, median(sw_l), ev2[w] - 1, ev4[w] - ev2[w]
		row(w, "F2")
		row(w, "F4")
		for (j = 1; j <= nt; j++)
			row(w, order[j])
	}
	for (j = 1; j <= nt; j++) {
		t = order[j]
		if (t !~ /^(light|default|full)$/)
			continue
		printf "%-9s exec to workload %.0f ms (%s), stop to exit %.0f ms (%s), peak memory %.0f MiB\n", t,
			median(all_start[t]) / 1e6, verdict("<=150 ms", median(all_start[t]) <= 150e6),
			median(all_stop[t]) / 1e6, verdict("<=50 ms", median(all_stop[t]) <= 50e6), median(all_hwm[t]) / 1024
	}
}
