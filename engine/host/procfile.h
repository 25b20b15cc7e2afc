/* procfile: a file of /proc or /sys that is read again and again. It stays open: every opening
 * costs the kernel an inode, and after the agent has dropped its privileges some could not be
 * opened again. One thread. */
#ifndef BRINK_HOST_PROCFILE_H
#define BRINK_HOST_PROCFILE_H

#include "base/span.h"

struct procfile {
	int fd;    /* -1: it could not be opened */
	int error; /* errno of that */
	char path[128];
};

/* `root` stands before the path: "" but in tests. */
void procfile_open(struct procfile *f, const char *root, const char *path);
void procfile_close(struct procfile *f);

/* The whole of it, NUL-terminated, in `text`, whose bound holds. 0, or an errno. */
int procfile_read(const struct procfile *f, struct buf *text);

#endif
