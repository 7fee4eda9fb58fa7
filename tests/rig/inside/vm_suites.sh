# SPDX-License-Identifier: GPL-3.0-or-later
# The suites of tests/system that need a KVM, on an ordinary one.

test_many_vms_leave_nothing() {
	suite vm_many.py
}

test_vms_killed_at_every_step_leave_nothing() {
	export ISOLAB_LINUX=/opt/linux/vmlinuz
	suite vm_faults.py
}

test_hostile_guests_slow_only_themselves() {
	suite vm_hostile.py || return 1
	grep '^# ' /tmp/output
}

test_guests_that_do_wrong_end_clearly() {
	suite vm_guests.py
}

test_figures_of_vms() {
	suite vm_figures.py
}
