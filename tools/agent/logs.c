#include "tools/agent/logs.h"

#include "base/mono.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READS_A_TICK 256  /* bounds what a flood of lines may cost */
#define READ_MAX     8192 /* /dev/kmsg wants room for a whole record */

static const struct {
	const char *name, *text;
} USUAL[] = {
	{"syn_flooding", "Possible SYN flooding"},
	{"out_of_memory", "Out of memory"},
	{"tcp_out_of_memory", "TCP: out of memory"},
	{"conntrack_full", "nf_conntrack: table full"},
	{"neighbour_overflow", "neighbour table overflow"},
	{"too_many_orphans", "too many orphaned sockets"},
	{"file_table_full", "VFS: file-max limit"},
	{"no_live_upstreams", "no live upstreams"},
	{"worker_connections", "worker_connections are not enough"},
	{"too_many_open_files", "Too many open files"},
	{"cannot_assign_address", "Cannot assign requested address"},
};

void logs_init(struct logs *l)
{
	*l = (struct logs){0};
	for (unsigned i = 0; i < sizeof USUAL / sizeof *USUAL; i++) {
		struct log_pattern *p = &l->patterns[l->pattern_count++];
		snprintf(p->name, sizeof p->name, "%s", USUAL[i].name);
		snprintf(p->text, sizeof p->text, "%s", USUAL[i].text);
	}
}

void logs_fini(struct logs *l)
{
	for (unsigned i = 0; i < l->source_count; i++) {
		struct log_source *s = &l->sources[i];
		if (s->fd >= 0)
			close(s->fd);
		if (s->child > 0) {
			kill(s->child, SIGTERM);
			waitpid(s->child, NULL, 0);
		}
	}
}

int logs_add_pattern(struct logs *l, const char *pattern, struct err *err)
{
	size_t name = strspn(pattern, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *text = pattern + name + 1;
	if (!name || name >= LOGS_NAME || pattern[name] != '=' || !*text ||
	    strlen(text) >= LOGS_PATTERN_MAX) {
		err_set(err, ERR_USAGE, "--log-pattern: '%s' is not NAME=TEXT", pattern);
		return err_hint(err, "such as gc_pause='Pause Full'; a name has a-z, 0-9 and _");
	}
	for (unsigned i = 0; i < l->pattern_count; i++)
		if (strlen(l->patterns[i].name) == name &&
		    !strncmp(l->patterns[i].name, pattern, name)) {
			err_set(err, ERR_USAGE, "--log-pattern: there is a pattern %s already",
				l->patterns[i].name);
			return err_hint(err, "it looks for '%s'", l->patterns[i].text);
		}
	if (l->pattern_count == LOGS_PATTERNS)
		return err_set(err, ERR_USAGE, "--log-pattern: %u at most", LOGS_PATTERNS);
	struct log_pattern *p = &l->patterns[l->pattern_count++];
	snprintf(p->name, sizeof p->name, "%.*s", (int)name, pattern);
	snprintf(p->text, sizeof p->text, "%s", text);
	return 0;
}

/* --- sources ----------------------------------------------------------------------------- */

static struct log_source *add_source(struct logs *l, const char *name, int fd)
{
	if (l->source_count == LOGS_MAX)
		return NULL;
	struct log_source *s = &l->sources[l->source_count++];
	*s = (struct log_source){.fd = fd};
	snprintf(s->name, sizeof s->name, "%s", name);
	return s;
}

/* From now on. */
void logs_follow_kernel(struct logs *l)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct log_source *s = add_source(l, "kernel", fd);
	if (s && fd < 0)
		snprintf(s->gone, sizeof s->gone, "/dev/kmsg: %s", strerror(errno));
	if (!s || fd < 0)
		return;
	s->records = true;
	lseek(fd, 0, SEEK_END);
}

int logs_follow_file(struct logs *l, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_USAGE, "--log-file: %s: %s", path, strerror(errno));
	struct log_source *s = add_source(l, path, fd);
	if (!s) {
		close(fd);
		return err_set(err, ERR_USAGE, "--log-file: %d logs at most", LOGS_MAX);
	}
	snprintf(s->path, sizeof s->path, "%s", path);
	lseek(fd, 0, SEEK_END);
	return 0;
}

/* journalctl reads the journal for us; where we are root it is to be no more than its reader. */
#define JOURNALCTL "journalctl", "-f", "-n", "0", "-o", "cat", "-u"

