# SPDX-License-Identifier: GPL-3.0-or-later
# The suite that every wall has to pass (tests/contract), on walls that the host may not have.
# boots: v1 vm

# contract WHO WALL CASE…: WHO is as_learner, or env for root.
contract() {
	who=$1
	shift
	expect 0 "$who" env ISOLAB_LINUX=/opt/linux/vmlinuz ISOLAB_PATIENCE=200 \
		XDG_CACHE_HOME="/tmp/cache-$who" \
		python3 -u /opt/source/tests/contract/contract.py "$@" ||
		{
			grep -A 8 '^not ok' /tmp/output | head -n 40
			return 1
		}
	echo "# $(grep -c '^ok' /tmp/output) cases"
}

# linux WHO: all cases in a boot of its own, else one of each kind, since each is a boot in here.
linux() {
	if [ "$cgroups" = vm ]; then
		contract "$1" vm_linux all
	else
		contract "$1" vm_linux
	fi
}

test_tiny_vm_keeps_the_contract() {
	contract env vm
}

test_tiny_vm_of_a_user_of_group_kvm_keeps_the_contract() {
	contract as_learner vm
}

test_linux_vm_keeps_the_contract() {
	linux env
}

test_linux_vm_of_a_user_of_group_kvm_keeps_the_contract() {
	linux as_learner
}
