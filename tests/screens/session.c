/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session: see session.h. The descriptor of the terminal's other end stays open here, so that its
 * settings can be looked at after the program is gone; its end is learnt from waitpid(2), not from
 * end-of-file.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

#include "str.h"

struct session {
	pid_t pid;
	bool has_ended;
	int status;
	int master, slave;
	struct termios settings;
	VTerm *vterm;
	VTermScreen *screen;
	bool is_second_page, is_cursor_visible;
	uint64_t bytes;
};

static int on_property(VTermProp property, VTermValue *value, void *user)
{
	struct session *session = user;

	if (property == VTERM_PROP_ALTSCREEN)
		session->is_second_page = value->boolean;
	if (property == VTERM_PROP_CURSORVISIBLE)
		session->is_cursor_visible = value->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void open_reader(struct session *session, int rows, int columns)
{
	session->vterm = vterm_new(rows, columns);
	vterm_set_utf8(session->vterm, 1);
	session->screen = vterm_obtain_screen(session->vterm);
	vterm_screen_set_callbacks(session->screen, &callbacks, session);
	vterm_screen_enable_altscreen(session->screen, 1);
	vterm_screen_reset(session->screen, 1);
	session->is_cursor_visible = true;
}

static void run_child(struct session *session, char *const argv[])
{
	setsid();
	ioctl(session->slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(session->slave, fd);
	execv(argv[0], argv);
	_exit(127);
}

struct session *session_start(char *const argv[], int rows, int columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	if (openpty(&session->master, &session->slave, NULL, NULL, &size) < 0) {
		free(session);
		return NULL;
	}
	fcntl(session->master, F_SETFD, FD_CLOEXEC);
	fcntl(session->slave, F_SETFD, FD_CLOEXEC);
	tcgetattr(session->slave, &session->settings);
	open_reader(session, rows, columns);
	session->pid = fork();
	if (session->pid == 0)
		run_child(session, argv);
	return session;
}

void session_destroy(struct session *session)
{
	if (!session)
		return;
	if (!session->has_ended && session->pid > 0) {
		kill(session->pid, SIGKILL);
		waitpid(session->pid, NULL, 0);
	}
	close(session->master);
	close(session->slave);
	vterm_free(session->vterm);
	free(session);
}

bool session_write(struct session *session, const char *bytes, size_t length)
{
	return write(session->master, bytes, length) == (ssize_t)length;
}

void session_resize(struct session *session, int rows, int columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

	vterm_set_size(session->vterm, rows, columns);
	ioctl(session->master, TIOCSWINSZ, &size);
}

pid_t session_pid(const struct session *session)
{
	return session->pid;
}

bool session_pump(struct session *session, int timeout_ms)
{
	struct pollfd fd = {.fd = session->master, .events = POLLIN};
	char buffer[16384], reply[256];
	ssize_t n;

	if (poll(&fd, 1, timeout_ms) <= 0)
		return false;
	n = read(session->master, buffer, sizeof(buffer));
	if (n <= 0)
		return false;
	session->bytes += (uint64_t)n;
	vterm_input_write(session->vterm, buffer, (size_t)n);
	/* A terminal answers what it is asked. */
	n = (ssize_t)vterm_output_read(session->vterm, reply, sizeof(reply));
	return n <= 0 || session_write(session, reply, (size_t)n);
}

uint64_t session_bytes(const struct session *session)
{
	return session->bytes;
}

static void add_row(const struct session *session, int row, int columns, struct strbuf *text)
{
	size_t end = text->length;

	for (int column = 0; column < columns;) {
		VTermScreenCell cell;
		char bytes[64];
		size_t n;

		memset(&cell, 0, sizeof(cell));
		vterm_screen_get_cell(session->screen, (VTermPos){row, column}, &cell);
		n = vterm_screen_get_text(session->screen, bytes, sizeof(bytes),
					  (VTermRect){row, row + 1, column, column + 1});
		if (cell.chars[0] && n) {
			str_add_bytes(text, bytes, n);
			end = bytes[0] == ' ' ? end : text->length;
		} else {
			str_add(text, " ");
		}
		column += cell.width == 2 ? 2 : 1;
	}
	if (text->data) {
		text->length = end;
		text->data[end] = '\0';
	}
}

char *session_text(const struct session *session)
{
	struct strbuf text = {0};
	int rows, columns;

	vterm_get_size(session->vterm, &rows, &columns);
	for (int row = 0; row < rows; row++) {
		add_row(session, row, columns, &text);
		str_add(&text, "\n");
	}
	return text.data;
}

bool session_is_restored(const struct session *session, const char **ret_why)
{
	struct termios now;

	tcgetattr(session->slave, &now);
	if (session->is_second_page)
		*ret_why = "the terminal still shows its second page";
	else if (!session->is_cursor_visible)
		*ret_why = "the cursor is still hidden";
	else if (now.c_lflag != session->settings.c_lflag ||
		 now.c_iflag != session->settings.c_iflag ||
		 now.c_oflag != session->settings.c_oflag)
		*ret_why = "the terminal's settings are not what they were";
	else
		return true;
	return false;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool session_wait(struct session *session, int timeout_ms, int *ret_status)
{
	int64_t end = now_ms() + timeout_ms;

	while (!session->has_ended && now_ms() < end) {
		session_pump(session, 20);
		session->has_ended = waitpid(session->pid, &session->status, WNOHANG) ==
				     session->pid;
	}
	while (session->has_ended && session_pump(session, 0))
		;
	*ret_status = session->status;
	return session->has_ended;
}
