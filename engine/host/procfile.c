#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define STEP 16384u

void procfile_open(struct procfile *f, const char *root, const char *path)
{
	char whole[512];
	snprintf(f->path, sizeof f->path, "%s", path);
	snprintf(whole, sizeof whole, "%s%s", root, path);
	f->fd = open(whole, O_RDONLY | O_CLOEXEC);
	f->error = f->fd < 0 ? errno : 0;
}

void procfile_close(struct procfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

int procfile_read(const struct procfile *f, struct buf *text)
{
	text->len = 0;
	if (f->fd < 0)
		return f->error;
	for (;;) {
		size_t before = text->len;
		size_t room = text->max - before < STEP ? text->max - before : STEP;
		char *to = room ? buf_extend(text, room) : NULL;
		if (!to)
			return EFBIG;
		ssize_t got = pread(f->fd, to, room, (off_t)before);
		text->len = before + (got > 0 ? (size_t)got : 0);
		if (got < 0)
			return errno;
		if (got == 0)
			break;
	}
	text->ptr[text->len] = '\0';
	return 0;
}
