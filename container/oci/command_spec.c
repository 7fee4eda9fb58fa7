// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `spec` writes a config.json to begin with, `features` says what this runtime can. The config of
 * others has no filter of system calls; ours has isolab's own defaults instead where JSON can say
 * them: three capabilities, no_new_privs, masks. See the specification, features.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fd.h"
#include "spec.h"

static const char capabilities[] = "[\"CAP_CHOWN\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]";

static const char config_text[] =
    "{\"ociVersion\":\"1.0.2\","
    "\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
    "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
    "\"TERM=xterm\"],\"cwd\":\"/\",\"noNewPrivileges\":true,"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}]},"
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"isolab\","
    "\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
    "{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\","
    "\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\","
    "\"/proc/scsi\",\"/sys/firmware\",\"/sys/devices/virtual/powercap\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
    "\"/proc/sysrq-trigger\"]}}";

static const char features_text[] =
    "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.2.0\","
    "\"hooks\":[\"prestart\",\"createRuntime\",\"createContainer\",\"startContainer\","
    "\"poststart\",\"poststop\"],"
    "\"mountOptions\":[\"bind\",\"rbind\",\"ro\",\"rw\",\"nosuid\",\"suid\",\"nodev\",\"dev\","
    "\"noexec\",\"exec\",\"noatime\",\"relatime\",\"strictatime\",\"nodiratime\",\"nosymfollow\","
    "\"rro\",\"rnosuid\",\"rnodev\",\"rnoexec\",\"shared\",\"rshared\",\"slave\",\"rslave\","
    "\"private\",\"rprivate\",\"unbindable\",\"runbindable\"],"
    "\"linux\":{\"namespaces\":[\"cgroup\",\"ipc\",\"mount\",\"network\",\"pid\",\"time\","
    "\"user\",\"uts\"],"
    "\"cgroup\":{\"v1\":true,\"v2\":true,\"systemd\":false,\"systemdUser\":false,\"rdma\":false},"
    "\"seccomp\":{\"enabled\":true,\"actions\":[\"SCMP_ACT_ALLOW\",\"SCMP_ACT_ERRNO\","
    "\"SCMP_ACT_KILL\",\"SCMP_ACT_KILL_PROCESS\",\"SCMP_ACT_KILL_THREAD\",\"SCMP_ACT_LOG\","
    "\"SCMP_ACT_TRACE\",\"SCMP_ACT_TRAP\"],"
    "\"operators\":[\"SCMP_CMP_EQ\",\"SCMP_CMP_GE\",\"SCMP_CMP_GT\",\"SCMP_CMP_LE\","
    "\"SCMP_CMP_LT\",\"SCMP_CMP_MASKED_EQ\",\"SCMP_CMP_NE\"]},"
    "\"apparmor\":{\"enabled\":true},\"selinux\":{\"enabled\":true},"
    "\"intelRdt\":{\"enabled\":false},"
    "\"mountExtensions\":{\"idmap\":{\"enabled\":false}}}}";

/* The user namespace in which the caller is root, and nothing that needs more. */
static void make_rootless(json_t *config)
{
	json_t *linux_part = json_object_get(config, "linux");

	json_array_append_new(json_object_get(linux_part, "namespaces"),
			      json_pack("{ss}", "type", "user"));
	json_object_set_new(linux_part, "uidMappings",
			    json_pack("[{si sI si}]", "containerID", 0, "hostID",
				      (json_int_t)geteuid(), "size", 1));
	json_object_set_new(linux_part, "gidMappings",
			    json_pack("[{si sI si}]", "containerID", 0, "hostID",
				      (json_int_t)getegid(), "size", 1));
}

static void add_capabilities(json_t *config)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};
	json_t *all = json_object();

	for (size_t i = 0; i < 3; i++)
		json_object_set_new(all, sets[i], json_loads(capabilities, 0, NULL));
	json_object_set_new(json_object_get(config, "process"), "capabilities", all);
}

int oci_command_spec(const struct oci_call *call, int *ret_status, struct err *e)
{
	const char *bundle = ".";
	bool is_rootless = false;
	const struct oci_option table[] = {
	    {"bundle", 'b', true, .text = &bundle},
	    {"rootless", 0, false, .flag = &is_rootless},
	};
	int first, r = oci_options_read(call, table, 2, &first, e);

	(void)ret_status;
	if (r < 0)
		return r;
	auto_close int directory = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int fd = openat(directory, "config.json",
				   O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (directory < 0 || fd < 0)
		return err_hint(e, err_sys(e, errno, "make '%s/config.json'", bundle),
				"one that is there is not overwritten");
	json_t *config = json_loads(config_text, 0, NULL);
	if (is_rootless)
		make_rootless(config);
	add_capabilities(config);
	auto_free char *text = json_dumps(config, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(config);
	r = text ? fd_write_all(fd, text, strlen(text)) : -ENOMEM;
	if (r == 0)
		r = fd_write_all(fd, "\n", 1);
	return r < 0 ? err_sys(e, r, "write '%s/config.json'", bundle) : 0;
}

int oci_command_features(const struct oci_call *call, int *ret_status, struct err *e)
{
	json_t *features = json_loads(features_text, 0, NULL);
	json_t *names = json_array();

	(void)call;
	(void)ret_status;
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		json_array_append_new(names, json_sprintf("CAP_%s", spec_capabilities[i]));
	json_object_set_new(json_object_get(features, "linux"), "capabilities", names);
	auto_free char *text = json_dumps(features, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(features);
	printf("%s\n", text ? text : "{}");
	return text ? 0 : err_sys(e, ENOMEM, "describe the features");
}
