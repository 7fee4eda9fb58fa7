# SPDX-License-Identifier: GPL-3.0-or-later
# Limits by the rules that only cgroup v2 has: who may hand controllers down, and who is born where.

# in_session CGROUP CONTROLLERS COMMAND…: runs it in a group that holds processes and therefore
# hands nothing down itself, below one that does, as systemd makes them for a login.
in_session() {
	slice=/sys/fs/cgroup/$1
	controllers=$2
	shift 2
	mkdir -p "$slice/session"
	echo "$controllers" >"$slice/cgroup.subtree_control"
	for group in "$slice" "$slice/session"; do
		chown 1001:1001 "$group" "$group/cgroup.procs"
	done
	sh -c 'echo $$ >"$0/session/cgroup.procs"; exec "$@"' "$slice" "$@"
	status=$?
	rmdir "$slice/session" "$slice" || return 99
	return $status
}

test_limit_is_found_from_a_session() {
	expect 137 in_session a "+memory +pids" \
		isolab run container --memory 16M -- isolab-work touch 64M || return 1
}

# The stranger, in a session whose group above is the stranger's own.
strange_session() {
	make_user stranger 1001
	XDG_RUNTIME_DIR=/run/stranger in_session b "$@"
}

as_1001="/usr/bin/setpriv --reuid 1001 --regid 1001 --clear-groups"

test_limit_holds_for_ordinary_user_in_delegated_cgroup() {
	expect 137 strange_session "+memory +pids" $as_1001 \
		isolab run container --memory 16M -- isolab-work touch 64M
}

test_controller_that_is_not_delegated_is_named() {
	expect 137 strange_session "+memory" $as_1001 isolab run container --memory 16M \
		--cpus 1 --pids 100 -- isolab-work touch 64M || return 1
	contains 'no limit on processor time, processes' || return 1
	! grep 'no limit on memory' /tmp/output
}

test_group_in_our_own_way_is_explained() {
	# a cgroup namespace whose root is our own group: nothing above it can be seen
	expect 0 in_session c "+memory +pids" /usr/bin/unshare --cgroup --mount sh -c '
		umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
			exec isolab run container --memory 16M -- true' || return 1
	contains 'no limit on memory' && contains 'no internal processes'
}

test_processes_are_born_in_their_group() {
	expect 0 strace -f -e trace=clone3,write -o /tmp/calls \
		isolab run container --pids 9 --memory 32M -- true || return 1
	grep -q 'clone3.*CLONE_INTO_CGROUP' /tmp/calls || { grep clone3 /tmp/calls; return 1; }
	! grep -B 1 'cgroup.procs' /tmp/calls
}
