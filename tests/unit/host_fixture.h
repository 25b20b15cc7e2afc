/* A small /proc and /sys in a folder of its own, to stand before every path that is read. */
#ifndef BRINK_TESTS_HOST_FIXTURE_H
#define BRINK_TESTS_HOST_FIXTURE_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[64];

static inline void fixture_open(void)
{
	strcpy(root, "/tmp/brink-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static inline int fixture_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline void fixture_close(void)
{
	ck_assert_int_eq(nftw(root, fixture_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Writes a file, and the folders above it that are missing. */
static inline void fixture_put(const char *name, const char *text)
{
	char path[1024];
	snprintf(path, sizeof path, "%s%s", root, name);
	for (char *at = path + strlen(root); (at = strchr(at + 1, '/'));) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	FILE *f = fopen(path, "w");
	ck_assert_msg(f != NULL, "%s cannot be written", path);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

#endif
