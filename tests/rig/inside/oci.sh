# SPDX-License-Identifier: GPL-3.0-or-later
# The OCI runtime's front on each kind of cgroup tree.
# boots: v1 v2 hybrid

test_oci_bundles_live_and_die() {
	suite oci.py && no_cgroup_left
}

test_oci_bundles_that_are_wrong_leave_nothing() {
	suite oci_hostile.py
}
