#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# isolab-image-distro DIRECTORY AGENT [--tarball FILE] [--from FILE]: makes a disk with a whole
# Debian on it, to be booted from its first sector on, as DIRECTORY/debian-SUITE.img.
#
#	packages	mmdebstrap gets them from the host's own sources, and installs them
#	tarball		all files of the system; this is what --tarball keeps and --from begins with
#	disk		MBR, GRUB in the gap behind it, one ext4 file system made from the files
#
# No step needs a loop device or a mount of ours, so an ordinary user can do it, too: mmdebstrap
# finds a way (user namespaces, or fakechroot), and fakeroot remembers whose the files are. What is
# not done is in DIRECTORY/.build-…, which goes at any end; what a kill -9 left goes with the next
# build. The disk appears by rename, so machines that run keep the one they have.
set -eu

AGENT_PLACE=usr/lib/isolab
ROOM_KIB=$((768 * 1024)) # free on the disk, for the guest to write
PACKAGES=systemd-sysv,udev,dbus,libpam-systemd,initramfs-tools,zstd,grub-pc-bin,grub-common
PACKAGES=$PACKAGES,iproute2,iputils-ping,procps,less

say() { printf 'isolab: image: %s\n' "$1" >&2; }
fail() {
	printf 'isolab: image build-distro: %s\nhint: %s\n' "$1" "$2" >&2
	exit 125
}

# ---- what mmdebstrap calls, with the system's directory ------------------------------------------

# Before the kernel is installed, since that makes the initramfs: what a virtual machine's disk and
# nothing else needs, so that unpacking it does not take seconds on an emulated processor.
customize_early() {
	mkdir -p "$1/etc/initramfs-tools/conf.d"
	printf 'MODULES=list\nCOMPRESS=zstd\n' >"$1/etc/initramfs-tools/conf.d/isolab"
	printf '%s\n' virtio_pci virtio_blk virtio_scsi sd_mod ahci ext4 \
		>"$1/etc/initramfs-tools/modules"
}

