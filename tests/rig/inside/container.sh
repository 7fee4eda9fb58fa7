# SPDX-License-Identifier: GPL-3.0-or-later
# The wall of the kernel, for root and for an ordinary user.

test_container_works_for_ordinary_user() {
	expect 3 as_stranger isolab run container -- sh -c 'exit 3'
}

test_container_of_ordinary_user_is_root_inside_only() {
	expect 0 as_stranger isolab run container -- id -u && contains '^0$'
}

test_container_never_maps_to_host_root() {
	expect 0 isolab run container -- cat /proc/self/uid_map || return 1
	awk '$2 == 0 { exit 1 }' /tmp/output || { echo "maps to host uid 0"; return 1; }
}

test_container_has_a_clock_of_its_own() {
	expect 0 isolab run container -- readlink /proc/self/ns/time || return 1
	[ "$(cat /tmp/output)" != "$(readlink /proc/self/ns/time)" ] ||
		{ echo "the host's: $(cat /tmp/output)"; return 1; }
	expect 0 isolab run container -- cat /proc/self/timens_offsets || return 1
	contains 'monotonic *-[1-9]'
}

test_steps_are_stamped_by_one_clock() {
	expect 0 isolab create container clocked || return 1
	expect 0 isolab timeline clocked --json || return 1
	sed -n 's/.*"start_ns": *\([-0-9]*\).*/\1/p' /tmp/output >/tmp/starts
	expect 0 isolab rm -f clocked || return 1
	[ "$(wc -l </tmp/starts)" -ge 9 ] && sort -nc /tmp/starts &&
		[ "$(tail -n 1 /tmp/starts)" -lt 1000000000 ] && return 0
	tr '\n' ' ' </tmp/starts
	return 1
}

test_program_of_ordinary_user_is_not_overwritten_from_inside() {
	mkdir -p /run/copy
	cp -a /opt/isolab/isolab /opt/isolab/isolab-container /opt/isolab/images /run/copy/
	chown -R 1001:1001 /run/copy
	before=$(md5sum </run/copy/isolab-container)
	expect 126 as_stranger /run/copy/isolab run container --no-seccomp -- \
		/proc/self/exe run process -- /bin/sh -c ': >>/proc/1/exe' || return 1
	contains "isolab's own program" && [ "$before" = "$(md5sum </run/copy/isolab-container)" ]
}

test_compare_shows_three_kinds() {
	expect 0 isolab compare --json || return 1
	for kind in process container vm; do
		contains "\"kind\": *\"$kind\"" || return 1
	done
}
