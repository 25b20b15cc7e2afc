/* The V2 encoding, all integers big-endian:
 *
 *   outer:  cookie, length of the rest, then the rest: a zlib stream of
 *   inner:  cookie, payload length, normalizing index offset, digits (4 bytes each),
 *           lowest, highest, ratio as a double (8 bytes each), then the payload:
 *   counts, slot by slot, as ZigZag LEB128 of at most 9 bytes; a negative one is a run of as
 *   many empty slots.
 *
 * Here all are written by hand into one bounded buffer; reading trusts nothing. */
#include "stat/hdr.h"
#include "base/base64.h"

#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#define COOKIE_OUTER 0x1c849314u /* 0x1c849304 | 0x10: V2, deflated */
#define COOKIE_INNER 0x1c849313u /* 0x1c849303 | 0x10: V2 */
#define DIGITS       3u
#define LOWEST       1u
#define RATIO_ONE    UINT64_C(0x3ff0000000000000) /* 1.0 */

/* Of zlib. The default of 6 takes twice as long and saves nothing on counts. */
#define LEVEL 3

#define OUTER_HEAD 8u
#define INNER_HEAD 40u
#define VARINT_MAX 9u
#define INNER_MAX  (INNER_HEAD + HIST_SLOTS * VARINT_MAX)

static void put_u32(unsigned char *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void put_u64(unsigned char *to, uint64_t value)
{
	put_u32(to, (uint32_t)(value >> 32));
	put_u32(to + 4, (uint32_t)value);
}

static uint32_t get_u32(const unsigned char *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static uint64_t get_u64(const unsigned char *from)
{
	return (uint64_t)get_u32(from) << 32 | get_u32(from + 4);
}

/* Seven bits a byte, lowest first; the ninth byte holds the last eight. Returns the length. */
static size_t put_varint(unsigned char *to, int64_t value)
{
	uint64_t rest = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
	size_t len = 0;
	while (rest > 0x7f && len < VARINT_MAX - 1) {
		to[len++] = (unsigned char)(rest | 0x80);
		rest >>= 7;
	}
	to[len++] = (unsigned char)rest;
	return len;
}

/* Returns the bytes taken, 0 where they end too early. */
static size_t get_varint(const unsigned char *from, size_t len, int64_t *ret)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len && i < VARINT_MAX; i++) {
		bool last = i == VARINT_MAX - 1 || !(from[i] & 0x80);
		value |= (uint64_t)(last ? from[i] : from[i] & 0x7f) << (7 * i);
		if (last) {
			*ret = (int64_t)(value >> 1 ^ (0 - (value & 1)));
			return i + 1;
		}
	}
	return 0;
}

/* Writing */

static size_t put_counts(unsigned char *to, const struct hist *h)
{
	size_t len = 0;
	for (uint32_t slot = 0; slot < h->hi;) {
		uint32_t next = slot;
		while (next < h->hi && h->slots[next] == 0)
			next++;
		if (next > slot)
			len += put_varint(to + len, -(int64_t)(next - slot));
		else
			len += put_varint(to + len, (int64_t)h->slots[next++]);
		slot = next;
	}
	return len;
}

/* `inner` holds INNER_HEAD + VARINT_MAX bytes a slot below h->hi. */
static size_t put_inner(unsigned char *inner, const struct hist *h)
{
	size_t len = put_counts(inner + INNER_HEAD, h);
	put_u32(inner, COOKIE_INNER);
	put_u32(inner + 4, (uint32_t)len);
	put_u32(inner + 8, 0);
	put_u32(inner + 12, DIGITS);
	put_u64(inner + 16, LOWEST);
	put_u64(inner + 24, HIST_MAX_US);
	put_u64(inner + 32, RATIO_ONE);
	return INNER_HEAD + len;
}

bool hdr_encode(const struct hist *h, struct buf *out)
{
	size_t inner_max = INNER_HEAD + (size_t)h->hi * VARINT_MAX;
	uLongf rest_len = compressBound(inner_max);
	unsigned char *inner = malloc(inner_max);
	unsigned char *outer = malloc(OUTER_HEAD + rest_len);
	bool ok = inner && outer;
	if (ok) {
		size_t inner_len = put_inner(inner, h);
		ok = compress2(outer + OUTER_HEAD, &rest_len, inner, inner_len, LEVEL) == Z_OK;
	}
	if (ok) {
		put_u32(outer, COOKIE_OUTER);
		put_u32(outer + 4, (uint32_t)rest_len);
		base64_append(out, outer, OUTER_HEAD + rest_len);
	}
	free(outer);
	free(inner);
	return ok && !out->cut;
}

