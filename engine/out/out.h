/* out: a summary and its progress, as text, JSON, CSV or HDR log. Each form is one file and one
 * row of the table in out.c. Nothing here measures or decides; cold path, one thread. */
#ifndef BRINK_OUT_OUT_H
#define BRINK_OUT_OUT_H

#include "run/summary.h"

#include <stdio.h>

struct buf;

struct out_form {
	const char *name; /* "text", "json", "csv", "hdr", "quiet" */
	void (*render)(const struct summary *s, struct buf *out);
};

const struct out_form *out_form_find(const char *name); /* NULL when there is none */
const char *out_form_names(void);                       /* "text, json, csv, hdr, quiet" */

/* The line that wrk prints first, with the load in words below it. */
void out_text_opening(const struct summary *s, FILE *to);

/* The latest step of a search, as a row below the opening. */
void out_text_step(const struct summary *s, FILE *to);

/* One line of progress. On a terminal it replaces the one before. */
void out_progress(const struct progress *p, FILE *to, bool terminal);
void out_progress_end(FILE *to, bool terminal);

/* Writes everything and makes sure that it arrived (a full disk is an error, not a success). */
int out_write(FILE *to, const struct buf *b, struct err *err);

#endif
