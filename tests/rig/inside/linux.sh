# SPDX-License-Identifier: GPL-3.0-or-later
# A Linux guest on an ordinary KVM: one boot serves many claims, since each takes seconds here.
# boots: hybrid
kernel=/opt/linux/vmlinuz

test_linux_guest_runs_a_command_and_passes_its_status_on() {
	expect 7 timeout 100 isolab run vm --kernel $kernel --memory 128M -- \
		sh -c 'uname -s; echo wrong >&2; exit 7' && contains '^Linux$' && contains '^wrong$'
}

# What is made once is kept: the second start makes nothing.
test_linux_guest_starts_from_what_the_first_start_has_unpacked_and_packed() {
	for name in first second; do
		expect 0 timeout 100 isolab create vm $name --kernel $kernel --memory 128M -- \
			true && expect 0 timeout 100 isolab wait $name || return 1
	done
	expect 0 isolab timeline second && contains prepare || return 1
	sed 's/^/# /' /tmp/output >/dev/console
	expect 0 isolab events second --json && ! contains '"made ' &&
		isolab rm first && isolab rm second
}

test_linux_guest_is_a_sandbox_as_others_are() {
	expect 0 timeout 100 isolab create vm box --kernel $kernel --memory 128M \
		--env GREETING=hello -- \
		sh -c 'echo $GREETING from; hostname; exec sleep 1000' ||
		return 1
	until isolab logs box | grep -q '^box'; do :; done # the program has just begun
	expect 0 isolab logs box && contains '^hello from' && contains '^box' || return 1
	# its own streams, status, environment, directory
	expect 3 sh -c 'isolab exec box -- sh -c "echo out; echo err >&2; exit 3" 2>/tmp/errors' &&
		contains '^out$' && ! contains err && grep -q '^err$' /tmp/errors || return 1
	expect 0 sh -c 'echo typed | isolab exec -i box -- cat' && contains '^typed$' || return 1
	expect 0 sh -c 'isolab exec box -- dd if=/dev/zero bs=1000 count=100 2>/dev/null | wc -c' &&
		contains '^100000$' || return 1
	expect 127 isolab exec box -- no-such-program &&
		contains "'no-such-program' not found" || return 1
	expect 126 isolab exec box -- /etc || return 1
	# facts are read by the same program as on every wall
	expect 0 isolab inspect box --json && contains '"flavour": *"linux"' &&
		contains '"kernel_identity"' || return 1
	expect 0 isolab timeline box &&
		contains kernel_entry && contains kernel_ready && contains init || return 1
	expect 0 isolab pause box && expect 0 isolab unpause box || return 1
	expect 0 isolab exec box -- true || return 1
	# process 1 is the agent: the program hears SIGTERM
	expect 0 isolab stop --time 5 box && expect 0 isolab rm box
}

# The same options, the same program: a container and a machine answer the same, also to mistakes.
test_linux_guest_obeys_options_and_tells_mistakes_as_a_container_does() {
	mkdir -p /tmp/image && cp -a /opt/isolab/images/base/. /tmp/image/ &&
		echo 'owl:x:1000:100:owl:/home:/bin/sh' >>/tmp/image/etc/passwd
	for kind in container vm; do
		machine=''
		[ $kind = vm ] && machine="--kernel $kernel --memory 128M"
		# shellcheck disable=SC2086  # words
		expect 0 timeout 100 isolab create $kind same-$kind $machine --image /tmp/image \
			--user owl --workdir /scratch --env GREETING=hi --hostname nest \
			--ulimit nofile=100:200 --tmpfs /scratch:1M --init -- sh -c '
				exec 2>&1
				id; pwd; echo $GREETING $HOME $PATH; ulimit -n; hostname; ls -n
				touch /x; touch /scratch/here; exec sleep 1000' || return 1
		isolab exec same-$kind -- sh -c 'until [ -e /scratch/here ]; do :; done'
		isolab logs same-$kind >/tmp/same-$kind 2>&1
		try() {
			isolab exec "$@"
			echo $?
		}
		{
			try same-$kind -- htop
			try same-$kind -- /etc/passwd
			try same-$kind -- /scratch/here
			try same-$kind -- sh -c 'exit 9'
			try --user nobody-here same-$kind -- id
			try --workdir /nowhere same-$kind -- pwd
			try --user 5 same-$kind -- id -u
		} >>/tmp/same-$kind 2>&1
		isolab rm -f same-$kind
	done
	grep -q 'uid=1000(owl) gid=100' /tmp/same-vm && diff /tmp/same-container /tmp/same-vm
}

test_another_release_of_linux_boots_too() {
	[ -e $kernel-second ] || {
		echo "no second kernel in the cache and none to download"
		return 77
	}
	expect 0 timeout 200 isolab run vm --kernel $kernel-second --memory 160M -- \
		sh -c 'uname -r; cat /proc/modules' || return 1
	contains "^$(basename "$(readlink $kernel-second)" | sed 's/vmlinuz-//; s/+/./g')$" &&
		! contains "^$(basename "$(readlink $kernel)" | sed 's/vmlinuz-//')$"
}

