/* The headers of an upgrade: names in pieces, what they ask for, the 101 that accepts. */
#include "tools/target/upgrade.h"
#include "tests/lib/suite.h"

static const char rfc_key[] = "dGhlIHNhbXBsZSBub25jZQ=="; /* RFC 6455 1.3 */

/* `name` is read `piece` bytes at a time. */
static uint8_t read_name(const char *name, size_t piece)
{
	uint8_t header = header_first(*name), at = 0;
	for (size_t i = 0, len = strlen(name); i < len && header != HEADER_OTHER; i += piece)
		header_match(&header, &at,
			     (struct span){name + i, len - i < piece ? len - i : piece});
	return header_whole(header, at) ? header : HEADER_OTHER;
}

static void expect_name(const char *name, enum header header)
{
	for (size_t piece = 1; piece <= strlen(name); piece++)
		ck_assert_msg(read_name(name, piece) == header, "%s by %zu", name, piece);
}

START_TEST(names_are_known_in_any_case_and_in_any_pieces)
{
	expect_name("Expect", HEADER_EXPECT);
	expect_name("HTTP2-Settings", HEADER_HTTP2_SETTINGS);
	expect_name("Sec-WebSocket-Key", HEADER_WS_KEY);
	expect_name("SEC-WEBSOCKET-PROTOCOL", HEADER_WS_PROTOCOL);
	expect_name("sec-websocket-version", HEADER_WS_VERSION);
	expect_name("Upgrade", HEADER_UPGRADE);
}
END_TEST

START_TEST(names_that_only_begin_or_end_alike_are_others)
{
	static const char *const others[] = {"Host",
					     "User-Agent",
					     "Sec-WebSocket-Extensions",
					     "Sec-WebSocket-Key1",
					     "Sec-WebSocket",
					     "Upgrade-Insecure-Requests",
					     "Exp",
					     "Expectation",
					     "Accept",
					     "HTTP2-Setting"};
	for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
		expect_name(others[i], HEADER_OTHER);
}
END_TEST

static struct upgrade *given;

static void give(enum header header, const char *value)
{
	ck_assert(upgrade_value(&given, (uint8_t)header, span_of(value), true));
}

static void give_websocket(const char *key, const char *version)
{
	give(HEADER_UPGRADE, "foo, WebSocket");
	give(HEADER_WS_KEY, key);
	give(HEADER_WS_VERSION, version);
}

static void expect_wish(enum upgrade_wish wish, bool is_get, bool is_tls)
{
	ck_assert_int_eq(upgrade_read(given, is_get, is_tls), wish);
}

static void forget(void)
{
	upgrade_free(given);
	given = NULL;
}

static void expect_101(const char *part)
{
	struct buf out;
	buf_init(&out, 4096);
	upgrade_accept(given, &out);
	ck_assert_msg(strstr(out.ptr, part) != NULL, "%s", out.ptr);
	buf_fini(&out);
}

START_TEST(the_handshake_of_the_rfc_gets_the_answer_of_the_rfc)
{
	give_websocket(rfc_key, "13");
	expect_wish(UPGRADE_WEBSOCKET, true, false);
	expect_wish(UPGRADE_WEBSOCKET, true, true);
	expect_101("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}
END_TEST

START_TEST(the_first_subprotocol_that_is_offered_is_chosen)
{
	give_websocket(rfc_key, "13");
	give(HEADER_WS_PROTOCOL, " chat , superchat");
	give(HEADER_WS_PROTOCOL, "third");
	expect_wish(UPGRADE_WEBSOCKET, true, false);
	expect_101("\r\nSec-WebSocket-Protocol: chat\r\n");
}
END_TEST

START_TEST(a_handshake_that_is_not_valid_is_refused)
{
	static const char *const keys[] = {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j",
					   "dGhlIHNhbXBsZSBub25jZQ==,x",
					   "dGhlIHNhbXBsZSBub25jZQ=!"};
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		give_websocket(keys[i], "13");
		expect_wish(UPGRADE_BAD, true, false);
		forget();
	}
	give_websocket(rfc_key, "8");
	expect_wish(UPGRADE_VERSION, true, false);
	expect_wish(UPGRADE_BAD, false, false);
}
END_TEST

START_TEST(http2_is_upgraded_to_with_settings_and_without_tls_only)
{
	give(HEADER_UPGRADE, "h2c");
	expect_wish(UPGRADE_NONE, true, false);
	give(HEADER_HTTP2_SETTINGS, "AAMAAABkAAQAoAAAAAIAAAAA");
	expect_wish(UPGRADE_HTTP2, true, false);
	expect_wish(UPGRADE_HTTP2, false, false);
	expect_101("\r\nUpgrade: h2c\r\n\r\n");
	expect_wish(UPGRADE_NONE, true, true);
	struct buf settings;
	buf_init(&settings, 64);
	ck_assert(upgrade_settings(given, &settings));
	ck_assert_uint_eq(settings.len, 18);
	ck_assert(memcmp(settings.ptr, "\0\3\0\0\0\x64\0\4", 8) == 0);
	buf_fini(&settings);
	give(HEADER_HTTP2_SETTINGS, "AAMAAABk"); /* a second line */
	expect_wish(UPGRADE_NONE, true, false);
}
END_TEST

START_TEST(settings_that_are_none_are_not_taken)
{
	give(HEADER_UPGRADE, "h2c");
	give(HEADER_HTTP2_SETTINGS, "AAMA"); /* half of one */
	expect_wish(UPGRADE_NONE, true, false);
	forget();
	give(HEADER_UPGRADE, "h2c");
	give(HEADER_HTTP2_SETTINGS, "A*MAAABk");
	expect_wish(UPGRADE_NONE, true, false);
}
END_TEST

START_TEST(a_value_without_end_asks_for_nothing)
{
	static const char piece[] = "websocket-websocket-websocket-websocket";
	give(HEADER_UPGRADE, "websocket");
	for (unsigned i = 0; i < 100; i++)
		ck_assert(upgrade_value(&given, HEADER_UPGRADE, span_of(piece), false));
	expect_wish(UPGRADE_NONE, true, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target_upgrade");
	TCase *tests = tcase_create("upgrade");
	tcase_add_checked_fixture(tests, NULL, forget);
	tcase_add_test(tests, names_are_known_in_any_case_and_in_any_pieces);
	tcase_add_test(tests, names_that_only_begin_or_end_alike_are_others);
	tcase_add_test(tests, the_handshake_of_the_rfc_gets_the_answer_of_the_rfc);
	tcase_add_test(tests, the_first_subprotocol_that_is_offered_is_chosen);
	tcase_add_test(tests, a_handshake_that_is_not_valid_is_refused);
	tcase_add_test(tests, http2_is_upgraded_to_with_settings_and_without_tls_only);
	tcase_add_test(tests, settings_that_are_none_are_not_taken);
	tcase_add_test(tests, a_value_without_end_asks_for_nothing);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
