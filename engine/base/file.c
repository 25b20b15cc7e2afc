#include "base/file.h"

#include <errno.h>
#include <stdio.h>

static int read_all(FILE *file, struct buf *into)
{
	char chunk[16384];
	size_t n;
	while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_append(into, chunk, n);
	return ferror(file) ? -1 : 0;
}

int file_read(struct buf *ret, const char *path, size_t max, struct err *err)
{
	FILE *file = fopen(path, "re");
	buf_init(ret, max);
	if (!file)
		return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	int result = read_all(file, ret) ? err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno))
		     : ret->cut ? err_set(err, ERR_USAGE, "%s: it is larger than %zu KiB", path,
					  max >> 10)
				: 0;
	fclose(file);
	return result;
}
