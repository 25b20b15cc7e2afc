#include "host/self.h"

#include "base/mono.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void self_thread_open(struct self_thread *t)
{
	t->fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

void self_thread_close(struct self_thread *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static uint64_t timeval_ns(struct timeval t)
{
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * NS_PER_US;
}

uint64_t self_cpu_ns(void)
{
	struct rusage u;
	if (getrusage(RUSAGE_THREAD, &u) != 0)
		return 0;
	return timeval_ns(u.ru_utime) + timeval_ns(u.ru_stime);
}

uint64_t self_run_delay_ns(const struct self_thread *t)
{
	char line[96];
	uint64_t ran, waited;
	ssize_t len = t->fd < 0 ? -1 : pread(t->fd, line, sizeof line - 1, 0);
	if (len <= 0)
		return 0;
	line[len] = '\0';
	return sscanf(line, "%" SCNu64 " %" SCNu64, &ran, &waited) == 2 ? waited : 0;
}

/* The path of this process in a cgroup hierarchy: the v1 one of a controller, or the v2 one
 * (an empty list of controllers). */
static bool cgroup_path(const char *controller, char *out, size_t size)
{
	char line[512];
	bool found = false;
	FILE *f = fopen("/proc/self/cgroup", "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		char *list = strchr(line, ':');
		char *path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		char *save, *name = strtok_r(list + 1, ",", &save);
		found = !name && !*controller;
		for (; name && !found; name = strtok_r(NULL, ",", &save))
			found = strcmp(name, controller) == 0;
		if (found)
			snprintf(out, size, "%s", path);
	}
	if (f)
		fclose(f);
	return found;
}

/* A "key value" line of a cgroup's cpu.stat. */
static bool read_stat(const char *path, const char *key, uint64_t *ret)
{
	char name[64];
	uint64_t value;
	bool found = false;
	FILE *f = fopen(path, "re");
	while (f && !found && fscanf(f, "%63s %" SCNu64, name, &value) == 2)
		found = strcmp(name, key) == 0;
	if (f)
		fclose(f);
	if (found)
		*ret = value;
	return found;
}

void self_throttle_read(struct self_throttle *ret)
{
	static const struct {
		const char *controller, *mount, *key;
		uint64_t unit_ns;
	} hierarchies[] = {
		{"", "/sys/fs/cgroup", "throttled_usec", NS_PER_US},
		{"cpu", "/sys/fs/cgroup/cpu", "throttled_time", 1},
		{"cpu", "/sys/fs/cgroup/cpu,cpuacct", "throttled_time", 1},
	};
	*ret = (struct self_throttle){0};
	for (unsigned i = 0; i < sizeof hierarchies / sizeof *hierarchies && !ret->known; i++) {
		char path[160];
		uint64_t value;
		if (!cgroup_path(hierarchies[i].controller, path, sizeof path))
			continue;
		snprintf(ret->source, sizeof ret->source, "%s%s/cpu.stat", hierarchies[i].mount,
			 path);
		ret->known = read_stat(ret->source, hierarchies[i].key, &value);
		if (ret->known)
			ret->throttled_ns = value * hierarchies[i].unit_ns;
	}
}

uint64_t self_rss_bytes(void)
{
	unsigned long total, resident;
	FILE *f = fopen("/proc/self/statm", "re");
	int got = f ? fscanf(f, "%lu %lu", &total, &resident) : 0;
	if (f)
		fclose(f);
	return got == 2 ? (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
