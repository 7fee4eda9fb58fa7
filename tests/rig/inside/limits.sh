# SPDX-License-Identifier: GPL-3.0-or-later
# Limits, on each kind of cgroup tree, with and without rights to it.
# boots: v1 v2 hybrid

# limits_of USER FILE [CASE…]: a suite in Python, run by the learner or the stranger.
limits_of() {
	user=$1
	file=$2
	shift 2
	expect 0 "as_$user" python3 "/opt/source/tests/system/$file" "$@" || {
		grep -A 8 '^not ok' /tmp/output | head -n 40
		return 1
	}
	no_cgroup_left
}

# What depends on the kind of tree; in few pieces, since this machine is slow.
held="test_memory_told_at_once test_pids test_cpus test_cpuset test_devices"
kept="test_never_before_the_limits test_exec_is_counted test_killed_worker test_pressure"
updates="test_update test_update_without_account test_update_below_use"

# shellcheck disable=SC2086  # lists of words
test_limits_hold_for_root() {
	suite container_limits.py $held && no_cgroup_left
}

# shellcheck disable=SC2086
test_limits_hold_from_the_first_to_the_last_for_root() {
	suite container_limits.py $kept && no_cgroup_left
}

# shellcheck disable=SC2086
test_limits_change_for_root() {
	suite container_update.py $updates && no_cgroup_left
}

# shellcheck disable=SC2086
test_limits_hold_for_user_with_delegated_cgroups() {
	limits_of learner container_limits.py $held || return 1
	! grep '# SKIP this user cannot have it' /tmp/output | grep -v devices
}

# shellcheck disable=SC2086
test_limits_change_for_user_with_delegated_cgroups() {
	limits_of learner container_update.py $updates || return 1
	! grep '# SKIP this user cannot have it' /tmp/output
}

test_limits_are_told_to_user_without_cgroups() {
	expect 0 as_stranger isolab run container --memory 64M --cpus 1 -- true || return 1
	contains 'no limit on memory, processor time: '
}

# in_lab COMMAND-PREFIX…: a sandbox of the lab network is limited as any other, its execs too.
in_lab() {
	expect 137 "$@" isolab run container --network lab --memory 16M -- \
		isolab-work touch 64M || return 1
	expect 0 "$@" isolab create container wired --network lab --pids 20 --no-ns cgroup \
		-- isolab-work idle || return 1
	expect 0 "$@" isolab exec wired -- cat /proc/self/cgroup &&
		contains '[.]wired$' && expect 0 "$@" isolab rm -f wired && no_cgroup_left
}

test_limits_hold_in_the_lab_network() {
	in_lab env && in_lab as_learner
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

test_process_without_pid_namespace_is_killed_at_one_blow() {
	expect 0 isolab create process bomb --pids 30 -- sh -c 'sleep 99 & sleep 99 & sleep 99' &&
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
