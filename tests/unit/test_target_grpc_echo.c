/* The gRPC echo: messages in pieces of any size, and what each kind of method gets back. */
#include "tools/target/grpc_echo.h"
#include "tests/lib/suite.h"

static struct grpc_echo *call;

static void hang_up(void)
{
	grpc_echo_free(call);
	call = NULL;
}

static void dial(const char *path, uint64_t copies)
{
	hang_up();
	call = grpc_echo_new(span_of(path), copies);
	ck_assert_ptr_nonnull(call);
}

static void put(struct buf *out, const char *message)
{
	const char prefix[5] = {0, 0, 0, 0, (char)strlen(message)};
	buf_append(out, prefix, sizeof prefix);
	buf_puts(out, message);
}

/* Sends "one", "", "three", `piece` bytes at a time; returns how many became whole. */
static uint64_t say(size_t piece)
{
	struct buf wire;
	uint64_t whole = 0;
	buf_init(&wire, 256);
	put(&wire, "one");
	put(&wire, "");
	put(&wire, "three");
	for (size_t at = 0; at < wire.len; at += piece)
		whole += grpc_echo_take(call, (struct span){wire.ptr + at, wire.len - at < piece
										   ? wire.len - at
										   : piece});
	buf_fini(&wire);
	return whole;
}

/* What comes back, `piece` bytes at a time. */
static void expect_echo(const char *const *messages, unsigned count, size_t piece)
{
	struct buf want, got;
	char part[64];
	buf_init(&want, 4096);
	buf_init(&got, 4096);
	for (unsigned i = 0; i < count; i++)
		put(&want, messages[i]);
	for (size_t len; (len = grpc_echo_read(call, part, piece)) > 0;)
		buf_append(&got, part, len);
	ck_assert(grpc_echo_drained(call));
	ck_assert_uint_eq(got.len, want.len);
	ck_assert(want.len == 0 || memcmp(got.ptr, want.ptr, want.len) == 0);
	buf_fini(&want);
	buf_fini(&got);
}

#define EXPECT(piece, ...)                                                                         \
	expect_echo((const char *const[]){__VA_ARGS__},                                            \
		    sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), piece)

START_TEST(any_method_echoes_each_message_in_whatever_pieces)
{
	for (size_t piece = 1; piece < 40; piece++) {
		dial("/pkg.Service/Anything", 0);
		ck_assert(grpc_echo_answers_early(call));
		ck_assert_uint_eq(say(piece), 3);
		EXPECT(piece, "one", "", "three");
		ck_assert_uint_eq(grpc_echo_status(call), GRPC_OK);
	}
}
END_TEST

START_TEST(an_echo_that_was_read_makes_room_for_the_next)
{
	dial("/pkg.Service/Bidi", 0);
	for (int round = 0; round < 3; round++) {
		ck_assert_uint_eq(say(7), 3);
		EXPECT(64, "one", "", "three");
	}
}
END_TEST

START_TEST(unary_and_client_streams_get_the_last_message)
{
	static const char *const paths[] = {"/a.B/Unary", "/a.B/UnaryEcho", "/a.B/ClientStream"};
	for (unsigned i = 0; i < 3; i++) {
		dial(paths[i], 0);
		ck_assert(!grpc_echo_answers_early(call));
		ck_assert_uint_eq(say(3), 3);
		EXPECT(64, "three");
	}
}
END_TEST

START_TEST(a_server_stream_gets_copies)
{
	dial("/a.B/ServerStream", 3);
	say(64);
	EXPECT(4, "three", "three", "three");
	dial("/a.B/Any", 2);
	say(64);
	EXPECT(64, "three", "three");
	dial("/a.B/ServerStream", 0);
	say(64);
	char all[64 * 16];
	ck_assert_uint_eq(grpc_echo_read(call, all, sizeof all), GRPC_COPIES * 10);
}
END_TEST

START_TEST(a_status_is_failed_with)
{
	dial("/brink.Status/5", 0);
	ck_assert_uint_eq(say(64), 3);
	ck_assert_uint_eq(grpc_echo_status(call), 5);
	ck_assert(grpc_echo_drained(call));
	dial("/brink.Status/x", 0);
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_OK);
	dial("/brink.Status/0", 0);
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_OK);
	dial("", 0);
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_OK);
}
END_TEST

START_TEST(half_a_message_or_none_is_an_internal_error)
{
	dial("/a.B/Bidi", 0);
	grpc_echo_take(call, (struct span){"\0\0\0\0\2x", 6});
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_INTERNAL);
	dial("/a.B/Unary", 0);
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_INTERNAL);
	dial("/a.B/Bidi", 0);
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_OK);
}
END_TEST

START_TEST(a_message_beyond_the_limit_exhausts_and_holds_nothing)
{
	dial("/a.B/Unary", 0);
	grpc_echo_take(call, (struct span){"\0\1\0\0\1x", 6});
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_RESOURCE_EXHAUSTED);
	ck_assert_uint_eq(say(64), 0);
	ck_assert(grpc_echo_drained(call));
}
END_TEST

START_TEST(echoes_that_are_never_read_are_bounded)
{
	static char large[5 + 60000] = {0, 0, 0, (char)(60000 >> 8), (char)(60000 & 0xff)};
	dial("/a.B/Bidi", 0);
	for (unsigned i = 0; i < 300; i++)
		grpc_echo_take(call, (struct span){large, sizeof large});
	ck_assert_uint_eq(grpc_echo_status(call), GRPC_RESOURCE_EXHAUSTED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_grpc_echo");
	TCase *tests = tcase_create("grpc_echo");
	tcase_add_checked_fixture(tests, NULL, hang_up);
	tcase_add_test(tests, any_method_echoes_each_message_in_whatever_pieces);
	tcase_add_test(tests, an_echo_that_was_read_makes_room_for_the_next);
	tcase_add_test(tests, unary_and_client_streams_get_the_last_message);
	tcase_add_test(tests, a_server_stream_gets_copies);
	tcase_add_test(tests, a_status_is_failed_with);
	tcase_add_test(tests, half_a_message_or_none_is_an_internal_error);
	tcase_add_test(tests, a_message_beyond_the_limit_exhausts_and_holds_nothing);
	tcase_add_test(tests, echoes_that_are_never_read_are_bounded);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
