# SPDX-License-Identifier: GPL-3.0-or-later
# The virtio devices of a Linux guest on an ordinary KVM. One boot serves many claims.
kernel=/opt/linux/vmlinuz

test_virtio_devices_are_found_and_serve() {
	expect 0 timeout 100 isolab create vm box --kernel $kernel --memory 128M -- sleep 1000 ||
		return 1
	# until the program runs: kicks and interrupts of the devices are no exits
	exits=$(isolab stats box --json | sed -n 's/.*"exits": *\([0-9]*\).*/\1/p')
	echo "# exits until the program runs: $exits" >/dev/console
	[ "${exits:-9999}" -le 300 ] || { echo "$exits exits"; return 1; }
	expect 0 isolab exec box -- sh -c '
		cat /sys/class/misc/hw_random/rng_current
		head -c 100000 /dev/hwrng | wc -c
		cat /proc/interrupts /sys/class/virtio-ports/*/name' || return 1
	contains '^virtio_rng' && contains '^100000$' && contains 'IO-APIC.*-edge *virtio2' &&
		contains '^isolab.agent$' || return 1
	# the terminal: bytes out, its size
	expect 0 isolab exec box -- sh -c '
		echo from the terminal >/dev/hvc0; stty size </dev/hvc0' &&
		contains '^[1-9][0-9]* [1-9]' || return 1
	expect 0 isolab logs box && contains '^from the terminal' || return 1
	# a pause holds devices too, and nothing is lost
	expect 0 isolab pause box && expect 0 isolab unpause box || return 1
	expect 0 sh -c 'head -c 300000 /dev/zero | isolab exec -i box -- cat | wc -c' &&
		contains '^300000$' || return 1
	expect 0 isolab rm -f box
}
