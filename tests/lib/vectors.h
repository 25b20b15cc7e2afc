/* vectors: third-party test data, where it is: $BRINK_TEST_DATA, or ../shared/data beside the
 * repository. For tests, which are skipped where it is absent. */
#ifndef BRINK_TESTS_VECTORS_H
#define BRINK_TESTS_VECTORS_H

#include "base/span.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#define EXIT_SKIPPED 77

/* The files that match a pattern such as "curl/test*"; the caller frees with globfree. */
static inline glob_t vectors_find(const char *pattern)
{
	const char *dir = getenv("BRINK_TEST_DATA");
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/data", pattern);
	glob_t found = {0};
	if (glob(path, 0, NULL, &found) != 0)
		found.gl_pathc = 0;
	return found;
}

/* A whole file, 1 MB at most; the caller frees with buf_fini. */
static inline struct buf vectors_read(const char *path)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	buf_puts(&text, "");
	FILE *file = fopen(path, "r");
	if (!file)
		return text;
	char part[4096];
	size_t n;
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_append(&text, part, n);
	fclose(file);
	return text;
}

/* The next line of the text without its LF, moving `text` past it. */
static inline struct span vectors_line(struct span *text)
{
	const char *lf = memchr(text->ptr, '\n', text->len);
	struct span line = {text->ptr, lf ? (size_t)(lf - text->ptr) : text->len};
	span_skip(text, lf ? line.len + 1 : line.len);
	return line;
}

static inline bool vectors_begins(struct span s, const char *text)
{
	return s.len >= strlen(text) && memcmp(s.ptr, text, strlen(text)) == 0;
}

static inline bool vectors_contains(struct span s, const char *text)
{
	return memmem(s.ptr, s.len, text, strlen(text)) != NULL;
}

#endif
