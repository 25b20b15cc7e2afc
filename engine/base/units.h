/* units: numbers as people write them, in and out. Pure; any thread; no locale.
 *
 * Counts take k and M (powers of 1000), durations us, ms, s, m, h (a bare number is seconds, as
 * in wrk), sizes B, KiB, MiB, GiB, percentages a trailing %. Units are spelt exactly so. A number
 * is digits, with a decimal fraction or not. Every parser wants the whole text and returns false,
 * leaving the result untouched, for anything else: signs, spaces, exponents, overflow, unknown
 * units, trailing letters, and what is not a whole number of requests, bytes or nanoseconds. Real
 * numbers lose what stands past their 18th decimal. */
#ifndef BRINK_BASE_UNITS_H
#define BRINK_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool units_count(const char *text, uint64_t *ret);       /* "10k" -> 10000 */
bool units_real(const char *text, double *ret);          /* "2.5k" -> 2500.0; finite, >= 0 */
bool units_duration_ns(const char *text, uint64_t *ret); /* "1.5s" -> 1500000000 */
bool units_size(const char *text, uint64_t *ret);        /* "4KiB" -> 4096, in bytes */
bool units_percent(const char *text, double *ret);       /* "5%" -> 0.05 */

/* Readable forms, three significant digits, in `out` of at least UNITS_TEXT bytes; they return
 * out. Whole numbers below the second unit are written out ("17us", "1023B"); what is not finite
 * is "n/a". Durations come from microseconds ("1.25ms"), rates and counts as "12.3k", sizes as in
 * wrk ("1.23MB", powers of 1024). */
#define UNITS_TEXT 24
char *units_text_us(char *out, double us);
char *units_text_count(char *out, double count);
char *units_text_bytes(char *out, double bytes);

#endif
