# SPDX-License-Identifier: GPL-3.0-or-later
# Limits on cgroup v2: see also the files of the other trees.

test_memory_limit_holds_on_cgroup_v2() {
	expect 137 isolab run container --memory 16M -- isolab-work touch 64M || return 1
	no_cgroup_left
}

test_pids_limit_holds_on_cgroup_v2() {
	expect 0 isolab run container --pids 8 -- \
		sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; true'
	contains "can't fork" || contains 'Resource temporarily unavailable'
}

# in_session CGROUP COMMAND…: runs it in a group that holds processes and therefore hands nothing
# down itself, below one that does, as systemd makes them for a login.
in_session() {
	slice=/sys/fs/cgroup/$1
	shift
	echo "+memory +pids" >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p "$slice/session"
	echo "+memory +pids" >"$slice/cgroup.subtree_control"
	for group in "$slice" "$slice/session"; do
		chown 1001:1001 "$group" "$group/cgroup.procs"
	done
	sh -c 'echo $$ >"$0/session/cgroup.procs"; exec "$@"' "$slice" "$@"
	status=$?
	rmdir "$slice/session" "$slice" || return 99
	return $status
}

test_limit_is_found_from_a_session_on_cgroup_v2() {
	expect 137 in_session a isolab run container --memory 16M -- isolab-work touch 64M
}

test_limit_holds_for_ordinary_user_in_delegated_cgroup() {
	mkdir -p /run/stranger && chown 1001:1001 /run/stranger && chmod 700 /run/stranger
	export XDG_RUNTIME_DIR=/run/stranger
	expect 137 in_session b /usr/bin/setpriv --reuid 1001 --regid 1001 --clear-groups \
		isolab run container --memory 16M -- isolab-work touch 64M
	result=$?
	unset XDG_RUNTIME_DIR
	return $result
}

test_limit_that_cannot_be_had_is_told() {
	expect 0 as_stranger isolab run container --memory 64M -- true || return 1
	contains 'no limit on memory'
}

test_pause_freezes_on_cgroup_v2() {
	for options in "" "--pids 20"; do
		expect 0 isolab create container frozen $options -- isolab-work spin || return 1
		expect 0 isolab pause frozen || return 1
		group=$(find /sys/fs/cgroup -name 'isolab*')
		[ "$(cat "$group/cgroup.freeze")" = 1 ] || { echo "not frozen"; return 1; }
		expect 0 isolab unpause frozen && expect 0 isolab rm -f frozen || return 1
	done
	no_cgroup_left
}
