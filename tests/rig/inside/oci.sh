# SPDX-License-Identifier: GPL-3.0-or-later
# The OCI runtime's front on each kind of cgroup tree.
# boots: v1 v2 hybrid

test_oci_bundles_live_and_die() {
	suite oci.py && no_cgroup_left
}

test_oci_bundles_that_are_wrong_leave_nothing() {
	suite oci_hostile.py
}

# On v2 there is no file for devices: a program in the kernel refuses them.
test_oci_devices_are_refused() {
	bundle=/tmp/oci-devices
	mkdir -p $bundle/rootfs/bin $bundle/rootfs/dev $bundle/rootfs/proc $bundle/rootfs/sys
	cp /bin/busybox $bundle/rootfs/bin/
	cat >$bundle/config.json <<-'END'
		{"ociVersion": "1.0.2", "root": {"path": "rootfs"},
		 "process": {"args": ["/bin/busybox", "sh", "-c", "/bin/busybox head -c 1 /dev/zero >/dev/null && echo zero; /bin/busybox head -c 1 /dev/vda >/dev/null || echo refused; /bin/busybox head -c 1 /dev/one >/dev/null && echo one"], "cwd": "/"},
		 "mounts": [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
		 "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}],
		  "cgroupsPath": "oci-devices",
		  "devices": [{"path": "/dev/vda", "type": "b", "major": 254, "minor": 0},
		   {"path": "/dev/one", "type": "c", "major": 1, "minor": 5}],
		  "resources": {"devices": [{"allow": false, "access": "rwm"}]}}}
	END
	number=$(printf '%d, "minor": %d' $(stat -c '0x%t 0x%T' /dev/vda))
	sed -i "s/254, \"minor\": 0/$number/" $bundle/config.json
	expect 0 isolab-oci run -b $bundle devices || return 1
	contains zero && contains refused && contains one
}
