#include "run/data_file.h"

#include "base/rng.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct filling {
	struct data_file *data;
	struct buf block;
	size_t *ends; /* of each cell in the block */
	size_t cells, room;
	uint64_t line;
	unsigned column;
	const char *wrong;
};

static void keep_cell(struct filling *f, const char *text, size_t len)
{
	if (f->cells == f->room) {
		size_t room = f->room ? f->room * 2 : 1024;
		size_t *ends = realloc(f->ends, room * sizeof *ends);
		if (!ends) {
			f->wrong = "no memory";
			return;
		}
		f->ends = ends;
		f->room = room;
	}
	buf_append(&f->block, text, len);
	f->ends[f->cells++] = f->block.len;
}

static void name_column(struct filling *f, const char *text, size_t len)
{
	struct data_file *d = f->data;
	if (d->column_count == DATA_COLUMNS_MAX)
		f->wrong = "too many columns: 64 at most";
	else
		d->columns[d->column_count++] = strndup(text, len);
}

static void on_cell(void *text, size_t len, void *ctx)
{
	struct filling *f = ctx;
	if (f->wrong)
		return;
	if (f->line == 0)
		name_column(f, text ? text : "", len);
	else
		keep_cell(f, text ? text : "", len);
	f->column++;
}

static void on_line(int end, void *ctx)
{
	struct filling *f = ctx;
	(void)end;
	if (f->wrong)
		return;
	if (f->column != f->data->column_count)
		f->wrong = "not as many cells as the first line has columns";
	else
		f->line++;
	f->column = 0;
}

/* Mapped, not read: it may be large, and is gone through once. */
static int parse(struct filling *f, const char *path, struct err *err)
{
	struct csv_parser parser;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	size_t len = (size_t)st.st_size;
	void *text = len ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	close(fd);
	if (text == MAP_FAILED)
		return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	if (csv_init(&parser, CSV_STRICT | CSV_APPEND_NULL) == 0) {
		size_t done = csv_parse(&parser, text, len, on_cell, on_line, f);
		if (done != len && !f->wrong)
			f->wrong = csv_strerror(csv_error(&parser));
		csv_fini(&parser, on_cell, on_line, f);
		csv_free(&parser);
	}
	if (text)
		munmap(text, len);
	return 0;
}

static int take_over(struct filling *f, const char *path, struct err *err)
{
	struct feed *feed = &f->data->feed;
	size_t columns = f->data->column_count;
	if (f->wrong)
		return err_set(err, ERR_USAGE, "%s: line %llu: %s", path,
			       (unsigned long long)f->line + 1, f->wrong);
	if (!columns || f->cells < columns)
		return err_set(err, ERR_USAGE,
			       "%s: no rows: the first line names the columns, "
			       "each further one is a row",
			       path);
	feed->cells = malloc(f->cells * sizeof *feed->cells);
	if (!feed->cells || f->block.cut)
		return err_set(err, ERR_RUNTIME, "no memory for %s", path);
	for (size_t i = 0, at = 0; i < f->cells; at = f->ends[i++])
		feed->cells[i] = (struct span){f->block.ptr + at, f->ends[i] - at};
	feed->block = f->block.ptr;
	feed->columns = (uint32_t)columns;
	feed->rows = (uint32_t)(f->cells / columns);
	f->block = (struct buf){0};
	return 0;
}

int data_file_read(struct data_file *ret, const char *path, struct err *err)
{
	struct filling f = {.data = ret};
	*ret = (struct data_file){0};
	buf_init(&f.block, (size_t)4 << 30);
	buf_append(&f.block, "", 0);
	int result = parse(&f, path, err) || take_over(&f, path, err) ? -1 : 0;
	free(f.ends);
	buf_fini(&f.block);
	return result;
}

void data_file_fini(struct data_file *d)
{
	for (unsigned i = 0; i < d->column_count; i++)
		free(d->columns[i]);
	free(d->feed.cells);
	free(d->feed.block);
	*d = (struct data_file){0};
}

int data_file_column(const struct data_file *d, struct span name)
{
	for (unsigned i = 0; i < d->column_count; i++)
		if (strlen(d->columns[i]) == name.len && !memcmp(d->columns[i], name.ptr, name.len))
			return (int)i;
	return -1;
}

/* Fisher and Yates, row by row. */
void feed_shuffle(struct feed *f, uint64_t seed)
{
	struct rng rng = {seed};
	for (uint32_t i = f->rows; i > 1; i--) {
		uint32_t k = (uint32_t)rng_below(&rng, i);
		for (uint32_t c = 0; c < f->columns; c++) {
			struct span *a = &f->cells[(size_t)(i - 1) * f->columns + c];
			struct span *b = &f->cells[(size_t)k * f->columns + c], swap = *a;
			*a = *b;
			*b = swap;
		}
	}
}
