# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One guest: initramfs with the payload, boot under TCG, results from a raw disk.

lab_need_qemu() {
	local t
	for t in qemu-system-x86_64 cpio busybox; do
		command -v $t > /dev/null || { echo "skipped: no $t (apt-get install qemu-system-x86 cpio busybox-static)"; return 77; }
	done
	file_is_static "$(command -v busybox)" || { echo "skipped: busybox is not static (apt-get install busybox-static)"; return 77; }
}

file_is_static() { ! ldd "$1" > /dev/null 2>&1; }

# Copy a program and the libraries that ldd names into the root of the guest.
lab_put_bin() {
	local root=$1 bin=$2 lib
	install -D "$bin" "$root/payload/$(basename "$bin")"
	ldd "$bin" 2>/dev/null | grep -oE '/[^ ]+' | while read -r lib; do
		[ -f "$root$lib" ] || install -D "$lib" "$root$lib"
	done
}

# QEMU for VMs in the guest, apart from the guest's own programs: cases copy it to the memory that they want it in.
lab_put_vms() {
	local root=$1/vms lib
	mkdir -p "$root/usr/bin" "$root/usr/lib/modules"
	cp "$(command -v qemu-system-x86_64)" "$root/usr/bin/"
	ldd "$root/usr/bin/qemu-system-x86_64" | grep -oE '/[^ ]+' | while read -r lib; do
		case $lib in */ld-linux*) [ -f "$1$lib" ] || install -D "$lib" "$1$lib" ;; *) cp -L "$lib" "$root/usr/lib/" ;; esac
	done
	for lib in /usr/lib/*/qemu/accel-tcg-x86_64.so /usr/lib*/qemu/accel-tcg-x86_64.so; do
		[ ! -f "$lib" ] || cp "$lib" "$root/usr/lib/modules/"
	done
	cp "$BUILD/tests/lab/spin.bin" "$root/"
}

lab_initramfs() {
	local root=$1 kdir=$2
	mkdir -p "$root/bin" "$root/lab" "$root/payload"
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$LAB_DIR/init" "$root/init"
	chmod 755 "$root/init"
	cp -r "$kdir/modules" "$root/lab/modules.d"
}

lab_pack() {
	(cd "$1" && find . -print0 | cpio --null -o -H newc --quiet) > "$2"
}

# CPUs and memory dealt out evenly over the nodes: "MIB:CPUS" for each, in --layout's words.
lab_even() {
	local nodes=$1 cpus=$2 mem=$3 n a b list=''
	for ((n = 0; n < nodes; n++)); do
		a=$((n * cpus / nodes)) b=$(((n + 1) * cpus / nodes - 1))
		list=$list,$((mem / nodes)):$([ $b -lt $a ] || echo $a-$b)
	done
	echo "${list#,}"
}

# A node may have no memory (0:2-3) or no CPUs (512:), not the first one.
lab_numa_args() {
	local n=0 node mib
	for node in ${1//,/ }; do
		mib=${node%:*} node=${node#*:}
		[ "$mib" = 0 ] || echo "-object memory-backend-ram,id=m$n,size=${mib}M"
		echo "-numa node,nodeid=$n$([ "$mib" = 0 ] || echo ",memdev=m$n")${node:+,cpus=$node}"
		n=$((n + 1))
	done
}

# Distances of the nodes, row by row: "10,17,17,10".
lab_dist_args() {
	local nodes=$1 i=0 d
	for d in ${2//,/ }; do
		echo "-numa dist,src=$((i / nodes)),dst=$((i % nodes)),val=$d"
		i=$((i + 1))
	done
}

# A socket a node where it divides evenly, so that node and cache borders agree.
lab_smp() {
	if [ $(($2 % $1)) -eq 0 ]; then
		echo "$(($2 - $3)),maxcpus=$2,sockets=$1,cores=$(($2 / $1)),threads=${LAB_THREADS:-1}"
	else
		echo "$(($2 - $3)),maxcpus=$2"
	fi
}

lab_run() {
	local kernel=6.1 nodes=1 cpus='' mem='' dist='' out='' limit=180 verbose=0 append='' bins=() files=() mods='' vms='' layout='' slots=0 later=0 machine
	while [ $# -gt 0 ]; do
		case $1 in
		-k | --kernel) kernel=$2; shift 2 ;;
		-n | --nodes) nodes=$2; shift 2 ;;
		-c | --cpus) cpus=$2; shift 2 ;;
		-m | --mem) mem=$2; shift 2 ;;
		-d | --dist) dist=$2; shift 2 ;;
		-l | --layout) layout=$2; shift 2 ;;
		--slots) slots=$2; shift 2 ;;
		--later) later=$2; shift 2 ;;
		-b | --bin) bins+=("$2"); shift 2 ;;
		--maybe) ! command -v "$2" > /dev/null || bins+=("$2"); shift 2 ;;
		-f | --file) files+=("$2"); shift 2 ;;
		-M | --module) mods="$mods $2"; shift 2 ;;
		--vms) vms=1 mods="$mods irqbypass kvm kvm-amd"; shift ;;
		-a | --append) append="$append $2"; shift 2 ;;
		-o | --out) out=$2; shift 2 ;;
		-t | --timeout) limit=$2; shift 2 ;;
		-v | --verbose) verbose=1; shift ;;
		--) shift; break ;;
		*) lab_msg "run: unknown option $1"; return 125 ;;
		esac
	done
	[ $# -gt 0 ] || { lab_msg "run: no command"; return 125; }
	lab_need_qemu || return
	lab_fetch "$kernel" || { echo "skipped: kernel $kernel is not to be had"; return 77; }
	lab_machine
	local tmp root rc
	tmp=$(mktemp -d)
	root=$tmp/root
	lab_initramfs "$root" "$LAB_CACHE/kernels/$kernel"
	lab_payload "$root" "$@" || { rm -rf "$tmp"; return 125; }
	[ -z "$vms" ] || lab_put_vms "$root" || { rm -rf "$tmp"; return 125; }
	echo "$mods" > "$root/lab/modules"
	lab_pack "$root" "$tmp/initrd"
	rm -rf "$root"
	lab_boot "$tmp"
	# TCG now and then breaks a kernel before its first process; that says nothing of the payload.
	grep -q '^lab: up' "$tmp/console" || lab_boot "$tmp"
	lab_results "$tmp" "$out" "$verbose"
	rc=$?
	rm -rf "$tmp"
	return $rc
}

