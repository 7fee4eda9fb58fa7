# SPDX-License-Identifier: GPL-3.0-or-later
# boots: v1 v2 hybrid
# The rig itself: what the other files take for granted.

test_learner_has_a_part_of_every_tree() {
	case $cgroups in
	v1) trees="memory pids cpu,cpuacct cpuset blkio freezer" ;;
	hybrid) trees="memory freezer unified" ;;
	*) trees=. ;;
	esac
	for tree in $trees; do
		place=/sys/fs/cgroup/$tree/learner
		[ "$(stat -c %u "$place")" = 1000 ] && continue
		echo "$place is not the learner's"
		return 1
	done
	expect 0 as_learner cat /proc/self/cgroup && contains /learner || return 1
	expect 0 as_stranger cat /proc/self/cgroup && ! contains /learner >/dev/null
}

test_controllers_are_where_they_should_be() {
	case $cgroups in
	v2) file=/sys/fs/cgroup/learner/cgroup.controllers wanted="cpu cpuset io memory pids" ;;
	hybrid) file=/sys/fs/cgroup/unified/learner/cgroup.controllers wanted="cpu pids" ;;
	v1) return 0 ;;
	esac
	for controller in $wanted; do
		grep -qw "$controller" "$file" || { echo "no $controller in $file"; return 1; }
	done
}

test_learner_has_subordinate_ids() {
	[ -x /usr/bin/newuidmap ] || { echo "no newuidmap on the host"; return 77; }
	make_user learner 1000
	mkfifo -m 666 /run/learner/pid
	as_learner unshare -U sh -c 'echo $$ >/run/learner/pid; exec sleep 60' &
	read -r pid </run/learner/pid
	rm /run/learner/pid
	expect 0 as_learner newuidmap "$pid" 0 1000 1 1 100000 65535 || return 1
	expect 0 as_learner newgidmap "$pid" 0 1000 1 1 100000 65535
	result=$?
	kill "$pid"
	return $result
}

test_python_suites_can_run() {
	expect 0 python3 -c 'import ctypes, json, pty, subprocess, tempfile'
}

test_modules_for_networks_and_files_are_loaded() {
	for module in bridge veth tun overlay loop fuse; do
		grep -q "^$module " /proc/modules || { echo "no $module"; return 1; }
	done
}

test_landlock_is_there() {
	grep -q landlock /sys/kernel/security/lsm
}
