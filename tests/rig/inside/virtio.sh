# SPDX-License-Identifier: GPL-3.0-or-later
# The virtio devices of a Linux guest on an ordinary KVM. One boot serves many claims.
kernel=/opt/linux/vmlinuz

test_virtio_devices_are_found_and_serve() {
	expect 0 timeout 100 isolab run vm --kernel $kernel --memory 128M -- sh -c '
		cat /sys/class/misc/hw_random/rng_current
		head -c 100000 /dev/hwrng | wc -c
		cat /proc/interrupts' || return 1
	contains '^virtio_rng' && contains '^100000$' && contains 'IO-APIC.*-edge *virtio0'
}