/* Reading */

/* False where the counts no longer fit 63 bits, or their values 64. */
static bool add_slot(struct hist *h, uint32_t slot, uint64_t count)
{
	uint64_t low = hist_slot_low_us(slot);
	uint64_t middle = low + (hist_slot_high_us(slot) - low + 1) / 2;
	uint64_t values;
	if (count > (uint64_t)INT64_MAX - h->count ||
	    __builtin_mul_overflow(count, middle, &values) ||
	    __builtin_add_overflow(h->sum_us, values, &h->sum_us))
		return false;
	h->slots[slot] = count;
	h->count += count;
	if (h->lo == HIST_SLOTS)
		h->lo = slot;
	h->hi = slot + 1;
	return true;
}

static bool get_counts(const unsigned char *from, size_t len, struct hist *h)
{
	uint32_t slot = 0;
	while (len > 0) {
		int64_t count = 0;
		size_t taken = get_varint(from, len, &count);
		uint64_t run = count < 0 ? 0 - (uint64_t)count : 1;
		if (taken == 0 || run > HIST_SLOTS - slot)
			return false;
		if (count > 0 && !add_slot(h, slot, (uint64_t)count))
			return false;
		slot += (uint32_t)run;
		from += taken;
		len -= taken;
	}
	if (h->count > 0) {
		h->min_us = hist_slot_low_us(h->lo);
		h->max_us = hist_slot_high_us(h->hi - 1);
	}
	return true;
}

static bool inner_is_ours(const unsigned char *inner, size_t len)
{
	return len >= INNER_HEAD && get_u32(inner) == COOKIE_INNER &&
	       get_u32(inner + 4) == len - INNER_HEAD && get_u32(inner + 8) == 0 &&
	       get_u32(inner + 12) == DIGITS && get_u64(inner + 16) == LOWEST &&
	       get_u64(inner + 24) == HIST_MAX_US && get_u64(inner + 32) == RATIO_ONE;
}

/* Inflates the rest of `outer`, all of it, into INNER_MAX bytes; 0 where that cannot be. */
static size_t inflate_inner(unsigned char *inner, const unsigned char *outer, size_t outer_len)
{
	if (outer_len < OUTER_HEAD || get_u32(outer) != COOKIE_OUTER ||
	    get_u32(outer + 4) != outer_len - OUTER_HEAD)
		return 0;
	uLongf inner_len = INNER_MAX;
	uLong taken = outer_len - OUTER_HEAD;
	if (uncompress2(inner, &inner_len, outer + OUTER_HEAD, &taken) != Z_OK)
		return 0;
	return taken == outer_len - OUTER_HEAD ? inner_len : 0;
}

bool hdr_decode(struct span base64, struct hist *into)
{
	struct buf outer;
	buf_init(&outer, OUTER_HEAD + compressBound(INNER_MAX));
	unsigned char *inner = malloc(INNER_MAX);
	hist_reset(into);
	bool ok = inner && base64_decode(base64, &outer);
	if (ok) {
		size_t len = inflate_inner(inner, (const unsigned char *)outer.ptr, outer.len);
		ok = inner_is_ours(inner, len) &&
		     get_counts(inner + INNER_HEAD, len - INNER_HEAD, into);
	}
	if (!ok)
		hist_reset(into);
	free(inner);
	buf_fini(&outer);
	return ok;
}

/* The log */

void hdr_log_header(struct buf *out, double start_epoch_s)
{
	char date[64] = "";
	time_t seconds = (time_t)start_epoch_s;
	struct tm utc;
	if (gmtime_r(&seconds, &utc))
		strftime(date, sizeof date, ", %a %b %d %H:%M:%S UTC %Y", &utc);
	buf_puts(out, "#[Histogram log format version 1.2]\n");
	buf_printf(out, "#[StartTime: %.3f (seconds since epoch)%s]\n", start_epoch_s, date);
	buf_puts(out, "#[Values in microseconds]\n");
	buf_puts(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
		      "\"Interval_Compressed_Histogram\"\n");
}

bool hdr_log_line(struct buf *out, const char *tag, double start_s, double length_s,
		  const struct hist *h)
{
	if (tag)
		buf_printf(out, "Tag=%s,", tag);
	buf_printf(out, "%.3f,%.3f,%.3f,", start_s, length_s, (double)h->max_us);
	bool ok = hdr_encode(h, out);
	buf_puts(out, "\n");
	return ok && !out->cut;
}
