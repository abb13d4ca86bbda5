#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vms: traces of hosts whose answers are known, in every form; what was not recorded is said; a large host in under a second.
set -u
cd "$TMPDIR" || exit 1
[ -x "$MMT" ] || { echo "skipped: no $MMT"; exit 77; }
make=$BUILD/tests/tools/vms_trace
[ -x "$make" ] || { echo "skipped: no $make"; exit 77; }
bad=0
fail() { echo "FAIL: $*"; bad=1; }
has() { grep -qE -- "$2" "$1" || fail "$1 lacks '$2': $(head -n 30 "$1")"; }
lacks() { ! grep -qE -- "$2" "$1" || fail "$1 has '$2': $(grep -E -- "$2" "$1" | head -n 3)"; }

# vms OUTPUT ARGUMENT...: must succeed and say nothing else
vms()
{
	local out=$1

	shift
	"$MMT" vms "$@" >"$out" 2>err || fail "vms $*: status $?: $(cat err)"
	[ ! -s err ] || fail "vms $*: $(cat err)"
}

# cell FILE VM COLUMN: of a CSV with one row a VM
cell()
{
	awk -F, -v vm="$2" -v col="$3" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; key = at["vm"] }
		$key == vm { print $at[col] }' "$1"
}
is() { [ "$(cell "$1" "$2" "$3")" = "$4" ] || fail "$1: $3 of $2 is '$(cell "$1" "$2" "$3")', not '$4'"; }

# ------------------------------------------------------- known answers
"$make" t.mmt vms=8 vcpus=2 nodes=4 seconds=4 life=1 || exit 1
vms text t.mmt
has text '^VMs        8, 16 vCPUs; 12.66 CPUs used, steal 20.0 %$'
has text '^memory     512 MiB, 56.2 % of it off the node where its VM ran most$'
has text '^exposure   53.6 % of the run time was off-node \(53.5 to 53.6\)'
has text '^vm005       2 1.81    1     64  100.0    100.0 0.0  20.0'
has text '^vm006       2 1.81    2     64   75.0     75.0 0.4  20.0'
has text '^renamed +2 1.81    0     64    0.0      0.0 0.0  20.0'
has text '^vm002      3  4096 16.0  25.0 '
has text '^load       2.50 tasks per CPU; imbalance of the nodes 75.0 %$'
has text '^   3   16  65536 90.0    64.0 4.00    5   .60.0   0     0     96 18.8'
has text '^vm001: ended at 2.0 s$'
has text '^vm007: seen from 2.0 s on$'
has text '^renamed: was vm000$'
[ "$(awk '{ if (length > n) n = length } END { print n }' text)" -le 80 ] || fail "text is wider than 80 columns"

vms csv t.mmt --csv
is csv renamed exposure_pct 0
is csv vm005 exposure_pct 100
is csv vm002 exposure_pct 75
is csv vm003 exposure_pct 50
is csv vm003 mem_off_pct 50
is csv vm003 mig_cross 8
is csv vm003 run_by_node_ns "3618000000 0 0 3618000000"
is csv vm002 mib 64
is csv vm002 vcpu_run_ns 7200000000
is csv vm001 vcpu_run_ns 3600000000
is csv vm002 wait_pct 20
is csv vm002 wait_max_ns 8000000
is csv vm002 time_s 1700000004
is csv vm002 scope machine-qemu-2.scope
# walked: no interval; sampled: 10000 draws of three in four, by Wilson
is csv vm002 exposure_lo_pct 75
awk -v lo="$(cell csv vm006 exposure_lo_pct)" -v hi="$(cell csv vm006 exposure_hi_pct)" \
	'BEGIN { exit !(lo > 74.5 && lo < 74.8 && hi > 75.2 && hi < 75.5) }' || fail "interval of vm006"
# by node: pages, MiB, percent
vms places t.mmt --by place -x ';'
has places '^[^;]*;vm002;3000;3;4096;16;25;25;25;'
vms vcpu t.mmt --by vcpu --csv --vm vm003
[ "$(wc -l <vcpu)" -eq 3 ] || fail "--vm: $(cat vcpu)"
has vcpu '1800000000 0 0 1800000000'
vms node t.mmt --by node --csv
[ "$(wc -l <node)" -eq 5 ] || fail "nodes: $(cat node)"

# heads without groups above them: each column says what it is
vms md t.mmt --markdown
has md '[|] memory .MiB. [|] off-node memory .%. [|] exposure .%. [|]'

