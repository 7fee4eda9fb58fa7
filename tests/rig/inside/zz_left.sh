# SPDX-License-Identifier: GPL-3.0-or-later
# boots: v1 v2 hybrid
# The last of all files: what the others left.

test_nothing_is_left() {
	left=$(find /tmp/isolab-* /run/learner/isolab /run/stranger/isolab -mindepth 1 2>/dev/null)
	[ -z "$left" ] || { echo "left: $left"; return 1; }
}

test_no_cgroup_is_left() {
	no_cgroup_left
}
