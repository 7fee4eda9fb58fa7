# SPDX-License-Identifier: GPL-3.0-or-later
# What a Linux guest on an ordinary KVM has of the outside: the lab's cable. One boot serves many
# claims, since each takes seconds here.
kernel=/opt/linux/vmlinuz

# Both find each other by name, in both directions, and nothing is left.
try_lab() {
	"$@" create container web --network lab -- \
		sh -c 'echo from web >/tmp/index.html; exec httpd -f -p 80 -h /tmp' || return 1
	expect 0 "$@" create vm box --kernel $kernel --memory 128M --network lab \
		--hostname machine -- \
		sh -c 'echo from box >/tmp/index.html; exec httpd -f -p 80 -h /tmp' || return 1
	expect 0 "$@" exec box -- wget -qO- http://web.lab/ && contains '^from web' || return 1
	expect 0 "$@" exec box -- ping -c 1 web || return 1
	expect 0 "$@" exec web -- wget -qO- http://box/ && contains '^from box' || return 1
	expect 0 "$@" exec web -- ping -c 1 machine || return 1
	# a page of many frames, both ways
	expect 0 "$@" exec box -- sh -c 'dd if=/dev/urandom of=/tmp/big bs=64k count=32 2>/dev/null
		md5sum </tmp/big' && sum=$(cat /tmp/output) || return 1
	expect 0 "$@" exec web -- sh -c 'wget -qO- http://box/big | md5sum' &&
		contains "$sum" || return 1
	expect 0 "$@" exec box -- ip -o addr && contains 'eth0.*10\.88\.77\.[0-9]*/24' &&
		contains 'eth0.*fd69:6f62::' || return 1
	expect 0 "$@" inspect box --json && contains '"address": *"10\.88\.77' || return 1
	expect 0 "$@" timeline box && contains 'lab' || return 1
	expect 0 "$@" rm -f --all
}

# The holder ends a moment after the last sandbox.
no_lab_left() {
	for _ in $(seq 50); do
		left=$(ls -d /run/*/isolab/.lab /run/isolab/.lab 2>/dev/null)
		[ -z "$left" ] && return 0
		sleep 0.1
	done
	echo "left: $left"
	return 1
}

test_container_and_linux_guest_share_the_lab() {
	try_lab isolab && no_lab_left
}

test_container_and_linux_guest_share_the_lab_of_a_user() {
	try_lab as_learner isolab && no_lab_left
}

test_linux_guest_without_a_network_has_only_itself() {
	expect 0 timeout 100 isolab run vm --kernel $kernel --memory 128M -- \
		sh -c 'ls /sys/class/net; ping -c 1 127.0.0.1' && contains '^lo$' &&
		! grep -q eth /tmp/output
}

test_linux_guest_whose_kernel_drives_no_card_says_so() {
	mkdir -p /tmp/bare && cp $kernel /tmp/bare/vmlinuz # without its modules
	expect 125 timeout 100 isolab run vm --kernel /tmp/bare/vmlinuz --memory 128M \
		--network lab -- true &&
		contains 'no driver for the network card' && contains '^hint:'
}

test_networks_that_no_machine_can_have_are_refused_by_name() {
	expect 2 isolab run vm --kernel $kernel --network host -- true && contains 'lab' || return 1
	expect 125 isolab run vm --kernel $kernel --accel tcg --network lab -- true &&
		contains 'without KVM' && contains '^hint:' || return 1
	expect 2 isolab run vm --network lab -- true && contains 'tiny vm has no network'
}
