/* data_file: rows of data from a CSV file whose first line names the columns. Set-up code. */
#ifndef BRINK_RUN_DATA_FILE_H
#define BRINK_RUN_DATA_FILE_H

#include "base/err.h"
#include "load/mix.h"

#define DATA_COLUMNS_MAX 64u

struct data_file {
	struct feed feed; /* its rows; the caller takes it over */
	unsigned column_count;
	char *columns[DATA_COLUMNS_MAX]; /* names, of the heap */
};

/* -1 with a usage error that names the file and the line. data_file_fini either way. */
int data_file_read(struct data_file *ret, const char *path, struct err *err);
void data_file_fini(struct data_file *d); /* the names; and the rows, unless taken over */

void feed_shuffle(struct feed *f, uint64_t seed);

/* The number of a column; -1: there is none of that name. */
int data_file_column(const struct data_file *d, struct span name);

#endif
