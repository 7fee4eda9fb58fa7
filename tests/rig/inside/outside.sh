# SPDX-License-Identifier: GPL-3.0-or-later
# What a Linux guest on an ordinary KVM has of the outside: the lab's cable, directories of the
# host. One boot serves many claims, since each takes seconds here.
# boots: hybrid
kernel=/opt/linux/vmlinuz

# Both find each other by name, in both directions, and nothing is left.
try_lab() {
	"$@" create container web --network lab -- \
		sh -c 'echo from web >/tmp/index.html; exec httpd -f -p 80 -h /tmp' || return 1
	expect 0 "$@" create vm box --kernel $kernel --memory 128M --network lab \
		--hostname machine -- \
		sh -c 'echo from box >/tmp/index.html; exec httpd -f -p 80 -h /tmp' || return 1
	expect 0 "$@" exec box -- wget -qO- http://web.lab/ && contains '^from web' || return 1
	expect 0 "$@" exec box -- ping -c 1 web || return 1
	expect 0 "$@" exec web -- wget -qO- http://box/ && contains '^from box' || return 1
	expect 0 "$@" exec web -- ping -c 1 machine || return 1
	# a page of many frames, both ways
	expect 0 "$@" exec box -- sh -c 'dd if=/dev/urandom of=/tmp/big bs=64k count=32 2>/dev/null
		md5sum </tmp/big' && sum=$(cat /tmp/output) || return 1
	expect 0 "$@" exec web -- sh -c 'wget -qO- http://box/big | md5sum' &&
		contains "$sum" || return 1
	expect 0 "$@" exec box -- ip -o addr && contains 'eth0.*10\.88\.77\.[0-9]*/24' &&
		contains 'eth0.*fd69:6f62::' || return 1
	expect 0 "$@" inspect box --json && contains '"address": *"10\.88\.77' || return 1
	expect 0 "$@" timeline box && contains 'lab' || return 1
	expect 0 "$@" rm -f --all
}

