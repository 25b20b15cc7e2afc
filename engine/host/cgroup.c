#include "host/cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_TEXT 512
#define LINE_TEXT 4096 /* overlay mounts make long lines */

/* v1 writes "unlimited" as the largest number of whole pages. */
#define UNLIMITED_FROM (UINT64_C(1) << 60)

/* How one version of the hierarchy spells things. */
static const struct version {
	const char *type;       /* of its mount */
	const char *controller; /* in /proc/self/cgroup and the mount's options; v2 names none */
	const char *limit, *used, *droppable;
} VERSIONS[] = {
	{"cgroup", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
	 "total_inactive_file"},
	{"cgroup2", "", "memory.max", "memory.current", "inactive_file"},
};

/* Whether a list with commas between its entries has the name. */
static bool has_name(const char *list, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = list;; at++) {
		size_t entry = strcspn(at, ",");
		if (entry == len && strncmp(at, name, len) == 0)
			return true;
		at += entry;
		if (!*at)
			return false;
	}
}

/* The own group, as a path below the mount; lines are "4:memory:/a/b" and "0::/a/b". */
static bool find_group(const struct version *v, const char *root, char *out)
{
	char path[PATH_TEXT], line[LINE_TEXT];
	bool found = false;
	snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		char *list = strchr(line, ':');
		char *group = list ? strchr(list + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		found = has_name(list + 1, v->controller);
		if (found)
			snprintf(out, PATH_TEXT, "%s", group);
	}
	if (f)
		fclose(f);
	return found;
}

static bool find_mount(const struct version *v, const char *root, char *out)
{
	char path[PATH_TEXT], line[LINE_TEXT], where[PATH_TEXT], type[32], options[1024];
	bool found = false;
	snprintf(path, sizeof path, "%s/proc/mounts", root);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%*s %511s %31s %1023s", where, type, options) != 3)
			continue;
		found = strcmp(type, v->type) == 0 &&
			(!*v->controller || has_name(options, v->controller));
	}
	if (f)
		fclose(f);
	if (found)
		snprintf(out, PATH_TEXT, "%s", where);
	return found;
}

/* The first word of a file; false where there is no such file. */
static bool read_word(const char *root, const char *folder, const char *name, char word[32])
{
	char path[3 * PATH_TEXT];
	snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
	FILE *f = fopen(path, "re");
	bool got = f && fscanf(f, "%31s", word) == 1;
	if (f)
		fclose(f);
	return got;
}

static uint64_t read_droppable(const struct version *v, const char *root, const char *folder)
{
	char path[3 * PATH_TEXT], key[64];
	uint64_t value, droppable = 0;
	snprintf(path, sizeof path, "%s%s/memory.stat", root, folder);
	FILE *f = fopen(path, "re");
	while (f && !droppable && fscanf(f, "%63s %" SCNu64, key, &value) == 2)
		if (strcmp(key, v->droppable) == 0)
			droppable = value;
	if (f)
		fclose(f);
	return droppable;
}

/* What a group has left, where it is limited. */
static uint64_t left(const struct cgroup_memory *m)
{
	return m->limit_bytes > m->used_bytes ? m->limit_bytes - m->used_bytes : 0;
}

static void look_at(const struct version *v, const char *root, const char *folder,
		    struct cgroup_memory *tightest)
{
	char limit[32], used[32];
	struct cgroup_memory m = {.known = true};
	if (!read_word(root, folder, v->limit, limit) || !read_word(root, folder, v->used, used))
		return; /* the root of v2 has neither */
	m.limit_bytes = strcmp(limit, "max") ? strtoull(limit, NULL, 10) : UINT64_MAX;
	m.used_bytes = strtoull(used, NULL, 10);
	if (m.limit_bytes >= UNLIMITED_FROM)
		return;
	uint64_t droppable = read_droppable(v, root, folder);
	m.used_bytes -= droppable < m.used_bytes ? droppable : m.used_bytes;
	if (tightest->limit_bytes != UINT64_MAX && left(tightest) <= left(&m))
		return;
	snprintf(m.source, sizeof m.source, "%.400s/%s", folder, v->limit);
	*tightest = m;
}

/* From the own group up to the mount's root. Where a container sees only its part of the tree
 * below the mount, the path of the group does not exist there, and the root is the group. */
static void climb(const struct version *v, const char *root, const char *mount, char *group,
		  struct cgroup_memory *tightest)
{
	char folder[2 * PATH_TEXT];
	char *slash;
	while ((slash = strrchr(group, '/'))) {
		if (slash[1]) {
			snprintf(folder, sizeof folder, "%s%s", mount, group);
			look_at(v, root, folder, tightest);
		}
		*slash = '\0';
	}
	look_at(v, root, mount, tightest);
}

void cgroup_memory_read(struct cgroup_memory *ret, const char *root)
{
	*ret = (struct cgroup_memory){.limit_bytes = UINT64_MAX};
	for (size_t i = 0; i < sizeof VERSIONS / sizeof *VERSIONS; i++) {
		const struct version *v = &VERSIONS[i];
		char group[PATH_TEXT], mount[PATH_TEXT];
		if (!find_group(v, root, group) || !find_mount(v, root, mount))
			continue;
		climb(v, root, mount, group, ret);
		ret->known = true;
	}
}
