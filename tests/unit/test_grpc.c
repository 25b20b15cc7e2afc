#include "proto/grpc.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <zlib.h>

static const char body[] = "a message, a message, a message, a message, a message";

START_TEST(a_message_has_a_prefix_of_five_bytes)
{
	struct buf out;
	buf_init(&out, 1000);
	ck_assert_int_eq(grpc_frame(&out, span_of("abc"), false), 0);
	ck_assert_int_eq(grpc_frame(&out, (struct span){0}, false), 0);
	ck_assert_uint_eq(out.len, 13);
	ck_assert_mem_eq(out.ptr, "\0\0\0\0\3abc\0\0\0\0\0", 13);
	buf_fini(&out);
}
END_TEST

START_TEST(what_gzip_makes_longer_is_sent_as_it_is)
{
	struct buf out;
	char back[100];
	buf_init(&out, 1000);
	ck_assert_int_eq(grpc_frame(&out, span_of("abc"), true), 0);
	ck_assert_mem_eq(out.ptr, "\0\0\0\0\3abc", 8);
	out.len = 0;
	ck_assert_int_eq(grpc_frame(&out, span_of(body), true), 0);
	ck_assert_int_eq(out.ptr[0], 1);
	ck_assert_uint_eq((uint8_t)out.ptr[4], out.len - GRPC_PREFIX);
	ck_assert_uint_lt(out.len, sizeof body);
	z_stream z = {.next_in = (Bytef *)out.ptr + GRPC_PREFIX,
		      .avail_in = (uInt)(out.len - GRPC_PREFIX),
		      .next_out = (Bytef *)back,
		      .avail_out = sizeof back};
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, sizeof body - 1);
	ck_assert_mem_eq(back, body, sizeof body - 1);
	inflateEnd(&z);
	buf_fini(&out);
}
END_TEST

/* Takes all, in pieces; how many messages there were, or -1 - what was wrong. */
static int take_all(const char *bytes, size_t len, size_t piece, struct grpc_stream *s)
{
	for (size_t at = 0; at < len;) {
		size_t n = len - at < piece ? len - at : piece;
		struct span in = {bytes + at, n};
		while (in.len) {
			enum grpc_taken taken = grpc_take(s, &in, 100);
			if (taken == GRPC_TOO_LARGE || taken == GRPC_MALFORMED)
				return -1 - (int)taken;
		}
		at += n;
	}
	return (int)s->messages;
}

START_TEST(messages_come_in_pieces_of_any_size)
{
	static const char bytes[] = "\0\0\0\0\3abc\0\0\0\0\0\1\0\0\0\1x\0\0\0\0";
	struct grpc_stream s = {0};
	ck_assert_int_eq(take_all(bytes, 19, (size_t)_i, &s), 3);
	ck_assert(grpc_is_whole(&s));
	struct grpc_stream cut = {0};
	ck_assert_int_eq(take_all(bytes, 23, (size_t)_i, &cut), 3);
	ck_assert(!grpc_is_whole(&cut));
}
END_TEST

START_TEST(a_message_too_long_or_of_an_unknown_kind_is_told)
{
	struct grpc_stream s = {0}, t = {0};
	ck_assert_int_eq(take_all("\0\0\0\0\x65", 5, 5, &s), -1 - GRPC_TOO_LARGE);
	ck_assert_int_eq(take_all("\2\0\0\0\1", 5, 1, &t), -1 - GRPC_MALFORMED);
}
END_TEST

static const struct {
	uint64_t ns;
	const char *text;
} timeouts[] = {
	{1, "1n"},
	{1500, "1500n"},
	{50000000, "50m"},
	{1500000000, "1500m"},
	{60000000000, "1M"},
	{99999998, "99999998n"},
	{100000001, "100001u"},
	{UINT64_C(3600000000000), "1H"},
	{UINT64_C(86400000000001), "86400001m"},
};

START_TEST(a_timeout_has_eight_digits_at_most_and_a_unit)
{
	char text[GRPC_TIMEOUT_TEXT];
	ck_assert_str_eq(grpc_timeout_text(text, timeouts[_i].ns), timeouts[_i].text);
}
END_TEST

static const struct {
	const char *encoded, *text;
} words[] = {
	{"down", "down"},
	{"f%C3%BCr%20x", "f\xc3\xbcr x"},
	{"a%0a%1b[31mb", "a  [31mb"},
	{"50%", "50%"},
	{"%zz%4", "%zz%4"},
	{"a%ff%c2%9b%00b%e2%82", "a    b  "},
};

START_TEST(the_first_words_of_a_status_are_kept_decoded)
{
	struct grpc_words *w = calloc(1, sizeof *w);
	grpc_words_take(w, 14, span_of(words[_i].encoded));
	grpc_words_take(w, 14, span_of("later"));
	ck_assert_str_eq(grpc_words_of(w, 14), words[_i].text);
	ck_assert_str_eq(grpc_words_of(w, 13), "");
	grpc_words_take(w, 1000, span_of("other"));
	ck_assert_str_eq(grpc_words_of(w, GRPC_OTHERS), "other");
	free(w);
}
END_TEST

START_TEST(long_words_are_cut_between_characters)
{
	char encoded[1000] = "";
	struct grpc_words *w = calloc(1, sizeof *w);
	for (unsigned i = 0; i < 100; i++)
		strcat(encoded, i ? "%C3%BC" : "x");
	grpc_words_take(w, 2, (struct span){encoded, 480});
	ck_assert_uint_eq(strlen(grpc_words_of(w, 2)), GRPC_WORDS_MAX);
	ck_assert_str_eq(grpc_words_of(w, 2) + GRPC_WORDS_MAX - 3, "\xc3\xbc ");
	free(w);
}
END_TEST

START_TEST(a_load_repeats_its_messages_up_to_a_limit)
{
	struct err err = {0};
	struct grpc_load *l = grpc_load_new(100);
	ck_assert_int_eq(grpc_load_add(l, span_of("ab"), false, &err), 0);
	ck_assert_int_eq(grpc_load_add(l, span_of("c"), false, &err), 0);
	ck_assert_int_eq(grpc_load_repeat(l, 2, 2, &err), 0);
	ck_assert_uint_eq(l->call.count, 6);
	ck_assert_uint_eq(l->call.ends[5], 39);
	ck_assert_mem_eq(l->call.messages.ptr + 26, l->call.messages.ptr, 13);
	ck_assert_int_eq(grpc_load_repeat(l, 2, 100, &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	grpc_load_free(l);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("all");
	tcase_add_test(all, a_message_has_a_prefix_of_five_bytes);
	tcase_add_test(all, what_gzip_makes_longer_is_sent_as_it_is);
	tcase_add_loop_test(all, messages_come_in_pieces_of_any_size, 1, 24);
	tcase_add_test(all, a_message_too_long_or_of_an_unknown_kind_is_told);
	tcase_add_loop_test(all, a_timeout_has_eight_digits_at_most_and_a_unit, 0,
			    sizeof timeouts / sizeof *timeouts);
	tcase_add_loop_test(all, the_first_words_of_a_status_are_kept_decoded, 0,
			    sizeof words / sizeof *words);
	tcase_add_test(all, long_words_are_cut_between_characters);
	tcase_add_test(all, a_load_repeats_its_messages_up_to_a_limit);
	Suite *suite = suite_create("grpc");
	suite_add_tcase(suite, all);
	return suite_run(suite);
}
