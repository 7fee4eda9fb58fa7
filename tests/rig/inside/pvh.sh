# SPDX-License-Identifier: GPL-3.0-or-later
# A Linux whose ELF header does not say where it may be entered is entered as its note says (PVH).
# boots: v1

test_linux_is_entered_by_its_pvh_note() {
	path=$(readlink -f /opt/linux/vmlinuz)
	kernel=/opt/linux/boot/vmlinux-${path##*/vmlinuz-}
	/opt/isolab/isolab-kernel unpack <"$path" >"$kernel" || return 1
	# the entry of its header is another one's: an address that is no memory
	printf '\0\0\0\0\0\0\0\200' | dd of="$kernel" bs=1 seek=24 conv=notrunc 2>/dev/null
	expect 0 timeout 200 isolab run vm --kernel "$kernel" --memory 128M -- sh -c '
		cat /sys/kernel/boot_params/version; uname -s; ls /sys/class/misc/hw_random'
	result=$?
	rm -f "$kernel"
	# in this version it writes its boot_params itself
	[ $result = 0 ] && contains '^0x020c' && contains '^Linux$' && contains "^rng_current"
}
