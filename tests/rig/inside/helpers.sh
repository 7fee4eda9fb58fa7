# SPDX-License-Identifier: GPL-3.0-or-later
# What the rig's tests share. A test is a function test_CLAIM; it prints why it failed and returns
# non-zero, or returns 77 after saying why it cannot run. $cgroups is v1, v2 or hybrid.

# The learner has what a careful administrator gives: group kvm, subordinate ids, a part of every
# cgroup tree. The stranger has nothing.
as_learner() {
	make_user learner 1000
	enter_cgroup_of_learner XDG_RUNTIME_DIR=/run/learner XDG_STATE_HOME=/run/learner \
		HOME=/home/learner \
		/usr/bin/setpriv --reuid 1000 --regid 1000 --groups 109 "$@"
}

as_stranger() {
	make_user stranger 1001
	XDG_RUNTIME_DIR=/run/stranger XDG_STATE_HOME=/run/stranger HOME=/home/stranger \
		/usr/bin/setpriv --reuid 1001 --regid 1001 --clear-groups "$@"
}

make_user() {
	mkdir -p "/run/$1" && chown "$2:$2" "/run/$1" && chmod 700 "/run/$1"
}

# Runs a command in the learner's part of each tree: on v2 in a leaf, so that the learner's own
# group hands controllers down.
enter_cgroup_of_learner() {
	# the shell that execs is the one that moves: $$ would be the tests' own in a subshell
	sh -c 'for procs in /sys/fs/cgroup/*/learner/cgroup.procs \
			/sys/fs/cgroup/learner/session/cgroup.procs \
			/sys/fs/cgroup/unified/learner/session/cgroup.procs; do
			[ "$procs" = /sys/fs/cgroup/unified/learner/cgroup.procs ] ||
				[ ! -e "$procs" ] || echo $$ >"$procs"
		done
		exec env "$@"' enter "$@"
}

# expect STATUS COMMAND…: the command must end with STATUS; what it said is in /tmp/output.
expect() {
	wanted=$1
	shift
	"$@" >/tmp/output 2>&1
	status=$?
	[ $status -eq "$wanted" ] && return 0
	echo "'$*' ended with $status instead of $wanted: $(tail -n 3 /tmp/output | tr '\n' ' ')"
	return 1
}

# contains TEXT: the output of the last `expect` holds it.
contains() {
	grep -q -- "$1" /tmp/output && return 0
	echo "'$1' is not in: $(head -c 400 /tmp/output | tr '\n' ' ')"
	return 1
}

# suite FILE [CASE…]: a suite of tests/system in Python, run in here. What it skips counts as run.
# An emulated processor takes ten times as long: only each's own limit ends what hangs.
suite() {
	file=$1
	shift
	expect 0 env ISOLAB_PATIENCE=200 python3 "/opt/source/tests/system/$file" "$@" || {
		grep -A 8 '^not ok' /tmp/output | head -n 40
		return 1
	}
}

# no_cgroup_left: nothing of ours stands in any tree.
no_cgroup_left() {
	left=$(find /sys/fs/cgroup -name 'isolab*')
	[ -z "$left" ] || { echo "left: $left"; return 1; }
}
