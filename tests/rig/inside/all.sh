# SPDX-License-Identifier: GPL-3.0-or-later
# The tests of the rig. Each is a function test_CLAIM; it prints why it failed and returns non-zero,
# or returns 77 after saying why it cannot run. `as_learner` runs a command as an ordinary user of
# group kvm, `as_stranger` as one without it.

as_learner() {
	mkdir -p /run/learner && chown 1000:1000 /run/learner && chmod 700 /run/learner
	XDG_RUNTIME_DIR=/run/learner /usr/bin/setpriv --reuid 1000 --regid 1000 --groups 109 "$@"
}

as_stranger() {
	mkdir -p /run/stranger && chown 1001:1001 /run/stranger && chmod 700 /run/stranger
	XDG_RUNTIME_DIR=/run/stranger /usr/bin/setpriv --reuid 1001 --regid 1001 --clear-groups "$@"
}

# expect STATUS COMMAND…: the command must end with STATUS.
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

test_ordinary_kvm_runs_the_teaching_kernel() {
	expect 0 isolab run vm -- true && expect 7 isolab run vm -- isolab-work exit 7
}

test_teaching_kernel_prints_and_is_no_linux() {
	expect 0 isolab run vm -- isolab-work uname && contains isolab-tiny
}

test_fault_in_guest_ends_its_program() {
	expect 139 isolab run vm -- isolab-work fault
}

test_system_calls_of_the_teaching_kernel() {
	[ -d /opt/guest ] || { echo "no guest_program"; return 77; }
	expect 0 /opt/guest/isolab run vm -- guest_program calls && ! grep -q '^not ok' /tmp/output
}

test_forbidden_acts_end_a_guest_program() {
	[ -d /opt/guest ] || { echo "no guest_program"; return 77; }
	for act in null kernel jump stack gate-write gate-forged hlt cli port cr3 recursion; do
		expect 139 /opt/guest/isolab run vm -- guest_program $act || return 1
	done
	expect 132 /opt/guest/isolab run vm -- guest_program ud2 || return 1
	expect 136 /opt/guest/isolab run vm -- guest_program divide
}

test_two_programs_take_turns_in_the_vm() {
	[ -d /opt/guest ] || { echo "no guest_program"; return 77; }
	expect 0 /opt/guest/isolab create vm pair -- isolab-work idle || return 1
	/opt/guest/isolab exec pair -- guest_program vectors 111 2000 &
	first=$!
	expect 0 /opt/guest/isolab exec pair -- guest_program vectors 222 2000 || return 1
	wait $first || { echo "the first one saw the second one's registers"; return 1; }
	expect 0 /opt/guest/isolab rm -f pair
}

test_exec_runs_beside_the_main_program() {
	expect 0 isolab create vm burner -- isolab-work spin || return 1
	expect 5 isolab exec burner -- isolab-work exit 5 || return 1
	expect 0 isolab stop --time 2 burner && expect 0 isolab rm burner
}

# bad_guest NAME STATUS TEXT: a guest that does wrong, in place of the kernel, ends as it should.
bad_guest() {
	cp "/opt/bad/guest_$1" /opt/bad/new && mv /opt/bad/new /opt/bad/tiny-kernel
	expect "$2" timeout 20 /opt/bad/isolab run vm -- true &&
		{ [ -z "$3" ] || contains "$3"; } && return 0
	echo "($1)"
	return 1
}

test_bad_guests_end_clearly_on_ordinary_kvm() {
	[ -e /opt/bad/guest_halt ] || { echo "no bad guests in this build"; return 77; }
	bad_guest triple_fault 125 'triple fault' || return 1
	bad_guest breakpoint 125 'triple fault' || return 1
	bad_guest unknown_port 125 'port 0x3f8' || return 1
	bad_guest no_memory 125 '0x40000000, where there is no memory' || return 1
	bad_guest tables_of_nothing 125 'hint:' || return 1
	bad_guest halt 125 'stopped its processor' || return 1
	bad_guest panic 125 'the llamas are loose' || return 1
	bad_guest lie 125 'nobody asked' || return 1
	bad_guest packet_nowhere 14 '' || return 1
	bad_guest early_end 7 ''
}

test_boot_that_never_ends_is_killed_on_ordinary_kvm() {
	[ -e /opt/bad/guest_endless ] || { echo "no bad guests in this build"; return 77; }
	cp /opt/bad/guest_endless /opt/bad/new && mv /opt/bad/new /opt/bad/tiny-kernel
	timeout 20 /opt/bad/isolab run vm --name endless -- true &
	endless=$!
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		isolab kill endless >/dev/null 2>&1 && break
		sleep 0.2
	done
	wait $endless
	[ $? -eq 137 ] || { echo "not killed (attempt $attempt)"; return 1; }
}

test_console_input_and_pause_of_a_vm() {
	printf 'echo hello\nexit 4\n' >/tmp/typed
	expect 4 sh -c 'isolab run vm -i -- isolab-work </tmp/typed' && contains hello || return 1
	expect 0 isolab create vm paused -- isolab-work spin || return 1
	expect 0 isolab pause paused && expect 0 isolab unpause paused || return 1
	expect 0 isolab rm -f paused
}

test_vm_works_for_member_of_group_kvm() {
	expect 0 as_learner isolab run vm -- true
}

test_vm_without_right_names_the_group() {
	expect 125 as_stranger isolab run vm -- true && contains '^hint: .*kvm'
}

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

test_memory_limit_holds_on_cgroup_v2() {
	expect 137 isolab run container --memory 16M -- isolab-work touch 64M || return 1
	[ -z "$(find /sys/fs/cgroup -name 'isolab*')" ] || { echo "a cgroup is left"; return 1; }
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
	[ -z "$(find /sys/fs/cgroup -name 'isolab*')" ] || { echo "a cgroup is left"; return 1; }
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
	before=$(cksum </run/copy/isolab-container)
	expect 1 as_stranger /run/copy/isolab run container --no-seccomp -- \
		/proc/self/exe run process -- /bin/sh -c ': >>/proc/1/exe' || return 1
	contains 'busy' && [ "$before" = "$(cksum </run/copy/isolab-container)" ]
}

test_compare_shows_three_kinds() {
	expect 0 isolab compare --json || return 1
	for kind in process container vm; do
		contains "\"kind\": *\"$kind\"" || return 1
	done
}

test_doctor_finds_an_ordinary_kvm() {
	expect 0 isolab doctor --json && contains kvm
}

test_nothing_is_left() {
	left=$(find /tmp/isolab-* /run/learner/isolab /run/stranger/isolab -mindepth 1 2>/dev/null)
	[ -z "$left" ] || { echo "left: $left"; return 1; }
}

number=0
for name in $(sed -n 's/^test_\([a-z0-9_]*\)() {$/\1/p' /tests/all.sh); do
	number=$((number + 1))
	reason=$("test_$name")
	case $? in
	0) echo "ok $number - $name" ;;
	77) echo "ok $number - $name # SKIP $reason" ;;
	*) echo "not ok $number - $name"; echo "# $reason" ;;
	esac
done