# The bootloader's configuration. It says its own first and last words on the serial line: they are
# how the worker knows when it began and when it has handed over.
write_grub() {
	kernel=$(cd "$1/boot" && printf '%s\n' vmlinuz-* | sort -V | tail -n 1)
	mkdir -p "$1/boot/grub"
	cat >"$1/boot/grub/grub.cfg" <<-END
		set timeout=0
		echo "GRUB: loading Linux ${kernel#vmlinuz-}"
		linux /boot/$kernel root=LABEL=isolab ro console=ttyS0 loglevel=6 \
			earlyprintk=ttyS0,115200 random.trust_cpu=on systemd.firstboot=off TERM=dumb
		initrd /boot/initrd.img-${kernel#vmlinuz-}
		echo "GRUB: starting it"
		boot
	END
	cat >"$1/boot/grub/early.cfg" <<-'END'
		serial --unit=0 --speed=115200
		terminal_input serial
		terminal_output serial
		echo "GRUB: started by the firmware"
		set root=(hd0,msdos1)
		set prefix=(hd0,msdos1)/boot/grub
		configfile /boot/grub/grub.cfg
	END
	chroot "$1" grub-mkimage -O i386-pc -o /boot/grub/core.img -p '(hd0,msdos1)/boot/grub' \
		-c /boot/grub/early.cfg biosdisk part_msdos ext2 serial terminal echo configfile \
		normal linux
	cp "$1/usr/lib/grub/i386-pc/boot.img" "$1/boot/grub/boot.img"
}

# The service that says that the machine is up, and runs what the worker asks for. It is wanted by
# the line to the worker, where there is one, and comes after all that a login waits for: "ready"
# shall mean what it means to a user. Its program is the
# worker's own, if that has handed it over with the machine (QEMU's fw_cfg), so that a disk of last
# year still understands today's worker.
write_service() {
	mkdir -p "$1/$AGENT_PLACE"
	install -m 755 "$2" "$1/$AGENT_PLACE/isolab-agent"
	cat >"$1/$AGENT_PLACE/start-agent" <<-END
		#!/bin/sh
		modprobe -q qemu_fw_cfg
		given=/sys/firmware/qemu_fw_cfg/by_name/opt/isolab/agent/raw
		agent=/$AGENT_PLACE/isolab-agent
		if [ -r \$given ]; then
			cat \$given >\$agent.given && chmod 755 \$agent.given && agent=\$agent.given
		fi
		exec \$agent --service
	END
	chmod 755 "$1/$AGENT_PLACE/start-agent"
	cat >"$1/etc/systemd/system/isolab-agent.service" <<-END
		[Unit]
		Description=isolab's agent
		After=multi-user.target
		BindsTo=dev-virtio\x2dports-isolab.agent.device

		[Service]
		Type=exec
		ExecStart=/$AGENT_PLACE/start-agent
		TasksMax=infinity
		OOMPolicy=continue
		Restart=on-failure
	END
	cat >"$1/etc/udev/rules.d/60-isolab-agent.rules" <<-'END'
		SUBSYSTEM=="virtio-ports", ATTR{name}=="isolab.agent", TAG+="systemd", \
			ENV{SYSTEMD_WANTS}="isolab-agent.service"
	END
}

# root comes in on the serial console without a password: whoever holds that line holds the machine.
write_login() {
	directory=$1/etc/systemd/system/serial-getty@ttyS0.service.d
	mkdir -p "$directory"
	cat >"$directory/isolab.conf" <<-'END'
		[Service]
		ExecStart=
		ExecStart=-/sbin/agetty --autologin root --keep-baud 115200,57600,38400,9600 - $TERM
	END
}

customize() {
	write_service "$1" "$2"
	write_grub "$1"
	write_login "$1"
	echo debian >"$1/etc/hostname"
	printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tdebian\n' >"$1/etc/hosts"
	echo 'LABEL=isolab / ext4 defaults 0 1' >"$1/etc/fstab"
	# They would call home, or look after a disk of years, in a machine that lives for minutes.
	chroot "$1" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
		e2scrub_all.timer e2scrub_reap.service
	# What this host's apt was told (proxies, their passwords) stays on this host.
	rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap"
}

case ${1-} in
--customize-early)
	customize_early "$2"
	exit
	;;
--customize)
	customize "$2" "$3"
	exit
	;;
esac

# ---- the start -----------------------------------------------------------------------------------

directory=$1 agent=$2 tarball='' from=''
shift 2
while [ $# -gt 1 ]; do
	case $1 in
	--tarball) tarball=$2 ;;
	--from) from=$2 ;;
	esac
	shift 2
done

# Debian's own suite here; on another distribution the stable one, from Debian's own servers.
is_debian=false suite=bookworm
if [ -r /etc/os-release ]; then
	# shellcheck disable=SC1091  # it is the host's
	. /etc/os-release
	if [ "${ID-}" = debian ] && [ -n "${VERSION_CODENAME-}" ]; then
		is_debian=true suite=$VERSION_CODENAME
	fi
fi

# need PROGRAM PACKAGE …: names what is missing, all at once.
need() {
	absent='' packages=''
	while [ $# -gt 1 ]; do
		if ! command -v "$1" >/dev/null; then
			absent="$absent $1" packages="$packages $2"
		fi
		shift 2
	done
	[ -z "$absent" ] || fail "it needs$absent" "sudo apt-get install$packages"
}

PATH=$PATH:/usr/sbin:/sbin
[ -z "$from" ] || [ -r "$from" ] || fail "cannot read '$from'" \
	"--from takes the file that 'isolab image build-distro --tarball FILE' has written"
case $tarball in
'' | *.tar | *.gz | *.tgz | *.xz | *.zst) ;;
*) fail "cannot tell from its name how to pack '$tarball'" "end it in .tar, .tar.gz or .tar.zst" ;;
esac
[ -n "$from" ] || need mmdebstrap mmdebstrap
need mke2fs e2fsprogs tar tar flock util-linux
[ "$(id -u)" = 0 ] || need fakeroot fakeroot
[ -z "$tarball" ] || [ -w "$(dirname "$tarball")" ] || fail "cannot write to '$tarball'" \
	"--tarball names a file in a directory that you may write to"
