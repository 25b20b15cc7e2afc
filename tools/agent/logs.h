/* logs: follows the kernel's log, files and journald units for lines that matter, counts them by
 * pattern and keeps the latest until they are taken. Opened with privileges, read without; a line
 * is placed at the instant when it was read, one tick late at most. One thread. */
#ifndef BRINK_TOOLS_AGENT_LOGS_H
#define BRINK_TOOLS_AGENT_LOGS_H

#include "base/err.h"
#include "host/sampler.h"

#include <sys/types.h>

#define LOGS_MAX         16
#define LOGS_PATTERNS    32
#define LOGS_EVENTS      64
#define LOGS_NAME        32
#define LOGS_LINE        512
#define LOGS_PATTERN_MAX 128

struct log_event {
	uint64_t at_ns;
	unsigned pattern;
	char source[64], text[LOGS_LINE];
};

struct log_pattern {
	char name[LOGS_NAME], text[LOGS_PATTERN_MAX]; /* a part of the line, whatever its case */
	uint64_t count;
};

struct log_source {
	char name[64];
	char path[256]; /* of a file, which may be replaced; empty: it is a stream */
	int fd;
	pid_t child;  /* journalctl; 0 */
	bool records; /* /dev/kmsg: one read, one record */
	char partial[LOGS_LINE];
	unsigned have;
	char gone[SAMPLE_REASON]; /* why it is not read any more; empty */
};

struct logs {
	unsigned source_count, pattern_count, event_count, events_lost;
	struct log_source sources[LOGS_MAX];
	struct log_pattern patterns[LOGS_PATTERNS];
	struct log_event events[LOGS_EVENTS];
};

void logs_init(struct logs *l); /* with the usual patterns */
void logs_fini(struct logs *l);

int logs_add_pattern(struct logs *l, const char *pattern, struct err *err); /* "NAME=TEXT" */
void logs_follow_kernel(struct logs *l);
int logs_follow_file(struct logs *l, const char *path, struct err *err);

/* By journalctl; where we are root, as `user` in the group that may read the journal. */
int logs_follow_unit(struct logs *l, const char *unit, const char *user, struct err *err);

/* Forgets the events kept; their counts stay. */
void logs_taken(struct logs *l);

/* Its context is the logs. */
extern const struct reader reader_logs;

#endif
