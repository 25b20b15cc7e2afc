/* file: the whole of a small file. Set-up code; any thread. */
#ifndef BRINK_BASE_FILE_H
#define BRINK_BASE_FILE_H

#include "base/err.h"
#include "base/span.h"

/* Reads it into *ret, which is to be buf_fini'd either way. -1 with a usage error that names the
 * file: it cannot be read, or is larger than `max` bytes. */
int file_read(struct buf *ret, const char *path, size_t max, struct err *err);

#endif