mkdir -p "$directory" 2>/dev/null || fail "cannot make $directory" \
	"is there room, and may you write there?"

# What ends us ends what we have started, then goes away with what is not done.
child='' work=''
remove_work() {
	[ -n "$work" ] || return 0
	# A user's mmdebstrap makes files for root of a user namespace; gone unless it was killed.
	rm -rf "$work" 2>/dev/null ||
		unshare --map-root-user --map-auto rm -rf "$work" 2>/dev/null || :
	[ -z "$tarball" ] || rm -f "$tarball.part"
}
end() {
	trap '' INT TERM HUP
	if [ -n "$child" ]; then
		kill -TERM "$child" 2>/dev/null || :
		wait "$child" 2>/dev/null || :
	fi
	exit 130
}
trap remove_work EXIT
trap end INT TERM HUP

exec 9>"$directory/.lock"
flock -n 9 || fail "another build is under way in $directory" "wait for it"
for work in "$directory"/.build-*; do
	[ ! -e "$work" ] || remove_work
done
work=$(mktemp -d "$directory/.build-XXXXXX")
chmod 755 "$work" # a user namespace's root comes through here
began=$(date +%s)

# patient COMMAND…: runs it where a signal can reach us; its words go to the log.
patient() {
	"$@" >>"$work/log" 2>&1 9>&- &
	child=$!
	status=0
	wait "$child" || status=$?
	child=''
	return $status
}

last_words() { grep -v '^ *$' "$work/log" | tail -n "${1-1}" | cut -c 1-300; }

# ---- the tarball: packages -----------------------------------------------------------------------

# The host's files of sources that have the suite, so that its mirror and keys are used.
host_sources() {
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources; do
		if [ -r "$file" ] && grep -v '^ *#' "$file" |
			grep -Eq "(^|[[:space:]])$suite([[:space:]/-].*)?([[:space:]]|\$)"; then
			printf '%s\n' "$file"
		fi
	done
}

# How the host's apt reaches its servers, and what it believes of them.
host_apt_options() {
	apt-config dump 2>/dev/null |
		grep -E '^Acquire::(http|https|Check|Retries|ForceIPv)' || :
}

kernel_package() {
	case $(dpkg --print-architecture) in
	amd64) echo linux-image-cloud-amd64 ;;
	*) fail "it makes disks for PCs only" "on another processor: --kernel linux" ;;
	esac
}

