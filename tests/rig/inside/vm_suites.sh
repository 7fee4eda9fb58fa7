# SPDX-License-Identifier: GPL-3.0-or-later
# The suites of tests/system that need a KVM, on an ordinary one. What takes long stands alone, and
# all of it takes minutes in here: tests/rig/run BUILD vm, a boot that nobody else waits for.
# boots: vm

test_fifty_vms_in_a_row_leave_nothing() {
	suite vm_many.py test_many_in_a_row test_many_fronts_killed
}

test_a_hundred_vms_at_once_leave_nothing() {
	suite vm_many.py test_many_at_once
}

test_many_vms_stand_together() {
	suite vm_many.py test_many_standing
}

test_vms_killed_at_every_step_leave_nothing() {
	export ISOLAB_LINUX=/opt/linux/vmlinuz
	suite vm_faults.py
}

test_container_beside_hostile_guests() {
	export ISOLAB_COUNT=7
	suite vm_hostile.py test_container_beside_hostile_guests || return 1
	grep '^# ' /tmp/output
}

test_vm_beside_hostile_guests() {
	export ISOLAB_COUNT=7
	suite vm_hostile.py test_vm_beside_hostile_guests || return 1
	grep '^# ' /tmp/output
}

test_container_beside_hostile_linux() {
	export ISOLAB_COUNT=7 ISOLAB_LINUX=/opt/linux/vmlinuz
	suite vm_hostile.py test_container_beside_hostile_linux || return 1
	grep '^# ' /tmp/output
}

test_guests_that_do_wrong_end_clearly() {
	suite vm_guests.py
}

test_figures_of_vms() {
	suite vm_figures.py || return 1
	grep '^# ' /tmp/output
}

test_a_distribution_begins_on_kvm() {
	export ISOLAB_ACCEL=kvm
	suite vm_distro.py test_first_sector
}
