# SPDX-License-Identifier: GPL-3.0-or-later
# Processes of a container for an ordinary user with a range of ids (the learner): users, exec as
# one of them, groups. And for one without (the stranger): the reason, and how to get one.

# processes_of USER FILE CASE…: a suite of tests/system in Python, run by the learner.
processes_of() {
	user=$1 file=$2
	shift 2
	expect 0 "as_$user" env TMPDIR="/run/$user" ISOLAB_BUILD=/opt/isolab \
		python3 "/opt/source/tests/system/$file" "$@" || {
		grep -A 8 '^not ok' /tmp/output | head -n 40
		return 1
	}
}

test_user_of_the_image_for_a_learner() {
	expect 0 as_learner isolab run container --user nobody -- id || return 1
	contains 'uid=65534(nobody)' || return 1
	expect 0 as_learner isolab run container --user 1000:5 -- sh -c \
		'id; grep CapEff /proc/self/status; echo again >/dev/stdout' || return 1
	contains 'uid=1000 gid=5(tty)' && contains 'CapEff:.*0000000000000000' && contains again
}

test_users_outside_are_the_learners_range() {
	expect 0 as_learner isolab create container who --user 1000 -- sleep 100 || return 1
	for process in /proc/[0-9]*; do
		[ "$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)" = "sleep 100 " ] &&
			outside=$(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "$process/status")
	done
	expect 0 as_learner isolab rm -f who || return 1
	[ "${outside:-0}" -ge 100000 ] || { echo "uid $outside outside"; return 1; }
}

test_user_without_a_range_is_told_why() {
	expect 125 as_stranger isolab run container --user 1000 -- id || return 1
	contains 'does not exist inside' && contains 'hint: ' && contains subuid
}

test_processes_of_a_learner() {
	processes_of learner container_processes.py test_init_is_process_1 test_init_status \
		test_user_by_name_and_number test_user_groups test_user_owns_the_console \
		test_run_terminal
}

test_exec_of_a_learner() {
	processes_of learner container_exec.py
}

test_commands_that_cannot_be_run_by_a_stranger() {
	processes_of stranger container_commands.py
}

test_processes_of_root() {
	expect 0 python3 /opt/source/tests/system/container_processes.py && return 0
	grep -A 8 '^not ok' /tmp/output | head -n 40
	return 1
}
