// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A label takes effect at the next exec; it is written to a file of the process itself, in a /proc
 * that is sure to be one (CVE-2019-16884: not the image's). Whether a module is on is asked first:
 * a profile that nobody enforces is told, not hidden. See the kernel's admin-guide/LSM.
 */
#include "labels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd.h"
#include "notices.h"

static bool is_apparmor_on(void)
{
	char text[8] = "";

	return fd_read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", text,
			    sizeof(text)) > 0 &&
	       *text == 'Y';
}

static bool is_selinux_on(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static bool is_wanted(const char *label)
{
	return label && *label;
}

int oci_labels_open(struct oci_container *c, struct err *e)
{
	const struct oci_process *process = &c->config.process;
	bool has_profile = is_wanted(process->apparmor) && strcmp(process->apparmor, "unconfined");
	bool has_label = is_wanted(process->selinux);
	const char *path = NULL;

	if (has_profile && is_apparmor_on())
		path = "self/attr/apparmor/exec";
	else if (has_label && is_selinux_on())
		path = "self/attr/exec";
	if (has_profile && !is_apparmor_on())
		oci_warn("the profile '%.100s' is not applied: AppArmor is not on in this kernel",
			 process->apparmor);
	if ((has_label || is_wanted(c->config.mount_label)) && !is_selinux_on())
		oci_warn("labels are not applied: SELinux is not on in this kernel");
	if (!path)
		return 0;
	c->label = openat(c->proc, path, O_WRONLY | O_CLOEXEC);
	if (c->label < 0 && has_profile && errno == ENOENT) /* before Linux 5.8 */
		c->label = openat(c->proc, "self/attr/exec", O_WRONLY | O_CLOEXEC);
	return c->label < 0 ? err_sys(e, errno, "open '/proc/%s'", path) : 0;
}

int oci_labels_set(struct oci_container *c, struct err *e)
{
	const struct oci_process *process = &c->config.process;
	bool is_profile = is_wanted(process->apparmor);
	char text[512];

	if (c->label < 0)
		return 0;
	int length = is_profile ? snprintf(text, sizeof(text), "exec %s", process->apparmor)
				: snprintf(text, sizeof(text), "%s", process->selinux);
	if (length < 0 || (size_t)length >= sizeof(text) ||
	    write(c->label, text, (size_t)length) != length)
		return err_hint(e, err_sys(e, errno, "set the label '%.100s'", text),
				"is the profile loaded? (aa-status)");
	fd_close(&c->label);
	return 0;
}
