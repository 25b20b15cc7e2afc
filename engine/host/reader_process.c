/* Processes: those that are watched, by name and never by number, and the host's zombies. */
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)1 << 14)

/* --- watched ones ------------------------------------------------------------------------ */

struct process {
	struct procfile stat, schedstat;
	int files; /* /proc/PID/fd, opened while that was allowed; -1 */
	int why;
};

struct processes {
	unsigned count;
	struct buf text;
	struct process of[SAMPLER_PIDS];
};

static void *processes_open(const struct sampler_config *c)
{
	struct processes *p = c->pid_count ? calloc(1, sizeof *p) : NULL;
	if (!p)
		return NULL;
	buf_init(&p->text, TEXT_MAX);
	p->count = c->pid_count;
	for (unsigned i = 0; i < c->pid_count; i++) {
		char path[64], whole[512];
		snprintf(path, sizeof path, "/proc/%d/stat", (int)c->pids[i]);
		procfile_open(&p->of[i].stat, c->root, path);
		snprintf(path, sizeof path, "/proc/%d/schedstat", (int)c->pids[i]);
		procfile_open(&p->of[i].schedstat, c->root, path);
		snprintf(whole, sizeof whole, "%s/proc/%d/fd", c->root, (int)c->pids[i]);
		p->of[i].files = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		p->of[i].why = errno;
	}
	return p;
}

static void processes_close(void *ctx)
{
	struct processes *p = ctx;
	for (unsigned i = 0; i < p->count; i++) {
		procfile_close(&p->of[i].stat);
		procfile_close(&p->of[i].schedstat);
		if (p->of[i].files >= 0)
			close(p->of[i].files);
	}
	buf_fini(&p->text);
	free(p);
}

/* Linux 6.2 tells their number as the folder's size; before, they are counted. */
static bool count_files(int folder, uint64_t *ret)
{
	struct stat st;
	if (folder < 0 || fstat(folder, &st))
		return false;
	*ret = (uint64_t)st.st_size;
	if (*ret)
		return true;
	DIR *list = fdopendir(dup(folder));
	if (!list)
		return false;
	rewinddir(list);
	while (readdir(list))
		++*ret;
	closedir(list);
	*ret -= 2; /* "." and ".." */
	return true;
}

/* "123 (name with ) in it) S ...": the name, and what stands behind it. */
static const char *split_stat(const char *text, char name[64])
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	if (!open || !close)
		return NULL;
	unsigned len = 0;
	for (const char *c = open + 1; c < close && len < 63; c++)
		name[len++] = isalnum((unsigned char)*c) || strchr("-_.:/", *c) ? *c : '_';
	name[len] = '\0';
	return close + 1;
}

static void read_process(struct processes *p, const struct process *process, struct sample *into)
{
	char name[64];
	uint64_t user, system, wait_ns, files;
	int error = procfile_read(&process->stat, &p->text);
	const char *rest = error ? NULL : split_stat(p->text.ptr, name);
	if (!rest) { /* it ended: its files say ESRCH */
		sample_gap(into, METRIC_PROCESS_CPU_SECONDS, "%s: %s", process->stat.path,
			   strerror(error));
		return;
	}
	const char *state = text_word(rest, 0);
	sample_add(into, METRIC_PROCESS_STOPPED, SOURCE_PROCFS, *state == 'T' || *state == 't',
		   "process=\"%s\"", name);
	if (text_number(text_word(rest, 11), 10, &user) &&
	    text_number(text_word(rest, 12), 10, &system))
		sample_add(into, METRIC_PROCESS_CPU_SECONDS, SOURCE_PROCFS,
			   (double)(user + system) / (double)sysconf(_SC_CLK_TCK), "process=\"%s\"",
			   name);
	if (count_files(process->files, &files))
		sample_add(into, METRIC_PROCESS_OPEN_FILES, SOURCE_PROCFS, (double)files,
			   "process=\"%s\"", name);
	else
		sample_gap(into, METRIC_PROCESS_OPEN_FILES, "/proc/PID/fd: %s",
			   strerror(process->why));
	if (!procfile_read(&process->schedstat, &p->text) &&
	    text_number(text_word(p->text.ptr, 1), 10, &wait_ns))
		sample_add(into, METRIC_PROCESS_WAIT_SECONDS, SOURCE_PROCFS, (double)wait_ns / 1e9,
			   "process=\"%s\"", name);
}

/* Processes of one name add up: a label more for each number would never end. */
static void fold(struct sample *s)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < s->count; i++) {
		unsigned k = 0;
		while (k < kept && (s->points[k].metric != s->points[i].metric ||
				    strcmp(s->points[k].labels, s->points[i].labels) != 0))
			k++;
		if (k < kept)
			s->points[k].value += s->points[i].value;
		else
			s->points[kept++] = s->points[i];
	}
	s->count = kept;
}

static void processes_read(void *ctx, struct sample *into)
{
	struct processes *p = ctx;
	for (unsigned i = 0; i < p->count; i++)
		read_process(p, &p->of[i], into);
	fold(into);
}

const struct reader reader_processes = {"processes", 100, processes_open, processes_read,
					processes_close};

/* --- zombies ----------------------------------------------------------------------------- */

struct zombies {
	DIR *list;
	struct buf text;
	char root[256];
};

static void *zombies_open(const struct sampler_config *c)
{
	struct zombies *z = calloc(1, sizeof *z);
	if (!z)
		return NULL;
	char path[300];
	snprintf(z->root, sizeof z->root, "%s/proc", c->root);
	snprintf(path, sizeof path, "%s", z->root);
	z->list = opendir(path);
	buf_init(&z->text, TEXT_MAX);
	return z;
}

static void zombies_close(void *ctx)
{
	struct zombies *z = ctx;
	if (z->list)
		closedir(z->list);
	buf_fini(&z->text);
	free(z);
}

static bool is_zombie(struct zombies *z, const char *pid)
{
	char name[64], path[64];
	struct procfile file;
	snprintf(path, sizeof path, "/%.16s/stat", pid);
	procfile_open(&file, z->root, path);
	int error = procfile_read(&file, &z->text);
	procfile_close(&file);
	const char *rest = error ? NULL : split_stat(z->text.ptr, name);
	const char *state = rest ? text_word(rest, 0) : NULL;
	return state && text_is_word(state, "Z");
}

static void zombies_read(void *ctx, struct sample *into)
{
	struct zombies *z = ctx;
	const struct dirent *entry;
	unsigned count = 0;
	if (!z->list) {
		sample_gap(into, METRIC_ZOMBIES, "/proc cannot be listed");
		return;
	}
	rewinddir(z->list);
	while ((entry = readdir(z->list)))
		if (isdigit((unsigned char)entry->d_name[0]))
			count += is_zombie(z, entry->d_name);
	sample_add(into, METRIC_ZOMBIES, SOURCE_PROCFS, count, NULL);
}

const struct reader reader_zombies = {"zombies", 1000, zombies_open, zombies_read, zombies_close};
