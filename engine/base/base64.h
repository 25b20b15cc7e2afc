/* base64: RFC 4648 section 4, with padding, on one line. Cold path; any thread. */
#ifndef BRINK_BASE_BASE64_H
#define BRINK_BASE_BASE64_H

#include "base/span.h"

#include <stdbool.h>

void base64_append(struct buf *out, const void *bytes, size_t len);

/* Appends the bytes that `text` stands for. False, with part of them appended, on anything but
 * canonical base64 (a foreign character, missing padding, spare bits set) or when out was cut. */
bool base64_decode(struct span text, struct buf *out);

#endif
