/* The target's fault table: every row renders and says what it claims. */
#include "stat/outcome.h"
#include "tools/target/fault.h"
#include "tests/lib/suite.h"

#include <stdlib.h>
#include <zlib.h>

#define FAULT(name) fault_find(span_of(name))

/* All bytes of an answer, as the wire would see them, `max` at most. */
static struct buf wire_of(const struct fault *f, size_t max)
{
	struct answer a;
	struct buf out;
	ck_assert(fault_render(&a, f));
	buf_init(&out, max);
	for (unsigned i = 0; i < ANSWER_PARTS; i++) {
		uint64_t sent = 0;
		while (sent < a.parts[i].total && out.len < max) {
			struct span next = answer_next(a.parts[i].bytes, a.parts[i].total, sent);
			ck_assert_uint_gt(next.len, 0);
			if (next.len > max - out.len)
				next.len = max - out.len;
			buf_append(&out, next.ptr, next.len);
			sent += next.len;
		}
	}
	ck_assert(!out.cut);
	answer_fini(&a);
	return out;
}

static bool is_outcome(struct span name)
{
	for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
		const char *known = outcome_name((enum outcome)o);
		if (strlen(known) == name.len && memcmp(known, name.ptr, name.len) == 0)
			return true;
	}
	return false;
}

START_TEST(every_row_renders)
{
	ck_assert_uint_gt(fault_count, 0);
	for (unsigned i = 0; i < fault_count; i++) {
		struct buf wire = wire_of(&fault_table[i], 2u << 20);
		/* A row without bytes has an ending that is the fault. */
		ck_assert_msg(wire.len > 0 || fault_table[i].end != ANSWER_KEEP, "%s",
			      fault_table[i].name);
		buf_fini(&wire);
	}
}
END_TEST

START_TEST(no_name_occurs_twice)
{
	for (unsigned i = 0; i < fault_count; i++)
		ck_assert_ptr_eq(FAULT(fault_table[i].name), &fault_table[i]);
}
END_TEST

START_TEST(every_row_has_words_and_expects_outcomes_that_exist)
{
	for (unsigned i = 0; i < fault_count; i++) {
		const char *at = fault_table[i].expect;
		ck_assert_uint_gt(strlen(fault_table[i].help), 0);
		for (size_t len; *at; at += len + (at[len] == '|')) {
			len = strcspn(at, "|");
			ck_assert_msg(is_outcome((struct span){at, len}), "%s: %s",
				      fault_table[i].name, at);
		}
	}
}
END_TEST

START_TEST(a_name_is_found_whole_or_not_at_all)
{
	ck_assert_ptr_null(FAULT(""));
	ck_assert_ptr_null(FAULT("rst-hea"));
	ck_assert_ptr_null(FAULT("rst-headd"));
	ck_assert_ptr_nonnull(FAULT("rst-head"));
}
END_TEST

START_TEST(a_nul_reaches_the_wire)
{
	struct buf wire = wire_of(FAULT("nul-header"), 4096);
	ck_assert_ptr_nonnull(memchr(wire.ptr, '\0', wire.len));
	ck_assert(memcmp(wire.ptr + wire.len - 2, "xx", 2) == 0);
	buf_fini(&wire);
}
END_TEST

static unsigned occurrences(const struct buf *in, const char *what)
{
	unsigned count = 0;
	for (const char *at = in->ptr; (at = strstr(at, what)); at += strlen(what))
		count++;
	return count;
}

START_TEST(floods_have_the_length_they_claim)
{
	struct buf flood = wire_of(FAULT("flood-1xx"), 1u << 20);
	ck_assert_uint_eq(occurrences(&flood, "HTTP/1.1 100 "), 1000);
	ck_assert_uint_eq(occurrences(&flood, "HTTP/1.1 200 "), 1);
	struct buf headers = wire_of(FAULT("headers-10000"), 1u << 20);
	ck_assert_uint_eq(occurrences(&headers, "X-Many: x\r\n"), 10000);
	struct buf large = wire_of(FAULT("header-64k"), 1u << 20);
	ck_assert_uint_gt(large.len, 65536);
	ck_assert_uint_lt(large.len, 65536 + 200);
	buf_fini(&flood);
	buf_fini(&headers);
	buf_fini(&large);
}
END_TEST

START_TEST(an_endless_row_does_not_end)
{
	struct buf wire = wire_of(FAULT("headers-endless"), 3u << 20);
	ck_assert_uint_eq(wire.len, 3u << 20);
	buf_fini(&wire);
}
END_TEST

