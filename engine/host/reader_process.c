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
	struct procfile stat;
	DIR *threads; /* /proc/PID/task */
	int files;    /* /proc/PID/fd, opened while that was allowed; -1 */
	int why;
	bool ended;

	/* What was last read, which stays when it has ended. */
	char name[64]; /* empty: nothing yet */
	double cpu_s, wait_s;
	uint64_t waited_ns; /* by the threads that there were; 0: nothing is known of them */
};

struct processes {
	unsigned count, left_out;
	struct buf text;
	struct process of[SAMPLER_PIDS];
};

static void *processes_open(const struct sampler_config *c)
{
	struct processes *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	buf_init(&p->text, TEXT_MAX);
	p->count = c->pid_count;
	p->left_out = c->pids_left_out;
	for (unsigned i = 0; i < c->pid_count; i++) {
		char path[64], whole[512];
		snprintf(path, sizeof path, "/proc/%d/stat", (int)c->pids[i]);
		procfile_open(&p->of[i].stat, c->root, path);
		snprintf(whole, sizeof whole, "%s/proc/%d/task", c->root, (int)c->pids[i]);
		p->of[i].threads = opendir(whole);
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
		if (p->of[i].threads)
			closedir(p->of[i].threads);
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

/* "running waiting slices", in ns: the second, of one thread. */
static bool read_wait(int threads, const char *thread, uint64_t *ret_ns)
{
	char path[64], text[96];
	snprintf(path, sizeof path, "%.16s/schedstat", thread);
	int fd = openat(threads, path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text_number(text_word(text, 1), 10, ret_ns);
}

/* Of all threads: the process's own file tells of its first one alone. What a thread that has ended
 * has waited is no longer told, so that only what is added counts. */
static void add_waits(struct process *process)
{
	const struct dirent *entry;
	uint64_t sum_ns = 0, wait_ns;
	if (!process->threads)
		return;
	rewinddir(process->threads);
	while ((entry = readdir(process->threads)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_wait(dirfd(process->threads), entry->d_name, &wait_ns))
			sum_ns += wait_ns;
	if (sum_ns > process->waited_ns)
		process->wait_s += (double)(sum_ns - process->waited_ns) / 1e9;
	process->waited_ns = sum_ns ? sum_ns : process->waited_ns;
}

/* State and time. It has ended where its file says ESRCH. */
static void look_at(struct processes *p, struct process *process, char *ret_state)
{
	uint64_t user, system;
	const char *rest = procfile_read(&process->stat, &p->text)
				   ? NULL
				   : split_stat(p->text.ptr, process->name);
	const char *state = rest ? text_word(rest, 0) : NULL;
	process->ended = !state;
	*ret_state = state ? *state : '\0';
	if (!state)
		return;
	if (text_number(text_word(rest, 11), 10, &user) &&
	    text_number(text_word(rest, 12), 10, &system))
		process->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
	add_waits(process);
}

/* The counters of one that has ended stay, so that the sum of its name never falls. */
static void tell(const struct process *process, char state, struct sample *into)
{
	const char *name = process->name;
	uint64_t files;
	if (!name[0])
		return;
	sample_add(into, METRIC_PROCESS_CPU_SECONDS, SOURCE_PROCFS, process->cpu_s,
		   "process=\"%s\"", name);
	if (process->waited_ns)
		sample_add(into, METRIC_PROCESS_WAIT_SECONDS, SOURCE_PROCFS, process->wait_s,
			   "process=\"%s\"", name);
	if (process->ended)
		return;
	sample_add(into, METRIC_PROCESS_STOPPED, SOURCE_PROCFS, state == 'T' || state == 't',
		   "process=\"%s\"", name);
	if (count_files(process->files, &files))
		sample_add(into, METRIC_PROCESS_OPEN_FILES, SOURCE_PROCFS, (double)files,
			   "process=\"%s\"", name);
	else
		sample_gap(into, METRIC_PROCESS_OPEN_FILES, "/proc/PID/fd: %s",
			   strerror(process->why));
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
	static const enum metric_id all[] = {METRIC_PROCESS_OPEN_FILES, METRIC_PROCESS_CPU_SECONDS,
					     METRIC_PROCESS_WAIT_SECONDS, METRIC_PROCESS_STOPPED};
	struct processes *p = ctx;
	unsigned ended = 0;
	for (unsigned i = 0; i < p->count; i++) {
		char state;
		look_at(p, &p->of[i], &state);
		tell(&p->of[i], state, into);
		ended += p->of[i].ended;
	}
	fold(into);
	if (!p->count)
		SAMPLE_GAPS(into, all, "no --pid or --unit names a process");
	else if (ended)
		SAMPLE_GAPS(into, all, "%u of %u watched processes have ended", ended, p->count);
	else if (p->left_out)
		SAMPLE_GAPS(into, all, "%u processes are watched, %u more are not", p->count,
			    p->left_out);
	else
		sample_gap_absent(into, METRIC_PROCESS_WAIT_SECONDS,
				  "/proc/PID/task/TID/schedstat tells of no wait");
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
