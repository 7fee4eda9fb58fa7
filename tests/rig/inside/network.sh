# SPDX-License-Identifier: GPL-3.0-or-later
# The lab network on a distribution's kernel. The learner has a range of users of its own, the
# stranger has none.
# boots: v2

# What may differ from the machine around; there the whole suite runs.
test_lab_network_for_root() {
	suite container_network.py test_names test_tap test_limits
}

test_lab_network_for_ordinary_user() {
	suite container_network.py --user test_names test_gone_with_the_last test_holder_killed
}

test_way_outside_for_ordinary_user() {
	(
		export ISOLAB_PATIENCE=90
		suite container_network.py --user test_pasta
	)
}

# Users of a whole range, one below the other: the holder has all of them, the sandbox its part.
test_lab_of_user_with_a_range() {
	expect 0 as_learner isolab run container --network lab --user 33:33 -- \
		sh -c 'id -u; cat /proc/self/uid_map; nslookup gateway' || return 1
	contains '^33$' && contains '10.88.77.1'
}

test_lab_of_user_without_a_range() {
	expect 0 as_stranger isolab run container --network lab -- nslookup gateway
}

test_doctor_tells_about_the_lab() {
	expect 0 as_stranger isolab doctor --json && contains lab_network
}