build_tarball() {
	say "Debian $suite: getting and installing its packages (minutes)"
	set --
	if $is_debian; then
		for file in $(host_sources); do
			set -- "$@" "$file"
		done
	fi
	host_apt_options >"$work/apt.conf"
	patient mmdebstrap --mode=auto --format=tar --variant=minbase \
		--include="$(kernel_package),$PACKAGES" --aptopt="$work/apt.conf" \
		--dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-include=/usr/share/doc/*/copyright' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--essential-hook="'$0' --customize-early \"\$1\"" \
		--customize-hook="'$0' --customize \"\$1\" '$agent'" \
		"$suite" "$work/root.tar" "$@" || explain_failure
	from=$work/root.tar
}

explain_failure() {
	case $(last_words 20) in
	*"unable to pick chroot mode"* | *"newuidmap"* | *"fakechroot"*)
		fail "mmdebstrap finds no way to do without root here: $(last_words)" \
			"sudo apt-get install uidmap fakechroot fakeroot, or do it as root"
		;;
	*) fail "mmdebstrap failed: $(grep -E '^E:' "$work/log" | head -n 1 | cut -c 1-300)" \
		"is there a network, and room? 'apt-get update' shows whether the sources work" ;;
	esac
}

# ---- the disk ------------------------------------------------------------------------------------

# Bytes of a number, the lowest first, as printf has them.
little_endian() {
	printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) \
		$(($1 >> 24 & 255))
}

# The first sector: the boot code, one active partition of type Linux, the signature. The sector
# behind it is where the boot code looks for the rest of GRUB.
write_boot_sectors() {
	sectors=$(($2 * 2))
	[ "$(wc -c <"$tree/boot/grub/core.img")" -le $((2047 * 512)) ] ||
		fail "its bootloader is too large" "make the tarball anew"
	dd if="$tree/boot/grub/boot.img" of="$1" bs=440 count=1 conv=notrunc status=none
	dd if="$tree/boot/grub/core.img" of="$1" bs=512 seek=1 conv=notrunc status=none
	# shellcheck disable=SC2059  # the format is the bytes
	printf "\\200\\376\\377\\377\\203\\376\\377\\377$(little_endian 2048)$(
		little_endian $((sectors - 2048)))" |
		dd of="$1" bs=1 seek=446 conv=notrunc status=none
	printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

# Runs as root, or as fakeroot's idea of it, which must not end between unpacking and making, and
# which loses a file's type when that gets capabilities: they are ping's only, and systemd lets
# everybody ping without.
make_file_system() {
	cat >"$work/make" <<-'END'
		set -e
		tar -C "$1" --numeric-owner "$5" -xf "$2"
		: >"$1/etc/machine-id"
		rm -rf "$1"/dev/* "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*
		used=$(du -sk --apparent-size "$1" | cut -f 1)
		size=$(((used * 11 / 10 + $3 + 1023) / 1024 * 1024))
		echo $size >"$4.size"
		truncate -s "${size}K" "$4"
		mke2fs -q -F -t ext4 -L isolab -m 0 -O ^metadata_csum_seed -J size=16 \
			-E offset=1048576,root_owner=0:0 -d "$1" "$4" $((size - 1024))k
	END
	if [ "$(id -u)" = 0 ]; then
		patient sh "$work/make" "$@" "--xattrs-include=*"
	else
		patient fakeroot sh "$work/make" "$@" --no-xattrs
	fi
}

build_disk() {
	say "making the disk"
	tree=$work/tree
	mkdir -m 700 "$tree" # programs with an s bit are in there
	make_file_system "$tree" "$from" $ROOM_KIB "$work/disk" ||
		fail "cannot make the disk: $(last_words)" "is there room in $directory?"
	for file in boot/grub/core.img boot/grub/boot.img "$AGENT_PLACE/isolab-agent"; do
		[ -s "$tree/$file" ] || fail "'$from' holds no such system: no /$file in it" \
			"--from takes what 'isolab image build-distro --tarball FILE' has written"
	done
	write_boot_sectors "$work/disk" "$(cat "$work/disk.size")"
	chmod 644 "$work/disk"
	suite=$(sed -n 's/^VERSION_CODENAME=\([a-z]*\).*/\1/p' "$tree/etc/os-release")
	disk=$directory/debian-${suite:-unknown}.img
	mv -f "$work/disk" "$disk"
}

[ -n "$from" ] || build_tarball
build_disk
if [ -n "$tarball" ]; then
	say "packing $tarball"
	case $tarball in
	*.zst) pack='zstd -q -c' ;;
	*.xz) pack='xz -c' ;;
	*.gz | *.tgz) pack='gzip -c' ;;
	*) pack='cat' ;;
	esac
	patient sh -c "$pack \"\$1\" >\"\$2\"" - "$from" "$tarball.part" ||
		fail "cannot write '$tarball': $(last_words)" "is there room?"
	mv -f "$tarball.part" "$tarball"
fi
echo "made $disk: $(($(stat -c %s "$disk") >> 20)) MiB, of which" \
	"$(($(stat -c %b "$disk") >> 11)) MiB are used, in $(($(date +%s) - began)) s"
