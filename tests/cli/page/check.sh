# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every page must keep. The test has fail().
has() { grep -qF -- "$2" "$1" || fail "$1: lacks $2"; } # FILE TEXT
lacks() { ! grep -qF -- "$2" "$1" || fail "$1: has $2"; }

# every element that is opened is closed, in order; attributes are quoted; raw text elements end where they end
well_formed() # FILE
{
	awk '
	function bad(what) { print FILENAME ": " what; status = 1 }
	{ text = text $0 "\n" }
	END {
		n = 0
		while (match(text, /<[^>]*>/)) {
			before = substr(text, 1, RSTART - 1)
			tag = substr(text, RSTART, RLENGTH)
			text = substr(text, RSTART + RLENGTH)
			if (before ~ /&[^a-z#]/) bad("a bare & before " tag)
			if (tag ~ /^<!/) continue
			if (tag ~ /^<\//) {
				name = substr(tag, 3, length(tag) - 3)
				if (!n || stack[n] != name) { bad("</" name "> closes " (n ? stack[n] : "nothing")); exit 1 }
				n--
				continue
			}
			if (!match(tag, /^<[a-z0-9]+/)) { bad("what is " tag); exit 1 }
			name = substr(tag, 2, RLENGTH - 1)
			quotes = gsub(/"/, "\"", tag)
			if (quotes % 2) bad("quotes of " tag)
			if (tag ~ /\/>$/ || name ~ /^(meta|br|wbr|link|input|img)$/) continue
			if (name == "script" || name == "style") {
				end = index(text, "</" name ">")
				if (!end) { bad("<" name "> without end"); exit 1 }
				text = substr(text, end + length(name) + 3)
				continue
			}
			stack[++n] = name
		}
		if (n) bad("<" stack[n] "> is not closed")
		exit status
	}' "$1" || fail "$1 is not well formed"
}

# what every page must keep
check_page() # FILE
{
	local size

	size=$(stat -c %s "$1")
	[ "$size" -lt 1000000 ] || fail "$1: $size bytes"
	well_formed "$1"
	# nothing is fetched: no address in an attribute, a style or a script that calls for one
	! grep -nEo '(src|href|action|data|poster)="[^#"][^"]*"' "$1" || fail "$1: refers to something outside"
	! sed 's/uPlot=.*//' "$1" | grep -nE 'url\([^#]|@import|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|<link|<iframe|<object|<embed|<base' ||
		fail "$1: fetches something"
	has "$1" "default-src 'none'"
	# each table has a caption and its columns scopes; each picture a text
	[ "$(grep -o '<table' "$1" | wc -l)" = "$(grep -o '<caption' "$1" | wc -l)" ] || fail "$1: a table without a caption"
	! grep -nE '<th( class="n")?>' "$1" || fail "$1: a head without scope"
	! grep -oE '<svg[^>]*>' "$1" | grep -vE 'aria-label="[^"]|aria-hidden="true"' || fail "$1: a picture without a text"
	[ "$(grep -oE ' id="[^"]*"' "$1" | sort | uniq -d | wc -l)" = 0 ] || fail "$1: an id twice"
	local id
	for id in $(grep -oE 'href="#[^"]*"|aria-labelledby="[^"]*"' "$1" | sed 's/.*="#\?//; s/"//'); do
		grep -q " id=\"$id\"" "$1" || fail "$1: nothing has the id $id"
	done
	sed -n 's|.*<script type="application/json" id="data">\(.*\)</script>.*|\1|p' "$1" >data.json
	[ -s data.json ] || fail "$1: no data"
	! grep -q '[<>&]' data.json || fail "$1: the data are not escaped"
	if command -v python3 >/dev/null; then
		python3 -c 'import json,sys; json.load(open("data.json"))' || fail "$1: the data are not JSON"
	fi
}