# The command line goes in as a script, each word quoted; uses bins and files of lab_run.
lab_payload() {
	local root=$1 b f src
	shift
	[ -z "$vms" ] || ! command -v numactl > /dev/null || bins+=(numactl)
	for b in ${bins[@]+"${bins[@]}"}; do
		src=$(command -v "$b") || { lab_msg "no program $b"; return 1; }
		lab_put_bin "$root" "$src"
	done
	for f in ${files[@]+"${files[@]}"}; do
		install -D "${f%%:*}" "$root${f#*:}" || return 1
	done
	if [ -f "$1" ] || src=$(command -v "$1"); then
		[ -f "$1" ] && src=$1
		lab_put_bin "$root" "$src"
		set -- "/payload/$(basename "$src")" "${@:2}"
		# Scripts of the lab are for busybox's shell, wherever their first line points.
		head -c 2 "$src" | grep -q '#!' && set -- sh "$@"
	fi
	printf '%q ' "$@" > "$root/lab/cmd"
}

# CPUs, memory and nodes as QEMU wants them, in $machine; uses and completes what lab_run was told.
lab_machine() {
	local m
	if [ -n "$layout" ]; then
		m=$(tr , '\n' <<< "$layout")
		nodes=$(wc -l <<< "$m")
		mem=$(awk -F: '{ s += $1 } END { print s }' <<< "$m")
		cpus=$(awk -F'[:-]' '$NF != "" { n = $NF > n ? $NF : n } END { print n + 1 }' <<< "$m")
	else
		[ -n "$cpus" ] || cpus=$((nodes > 2 ? nodes : 2))
		[ -n "$mem" ] || mem=$((768 + 256 * nodes))
		mem=$((mem / nodes * nodes))
		[ "$nodes" = 1 ] || layout=$(lab_even "$nodes" "$cpus" "$mem")
	fi
	# shellcheck disable=SC2207
	machine=(-smp "$(lab_smp "$nodes" "$cpus" "$later")" $(lab_numa_args "$layout") $(lab_dist_args "$nodes" "$dist"))
	if [ "$slots" = 0 ]; then
		machine+=(-m "$mem")
	else
		machine+=(-m "$mem,slots=$slots,maxmem=$((mem + 4096))M")
	fi
}

# What the guest writes to its second serial port are words to QEMU's monitor, for memory and CPUs that come while it runs.
lab_monitor() {
	rm -f "$1/words" "$1/port.in" && mkfifo "$1/words" && ln -sf words "$1/monitor.in" && ln -sf monitor.log "$1/monitor.out" && : > "$1/monitor.log" &&
		ln -sf words "$1/port.out" && mkfifo "$1/port.in" &&
		echo "-chardev pipe,id=port,path=$1/port -serial chardev:port -chardev pipe,id=mon,path=$1/monitor -mon chardev=mon"
}

# Uses what lab_run and lab_machine set.
lab_boot() {
	local tmp=$1 kdir=$LAB_CACHE/kernels/$kernel image
	image=$kdir/vmlinux
	[ -f "$image" ] || image=$kdir/vmlinuz
	truncate -s 256M "$tmp/disk"
	# shellcheck disable=SC2046
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu max,la57=off \
		"${machine[@]}" -nodefaults -no-user-config -display none -no-reboot \
		-kernel "$image" -initrd "$tmp/initrd" \
		-append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off nokaslr random.trust_cpu=on $append" \
		-drive "if=none,id=d,file=$tmp/disk,format=raw,cache=unsafe" -device virtio-blk-pci,drive=d \
		-serial "file:$tmp/console" $([ "$slots$later" = 00 ] || lab_monitor "$tmp") < /dev/null > "$tmp/qemu.log" 2>&1
}

lab_results() {
	local tmp=$1 out=$2 verbose=$3 dir=$1/out status
	[ "$verbose" = 1 ] && cat "$tmp/console" >&2
	mkdir -p "$dir"
	tar -xf "$tmp/disk" -C "$dir" > /dev/null 2>&1
	if [ ! -f "$dir/status" ]; then
		lab_msg "the guest did not come to an end; console and qemu say:"
		cat "$tmp/console" "$tmp/qemu.log" | tail -n 20 >&2
		return 125
	fi
	status=$(cat "$dir/status")
	cat "$dir/stdout"
	cat "$dir/stderr" >&2
	if [ -n "$out" ]; then
		mkdir -p "$out"
		cp -r "$dir/." "$out/"
		cp "$tmp/console" "$out/console"
	fi
	return "$status"
}
