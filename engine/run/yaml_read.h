/* yaml_read: a YAML file (JSON is a subset) against tables of the keys that it may have. What is
 * wrong is told in one line: file, line, column, what was found, what is allowed. Strings belong to
 * the reader. Set-up code; one thread. */
#ifndef BRINK_RUN_YAML_READ_H
#define BRINK_RUN_YAML_READ_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <yaml.h>

struct yaml_reader {
	const char *name; /* of the file, as given */
	char folder[256]; /* that names of files in it are relative to; "" : none */
	bool no_files;    /* files that it names are not looked at */
	yaml_document_t document;
	bool loaded;
	char *paths[128]; /* file names, made absolute or relative to where we are */
	unsigned path_count;
	struct err *err;
};

enum yaml_kind {
	YAML_TEXT,     /* const char * */
	YAML_FILE,     /* const char *: the name of a readable file, relative to the YAML file */
	YAML_COUNT,    /* uint16_t, uint32_t or uint64_t, by size */
	YAML_REAL,     /* double > 0 */
	YAML_DURATION, /* uint64_t, ns */
	YAML_SECONDS,  /* double */
	YAML_SHARE,    /* double: "5%" */
	YAML_FLAG,     /* bool */
	YAML_OWN,      /* read() knows */
};

struct yaml_key {
	const char *name;
	enum yaml_kind kind;
	size_t at, size; /* in what is being filled */
	uint64_t min, max;
	int (*read)(struct yaml_reader *r, yaml_node_t *node, void *into);
};

/* Parses one document. -1 with an err. yaml_close either way. */
int yaml_open(struct yaml_reader *r, const char *name, struct span text, struct err *err);
void yaml_close(struct yaml_reader *r);
yaml_node_t *yaml_top(struct yaml_reader *r); /* NULL: an empty document */

/* Fills `into` from a mapping that may have these keys, each once. `what` names it in errors. */
int yaml_map(struct yaml_reader *r, yaml_node_t *node, const char *what,
	     const struct yaml_key *keys, unsigned count, void *into);

/* Fills one field of `into` from a scalar, as the key says. */
int yaml_scalar(struct yaml_reader *r, yaml_node_t *node, const struct yaml_key *key, void *into);

/* Calls `each` for every item of a sequence, of `most` at most. */
int yaml_list(struct yaml_reader *r, yaml_node_t *node, const char *what, unsigned most,
	      int (*each)(struct yaml_reader *r, yaml_node_t *item, void *into), void *into);

/* Calls `each` for every pair of a mapping whose keys are names of the user's. */
int yaml_pairs(struct yaml_reader *r, yaml_node_t *node, const char *what, unsigned most,
	       int (*each)(struct yaml_reader *r, yaml_node_t *key, yaml_node_t *value, void *into),
	       void *into);

/* The text of a scalar; NULL with an err that says what is allowed. */
const char *yaml_text(struct yaml_reader *r, yaml_node_t *node, const char *allowed);
const char *yaml_file(struct yaml_reader *r, yaml_node_t *node);

/* Sets the err to "file:line:column: ..." and returns -1. yaml_blame puts that before an err that
 * somebody else has set, whose hint it takes in. */
int yaml_fail(struct yaml_reader *r, const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int yaml_blame(struct yaml_reader *r, const yaml_node_t *node);

#endif