# The holder ends a moment after the last sandbox.
no_lab_left() {
	for _ in $(seq 50); do
		left=$(ls -d /run/*/isolab/.lab /run/isolab/.lab 2>/dev/null)
		[ -z "$left" ] && return 0
		sleep 0.1
	done
	echo "left: $left"
	return 1
}

test_container_and_linux_guest_share_the_lab() {
	try_lab isolab && no_lab_left
}

test_container_and_linux_guest_share_the_lab_of_a_user() {
	try_lab as_learner isolab && no_lab_left
}

test_linux_guest_without_a_network_has_only_itself() {
	expect 0 timeout 100 isolab run vm --kernel $kernel --memory 128M -- \
		sh -c 'ls /sys/class/net; ping -c 1 127.0.0.1' && contains '^lo$' &&
		! grep -q eth /tmp/output
}

test_linux_guest_whose_kernel_drives_no_card_says_so() {
	mkdir -p /tmp/bare && cp $kernel /tmp/bare/vmlinuz # without its modules
	expect 125 timeout 100 isolab run vm --kernel /tmp/bare/vmlinuz --memory 128M \
		--network lab -- true &&
		contains 'no driver for the network card' && contains '^hint:'
}

test_networks_that_no_machine_can_have_are_refused_by_name() {
	expect 2 isolab run vm --kernel $kernel --network host -- true && contains 'lab' || return 1
	expect 2 isolab run vm --network lab -- true && contains 'tiny vm has no network'
}

# ---- directories of the host ----

copy_virtiofsd() {
	[ -x /usr/lib/qemu/virtiofsd ] || [ -x /usr/libexec/virtiofsd ] || {
		echo "no virtiofsd (qemu-system-common, virtiofsd)"
		return 77
	}
}

# What is written on one side is seen on the other; what may only be read is.
try_volumes() {
	folder=$1
	shift
	mkdir -p "$folder/rw/sub" "$folder/ro" && echo told >"$folder/ro/file" &&
		chown -R "$(stat -c %u:%g "$folder")" "$folder" || return 1
	expect 0 "$@" create vm box --kernel $kernel --memory 128M \
		--volume "$folder/rw:/work/deep" --volume "$folder/ro:/told:ro" -- sleep 1000 ||
		return 1
	expect 0 "$@" exec box -- sh -c 'cat /told/file; echo new >/work/deep/sub/made &&
		dd if=/dev/zero of=/work/deep/large bs=64k count=48 2>/dev/null; id -u;
		stat -c %u /work/deep/sub/made' || return 1
	contains '^told$' || return 1
	[ "$(cat "$folder/rw/sub/made")" = new ] || { echo "not written through"; return 1; }
	[ "$(stat -c %s "$folder/rw/large")" = 3145728 ] || { echo "not all of it"; return 1; }
	[ "$(stat -c %u "$folder/rw/sub/made")" = "$(stat -c %u "$folder")" ] ||
		{ echo "somebody else's"; return 1; }
	echo later >"$folder/rw/later"
	expect 0 "$@" exec box -- cat /work/deep/later && contains '^later$' || return 1
	expect 1 "$@" exec box -- sh -c 'echo x >/told/file' && contains 'Read-only' || return 1
	expect 0 "$@" rm -f box
}

no_virtiofsd_left() {
	for _ in $(seq 50); do
		left=$(ps | grep '[v]irtiofsd')
		[ -z "$left" ] && return 0
		sleep 0.1
	done
	echo "left: $left"
	return 1
}

test_directory_of_the_host_is_shared_with_a_linux_guest() {
	copy_virtiofsd || return
	mkdir -p /srv/shared
	try_volumes /srv/shared isolab && no_virtiofsd_left
}

test_directory_of_a_user_is_shared_with_a_linux_guest() {
	copy_virtiofsd || return
	mkdir -p /home/learner/shared && chown 1000:1000 /home/learner/shared
	try_volumes /home/learner/shared as_learner isolab && no_virtiofsd_left
}

# A file beside another: only the one is there, written through, and gone elsewhere.
test_single_file_of_the_host_is_shared_with_a_linux_guest() {
	copy_virtiofsd || return
	mkdir -p /srv/single && echo told >/srv/single/file && echo hidden >/srv/single/other
	expect 0 timeout 200 isolab run vm --kernel $kernel --memory 128M \
		--volume /srv/single/file:/etc/told \
		--volume /srv/single/other:/new/other:ro -- sh -c '
		cat /etc/told /new/other; echo new >/etc/told; echo x >/new/other
		ls -A /new /run; grep -c isolab-volume /proc/mounts' || true
	contains '^told$' && contains '^hidden$' && contains 'Read-only' && contains '^other$' &&
		contains '^0$' && ! grep -q 'isolab-volume' /tmp/output || return 1
	[ "$(cat /srv/single/file)" = new ] || { echo "not written through"; return 1; }
	[ "$(cat /srv/single/other)" = hidden ] || { echo "written to"; return 1; }
	no_virtiofsd_left
}

# cover_virtiofsd FILE: in its place stands that, until uncover_virtiofsd.
cover_virtiofsd() {
	for path in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
		[ ! -e $path ] || mount --bind "$1" $path || return 1
	done
}

uncover_virtiofsd() {
	for path in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
		! grep -q " $path " /proc/mounts || umount $path
	done
}

# What the guest writes to a copy stays there; a disk of the user's keeps its name.
try_copies() {
	folder=$1
	shift
	mkdir -p "$folder/tree/sub" && echo told >"$folder/tree/sub/file" &&
		echo single >"$folder/single" && head -c 100000 /dev/zero >"$folder/disk" &&
		chown -R "$(stat -c %u:%g "$folder")" "$folder" || return 1
	expect 0 "$@" create vm box --kernel $kernel --memory 128M --disk "$folder/disk" \
		--volume "$folder/tree:/work/deep" --volume "$folder/single:/etc/single:ro" \
		-- sleep 1000 || return 1
	contains "note: '/etc/single' is a copy" || return 1
	expect 0 "$@" exec box -- sh -c '
		cat /work/deep/sub/file /etc/single; ls -A /work/deep
		stat -c %u /work/deep/sub/file
		echo new >/work/deep/sub/file; echo x >/etc/single
		dd if=/dev/zero of=/work/deep/large bs=64k count=48 2>/dev/null; sync
		cat /work/deep/sub/file /sys/block/vda/serial /sys/block/vdb/serial' || return 1
	contains '^told$' && contains '^single$' && contains '^sub$' && contains '^0$' &&
		contains 'Read-only' && contains '^new$' && contains '^isolab-0' &&
		contains 'volume0$' && ! grep -q 'lost+found' /tmp/output || return 1
	[ "$(cat "$folder/tree/sub/file")" = told ] || { echo "written to"; return 1; }
	expect 0 "$@" events box --json && contains "'/work/deep' is a copy: what" || return 1
	expect 0 "$@" rm -f box
}

test_without_virtiofsd_a_linux_guest_gets_copies() {
	mkdir -p /home/learner/copied && chown 1000:1000 /home/learner/copied
	cover_virtiofsd /dev/null && try_copies /home/learner/copied as_learner isolab
	result=$?
	uncover_virtiofsd
	return $result
}

test_virtiofsd_that_does_not_run_is_done_without() {
	printf '#!/bin/sh\necho no library >&2\nexit 1\n' >/tmp/broken && chmod 755 /tmp/broken
	mkdir -p /srv/broken && echo told >/srv/broken/file
	copy_virtiofsd || return
	cover_virtiofsd /tmp/broken
	expect 0 timeout 200 isolab run vm --kernel $kernel --memory 128M \
		--volume /srv/broken:/work -- cat /work/file
	result=$?
	uncover_virtiofsd
	[ $result = 0 ] && contains '^told$' && contains 'virtiofsd does not run: no library'
}

test_killed_worker_takes_its_virtiofsd_along() {
	copy_virtiofsd || return
	mkdir -p /srv/killed
	expect 0 isolab create vm gone --kernel $kernel --memory 128M --volume /srv/killed:/work \
		-- sleep 1000 || return 1
	worker=$(isolab ps --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
	[ -n "$worker" ] && kill -9 "$worker" && no_virtiofsd_left || return 1
	expect 0 isolab rm gone
}

test_volumes_that_cannot_be_are_refused_with_a_hint() {
	expect 2 isolab run vm --volume /srv:/work -- true && contains 'tiny vm' || return 1
	expect 125 isolab run vm --kernel $kernel --volume /nowhere:/work -- true &&
		contains "open '/nowhere'" && contains '^hint:' || return 1
	expect 125 isolab run vm --kernel $kernel --volume /dev/null:/work -- true &&
		contains 'neither directory nor file' && contains '^hint:' || return 1
	truncate -s 5G /tmp/large && cover_virtiofsd /dev/null
	expect 125 isolab run vm --kernel $kernel --volume /tmp/large:/work -- true
	result=$?
	uncover_virtiofsd && rm /tmp/large
	[ $result = 0 ] && contains 'more than 4 GiB' && contains '^hint:' || return 1
	expect 125 isolab run vm --kernel $kernel --volume /etc:/proc/x -- true &&
		contains 'is no place' && contains '^hint:'
}
