# SPDX-License-Identifier: GPL-3.0-or-later
# boots: v2
# Files of a container on a Linux of its own: kernel 6.1, the root on ext4, a learner with
# subordinate ids from /etc/subuid and newuidmap, a stranger without.

# On ext4: this kernel's tmpfs maps no ids on a mount.
on_disk() {
	mkdir -p /home/tmp && chmod 1777 /home/tmp
	TMPDIR=/home/tmp suite "$@"
	result=$?
	rmdir /home/tmp && return $result
}

test_files_of_containers_started_by_root() {
	on_disk container_files.py test_image test_owner test_overlay test_overlay_of_own_image \
		test_volume test_volume_link test_volume_owner test_hostile_dev
}

test_files_of_containers_started_by_an_ordinary_user() {
	on_disk container_files.py --user test_image test_overlay test_overlay_of_own_image \
		test_volume test_volume_link || return 1
	on_disk container_ids.py
}

test_learner_is_another_user_inside_by_newuidmap() {
	expect 0 as_learner isolab run container --user 1000:1000 -- \
		sh -c 'id -u; cat /proc/self/uid_map' || return 1
	contains '^1000$' && contains "^ *0 *1000 *1$" && contains "^ *1 *[1-9][0-9]* *6553[0-9]$"
}

test_stranger_is_told_how_to_get_ids() {
	expect 125 as_stranger isolab run container --user 1000 -- true && contains 'hint: '
	contains 'usermod --add-subuids' || contains 'no line in /etc/passwd'
}

test_writable_root_of_an_ordinary_user() {
	expect 0 as_stranger isolab run container --overlay -- \
		sh -c 'echo new >/etc/new && rm /etc/hostname && cat /etc/new' && contains '^new$'
}

# owner PATH: its user and group.
owner() {
	stat -c %u:%g "$1"
}

test_volume_of_a_user_on_ext4_and_on_tmpfs() {
	for place in /home/volume /tmp/volume; do
		mkdir -p $place && chown 1001:1001 $place
		[ $place = /home/volume ] || mount -t tmpfs -o uid=1001,gid=1001 volume $place
		expect 0 isolab run container --volume $place:/work -- \
			sh -c 'echo x >/tmp/x; echo x 2>&1 >/work/new; stat -c %u /work'
		mapped=$(owner $place/new 2>/dev/null)
		if contains 'maps no ids'; then # tmpfs can from Linux 6.3 on
			[ $place = /tmp/volume ] ||
				{ echo "ext4 without idmapped mounts"; return 1; }
		else
			[ "$mapped" = 1001:1001 ] || { echo "$place/new is $mapped"; return 1; }
		fi
		[ $place = /home/volume ] || umount $place
		rm -rf $place
	done
}
