/* text: words and lines of what /proc and /sys say. Pure; a NUL-terminated text of the caller's. */
#ifndef BRINK_HOST_TEXT_H
#define BRINK_HOST_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What follows the label on the first line that begins with it; NULL. */
const char *text_after(const char *text, const char *label);

/* The line after this one; NULL at the end. */
const char *text_next_line(const char *at);

/* The nth word of the line that goes on here; NULL where it ends before. */
const char *text_word(const char *at, unsigned n);
bool text_is_word(const char *at, const char *word);

/* The place of a word in its line; -1 where it is not there. */
int text_place(const char *line, const char *word);

/* The number, in base 10 or 16, that begins here; "unlimited" is UINT64_MAX. False: none. */
bool text_number(const char *at, int base, uint64_t *ret);

/* Of a table with a line of names and then one of values that begins alike, /proc/net/netstat. */
bool text_column(const char *text, const char *label, const char *name, uint64_t *ret);

/* Of a line of names and values in turn behind the label, /proc/net/sockstat. */
bool text_pair(const char *text, const char *label, const char *name, uint64_t *ret);

/* A name as the value of a label, as Prometheus wants it: quotes, backslashes and newlines escaped;
 * what is not printable ASCII becomes '_'. What does not fit is left out. */
void text_label(char *out, size_t size, const char *name, size_t len);

#endif