# ---------------------------------------------------------- which VMs
vms one t.mmt --vm vm002,vm000 --csv
[ "$(wc -l <one)" -eq 3 ] || fail "--vm with an old name: $(cat one)"
vms match t.mmt --vm-match '^vm00[23]$'
has match '^VMs        2 of 8, 4 vCPUs'
lacks match '^vm005'
vms sorted t.mmt --sort mem_off_pct --top 2
has sorted '6 more'

# pages that they were given meanwhile, where that was recorded
"$make" p.mmt pages=4000 seconds=3 || exit 1
vms pages p.mmt
has pages '^VM    vCPUs CPUs node memory memory  new exposure +[+]-'
[ "$(awk '{ if (length > n) n = length } END { print n }' pages)" -le 80 ] || fail "text with pages is wider than 80 columns"
[ "$(grep -c '^VM ' pages)" -eq 4 ] || fail "the table of VMs is cut in two: $(cat pages)"
vms pagescsv p.mmt --csv
is pagescsv vm002 alloc_pages 24000
is pagescsv vm002 alloc_off_pct 75
is csv vm002 alloc_pages ''
# hint faults, pages that balancing moved, virtual CPUs that changed node: where that was recorded
is pagescsv vm003 hint 600
is pagescsv vm003 hint_off_pct 20
is pagescsv vm003 migrated 60
is pagescsv vm003 migrate_failed 6
awk -v d="$(cell pagescsv vm003 vcpu_distance)" 'BEGIN { exit !(d > 3.199 && d < 3.201) }' || fail "distance of vm003"
is pagescsv vm002 vcpu_distance ''
has pages '^vm003 +600 +20.0 +60 +6 +24 +3.20$'
has pages '^vm003 +3 +0 +3.20 +6 +0 '
has pages '^vm003 +0 +3 +3.20 +18 +60 '
is csv vm003 hint ''
lacks text 'hint faults'
lacks text ' new '

# names that are long, or not of ASCII: columns stay below their heads, nothing is wider than a terminal
"$make" names.mmt names=1 || exit 1
vms long names.mmt
has long '^mailserver-pr~al-1-a +2 1.81 +1 '
has long '^bücher-データ-😀 +2 1.81 +2 '
wide=$(COLUMNS=80 python3 -c '
import unicodedata
print(max(sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in l.rstrip("\n")) for l in open("long", encoding="utf-8")))' 2>/dev/null)
[ "${wide:-0}" -le 80 ] || fail "a line of $wide columns with long names"
vms longcsv names.mmt --csv
has longcsv ',mailserver-production-eu-central-1-a,'
# threads of virtual CPUs that are not known: that is not 0 of them
"$make" unknown.mmt vcpus=0 || exit 1
vms unknown unknown.mmt
has unknown '^vCPUs      not known for 8 VMs'
has unknown '^VMs        8; '
has unknown '^vm001     - '
vms unknowncsv unknown.mmt --csv
is unknowncsv vm001 vcpus ''
vms unknownjson unknown.mmt --json
lacks unknownjson 'vcpu_run_ns|"vcpus": [0-9]'

# a node without CPUs: nobody runs there, and it has no load
"$make" bare.mmt bare=1 || exit 1
vms bare bare.mmt
has bare '^   4    0  65536    -       -    -    -       -   0     0     57 10.0'
has bare '^load       2.50 tasks per CPU; imbalance of the nodes 75.0 %$'
vms barecsv bare.mmt --csv
is barecsv vm001 exposure_pct 100
awk -v v="$(cell barecsv vm000 exposure_pct)" 'BEGIN { exit !(v > 9.99 && v < 10.01) }' || fail "exposure with a node without CPUs"

# ------------------------------------- compared: all together, and single ones
for i in 1 2 3 4 5; do
	"$make" "a$i.mmt" seconds=$((i + 1)) && "$make" "b$i.mmt" seconds=$((i + 1)) shift=1 || exit 1