test_wall_stands_in_a_wall() {
	expect 3 timeout 200 isolab run vm --kernel $kernel --memory 160M -- \
		isolab run container --name inner --memory 32M --pids 20 --overlay -- \
		sh -c 'echo $$ is $(hostname); cat /proc/self/cgroup; touch /new; exit 3' ||
		return 1
	contains '^1 is inner$' && contains '^0::/$' && ! contains read-only
}

# What the inner wall tells is shown with the one around it: while it runs, and after the end.
test_wall_in_a_wall_is_shown_with_the_one_around_it() {
	expect 0 timeout 100 isolab create vm outer --kernel $kernel --memory 160M -- \
		sleep 1000 &&
		expect 0 isolab exec outer -- isolab create container inner -- sleep 1000 &&
		expect 0 isolab timeline outer && contains '^outer/inner  (container)  ready' &&
		contains '^  kernel_ready' && contains '^  seccomp' && contains '^  exec' ||
		return 1
	sed 's/^/# /' /tmp/output >/dev/console
	expect 0 isolab inspect outer --json && contains '"inner"' &&
		contains '"name": *"outer/inner"' || return 1
	expect 0 isolab compare outer && contains "outer's: Linux" && contains 'own: inner' &&
		expect 0 isolab ps && contains '^outer/inner *container *running' || return 1
	expect 125 isolab stop outer/inner && contains '^hint: it stands inside' &&
		expect 0 isolab exec outer -- isolab rm -f inner &&
		expect 0 isolab ps && contains '^outer/inner *container *stopped (137)' || return 1
	isolab kill outer
	isolab wait outer >/dev/null
	expect 0 isolab timeline outer/inner && contains '^  seccomp' &&
		expect 0 isolab compare outer && contains 'own: inner' && isolab rm outer
}

test_short_life_of_a_wall_in_a_wall_is_told_too() {
	expect 0 timeout 100 isolab create vm brief --kernel $kernel --memory 160M -- \
		isolab run container --name inner -- sh -c 'exit 3' || return 1
	isolab wait brief >/dev/null
	expect 0 isolab timeline brief && contains '^brief/inner  (container)  ready' &&
		expect 0 isolab events brief/inner && contains 'exit *status 3' && isolab rm brief
}

test_linux_guest_has_its_processors_and_switches_off_well() {
	expect 0 timeout 200 isolab run vm --kernel $kernel --memory 128M --vcpus 8 -- \
		sh -c 'nproc; poweroff -f; sleep 100' && contains "^8$"
}

test_linux_guest_that_reboots_says_so() {
	expect 125 timeout 100 isolab run vm --kernel $kernel --memory 128M -- \
		reboot -f && contains 'reset the machine' && contains '^hint:'
}

test_linux_guest_that_panics_fails_with_its_last_words() {
	expect 125 timeout 100 isolab run vm --kernel $kernel --memory 128M -- \
		sh -c 'echo c >/proc/sysrq-trigger; sleep 100' &&
		contains 'sysrq triggered crash' && contains 'reset the machine' &&
		contains '^hint:'
}

test_command_that_the_image_of_a_linux_guest_lacks_is_named_to_a_user_of_group_kvm() {
	expect 127 as_learner timeout 100 isolab run vm --kernel $kernel --memory 128M -- \
		no-such-program && contains "'no-such-program' not found" && contains '^hint:'
}

test_killed_worker_of_a_linux_guest_leaves_nothing() {
	timeout 100 isolab run vm --name gone --kernel $kernel --memory 128M -- sleep 100 &
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		worker=$(isolab ps --json | sed -n 's/.*"pid": *\([0-9]*\).*/\1/p')
		[ -n "$worker" ] && break
		sleep 0.2
	done
	kill -9 "$worker" && wait
	expect 0 isolab ps && ! contains gone
}

test_kernels_that_are_none_are_refused() {
	head -c 3000000 $kernel >/tmp/half
	expect 125 isolab run vm --kernel /etc/passwd -- true && contains 'no Linux kernel' &&
		contains '^hint:' || return 1
	expect 125 isolab run vm --kernel /tmp/half -- true && contains 'cut off' || return 1
	# whole to its header, but not inside: nothing of it is kept
	kept=$(ls /var/cache/isolab/boot | wc -l)
	{ head -c 2000000 $kernel; head -c 1000000 /dev/zero; tail -c +3000001 $kernel; } >/tmp/bad
	expect 125 isolab run vm --kernel /tmp/bad -- true && contains 'damaged' &&
		contains '^hint:' || return 1
	[ "$(ls -A /var/cache/isolab/boot | wc -l)" = "$kept" ] || return 1
	expect 125 isolab run vm --kernel $kernel --memory 1M -- true && contains 'too little' &&
		contains '^hint: at least --memory 1[0-9]*M$' || return 1
	expect 125 isolab run vm --kernel $kernel --memory 64M -- true && contains 'too little' ||
		return 1
	expect 125 isolab run vm --kernel /bin/busybox -- true && contains 'a program, not a kernel'
}
