/* hdr: a histogram in HdrHistogram's V2 encoding, and as a line of its log format 1.2, readable
 * by the Java tools. Cold path; any thread. */
#ifndef BRINK_STAT_HDR_H
#define BRINK_STAT_HDR_H

#include "base/span.h"
#include "stat/hist.h"

#include <stdbool.h>

/* Appends the compressed V2 encoding (cookie 0x1c849314, big-endian length, zlib) in base64.
 * False when zlib fails or out was cut. */
bool hdr_encode(const struct hist *h, struct buf *out);

/* Reads what hdr_encode wrote, into an initialised histogram. False on anything that is not a
 * V2 histogram of this shape (1..3.6e9, 3 digits); `into` is then empty. The format carries counts
 * only: min and max come back as the ends of their slots, the sum as of the slots' middles. */
bool hdr_decode(struct span base64, struct hist *into);

/* A log: header once, then a line an interval. Times in seconds, values in us. A tag tells series
 * apart; it has no blank and no comma, and NULL is no tag. */
void hdr_log_header(struct buf *out, double start_epoch_s);
bool hdr_log_line(struct buf *out, const char *tag, double start_s, double length_s,
		  const struct hist *h);

#endif
