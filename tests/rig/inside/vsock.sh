# SPDX-License-Identifier: GPL-3.0-or-later
# The socket device (--vsock) of a Linux guest on an ordinary KVM: programs of the host and of the
# guest reach each other. One boot serves all, since each takes seconds here.
# boots: v1
kernel=/opt/linux/vmlinuz
peer=/opt/isolab/tests/system/vsock_peer

# The host's programs, by name: what each is to do with the socket, and what it prints.
host() {
	timeout 100 /usr/bin/python3 - "$@" <<-'END'
		import hashlib, os, socket, sys, threading
		what, path = sys.argv[1:3]
		def meet(line):
		    peer = socket.socket(socket.AF_UNIX)
		    peer.connect(path)
		    peer.sendall(line)
		    answer = b""
		    while not answer.endswith(b"\n"):
		        byte = peer.recv(1)
		        if not byte:
		            print("hung up")
		            sys.exit()
		        answer += byte
		    print(answer.decode().split()[0])
		    return peer
		def rest(peer):
		    data = b""
		    while True:
		        piece = peer.recv(65536)
		        if not piece:
		            return data
		        data += piece
		if what == "echo":
		    peer, sent = meet(b"CONNECT 1234\n"), os.urandom(1 << 20)
		    def send():
		        peer.sendall(sent)
		        peer.shutdown(socket.SHUT_WR)
		    threading.Thread(target=send).start()
		    print("same" if rest(peer) == sent else "other bytes")
		elif what == "leave":
		    for _ in range(40):
		        peer = meet(b"CONNECT 1234\n")
		        peer.sendall(bytes(100000))
		        peer.close()
		elif what == "nobody":
		    meet(b"CONNECT 4321\n")
		elif what == "wait":
		    peer = meet(b"LISTEN 80\n")
		    peer.sendall(b"hello ")
		    print("heard", rest(peer).decode())
	END
}

make_box() {
	expect 0 "$@" create vm box --kernel $kernel --memory 128M --vsock -- \
		sh -c 'until [ -e /tmp/go ]; do sleep 0.2; done; exec /tmp/peer listen 1234' ||
		return 1
	"$@" exec -i box -- sh -c 'cat >/tmp/peer; chmod 755 /tmp/peer; touch /tmp/go' <$peer ||
		return 1
	for _ in $(seq 100); do
		"$@" logs box | grep -q '^listens' && return 0
		sleep 0.1
	done
	echo "nobody listens in the guest"
	return 1
}

# try_streams COMMAND…
try_streams() {
	make_box "$@" || return 1
	socket=$(find /run /tmp -name vsock -type s)
	[ -S "$socket" ] || { echo "no socket"; return 1; }
	expect 0 host echo "$socket" && contains '^OK$' && contains '^same$' || return 1
	expect 0 host nobody "$socket" && contains '^hung up$' || return 1
	# who leaves in the middle leaves nothing behind: there are 32 places
	expect 0 host leave "$socket" || return 1
	expect 0 host echo "$socket" && contains '^same$' || return 1
	# the guest connects, to who waits for it and to nobody
	expect 1 "$@" exec box -- /tmp/peer connect 80 && contains 'connect: ' || return 1
	host wait "$socket" >/tmp/waited 2>&1 &
	for _ in $(seq 100); do
		echo world | "$@" exec -i box -- /tmp/peer connect 80 >/tmp/answer 2>&1 && break
		sleep 0.1
	done
	wait $!
	grep -q '^hello ' /tmp/answer && grep -q '^heard world' /tmp/waited || {
		cat /tmp/answer /tmp/waited
		return 1
	}
	# the guest's end is the host's
	host echo "$socket" >/dev/null
	expect 0 "$@" stop -t 1 box
	[ ! -e "$socket" ] || { echo "$socket is left"; return 1; }
	expect 0 "$@" rm -f box
}

test_streams_between_a_user_and_a_linux_guest() {
	try_streams as_learner isolab
}

test_vsock_that_cannot_be_is_refused_with_a_hint() {
	expect 2 isolab run vm --vsock -- true && contains 'tiny vm' && contains '^hint:' ||
		return 1
	expect 2 isolab run container --vsock -- true && contains '--vsock'
}
