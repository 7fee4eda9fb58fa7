# SPDX-License-Identifier: GPL-3.0-or-later
# What the wall's defences are under an ordinary distribution's kernel: Landlock of an older
# version, x32 perhaps, TIOCSTI. The whole tables run on the host (tests/system/container_*.py).

test_attacks_are_held_until_their_defence_is_out() {
	suite container_defences.py test_type test_x32 test_i386 test_mount test_device \
		test_bounding test_keyring
}

test_attacks_of_an_ordinary_user_are_held() {
	suite container_defences.py --user test_type test_mount test_own_program
}

test_refused_calls_are_counted_and_capabilities_obeyed() {
	suite container_refusals.py test_counts test_capability_sets test_capability_of_a_user
}

test_landlock_of_this_kernel_breaks_nothing() {
	suite container_refusals.py test_landlock_breaks_nothing \
		test_exec_looks_at_the_first_program
}

test_doctor_tells_which_landlock_there_is() {
	expect 0 isolab doctor || return 1
	contains 'landlock  *version [2-9]'
}