done
arms="a1.mmt,a2.mmt,a3.mmt,a4.mmt,a5.mmt b1.mmt,b2.mmt,b3.mmt,b4.mmt,b5.mmt"
# shellcheck disable=SC2086
"$MMT" compare $arms -m 'vm,vm:vm00[12].exposure,vm:vm004' --csv >cmp 2>err || fail "compare: $(cat err)"
value() { awk -F, -v m="$1" -v arm="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } $at["metric"] == m && $at["arm"] == arm { printf "%.10g\n", $at["mean"] }' cmp; }
same() { [ "$(value "$1" "$2")" = "$3" ] || fail "compare: $1 of $2 is '$(value "$1" "$2")', not '$3'"; }
same vm.count a 8
same vm.exposure a 56.25
same vm.exposure.distance b 1.5375
same vm.memory a 512
same vm.memory.off_node b 56.25
same vm.steal a 20
same vm.preemptions.rate a 320
same vm.migrations.cross_node.rate a 4
same vm:vm001.exposure a 100
same vm:vm001.exposure b 75
same vm:vm002.exposure b 50
same vm:vm004.exposure a 0
same vm:vm004.exposure b 100
same vm:vm004.cpus a 1.809
has cmp 'vm:vm004.wait.p99'
lacks cmp 'vm:vm001.cpus'
lacks cmp 'vm:vm004.count'
# shellcheck disable=SC2086
"$MMT" compare $arms -m all --csv >cmp 2>err || fail "compare -m all: $(cat err)"
lacks cmp 'vm:'
# shellcheck disable=SC2086
"$MMT" compare $arms -m vm:nobody >o 2>err && fail "compare knows a machine that is not there"
has err 'vm:nobody: no trace has such a VM'

# ------------------------------------------------ exits of vCPUs
for i in 1 2; do
	"$make" "x$i.mmt" seconds=2 exits=800 && "$make" "y$i.mmt" seconds=2 exits=1600 || exit 1
done
vms exits x1.mmt --csv
is exits vm001 exit_rate 3200
is exits vm001 exit_top io
is exits vm001 exit_top_pct 75
is exits vm001 return_rate 1600
is exits vm001 halt_polled_pct 50
is exits vm001 halt_polled_ns 8000000
is exits vm001 halt_slept_ns 800000000
vms exits x1.mmt
has exits '^vm001 +3200 io +75.0 +13.3 +1600 +800 +50.0 +8.0 +800.0$'
lacks exits '^Exits of virtual CPUs'
vms exits x1.mmt --by vcpu
has exits '^vm002 +1 +2400 io +75.0 '
"$MMT" compare x1.mmt,x2.mmt y1.mmt,y2.mmt -m 'vm.kvm,vm:vm001.kvm' --csv >cmp 2>err || fail "compare exits: $(cat err)"
same vm.kvm.exits.rate x 57600
same vm.kvm.exits.rate y 115200
same vm:vm001.kvm.exits x 6400
same vm:vm001.kvm.returns.rate y 3200
same vm:vm001.kvm.halts.rate x 800
same vm:vm001.kvm.halts.polled x 4
same vm:vm001.kvm.halts.slept x 400

# ------------------------------------------------ a heat map in the page
. "$TOP/tests/cli/page/check.sh"
has() { grep -qE -- "$2" "$1" || fail "$1 lacks '$2': $(head -c 2000 "$1")"; }
lacks() { ! grep -qE -- "$2" "$1" || fail "$1 has '$2': $(grep -E -- "$2" "$1" | head -n 3)"; }
"$make" bare.mmt places=0 load=0 || exit 1
# shellcheck disable=SC2086
"$MMT" compare $arms --html -o page.html 2>err || fail "--html: $(cat err)"
check_page page.html
has page.html '<section id="vms"'
has page.html 'vm001, node 2: 100 % of its memory, 0 % of its run time'
has page.html 'vm002, node 3: 25.0 % of its memory, 0 % of its run time'
has page.html '>75.0 %</text>'
lacks page.html 'id="t-vm-exits"'
"$MMT" compare x1.mmt,x2.mmt y1.mmt,y2.mmt --html -o page.html 2>err || fail "--html of exits: $(cat err)"
check_page page.html
has page.html '<th scope="row">vm001</th><td class="n" data-v="3200">'
has page.html '<td>io, 75 %</td>'
"$make" many.mmt vms=60 vcpus=1 seconds=2 nodes=20 cpus=4 || exit 1
"$MMT" compare many.mmt --html -o page.html 2>err || fail "--html: $(cat err)"
check_page page.html
has page.html '20 more are not shown'
has page.html 'Nodes beyond the first 16'
"$MMT" compare bare.mmt --html -o page.html 2>err || fail "--html: $(cat err)"
has page.html 'node 2: not known of its memory, 100 % of its run time'

# ------------------------------------------------------------ errors
refused() # PATTERN ARGUMENT...
{
	local what=$1 got

	shift
	"$MMT" vms "$@" >o 2>e </dev/null
	got=$?
	[ $got -eq 2 ] || fail "vms $*: status $got"
	[ ! -s o ] || fail "vms $*: stdout: $(head -n 2 o)"
	[ "$(wc -l <e)" -eq 1 ] || fail "vms $*: not one line: $(cat e)"
	grep -q -- "$what" e || fail "vms $*: $(cat e)"
}
refused "no VM 'nobody'; there are: renamed, vm001" t.mmt --vm nobody
refused "no VM 'VM002' (did you mean 'vm002'?)" t.mmt --vm vm001,VM002
refused "no VM has a name that --vm-match fits; there are: renamed" t.mmt --vm-match nothing
refused "did you mean 'vcpu'" t.mmt --by vcpus
refused "no column 'expsure' to sort by (did you mean 'exposure'?)" t.mmt --sort expsure
refused "vm-match" t.mmt --vm-match '('
refused "'u.mmt' is the second" t.mmt u.mmt
refused "gone.mmt" gone.mmt
refused "delay 'soon'" -d soon
refused "number of intervals" -n 0
refused "are for a trace; name one" --segment all
"$make" no.mmt vm=0 || exit 1
refused "record it with -e vm" no.mmt

# --------------------------------------------------- what was not recorded
vms bare bare.mmt
has bare '^memory     not available: placement was not recorded \(-e place\)$'
has bare '^load       not available: run-queue lengths were not recorded \(-e load\)$'
lacks bare '^exposure'
vms barecsv bare.mmt --csv
is barecsv vm002 exposure_pct ''
is barecsv vm002 mib ''
is barecsv vm002 wait_pct 20
"$make" empty.mmt vms=0 || exit 1
vms empty empty.mmt
has empty 'no VM was found'
lacks empty 'of VMs'

# ------------------------------------------- what programs read is in the manual
vms json t.mmt --json
sed -n '/^\.Sh OUTPUT FOR PROGRAMS/,/^\.Sh EXIT STATUS/p' "$TOP/docs/mmt-trace-vms.1" | tr -cs 'a-zA-Z0-9_' '\n' | sort -u >page
for f in csv places vcpu node; do sed -n 1p $f | tr -d '\r' | tr ',;' '\n\n'; done >names
grep -Eo '"[a-z_0-9]+":' json | tr -d '":' | cat - names | sort -u >all
n=$(comm -23 all page | paste -sd' ')
[ -z "$n" ] || fail "docs/mmt-trace-vms.1 does not say what these are: $n"
[ "$(grep -c . all)" -gt 50 ] || fail "few fields: $(cat all)"
if command -v python3 >/dev/null; then
	python3 - <<'END' || fail "JSON"
import json
j = json.load(open("json"))
assert j["kind"] == "vms" and j["version"] == 1
assert len(j["vms"]) == 8 and len(j["vcpus"]) == 16 and len(j["nodes"]) == 4
assert j["all"]["vms"] == 8 and abs(j["all"]["mem_off_pct"] - 56.25) < 1e-9
assert not any(v is None for r in j["vms"] + j["vcpus"] + j["places"] for v in r.values())
END
fi

# ----------------------------------------------------------- examples
# of the manual pages and README, about VMs and of a trace: each does something, as it is printed
"$make" trace.mmt names=2 || exit 1
{
	sed -n 's/^\.Dl \$ //p' "$TOP"/docs/mmt-trace-{vms,record,report,compare}.1
	sed -n 's/^\(mmt-trace .*[^ ]\) *#.*/\1/p' "$TOP/README.md"
} | grep -E '^mmt-trace (vms|report|compare) ' | grep -E ' vms|vm' | grep -E '[a-z]\.mmt' | sort -u >examples
[ "$(wc -l <examples)" -ge 4 ] || fail "few examples: $(cat examples)"
while read -r command; do
	(PATH=$(dirname "$MMT"):$PATH eval "$command") >o 2>err || fail "example '$command': status $?: $(cat err)"
	[ -s o ] && [ ! -s err ] || fail "example '$command' says: $(cat o err)"
	grep -qE 'vm00|web1|CPU' o || fail "example '$command' shows no VM: $(cat o)"
done <examples

# ----------------------------------------------------------- a large host
"$make" big.mmt vms=500 vcpus=16 nodes=4 seconds=10 || exit 1
# cost ARGUMENT...: ms of CPU time, which others on this machine do not make longer
cost()
{
	TIMEFORMAT='%3U %3S'
	{ time "$MMT" vms "$@" >big 2>err; } 2>t || fail "vms $*: $(cat err)"
	awk '{ printf("%.0f", 1000 * ($1 + $2)) }' t
}
ms=$(cost big.mmt --top 0)
[ "$(grep -c '^vm[0-9]' big)" -gt 1500 ] || fail "a large host: rows are missing"
has big '^VMs        500, 8000 vCPUs'
[ "$ms" -lt 1000 ] || fail "a report of 500 virtual machines took $ms ms"
json=$(cost big.mmt --json)
[ "$json" -lt 1000 ] || fail "JSON of 500 virtual machines took $json ms"
echo "500 VMs of 16 vCPUs, 10 s: text $ms ms of CPU time, JSON with all virtual CPUs $json ms"
exit $bad
