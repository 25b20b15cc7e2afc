/* What a group may have and what it was refused. */
#include "host/cgroup.h"

#include "base/mono.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_TEXT CGROUP_PATH

/* v1 writes "unlimited" as the largest number of whole pages. */
#define UNLIMITED_FROM (UINT64_C(1) << 60)

/* How each hierarchy spells things; NULL: it knows nothing of that. */
static const struct kind {
	const char *limit, *used, *droppable; /* of memory */
	const char *throttled;                /* of cpu.stat */
	uint64_t throttled_unit_ns;
} KINDS[CGROUP_KINDS] = {
	[CGROUP_MEMORY] = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
	[CGROUP_CPU] = {.throttled = "throttled_time", .throttled_unit_ns = 1},
	[CGROUP_V2] = {"memory.max", "memory.current", "inactive_file", "throttled_usec",
		       NS_PER_US},
};

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

/* The value behind a key of a file with "key value" lines. */
static bool read_key(const char *root, const char *folder, const char *name, const char *key,
		     uint64_t *ret)
{
	char path[3 * PATH_TEXT], word[64];
	uint64_t value;
	bool found = false;
	snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
	FILE *f = fopen(path, "re");
	while (f && !found && fscanf(f, "%63s %" SCNu64, word, &value) == 2)
		found = strcmp(word, key) == 0;
	if (f)
		fclose(f);
	if (found)
		*ret = value;
	return found;
}

/* What a group has left, where it is limited. */
static uint64_t left(const struct cgroup_memory *m)
{
	return m->limit_bytes > m->used_bytes ? m->limit_bytes - m->used_bytes : 0;
}

static void look_at(const struct kind *v, const char *root, const char *folder,
		    struct cgroup_memory *tightest)
{
	uint64_t droppable = 0;
	char limit[32], used[32];
	struct cgroup_memory m = {.known = true};
	if (!read_word(root, folder, v->limit, limit) || !read_word(root, folder, v->used, used))
		return; /* the root of v2 has neither */
	m.limit_bytes = strcmp(limit, "max") ? strtoull(limit, NULL, 10) : UINT64_MAX;
	m.used_bytes = strtoull(used, NULL, 10);
	if (m.limit_bytes >= UNLIMITED_FROM)
		return;
	read_key(root, folder, "memory.stat", v->droppable, &droppable);
	m.used_bytes -= droppable < m.used_bytes ? droppable : m.used_bytes;
	if (tightest->limit_bytes != UINT64_MAX && left(tightest) <= left(&m))
		return;
	snprintf(m.source, sizeof m.source, "%.400s/%s", folder, v->limit);
	*tightest = m;
}

/* A way from a group up to its hierarchy's root. Where a container sees only its part of the tree
 * below the mount, the path of the group does not exist there, and the root is the group. */
struct climb {
	const char *mount;
	char path[PATH_TEXT];
	bool at_root;
	char folder[2 * PATH_TEXT]; /* where it is */
};

static void climb_begin(struct climb *c, const char *mount, const char *path)
{
	*c = (struct climb){.mount = mount};
	snprintf(c->path, sizeof c->path, "%s", strcmp(path, "/") ? path : "");
}

static bool climb_next(struct climb *c)
{
	if (c->at_root)
		return false;
	c->at_root = !c->path[0];
	snprintf(c->folder, sizeof c->folder, "%s%s", c->mount, c->path);
	char *slash = strrchr(c->path, '/');
	*(slash ? slash : c->path) = '\0';
	return true;
}

void cgroup_memory_of(struct cgroup_memory *ret, const char *root, const struct cgroup *c)
{
	*ret = (struct cgroup_memory){.limit_bytes = UINT64_MAX};
	for (unsigned i = 0; i < CGROUP_KINDS; i++) {
		struct climb at;
		if (!KINDS[i].limit || !c->in[i].mount[0])
			continue;
		climb_begin(&at, c->in[i].mount, c->in[i].path);
		while (climb_next(&at))
			look_at(&KINDS[i], root, at.folder, ret);
		ret->known = true;
	}
}

void cgroup_memory_read(struct cgroup_memory *ret, const char *root)
{
	struct cgroup own;
	cgroup_of_process(&own, root, 0);
	cgroup_memory_of(ret, root, &own);
}

bool cgroup_throttled_ns(uint64_t *ret, const char *root, const struct cgroup *c)
{
	uint64_t sum_ns = 0, value;
	bool known = false;
	for (unsigned i = 0; i < CGROUP_KINDS; i++) {
		struct climb at;
		if (!KINDS[i].throttled || !c->in[i].mount[0])
			continue;
		climb_begin(&at, c->in[i].mount, c->in[i].path);
		while (climb_next(&at))
			if (read_key(root, at.folder, "cpu.stat", KINDS[i].throttled, &value)) {
				sum_ns += value * KINDS[i].throttled_unit_ns;
				known = true;
			}
	}
	if (known)
		*ret = sum_ns;
	return known;
}
