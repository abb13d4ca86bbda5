# SPDX-License-Identifier: GPL-2.0-only
# Several kernels.tsv, a kernel each -> docs/kernels.md. What is the same everywhere takes one line.

function head(title, first,   k) {
	printf "\n## %s\n\n| %s |", title, first
	for (k = 1; k <= nk; k++) printf " %s |", name[k]
	printf "\n|---|"
	for (k = 1; k <= nk; k++) printf "---|"
	print ""
}

function cell(v) {
	if (v == "") return "-"
	if (v !~ /^not available: /) return v
	if (!(v in note)) { note[v] = ++nn; text[nn] = substr(v, 16) }
	return "not available (" note[v] ")"
}

function row(section, r,   k) {
	printf "| %s |", r
	for (k = 1; k <= nk; k++) printf " %s |", cell(at[section, r, k])
	print ""
}

function table(section,   i) {
	for (i = 1; i <= rows[section]; i++) row(section, order[section, i])
}

function wrap(s, all, n,   i, len, w) {
	printf "\n%s", s
	len = length(s)
	for (i = 1; i <= n; i++) {
		w = "`" all[i] "`" (i < n ? "," : ".")
		if (len + length(w) > 118) { printf "\n%s", w; len = length(w) }
		else { printf " %s", w; len += length(w) + 1 }
	}
	print ""
}

function nowhere(section, r,   k) {
	for (k = 1; k <= nk; k++) if (at[section, r, k] == "yes") return 0
	return 1
}

function everywhere(section, r,   k) {
	for (k = 1; k <= nk; k++) if (at[section, r, k] != "yes") return 0
	return 1
}

$1 == "kernel" {
	name[++nk] = $3
	sub(/[^0-9.].*/, "", name[nk])
	split(name[nk], v, ".")
	name[nk] = v[1] "." v[2] ($3 ~ /cloud-amd64/ ? "" : ", here")
	next
}
{
	if (!(($1, $2) in known)) { known[$1, $2] = 1; order[$1, ++rows[$1]] = $2 }
	at[$1, $2, nk] = $3
}

END {
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<!-- made by make lab-table; tests/cli/kernels_page.sh checks that no family or metric is missing -->"
	print "# What works on which kernel\n"
	print "Printed by the same binary on each kernel: in QEMU guests (two NUMA nodes, a nested VM), and last on the host that"
	print "made this table (\"here\"). What a kernel does not allow is reported when recording, and noted in the trace."
	head("Families of events (record -e)", "family")
	table("family")
	head("How they work there", "what")
	table("part")
	print "\nprobe: how programs are attached. clock: the clock of scheduler events. latency.start: where run-queue latency of"
	print "wakeups begins. fault.kinds: modes and accesses of page faults. numa.hint: NUMA hint faults by task and node; .pages: their pages."
	print "numa.migrate: pages migrated by task and reason; .nodes: by source and destination node. numa.tasks: tasks that change node."
	print "counters.event.node-loads: an event of the PMU."
	head("Totals against the kernel's own counters", "total")
	table("check")
	print "\nright: exact for tasks whose whole life was recorded; otherwise equal up to what happens between the two readings"
	print "(mmt-trace report --verify shows the difference and the reason). -: no second node, or not available there."
	head("Metrics", "metric")
	n = 0
	for (i = 1; i <= rows["metric"]; i++) {
		r = order["metric", i]
		if (everywhere("metric", r)) all[++n] = r
		else if (nowhere("metric", r)) none[++m] = r
		else row("metric", r)
	}
	print "\n-: nothing to measure it on there (the imbalance of nodes needs two)."
	wrap("On each of them:", all, n)
	if (m) wrap("On none of them, as no machine here has what they are made from (a PMU):", none, m)
	if (nn) print "\n## Not available\n"
	for (i = 1; i <= nn; i++) printf "%d. %s\n", i, text[i]
}
