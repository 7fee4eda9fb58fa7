// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The member `mounts` of config.json. Options are fstab's words: the ones in the table below become
 * attributes of the mount, what is left belongs to the file system ("size=64m") and is passed on as
 * it is. See mount(8), mount_setattr(2), mount_namespaces(7).
 */
#include "config.h"

#include <string.h>
#include <sys/mount.h>

#include "kernel.h"

enum { ATIME = MOUNT_ATTR__ATIME };

/* Words that set and clear attributes; each also exists with an "r" before it, for the whole
 * tree. */
static const struct {
	const char *word;
	uint64_t set, clear;
} attribute_words[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"noatime", MOUNT_ATTR_NOATIME, ATIME},
    {"atime", 0, ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, ATIME},
    {"norelatime", 0, ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, ATIME},
    {"nostrictatime", 0, ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

static const struct {
	const char *word;
	unsigned long flag;
} propagation_words[] = {
    {"shared", MS_SHARED},
    {"slave", MS_SLAVE},
    {"private", MS_PRIVATE},
    {"unbindable", MS_UNBINDABLE},
};

/* Words that mean nothing here: the default, or another program's. */
static const char *const ignored_words[] = {"defaults", "async",  "auto",   "noauto",
					    "nofail",   "user",   "nouser", "_netdev",
					    "loud",     "silent", "nomand", "noiversion"};

bool oci_find_propagation(const char *word, unsigned long *ret, bool *ret_recursive)
{
	for (size_t i = 0; i < sizeof(propagation_words) / sizeof(propagation_words[0]); i++) {
		bool is_recursive = *word == 'r' &&
				    strcmp(word + 1, propagation_words[i].word) == 0;
		if (!is_recursive && strcmp(word, propagation_words[i].word) != 0)
			continue;
		*ret = propagation_words[i].flag;
		*ret_recursive = is_recursive;
		return true;
	}
	return false;
}

static bool read_attribute(const char *word, struct oci_mount *ret)
{
	for (size_t i = 0; i < sizeof(attribute_words) / sizeof(attribute_words[0]); i++) {
		uint64_t set = attribute_words[i].set, clear = attribute_words[i].clear;
		if (strcmp(word, attribute_words[i].word) == 0) {
			ret->set = (ret->set & ~clear) | set;
			ret->clear = (ret->clear & ~set) | clear;
			return true;
		}
		if (*word == 'r' && strcmp(word + 1, attribute_words[i].word) == 0) {
			ret->recursive_set = (ret->recursive_set & ~clear) | set;
			ret->recursive_clear = (ret->recursive_clear & ~set) | clear;
			return true;
		}
	}
	return false;
}

static bool is_ignored(const char *word)
{
	for (size_t i = 0; i < sizeof(ignored_words) / sizeof(ignored_words[0]); i++)
		if (strcmp(word, ignored_words[i]) == 0)
			return true;
	return false;
}

/* What is neither an attribute nor a propagation; false: it is the file system's. */
static bool read_word(const struct oci_node *node, const char *word, struct oci_mount *ret)
{
	if (strcmp(word, "bind") == 0 || strcmp(word, "rbind") == 0) {
		ret->is_bind = true;
		ret->is_recursive |= *word == 'r';
	} else if (strcmp(word, "tmpcopyup") == 0) {
		ret->is_copied_up = true;
	} else if (strcmp(word, "remount") == 0 || strcmp(word, "idmap") == 0 ||
		   strcmp(word, "ridmap") == 0) {
		oci_refuse(node, NULL, "this runtime has no mount option '%s'", word);
	} else if (is_ignored(word)) {
		ret->is_optional |= strcmp(word, "nofail") == 0;
	} else {
		return false;
	}
	return true;
}

static void read_options(const struct oci_node *mount, struct oci_mount *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(mount, "options", &list);

	ret->options.items = oci_memory_take(mount->reader->memory, count + 1,
					     sizeof(*ret->options.items));
	for (size_t i = 0; ret->options.items && i < count && oci_item(&list, i, &item); i++) {
		const char *word = oci_text(&item);
		if (!word ||
		    oci_find_propagation(word, &ret->propagation, &ret->is_propagation_recursive) ||
		    read_attribute(word, ret) || read_word(&item, word, ret))
			continue;
		ret->options.items[ret->options.count++] = (char *)word;
	}
}

static void read_mount(const struct oci_node *node, struct oci_mount *ret)
{
	struct oci_node part;

	ret->tree = -1;
	if (!json_is_object(node->value)) {
		oci_fault(node, "it must be an object");
		return;
	}
	/* Relative ones come from old bundles; they are taken from the root. */
	if (!oci_string(node, "destination", &ret->destination) || !*ret->destination)
		oci_fault(node, "destination is missing");
	oci_string(node, "type", &ret->type);
	oci_string(node, "source", &ret->source);
	read_options(node, ret);
	if (ret->type && (strcmp(ret->type, "bind") == 0 || strcmp(ret->type, "rbind") == 0)) {
		ret->is_bind = true;
		ret->is_recursive |= *ret->type == 'r';
	}
	if (ret->is_bind && (!ret->source || !*ret->source))
		oci_fault(node, "source is missing: what is to be bound?");
	if (!ret->is_bind && (!ret->type || !*ret->type))
		oci_fault(node, "type is missing, and it is no bind either");
	if (oci_member(node, "uidMappings", &part) || oci_member(node, "gidMappings", &part))
		oci_refuse(&part,
			   "the root is idmapped by itself where it belongs to nobody inside",
			   "this runtime has no maps for a single mount");
}

void oci_config_read_mounts(const struct oci_node *document, struct oci_config *ret)
{
	struct oci_node list, item;
	size_t count = oci_array(document, "mounts", &list);

	ret->mounts = oci_memory_take(&ret->memory, count + 1, sizeof(*ret->mounts));
	for (size_t i = 0; ret->mounts && i < count && oci_item(&list, i, &item); i++) {
		read_mount(&item, &ret->mounts[i]);
		ret->mount_count = i + 1;
	}
}
