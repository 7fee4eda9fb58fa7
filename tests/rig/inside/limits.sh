# SPDX-License-Identifier: GPL-3.0-or-later
# Limits, on each kind of cgroup tree, with and without rights to it.
# boots: v1 v2 hybrid

limits=/opt/source/tests/system/container_limits.py

# limits_of USER [CASE…]: the suite in Python, run by the learner or the stranger.
limits_of() {
	user=$1
	shift
	expect 0 "as_$user" python3 $limits "$@" || {
		grep -A 8 '^not ok' /tmp/output | head -n 40
		return 1
	}
	no_cgroup_left
}

# What depends on the kind of tree.
most="test_memory test_memory_told_at_once test_pids test_cpus test_cpuset test_devices
	test_never_before_the_limits test_exec_is_counted test_update test_update_without_account
	test_update_below_use test_killed_worker test_pressure"

test_limits_hold_and_change_for_root() {
	# shellcheck disable=SC2086  # a list of words
	suite container_limits.py $most && no_cgroup_left
}

test_limits_hold_and_change_for_user_with_delegated_cgroups() {
	# shellcheck disable=SC2086  # a list of words
	limits_of learner $most || return 1
	! grep '# SKIP this user cannot have it' /tmp/output | grep -v devices
}

test_limits_are_told_to_user_without_cgroups() {
	limits_of stranger test_memory test_update_mistakes || return 1
	expect 0 as_stranger isolab run container --memory 64M --cpus 1 -- true || return 1
	contains 'no limit on memory, processor time: '
}

test_swap_is_limited() {
	dd if=/dev/zero of=/swap bs=1M count=96 2>/dev/null && chmod 600 /swap && mkswap /swap &&
		swapon /swap || { echo "no swap to be had here"; return 77; }
	suite container_limits.py test_swap
	result=$?
	grep -q '# SKIP' /tmp/output && { cat /tmp/output; result=77; }
	swapoff /swap && rm /swap
	return $result
}

# in_session CGROUP CONTROLLERS COMMAND…: runs it in a group that holds processes and therefore
# hands nothing down itself, below one that does, as systemd makes them for a login.
in_session() {
	[ "$cgroups" = v2 ] || { echo "these rules are those of v2"; return 77; }
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

test_limit_is_found_from_a_session_on_cgroup_v2() {
	expect 137 in_session a "+memory +pids" \
		isolab run container --memory 16M -- isolab-work touch 64M || return $?
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
		--cpus 1 --pids 100 -- isolab-work touch 64M || return $?
	contains 'no limit on processor time, processes' || return 1
	! grep 'no limit on memory' /tmp/output
}

test_group_in_our_own_way_is_explained() {
	# a cgroup namespace whose root is our own group: nothing above it can be seen
	expect 0 in_session c "+memory +pids" /usr/bin/unshare --cgroup --mount sh -c '
		umount -l /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&
			exec isolab run container --memory 16M -- true' || return $?
	contains 'no limit on memory' && contains 'no internal processes'
}

test_processes_are_born_in_their_group_on_cgroup_v2() {
	[ "$cgroups" = v2 ] || { echo "born in a group is who is on v2"; return 77; }
	expect 0 strace -f -e trace=clone3,write -o /tmp/calls \
		isolab run container --pids 9 --memory 32M -- true || return 1
	grep -q 'clone3.*CLONE_INTO_CGROUP' /tmp/calls || { grep clone3 /tmp/calls; return 1; }
	! grep -B 1 'cgroup.procs' /tmp/calls
}

test_process_without_pid_namespace_is_killed_at_one_blow() {
	expect 0 isolab create process bomb --pids 30 -- sh -c 'while :; do sleep 9 & done' &&
		expect 0 isolab kill bomb && expect 137 isolab wait bomb || return 1
	expect 0 isolab rm bomb && no_cgroup_left
}

test_pause_freezes() {
	for options in "" "--pids 20"; do
		# shellcheck disable=SC2086  # options are words
		expect 0 isolab create container frozen $options -- isolab-work spin || return 1
		expect 0 isolab pause frozen || return 1
		is_frozen || return 1
		expect 0 isolab unpause frozen && expect 0 isolab rm -f frozen || return 1
	done
	no_cgroup_left
}

is_frozen() {
	for group in $(find /sys/fs/cgroup -name 'isolab*'); do
		[ "$(cat "$group/cgroup.freeze" 2>/dev/null)" = 1 ] && return 0
		[ "$(cat "$group/freezer.state" 2>/dev/null)" = FROZEN ] && return 0
	done
	echo "nothing is frozen"
	return 1
}