/* Inflates the body and holds it to its length and checksum, which zlib checks. */
START_TEST(the_gzip_bomb_is_small_on_the_wire_and_inflates_to_a_gibibyte)
{
	static unsigned char out[1 << 20];
	struct buf wire = wire_of(FAULT("gzip-bomb"), 4u << 20);
	const char *body = strstr(wire.ptr, "\r\n\r\n") + 4;
	size_t body_len = wire.len - (size_t)(body - wire.ptr);
	ck_assert_uint_lt(body_len, 2u << 20);
	ck_assert_uint_eq(body_len, strtoul(strstr(wire.ptr, "Content-Length: ") + 16, NULL, 10));
	z_stream z = {.next_in = (Bytef *)(uintptr_t)body, .avail_in = (uInt)body_len};
	ck_assert_int_eq(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
	int result;
	do {
		z.next_out = out;
		z.avail_out = sizeof out;
		result = inflate(&z, Z_NO_FLUSH);
	} while (result == Z_OK);
	ck_assert_int_eq(result, Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, 1ul << 30);
	ck_assert_uint_eq(z.avail_in, 0);
	inflateEnd(&z);
	buf_fini(&wire);
}
END_TEST

START_TEST(a_share_is_a_name_and_a_percentage)
{
	struct fault_share share;
	struct err err = {0};
	ck_assert_int_eq(fault_share_parse(&share, "silent", &err), 0);
	ck_assert_ptr_eq(share.fault, FAULT("silent"));
	ck_assert(share.share == 1.0);
	ck_assert_int_eq(fault_share_parse(&share, "rst-head:5%", &err), 0);
	ck_assert_ptr_eq(share.fault, FAULT("rst-head"));
	ck_assert(share.share > 0.0499 && share.share < 0.0501);
}
END_TEST

START_TEST(a_wrong_share_names_what_is_wrong)
{
	static const char *const wrong[] = {"",         "nosuch",      "silent:",    "silent:x",
					    "silent:5", "silent:101%", "silent:-1%", ":5%"};
	struct fault_share share = {.share = 7};
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct err err = {0};
		ck_assert_msg(fault_share_parse(&share, wrong[i], &err) == -1, "%s", wrong[i]);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_uint_gt(strlen(err.text), 0);
	}
	ck_assert(share.share == 7);
}
END_TEST

START_TEST(shares_strike_as_often_as_they_say_and_at_their_own_time)
{
	const struct fault_share shares[] = {
		{FAULT("rst-accept"), 1.0}, {FAULT("silent"), 0.0}, {FAULT("chunked"), 0.25}};
	struct rng rng = {1};
	unsigned chunked = 0;
	for (unsigned i = 0; i < 100000; i++) {
		const struct fault *f = fault_draw(shares, 3, FAULT_HTTP1, &rng);
		ck_assert(!f || f == shares[2].fault);
		chunked += f != NULL;
		ck_assert_ptr_eq(fault_draw(shares, 3, FAULT_ACCEPT, &rng), shares[0].fault);
	}
	/* What breaks the text of HTTP/1.1 does not meet HTTP/2. */
	ck_assert_ptr_null(fault_draw(&shares[2], 1, FAULT_HTTP2, &rng));
	ck_assert_uint_gt(chunked, 24000);
	ck_assert_uint_lt(chunked, 26000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_fault");
	TCase *tests = tcase_create("fault");
	tcase_set_timeout(tests, 60); /* the bomb, under sanitizers */
	tcase_add_test(tests, every_row_renders);
	tcase_add_test(tests, no_name_occurs_twice);
	tcase_add_test(tests, every_row_has_words_and_expects_outcomes_that_exist);
	tcase_add_test(tests, a_name_is_found_whole_or_not_at_all);
	tcase_add_test(tests, a_nul_reaches_the_wire);
	tcase_add_test(tests, floods_have_the_length_they_claim);
	tcase_add_test(tests, an_endless_row_does_not_end);
	tcase_add_test(tests, the_gzip_bomb_is_small_on_the_wire_and_inflates_to_a_gibibyte);
	tcase_add_test(tests, a_share_is_a_name_and_a_percentage);
	tcase_add_test(tests, a_wrong_share_names_what_is_wrong);
	tcase_add_test(tests, shares_strike_as_often_as_they_say_and_at_their_own_time);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
