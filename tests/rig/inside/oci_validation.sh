# SPDX-License-Identifier: GPL-3.0-or-later
# Of the public validation programs those that a host may lack the means for: all capabilities, and
# the v1 trees for networks and huge pages.
# boots: v1

more_trees="hugetlb net_cls net_prio"

mount_more_trees() {
	for tree in $more_trees; do
		mkdir -p "/sys/fs/cgroup/$tree" &&
			mount -t cgroup -o "$tree" cgroup "/sys/fs/cgroup/$tree" || return 1
	done
}

unmount_more_trees() {
	for tree in $more_trees; do
		umount "/sys/fs/cgroup/$tree"
		rmdir "/sys/fs/cgroup/$tree"
	done
}

test_oci_validation_of_what_hosts_may_lack() {
	[ -e /opt/validation/runtimetest ] || {
		echo "the validation programs are not built (tests/oci/validate)"
		return 77
	}
	mount_more_trees || { echo "no trees for: $more_trees"; unmount_more_trees; return 1; }
	expect 0 env ISOLAB_RUNTIME_TOOLS=/opt/validation python3 /opt/source/tests/oci/validate \
		--runtime /opt/isolab/isolab-oci --jobs 1 --timeout 400
	status=$?
	[ $status -eq 0 ] || head -n 40 /tmp/output
	unmount_more_trees 2>/dev/null
	return $status
}
