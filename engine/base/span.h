/* span and buf: the two shapes in which bytes travel.
 *
 * A span borrows bytes: it is valid until the function that received it returns, unless the
 * function says otherwise. A buf owns bytes on the heap and is given its largest size at birth;
 * past that, or out of memory, it drops what does not fit and remembers it in `cut`, so that one
 * check at the end serves for a whole run of appends. Any thread; no sharing. */
#ifndef BRINK_BASE_SPAN_H
#define BRINK_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

static inline struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

/* Moves the front of the span n bytes on; n is at most its length. */
static inline void span_skip(struct span *s, size_t n)
{
	s->ptr += n;
	s->len -= n;
}

struct buf {
	char *ptr; /* always NUL-terminated once something was appended */
	size_t len;
	size_t cap;
	size_t max;     /* never holds more bytes than this */
	bool cut;       /* something did not fit, or memory ran out */
	bool no_memory; /* it was the memory */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
void buf_append(struct buf *b, const void *bytes, size_t len);

/* Room for `len` bytes more, which count as appended; NULL: they do not fit. */
char *buf_extend(struct buf *b, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
