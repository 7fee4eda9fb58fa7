# SPDX-License-Identifier: GPL-3.0-or-later
# The wall of the processor on an ordinary KVM.
# boots: v1

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

test_doctor_finds_an_ordinary_kvm() {
	expect 0 isolab doctor --json && contains kvm
}
