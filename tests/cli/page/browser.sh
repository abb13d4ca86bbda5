# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A page in a browser, without a screen. The test has fail(), and is in $TMPDIR when it calls dom().
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
[ -n "$browser" ] || { echo "skipped: no chromium"; exit 77; }

# dom FILE OUT [SCRIPT]: the document after its scripts, and one more at its end
dom()
{
	local file=$1

	if [ -n "${3:-}" ]; then
		file=with.html
		{ sed '/^<\/body>/,$d' "$1"; echo "<script>$3</script></body></html>"; } >$file
	fi
	HOME=$TMPDIR timeout 240 "$browser" --headless --no-sandbox --no-zygote --disable-gpu --disable-dev-shm-usage --no-first-run \
		--disable-background-networking --enable-logging=stderr --timeout=60000 --user-data-dir="$TMPDIR/profile" \
		--dump-dom "file://$PWD/$file" >"$2" 2>"$2.err"
	! grep -E 'CONSOLE' "$2.err" || fail "$1: the browser complains"
}
