# SPDX-License-Identifier: GPL-3.0-or-later
# The virtio devices of a Linux guest on an ordinary KVM. One boot serves many claims.
# boots: hybrid
kernel=/opt/linux/vmlinuz

test_virtio_devices_are_found_and_serve() {
	expect 0 timeout 200 isolab create vm box --kernel $kernel --memory 128M -- sleep 1000 ||
		return 1
	# until the program runs: kicks and interrupts of the devices are no exits
	exits=$(isolab stats box --json |
		sed -n 's/.*"exits": *\([0-9][0-9]*\).*/\1/p' | head -n 1)
	echo "# exits until the program runs: $exits" >/dev/console
	[ "${exits:-9999}" -le 300 ] || { echo "$exits exits"; return 1; }
	expect 0 isolab exec box -- sh -c '
		cat /sys/class/misc/hw_random/rng_current
		head -c 1000 /dev/hwrng | wc -c
		cat /proc/interrupts /sys/class/virtio-ports/*/name' || return 1
	contains '^virtio_rng' && contains '^1000$' && contains 'IO-APIC.*-edge *virtio2' &&
		contains '^isolab.agent$' || return 1
	# the terminal: bytes out, its size
	expect 0 isolab exec box -- sh -c '
		echo from the terminal >/dev/hvc0; stty size </dev/hvc0' &&
		contains '^[1-9][0-9]* [1-9]' || return 1
	expect 0 isolab logs box && contains '^from the terminal' || return 1
	expect 0 isolab inspect --devicetree box && contains '"virtio,mmio"' &&
		contains '"ns16550a"' || return 1
	# a pause holds devices too, and nothing is lost
	expect 0 isolab pause box && expect 0 isolab unpause box || return 1
	expect 0 sh -c 'head -c 100000 /dev/zero | isolab exec -i box -- cat | wc -c' &&
		contains '^100000$' || return 1
	expect 0 isolab rm -f box
}

# Two disks: one whose changes are kept apart, one read-only. Then that one's image shrinks.
test_virtio_disks_are_read_written_apart_and_may_shrink() {
	head -c 16000000 /dev/zero | tr '\0' x >/tmp/disk.img && cp /tmp/disk.img /tmp/second.img
	before=$(md5sum </tmp/disk.img)
	expect 125 isolab run vm --kernel $kernel --disk /tmp/gone.img -- true &&
		contains "the disk '/tmp/gone.img'" && contains '^hint:' || return 1
	expect 0 timeout 200 isolab create vm box --kernel $kernel --memory 128M \
		--disk /tmp/disk.img --disk /tmp/second.img:ro -- sleep 1000 || return 1
	expect 0 isolab exec box -- sh -c '
		cat /sys/block/vda/serial /sys/block/vda/size /sys/block/vdb/ro
		head -c 5000000 /dev/urandom >/tmp/bytes
		dd if=/tmp/bytes of=/dev/vda bs=1000 conv=fsync,notrunc 2>/dev/null
		echo 3 >/proc/sys/vm/drop_caches
		[ "$(head -c 5000000 /dev/vda | md5sum)" = "$(md5sum </tmp/bytes)" ] && echo same
		md5sum </dev/vdb' || return 1
	contains '^isolab-0' && contains '31250$' && contains '^1$' && contains '^same$' &&
		contains "$before" || return 1
	[ "$before" = "$(md5sum </tmp/disk.img)" ] || { echo "the image was written to"; return 1; }
	truncate -s 4096 /tmp/second.img
	expect 1 isolab exec box -- sh -c 'echo 3 >/proc/sys/vm/drop_caches
		dd if=/dev/vdb of=/dev/null bs=100000' && contains 'Input/output error' || return 1
	expect 0 isolab events box --json && contains 'shorter than it was' || return 1
	expect 0 isolab exec box -- true && expect 0 isolab rm -f box
}
