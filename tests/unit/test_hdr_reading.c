/* Reading V2 histograms that others wrote, well or badly. */
#include "base/base64.h"
#include "stat/hdr.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <zlib.h>

#define TEXT_MAX 1000000

static struct hist a, b;

static struct span span_of_buf(const struct buf *buf)
{
	return (struct span){buf->ptr, buf->len};
}

/* Made by another encoder: 1 at 0 us, 300 at 10, a zero that is no run, 70000 at 12, 2 at 2048. */
START_TEST(a_histogram_encoded_elsewhere_is_read)
{
	hist_init(&a);
	ck_assert(hdr_decode(span_of("HISTFAAAACt42pNpmSzMwMDAzQABzFCaEURcm7yEwf4DRIBJ8AYLw4Oj"
				     "HE/lWQCZLQg2"),
			     &a));
	ck_assert_uint_eq(a.count, 70303);
	ck_assert_uint_eq(a.slots[0], 1);
	ck_assert_uint_eq(a.slots[10], 300);
	ck_assert_uint_eq(a.slots[12], 70000);
	ck_assert_uint_eq(a.slots[2048], 2);
	ck_assert_uint_eq(a.min_us, 0);
	ck_assert_uint_eq(a.max_us, 2049);
	ck_assert_uint_eq(hist_quantile_us(&a, 0.5), 12);
	/* The middle of the slot of 2048 and 2049 is 2049, as HdrHistogram rounds it. */
	ck_assert_uint_eq(a.sum_us, 300 * 10 + 70000 * 12 + 2 * 2049);
}
END_TEST

/* What a hostile or broken writer could send */

/* Wraps the inner bytes as a V2 text would be. */
static void wrap(struct buf *text, const unsigned char *inner, size_t len)
{
	unsigned char outer[2000] = {0x1c, 0x84, 0x93, 0x14};
	uLongf rest = sizeof outer - 8;
	ck_assert_int_eq(compress(outer + 8, &rest, inner, len), Z_OK);
	outer[6] = (unsigned char)(rest >> 8);
	outer[7] = (unsigned char)rest;
	base64_append(text, outer, 8 + rest);
}

/* Whether a text of this header and payload is read. The header is right where not flipped. */
static bool is_read(int flipped_byte, const void *payload, size_t len)
{
	unsigned char inner[1000] = {0x1c, 0x84, 0x93, 0x13, 0, 0, 0, (unsigned char)len};
	inner[15] = 3;
	inner[23] = 1;
	memcpy(inner + 28, "\xd6\x93\xa4", 4); /* 3600000000, */
	inner[31] = 0;
	inner[32] = 0x3f; /* 1.0 */
	inner[33] = 0xf0;
	memcpy(inner + 40, payload, len);
	if (flipped_byte >= 0)
		inner[flipped_byte] ^= 1;
	struct buf text;
	buf_init(&text, TEXT_MAX);
	wrap(&text, inner, 40 + len);
	hist_init(&a);
	hist_init(&b);
	hist_add(&a, 5);
	bool ok = hdr_decode(span_of_buf(&text), &a);
	if (!ok)
		ck_assert_mem_eq(&a, &b, sizeof a); /* empty */
	buf_fini(&text);
	return ok;
}

START_TEST(every_field_of_the_header_must_be_ours)
{
	ck_assert(is_read(-1, "\x0a\x0c", 2));
	for (int byte = 0; byte < 40; byte++)
		ck_assert_msg(!is_read(byte, "\x0a\x0c", 2), "byte %d was not looked at", byte);
}
END_TEST

/* ZigZag: 2n is n, 2n - 1 is -n. 23552 slots: -23552 is af ef 02, -23551 is fd ef 02. */
static const struct {
	const char *what, *payload;
	size_t len;
	bool good;
} payloads[] = {
	{"nothing", "", 0, true},
	{"only empty slots", "\xff\xef\x02", 3, true},
	{"a count in the last slot", "\xfd\xef\x02\x02", 4, true},
	{"a run past the last slot", "\x81\xf0\x02", 3, false},
	{"a count past the last slot", "\xff\xef\x02\x02", 4, false},
	{"a zero past the last slot", "\xff\xef\x02\x00", 4, false},
	{"the longest run of all", "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, false},
	{"a number cut short", "\x0a\x80\x80", 3, false},
	{"the largest count", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 9, true},
	{"counts that add up past 63 bits", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, false},
	{"values that add up past 64 bits", "\x09\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 10, false},
};

START_TEST(a_payload_is_read_to_its_last_byte_or_not_at_all)
{
	ck_assert_msg(is_read(-1, payloads[_i].payload, payloads[_i].len) == payloads[_i].good,
		      "%s", payloads[_i].what);
}
END_TEST

START_TEST(bytes_behind_the_zlib_stream_are_refused)
{
	struct buf whole, bytes, text;
	buf_init(&whole, TEXT_MAX);
	buf_init(&bytes, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	hist_init(&a);
	hist_add(&a, 5);
	ck_assert(hdr_encode(&a, &whole) && base64_decode(span_of_buf(&whole), &bytes));
	buf_append(&bytes, "junk", 4);
	bytes.ptr[7] = (char)(bytes.ptr[7] + 4); /* the length takes them in */
	base64_append(&text, bytes.ptr, bytes.len);
	ck_assert(!hdr_decode(span_of_buf(&text), &b));
	buf_fini(&whole);
	buf_fini(&bytes);
	buf_fini(&text);
}
END_TEST

START_TEST(a_payload_longer_than_all_slots_is_refused)
{
	/* A bomb: a few KB that inflate to more than any histogram holds. */
	size_t len = 40 + 9 * (size_t)HIST_SLOTS + 1;
	unsigned char *inner = calloc(1, len);
	unsigned char *outer = calloc(1, len);
	ck_assert(inner && outer);
	uLongf rest = len - 8;
	ck_assert_int_eq(compress(outer + 8, &rest, inner, len), Z_OK);
	memcpy(outer, "\x1c\x84\x93\x14", 4);
	outer[6] = (unsigned char)(rest >> 8);
	outer[7] = (unsigned char)rest;
	struct buf text;
	buf_init(&text, TEXT_MAX);
	base64_append(&text, outer, 8 + rest);
	hist_init(&a);
	ck_assert(!hdr_decode(span_of_buf(&text), &a));
	buf_fini(&text);
	free(inner);
	free(outer);
}
END_TEST

START_TEST(a_text_cut_anywhere_is_refused)
{
	struct buf text;
	buf_init(&text, TEXT_MAX);
	hist_init(&a);
	for (uint64_t us = 1; us < 100000; us += 77)
		hist_add(&a, us);
	ck_assert(hdr_encode(&a, &text));
	for (size_t len = 0; len < text.len; len++) {
		ck_assert(!hdr_decode((struct span){text.ptr, len}, &b));
		ck_assert_uint_eq(b.count, 0);
	}
	buf_puts(&text, "AAAA");
	ck_assert(!hdr_decode(span_of_buf(&text), &b));
	buf_fini(&text);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("hdr reading");
	tcase_add_test(all, a_histogram_encoded_elsewhere_is_read);
	tcase_add_test(all, every_field_of_the_header_must_be_ours);
	tcase_add_loop_test(all, a_payload_is_read_to_its_last_byte_or_not_at_all, 0,
			    sizeof payloads / sizeof *payloads);
	tcase_add_test(all, bytes_behind_the_zlib_stream_are_refused);
	tcase_add_test(all, a_payload_longer_than_all_slots_is_refused);
	tcase_add_test(all, a_text_cut_anywhere_is_refused);
	Suite *suite = suite_create("hdr reading");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
