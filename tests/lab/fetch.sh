# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernel images of the distribution, through a private apt state: the machine's own
# sources, lists and package state are read for the mirror's name and never changed.

# Mirror of the distribution as this machine's own apt has it: "SITE" for a suite.
lab_site() {
	local codename want
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	case $1 in
	*-security) want=$codename-security ;;
	*) want=$codename ;;
	esac
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(CREATED_BY)' 2>/dev/null |
		awk -v r="$want" '$2 == r && $3 == "main" && $4 == "Packages" { print $1; exit }'
}

# apt with a state of its own for one suite: lab_apt SUITE get|cache ARGS
lab_apt() {
	local root=$LAB_CACHE/apt/$1 tool=apt-$2
	shift 2
	"$tool" -q -o Dir::State="$root/state" -o Dir::State::status="$root/status" -o Dir::Cache="$root/cache" \
		-o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null -o APT::Get::List-Cleanup=true -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false -o APT::Architecture=amd64 \
		-o Dir::Cache::srcpkgcache= -o Acquire::Check-Valid-Until=false "$@"
}

lab_apt_setup() {
	local suite=$1 root=$LAB_CACHE/apt/$1 site
	site=$(lab_site "$suite")
	[ -n "$site" ] || { lab_msg "no mirror for $suite in this machine's apt sources"; return 1; }
	mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
	: > "$root/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" > "$root/sources.list"
	# A day-old list is good enough; kernels change slower than that.
	if [ -z "$(find "$root/updated" -mmin -1440 2>/dev/null)" ]; then
		lab_msg "reading the package list of $suite"
		lab_apt "$suite" get update > "$root/log" 2>&1 || { tail -3 "$root/log" >&2; return 1; }
		touch "$root/updated"
	fi
}

# Packages that an image needs: modules are in packages of their own from 6.17 on.
lab_image_packages() {
	echo "$2"
	lab_apt "$1" cache depends "$2" 2>/dev/null |
		awk '$1 == "Depends:" && $2 ~ /^linux-(modules|binary)-[0-9]/ { print $2 }'
}

# Fetch and unpack kernel NAME: $LAB_CACHE/kernels/NAME/{vmlinuz,vmlinux?,release,modules/}
lab_fetch() {
	local name=$1 dir=$LAB_CACHE/kernels/$1 line suites pattern suite tmp
	[ -f "$dir/release" ] && return 0
	line=$(awk -F'\t' -v n="$name" '$1 == n' "$LAB_DIR/kernels.tab")
	[ -n "$line" ] || { lab_msg "kernel $name is not in kernels.tab"; return 1; }
	suites=$(cut -f2 <<< "$line")
	pattern=$(cut -f3 <<< "$line")
	tmp=$LAB_CACHE/tmp.$name.$$
	for suite in $suites; do
		lab_download "$suite" "$pattern" "$tmp" && lab_unpack "$tmp" "$dir" && break
	done
	rm -rf "$tmp"
	[ -f "$dir/release" ] || { lab_msg "no image for kernel $name in: $suites"; return 1; }
}

# An index may name a package that the mirror has lost already: then the next suite.
lab_download() {
	local suite=$1 pattern=$2 tmp=$3 pkg
	lab_apt_setup "$suite" || return 1
	# Signed ones first: a kernel that is locked down takes no other modules.
	pkg=$(lab_apt "$suite" cache pkgnames linux-image- | grep -E "^linux-image-$pattern.*cloud-amd64(-unsigned)?$" |
		sed 's/\(.*\)-unsigned$/0 &/; t; s/^/1 /' | sort -k 1,1n -k 2,2V | tail -1 | cut -d' ' -f2)
	[ -n "$pkg" ] || return 1
	rm -rf "$tmp"
	mkdir -p "$tmp/root"
	lab_msg "fetching $pkg of $suite"
	# shellcheck disable=SC2046
	(cd "$tmp" && lab_apt "$suite" get download $(lab_image_packages "$suite" "$pkg") > log 2>&1) ||
		{ grep '^E:' "$tmp/log" | head -2 >&2; return 1; }
	for pkg in "$tmp"/*.deb; do
		dpkg-deb -x "$pkg" "$tmp/root" || return 1
	done
}

lab_unpack() {
	local tmp=$1 dir=$2 image mods
	image=$(find "$tmp/root" -name 'vmlinuz*' -type f | head -1)
	mods=$(find "$tmp/root" -path '*lib/modules/*' -name kernel -type d | head -1)
	[ -n "$image" ] && [ -n "$mods" ] || { lab_msg "no kernel or no modules in the package"; return 1; }
	rm -rf "$dir"
	mkdir -p "$dir/modules"
	cp "$image" "$dir/vmlinuz"
	# The drivers for results, and KVM for guests in the guest.
	(cd "$mods/.." && find kernel -name '*.ko*' \( -path '*drivers/virtio/*' -o -path '*drivers/block/virtio_blk*' \
		-o -path '*drivers/char/virtio_console*' -o -path '*arch/x86/kvm/*' -o -path '*virt/lib/*' \) \
		-exec cp {} "$dir/modules/" \;)
	lab_decompress_modules "$dir/modules"
	cp "$(dirname "$image")"/config-* "$dir/config" 2>/dev/null || true
	"$LAB_DIR/extract-vmlinux" "$image" "$dir/vmlinux" || rm -f "$dir/vmlinux"
	basename "$(dirname "$mods")" > "$dir/release"
}

lab_decompress_modules() {
	find "$1" -name '*.xz' -exec xz -d {} +
	find "$1" -name '*.zst' -exec zstd -q -d --rm {} +
}
