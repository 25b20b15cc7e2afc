#include "host/cgroup.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_TEXT CGROUP_PATH
#define LINE_TEXT 4096 /* overlay mounts make long lines */
#define DEPTH_MAX 6    /* below the root, of a group that is looked for by name */

/* How /proc/PID/cgroup and the options of the mount name each hierarchy; v2 has no name. */
static const struct kind {
	const char *type; /* of the mount */
	const char *controller;
} KINDS[CGROUP_KINDS] = {
	[CGROUP_MEMORY] = {"cgroup", "memory"},
	[CGROUP_CPU] = {"cgroup", "cpu"},
	[CGROUP_SYSTEMD] = {"cgroup", "name=systemd"},
	[CGROUP_V2] = {"cgroup2", ""},
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

/* --- where ------------------------------------------------------------------------------- */

/* The group of a process, as a path below the mount; lines are "4:memory:/a/b" and "0::/a/b". */
static bool find_group(const struct kind *k, const char *root, const char *process, char *out)
{
	char path[PATH_TEXT], line[LINE_TEXT];
	bool found = false;
	snprintf(path, sizeof path, "%s/proc/%s/cgroup", root, process);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		char *list = strchr(line, ':');
		char *group = list ? strchr(list + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		found = has_name(list + 1, k->controller);
		if (found)
			snprintf(out, PATH_TEXT, "%s", group);
	}
	if (f)
		fclose(f);
	return found;
}

static bool find_mount(const struct kind *k, const char *root, char *out)
{
	char path[PATH_TEXT], line[LINE_TEXT], where[PATH_TEXT], type[32], options[1024];
	bool found = false;
	snprintf(path, sizeof path, "%s/proc/mounts", root);
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%*s %511s %31s %1023s", where, type, options) != 3)
			continue;
		found = strcmp(type, k->type) == 0 &&
			(!*k->controller || has_name(options, k->controller));
	}
	if (f)
		fclose(f);
	if (found)
		snprintf(out, PATH_TEXT, "%s", where);
	return found;
}

bool cgroup_of_process(struct cgroup *ret, const char *root, pid_t pid)
{
	char process[16] = "self";
	bool any = false;
	*ret = (struct cgroup){0};
	if (pid)
		snprintf(process, sizeof process, "%d", (int)pid);
	for (unsigned i = 0; i < CGROUP_KINDS; i++) {
		if (find_group(&KINDS[i], root, process, ret->in[i].path) &&
		    find_mount(&KINDS[i], root, ret->in[i].mount))
			any = true;
		else
			ret->in[i].mount[0] = '\0';
	}
	return any;
}

static bool is_folder(const char *root, const char *mount, const char *path)
{
	char whole[3 * PATH_TEXT];
	struct stat st;
	snprintf(whole, sizeof whole, "%s%s%s", root, mount, path);
	return stat(whole, &st) == 0 && S_ISDIR(st.st_mode);
}

/* In every hierarchy that has a group of that path. */
static bool take_path(struct cgroup *c, const char *root, const char *path)
{
	bool any = false;
	*c = (struct cgroup){0};
	for (unsigned i = 0; i < CGROUP_KINDS; i++) {
		char mount[PATH_TEXT];
		if (!find_mount(&KINDS[i], root, mount) || !is_folder(root, mount, path))
			continue;
		snprintf(c->in[i].mount, PATH_TEXT, "%s", mount);
		snprintf(c->in[i].path, PATH_TEXT, "%s", path);
		any = true;
	}
	return any;
}

bool cgroup_of_folder(struct cgroup *ret, const char *root, const char *folder)
{
	char mount[PATH_TEXT], path[PATH_TEXT];
	*ret = (struct cgroup){0};
	for (unsigned i = 0; i < CGROUP_KINDS; i++) {
		size_t len = find_mount(&KINDS[i], root, mount) ? strlen(mount) : 0;
		if (!len || strncmp(folder, mount, len) != 0 ||
		    (folder[len] != '/' && folder[len] != '\0'))
			continue;
		snprintf(path, sizeof path, "%s", folder + len);
		for (size_t end = strlen(path); end && path[end - 1] == '/'; end--)
			path[end - 1] = '\0';
		return take_path(ret, root, path);
	}
	return false;
}

/* The path of a group of that name below `path`, which has room for it. */
static bool search(const char *root, const char *mount, char path[PATH_TEXT], const char *name,
		   unsigned depth)
{
	char whole[3 * PATH_TEXT];
	const struct dirent *entry;
	size_t len = strlen(path);
	bool found = false;
	snprintf(whole, sizeof whole, "%s%s%s", root, mount, path);
	DIR *list = opendir(whole);
	while (list && !found && (entry = readdir(list))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path + len, PATH_TEXT - len, "/%s", entry->d_name);
		found = strcmp(entry->d_name, name) == 0 ||
			(depth > 1 && search(root, mount, path, name, depth - 1));
	}
	if (list)
		closedir(list);
	if (!found)
		path[len] = '\0';
	return found;
}

bool cgroup_of_name(struct cgroup *ret, const char *root, const char *name)
{
	*ret = (struct cgroup){0};
	for (unsigned i = CGROUP_KINDS; i-- > 0;) { /* v2 first */
		char mount[PATH_TEXT], path[PATH_TEXT] = "";
		if (find_mount(&KINDS[i], root, mount) &&
		    search(root, mount, path, name, DEPTH_MAX))
			return take_path(ret, root, path);
	}
	return false;
}

/* --- processes --------------------------------------------------------------------------- */

static unsigned list_processes(const char *folder, pid_t *pids, unsigned have, unsigned max,
			       unsigned depth)
{
	char path[4 * PATH_TEXT];
	const struct dirent *entry;
	int pid;
	snprintf(path, sizeof path, "%s/cgroup.procs", folder);
	FILE *f = fopen(path, "re");
	for (; f && fscanf(f, "%d", &pid) == 1; have++)
		if (have < max)
			pids[have] = (pid_t)pid;
	if (f)
		fclose(f);
	DIR *list = depth ? opendir(folder) : NULL;
	while (list && (entry = readdir(list))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		have = list_processes(path, pids, have, max, depth - 1);
	}
	if (list)
		closedir(list);
	return have;
}

unsigned cgroup_processes(const struct cgroup *c, const char *root, pid_t *pids, unsigned max)
{
	for (unsigned i = CGROUP_KINDS; i-- > 0;) {
		char folder[3 * PATH_TEXT];
		if (!c->in[i].mount[0])
			continue;
		snprintf(folder, sizeof folder, "%s%s%s", root, c->in[i].mount, c->in[i].path);
		unsigned count = list_processes(folder, pids, 0, max, DEPTH_MAX);
		if (count)
			return count;
	}
	return 0;
}