int logs_follow_unit(struct logs *l, const char *unit, const char *user, struct err *err)
{
	extern char **environ;
	char reuid[64];
	snprintf(reuid, sizeof reuid, "--reuid=%s", user);
	const char *const plain[] = {JOURNALCTL, unit, NULL};
	const char *const lowered[] = {"setpriv",
				       reuid,
				       "--clear-groups",
				       "--regid=systemd-journal",
				       "--no-new-privs",
				       "--bounding-set=-all",
				       "--inh-caps=-all",
				       JOURNALCTL,
				       unit,
				       NULL};
	const char *const *argv = geteuid() == 0 ? lowered : plain;
	int ends[2];
	pid_t child;
	posix_spawn_file_actions_t actions;
	if (pipe2(ends, O_CLOEXEC))
		return err_set(err, ERR_RUNTIME, "pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	int error = posix_spawnp(&child, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv,
				 environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	struct log_source *s = error ? NULL : add_source(l, unit, ends[0]);
	if (!s) {
		close(ends[0]);
		err_set(err, ERR_USAGE, "--journal: journalctl -u %s: %s", unit,
			error ? strerror(error) : "too many logs");
		return err_hint(err, "is systemd on this host? --log-file follows a file");
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	s->child = child;
	return 0;
}

/* --- lines ------------------------------------------------------------------------------- */

static void keep_event(struct logs *l, const struct log_source *s, unsigned pattern,
		       const char *line)
{
	if (l->event_count == LOGS_EVENTS) {
		l->events_lost++;
		return;
	}
	struct log_event *e = &l->events[l->event_count++];
	e->at_ns = mono_ns();
	e->pattern = pattern;
	snprintf(e->source, sizeof e->source, "%s", s->name);
	snprintf(e->text, sizeof e->text, "%s", line);
}

static void look_at(struct logs *l, const struct log_source *s, const char *line)
{
	for (unsigned i = 0; i < l->pattern_count; i++) {
		if (!strcasestr(line, l->patterns[i].text))
			continue;
		l->patterns[i].count++;
		keep_event(l, s, i, line);
	}
}

/* "6,1234,5678901,-;the text\n SUBSYSTEM=...": only the text. */
static void take_record(struct logs *l, struct log_source *s, char *record)
{
	char *text = strchr(record, ';');
	if (!text)
		return;
	text[strcspn(text, "\n")] = '\0';
	look_at(l, s, text + 1);
}

/* Whole lines; the rest waits. What is longer than a line may be is cut. */
static void take_bytes(struct logs *l, struct log_source *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n') {
			s->partial[s->have] = '\0';
			look_at(l, s, s->partial);
			s->have = 0;
		} else if (s->have < LOGS_LINE - 1) {
			s->partial[s->have++] = bytes[i];
		}
	}
}

/* --- reading ----------------------------------------------------------------------------- */

/* A file that was cut short is read from its start; one that was replaced is opened anew. */
static void follow_rotation(struct log_source *s)
{
	struct stat now, named;
	if (fstat(s->fd, &now))
		return;
	if (now.st_size < lseek(s->fd, 0, SEEK_CUR))
		lseek(s->fd, 0, SEEK_SET);
	if (stat(s->path, &named) || (named.st_ino == now.st_ino && named.st_dev == now.st_dev))
		return;
	int fd = open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		snprintf(s->gone, sizeof s->gone, "%.64s was replaced: %s", s->path,
			 strerror(errno));
		return;
	}
	close(s->fd);
	s->fd = fd;
	s->gone[0] = '\0';
}

/* journalctl has closed its end: it is gone, or about to go. */
static void end_child(struct log_source *s)
{
	snprintf(s->gone, sizeof s->gone, "journalctl of %.64s ended", s->name);
	close(s->fd);
	s->fd = -1;
	kill(s->child, SIGTERM);
	waitpid(s->child, NULL, 0);
	s->child = 0;
}

static void read_source(struct logs *l, struct log_source *s)
{
	char bytes[READ_MAX + 1];
	for (unsigned i = 0; s->fd >= 0 && i < READS_A_TICK; i++) {
		ssize_t got = read(s->fd, bytes, READ_MAX);
		if (got < 0 && errno == EPIPE) /* records were overwritten before we came */
			continue;
		if (got <= 0) {
			if (got == 0 && s->child)
				end_child(s);
			break;
		}
		bytes[got] = '\0';
		if (s->records)
			take_record(l, s, bytes);
		else
			take_bytes(l, s, bytes, (size_t)got);
	}
	if (s->path[0])
		follow_rotation(s);
}

void logs_taken(struct logs *l)
{
	l->event_count = 0;
}

static void logs_read(void *ctx, struct sample *into)
{
	struct logs *l = ctx;
	unsigned followed = 0;
	for (unsigned i = 0; i < l->source_count; i++) {
		read_source(l, &l->sources[i]);
		followed += l->sources[i].fd >= 0;
		if (l->sources[i].gone[0])
			sample_gap(into, METRIC_LOG_EVENTS, "%s", l->sources[i].gone);
	}
	if (!followed) {
		sample_gap(into, METRIC_LOG_EVENTS, "no log is followed");
		return;
	}
	for (unsigned i = 0; i < l->pattern_count; i++)
		sample_add(into, METRIC_LOG_EVENTS, SOURCE_PROCFS, (double)l->patterns[i].count,
			   "pattern=\"%s\"", l->patterns[i].name);
}

const struct reader reader_logs = {"logs", 100, NULL, logs_read, NULL};
