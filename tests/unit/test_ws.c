/* The WebSocket client of RFC 6455 against frames written by hand: each rule, whole and split at
 * every byte. */
#include "ws_case.h"
#include "tests/lib/suite.h"

/* --- messages ---------------------------------------------------------------------------- */

START_TEST(an_echo_answers_in_any_fragments_and_pieces)
{
	static const struct {
		const char *bytes;
		size_t len;
	} echoes[] = {
		{BYTES("\x81\x05hello")},
		{BYTES("\x01\x02he\x80\x03llo")},
		{BYTES("\x01\x00\x00\x02he\x00\x00\x00\x03llo\x80\x00")},
		{BYTES("\x01\x02he\x89\x01p\x80\x03llo")},
		{BYTES("\x8a\x00\x81\x05hello")},
	};
	for (size_t piece = 0; piece < 8; piece++) {
		for (size_t i = 0; i < sizeof echoes / sizeof *echoes; i++) {
			struct ws_case c = {.piece = piece};
			case_open(&c, (struct proto_spec){.body = {"hello", 5}});
			case_send(&c);
			ck_assert_uint_eq(proto_ws.room(&c.ws), 0);
			case_feed(&c, echoes[i].bytes, echoes[i].len);
			ck_assert_int_eq(c.step, PROTO_MORE);
			ck_assert_uint_eq(c.answers, 1);
			ck_assert(!c.answer.differs && !c.answer.status);
			ck_assert_uint_eq(proto_ws.room(&c.ws), 1);
			case_end(&c);
		}
	}
}
END_TEST

START_TEST(a_message_is_masked_whatever_its_length)
{
	static char body[70001];
	static const size_t lens[] = {0, 1, 7, 8, 9, 125, 126, 65535, 65536, 70001};
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (char)('a' + i % 26);
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct ws_case c = {0};
		struct sent s;
		case_open(&c, (struct proto_spec){.body = {body, lens[i]}});
		case_send(&c);
		s = case_sent(&c);
		ck_assert_uint_eq(s.opcode, WSLAY_TEXT_FRAME);
		ck_assert_uint_eq(s.payload.len, lens[i]);
		ck_assert(!lens[i] || !memcmp(s.payload.ptr, body, lens[i]));
		ck_assert_uint_eq(c.out.len, 0);
		case_end(&c);
	}
}
END_TEST

START_TEST(masks_differ_from_frame_to_frame)
{
	struct ws_case c = {0};
	case_open(&c, (struct proto_spec){
			      .body = {"\0\0\0\0", 4}, .streams = 2, .ws = {.binary = true}});
	case_send(&c);
	uint32_t first = case_sent(&c).key;
	case_send(&c);
	struct sent second = case_sent(&c);
	ck_assert_uint_ne(first, second.key);
	ck_assert_uint_eq(second.opcode, WSLAY_BINARY_FRAME);
	case_end(&c);
}
END_TEST

START_TEST(an_answer_that_is_no_echo_differs)
{
	static const struct {
		const char *bytes;
		size_t len;
	} others[] = {
		{BYTES("\x81\x05hellO")},  {BYTES("\x81\x04hell")},
		{BYTES("\x81\x06hello!")}, {BYTES("\x81\x00")},
		{BYTES("\x82\x05hello")},  {BYTES("\x01\x02hE\x80\x03llo")},
	};
	for (size_t i = 0; i < 2 * sizeof others / sizeof *others; i++) {
		bool any = i % 2;
		struct ws_case c = {0};
		case_open(&c, (struct proto_spec){.body = {"hello", 5}, .ws = {.any_answer = any}});
		case_send(&c);
		case_feed(&c, others[i / 2].bytes, others[i / 2].len);
		ck_assert_uint_eq(c.answers, 1);
		ck_assert_int_eq(c.answer.differs, !any);
		case_end(&c);
	}
}
END_TEST

START_TEST(messages_in_flight_are_answered_in_order)
{
	struct ws_case c = {0};
	case_open(&c, (struct proto_spec){.body = {"hello", 5}, .streams = 4});
	for (unsigned i = 0; i < 3; i++)
		case_send(&c);
	ck_assert_uint_eq(proto_ws.room(&c.ws), 1);
	case_feed(&c, BYTES("\x81\x05hello\x81\x05hellO\x81\x05hello"));
	ck_assert_uint_eq(c.answers, 3);
	ck_assert_uint_eq(c.different, 1);
	ck_assert_uint_eq(proto_ws.room(&c.ws), 4);
	case_end(&c);
}
END_TEST

START_TEST(a_message_that_answers_none_is_desync_unless_any_will_do)
{
	struct ws_case c = {0};
	case_open(&c, (struct proto_spec){.streams = 1});
	case_feed(&c, BYTES("\x81\x05hello"));
	check_fault(&c, PROTO_DESYNC, WS_POLICY);
	case_end(&c);
	c = (struct ws_case){0};
	case_open(&c, (struct proto_spec){.ws = {.any_answer = true}});
	case_feed(&c, BYTES("\x81\x05hello"));
	ck_assert_int_eq(c.step, PROTO_MORE);
	ck_assert_uint_eq(c.answers, 0);
	case_end(&c);
}
END_TEST

/* --- what is forbidden ------------------------------------------------------------------- */

#define P WS_PROTOCOL_ERROR
#define U WS_BAD_DATA

static const struct {
	const char *what, *bytes;
	size_t len;
	unsigned code;
} bad[] = {
	{"masked", BYTES("\x81\x85\0\0\0\0hello"), P},
	{"masked and empty", BYTES("\x81\x80\0\0\0\0"), P},
	{"masked ping", BYTES("\x89\x80\0\0\0\0"), P},
	{"rsv1", BYTES("\xc1\x05hello"), P},
	{"rsv2", BYTES("\xa1\x05hello"), P},
	{"rsv3", BYTES("\x91\x05hello"), P},
	{"rsv1 of a ping", BYTES("\xc9\x00"), P},
	{"opcode 3", BYTES("\x83\x00"), P},
	{"opcode 7", BYTES("\x87\x00"), P},
	{"opcode 11", BYTES("\x8b\x00"), P},
	{"opcode 15", BYTES("\x8f\x00"), P},
	{"a ping in fragments", BYTES("\x09\x00"), P},
	{"a close in fragments", BYTES("\x08\x00"), P},
	{"a ping of 126 bytes", BYTES("\x89\x7e\x00\x7e"), P},
	{"a continuation of nothing", BYTES("\x80\x00"), P},
	{"a continuation behind a whole message", BYTES("\x81\x05hello\x80\x00"), P},
	{"text within text", BYTES("\x01\x01h\x81\x01i"), P},
	{"binary within text", BYTES("\x01\x01h\x02\x01i"), P},
	{"a length of 16 bits for 125", BYTES("\x81\x7e\x00\x7d"), P},
	{"a length of 64 bits for 65535", BYTES("\x81\x7f\0\0\0\0\0\0\xff\xff"), P},
	{"a length past 63 bits", BYTES("\x81\x7f\x80\0\0\0\0\0\0\0"), P},
	{"a close of one byte", BYTES("\x88\x01\x03"), P},
	{"close 999", BYTES("\x88\x02\x03\xe7"), P},
	{"close 1004", BYTES("\x88\x02\x03\xec"), P},
	{"close 1005", BYTES("\x88\x02\x03\xed"), P},
	{"close 1006", BYTES("\x88\x02\x03\xee"), P},
	{"close 1015", BYTES("\x88\x02\x03\xf7"), P},
	{"close 1016", BYTES("\x88\x02\x03\xf8"), P},
	{"close 2999", BYTES("\x88\x02\x0b\xb7"), P},
	{"close 5000", BYTES("\x88\x02\x13\x88"), P},
	{"close 0", BYTES("\x88\x02\0\0"), P},
	{"a reason that is not UTF-8", BYTES("\x88\x03\x03\xe8\xff"), U},
	{"a reason cut within a character", BYTES("\x88\x04\x03\xe8\xe2\x82"), U},
	{"a byte of no character", BYTES("\x81\x01\xff"), U},
	{"a continuation byte alone", BYTES("\x81\x01\x80"), U},
	{"an overlong slash", BYTES("\x81\x02\xc0\xaf"), U},
	{"an overlong of three", BYTES("\x81\x03\xe0\x80\xaf"), U},
	{"a surrogate", BYTES("\x81\x03\xed\xa0\x80"), U},
	{"past U+10FFFF", BYTES("\x81\x04\xf4\x90\x80\x80"), U},
	{"a character cut by the end", BYTES("\x81\x02\xe2\x82"), U},
	{"a character broken between fragments", BYTES("\x01\x01\xe2\x80\x01\x41"), U},
	{"a message past the limit", BYTES("\x82\x7f\0\0\0\0\x01\0\0\x01x"), WS_TOO_BIG},
	{"a message of 2^62", BYTES("\x82\x7f\x40\0\0\0\0\0\0\x01x"), WS_TOO_BIG},
	{"fragments past the limit", BYTES("\x02\x01x\x80\x7f\0\0\0\0\x01\0\0\x00x"), WS_TOO_BIG},
};

START_TEST(what_breaks_the_protocol_is_closed_with_its_code)
{
	for (size_t piece = 0; piece < 12; piece++) {
		struct ws_case c = {.piece = piece};
		case_open(&c, (struct proto_spec){.body = {"hello", 5}, .streams = 2});
		case_send(&c);
		case_sent(&c);
		case_feed(&c, bad[_i].bytes, bad[_i].len);
		ck_assert_msg(c.step == PROTO_FAULT, "%s is taken", bad[_i].what);
		check_fault(&c, bad[_i].code == WS_TOO_BIG ? PROTO_TOO_LARGE : PROTO_MALFORMED,
			    bad[_i].code);
		case_end(&c);
	}
}
END_TEST

START_TEST(characters_of_all_lengths_may_be_split_anywhere)
{
	static const char text[] = "a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80"
				   "\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf 12345678 z";
	size_t len = strlen(text);
	for (size_t cut = 0; cut <= len; cut++) {
		struct ws_case c = {.piece = cut % 5};
		char head[2] = {1, (char)cut}, rest[2] = {(char)0x80, (char)(len - cut)};
		case_open(&c, (struct proto_spec){.body = {text, len}});
		case_send(&c);
		case_feed(&c, head, 2);
		case_feed(&c, text, cut);
		case_feed(&c, rest, 2);
		case_feed(&c, text + cut, len - cut);
		ck_assert_uint_eq(c.answers, 1);
		ck_assert(!c.answer.differs);
		case_end(&c);
	}
}
END_TEST

/* --- control frames ---------------------------------------------------------------------- */

START_TEST(a_ping_is_answered_by_its_pong)
{
	struct ws_case c = {.piece = 1};
	case_open(&c, (struct proto_spec){.streams = 1});
	case_feed(&c, BYTES("\x89\x03"
			    "abc\x89\x00"));
	struct sent s = case_sent(&c);
	ck_assert_uint_eq(s.opcode, WSLAY_PONG);
	ck_assert_uint_eq(s.payload.len, 3);
	ck_assert(!memcmp(s.payload.ptr, "abc", 3));
	s = case_sent(&c);
	ck_assert_uint_eq(s.opcode, WSLAY_PONG);
	ck_assert_uint_eq(s.payload.len, 0);
	ck_assert_uint_eq(c.out.len, 0);
	case_end(&c);
}
END_TEST

START_TEST(a_flood_of_pings_does_not_fill_memory)
{
	struct ws_case c = {0};
	case_open(&c, (struct proto_spec){.streams = 1});
	for (unsigned i = 0; i < 100000; i++)
		case_feed(&c, BYTES("\x89\x7d" FIFTY FIFTY "0123456789012345678901234"));
	ck_assert_int_eq(c.step, PROTO_MORE);
	ck_assert_uint_lt(c.out.len, WS_PONGS_MAX + 200);
	case_end(&c);
}
END_TEST

START_TEST(a_close_is_answered_and_told)
{
	static const struct {
		const char *bytes;
		size_t len;
		unsigned code;
	} closes[] = {
		{BYTES("\x88\x00"), 1005},
		{BYTES("\x88\x02\x03\xe8"), 1000},
		{BYTES("\x88\x05\x03\xe9"
		       "bye"),
		 1001},
		{BYTES("\x88\x02\x03\xf6"), 1014},
		{BYTES("\x88\x02\x0b\xb8"), 3000},
		{BYTES("\x88\x02\x13\x87"), 4999},
	};
	for (size_t i = 0; i < sizeof closes / sizeof *closes; i++) {
		for (size_t piece = 0; piece < 8; piece++) {
			struct ws_case c = {.piece = piece};
			case_open(&c, (struct proto_spec){.streams = 1});
			case_feed(&c, closes[i].bytes, closes[i].len);
			check_fault(&c, PROTO_LEFT, closes[i].code);
			case_end(&c);
		}
	}
}
END_TEST

START_TEST(we_leave_with_1000)
{
	struct ws_case c = {0};
	case_begin(&c, (struct proto_spec){.streams = 1});
	c.out.len = 0;
	proto_ws.leave(&c.ws, &c.out);
	ck_assert_uint_eq(c.out.len, 0);
	case_end(&c);
	c = (struct ws_case){0};
	case_open(&c, (struct proto_spec){.streams = 1});
	proto_ws.leave(&c.ws, &c.out);
	check_close(&c, WS_NORMAL);
	case_end(&c);
}
END_TEST

START_TEST(an_end_of_the_transport_says_what_it_broke)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum proto_fault fault;
	} ends[] = {
		{BYTES(""), PROTO_CLOSED},
		{BYTES("\x81"), PROTO_TRUNCATED},
		{BYTES("\x81\x05hel"), PROTO_TRUNCATED},
		{BYTES("\x01\x01h"), PROTO_TRUNCATED},
		{BYTES("\x8a\x00"), PROTO_CLOSED},
	};
	struct ws_case c = {0};
	case_open(&c, (struct proto_spec){.streams = 1});
	ck_assert_int_eq(proto_ws.eof(&c.ws, &c.answer), PROTO_MORE);
	case_end(&c);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		c = (struct ws_case){0};
		case_open(&c, (struct proto_spec){.streams = 1});
		case_send(&c);
		case_feed(&c, ends[i].bytes, ends[i].len);
		ck_assert_int_eq(proto_ws.eof(&c.ws, &c.answer), PROTO_FAULT);
		ck_assert_int_eq(c.answer.fault, ends[i].fault);
		case_end(&c);
	}
}
END_TEST

/* --- a hold's pings ---------------------------------------------------------------------- */

START_TEST(a_pong_answers_its_ping_and_those_before)
{
	struct ws_case c = {0};
	struct sent pings[3];
	char numbers[3][4];
	case_open(&c, (struct proto_spec){.pings = true, .streams = 3});
	for (unsigned i = 0; i < 3; i++) {
		case_send(&c);
		pings[i] = case_sent(&c);
		ck_assert_uint_eq(pings[i].opcode, WSLAY_PING);
		ck_assert_uint_eq(pings[i].payload.len, 4);
		memcpy(numbers[i], pings[i].payload.ptr, 4);
	}
	case_pong(&c, numbers[1]);
	ck_assert_uint_eq(c.answers, 2);
	case_pong(&c, numbers[1]); /* once more: nothing waits for it */
	ck_assert_uint_eq(c.answers, 2);
	case_pong(&c, "abcd");
	ck_assert_uint_eq(c.answers, 2);
	case_pong(&c, numbers[2]);
	ck_assert_uint_eq(c.answers, 3);
	ck_assert_int_eq(c.step, PROTO_MORE);
	ck_assert_uint_eq(proto_ws.room(&c.ws), 3);
	case_end(&c);
}
END_TEST

START_TEST(a_held_connection_keeps_nothing_between_frames)
{
	struct ws_case c = {0};
	case_open(&c, (struct proto_spec){.pings = true});
	case_feed(&c, BYTES("\x81"));
	ck_assert_ptr_nonnull(c.ws.coming);
	case_feed(&c, BYTES("\x02hi"));
	ck_assert_ptr_null(c.ws.coming);
	case_feed(&c, BYTES("\x82\x01x\x01\x01y"));
	ck_assert_ptr_null(c.ws.coming);
	case_feed(&c, BYTES("\x80\x00"));
	ck_assert_int_eq(c.step, PROTO_MORE);
	ck_assert_uint_le(sizeof(struct ws), 96);
	case_end(&c);
}
END_TEST

/* --- permessage-deflate ------------------------------------------------------------------ */

#define DEFLATE "Sec-WebSocket-Extensions: permessage-deflate"

START_TEST(compressed_messages_are_inflated_with_and_without_context)
{
	static const char text[] = "Hello, Hello, Hello, Hello";
	for (unsigned forgets = 0; forgets < 2; forgets++) {
		for (size_t piece = 0; piece < 6; piece++) {
			struct ws_case c = {.piece = piece};
			z_stream z = {0};
			deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
			case_begin(&c, (struct proto_spec){.body = {text, strlen(text)},
							   .ws = {.deflate = true}});
			case_accept(&c, forgets ? DEFLATE "; server_no_context_takeover\r\n"
						: DEFLATE "\r\n");
			for (unsigned i = 0; i < 3; i++) {
				case_send(&c);
				case_deflated(&c, &z, text, i == 1 ? 3 : 0);
				if (forgets)
					deflateReset(&z);
			}
			deflateEnd(&z);
			case_feed(&c, BYTES("\x89\x00"));
			ck_assert_int_eq(c.step, PROTO_MORE);
			ck_assert_uint_eq(c.answers, 3);
			ck_assert_uint_eq(c.different, 0);
			case_end(&c);
		}
	}
}
END_TEST

START_TEST(compressed_messages_are_bounded_and_checked)
{
	static const struct {
		const char *bytes;
		size_t len;
		unsigned code;
	} wrong[] = {
		{BYTES("\xc1\x02\xff\xff"), U},     /* no deflate */
		{BYTES("\x41\x01\x00\xc0\x00"), P}, /* the first frame alone says so */
		{BYTES("\xc9\x00"), P},
		{BYTES("\xa1\x00"), P},
	};
	struct ws_case c;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		c = (struct ws_case){0};
		case_begin(&c, (struct proto_spec){.ws = {.deflate = true}});
		case_accept(&c, DEFLATE "\r\n");
		case_send(&c);
		c.out.len = 0;
		case_feed(&c, wrong[i].bytes, wrong[i].len);
		check_fault(&c, PROTO_MALFORMED, wrong[i].code);
		case_end(&c);
	}
	char *bomb = calloc(1, WS_MESSAGE_MAX + 2);
	memset(bomb, 'x', WS_MESSAGE_MAX + 1);
	z_stream z = {0};
	c = (struct ws_case){0};
	deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	case_begin(&c, (struct proto_spec){.ws = {.deflate = true}});
	case_accept(&c, DEFLATE "\r\n");
	case_deflated(&c, &z, bomb, 0);
	check_fault(&c, PROTO_TOO_LARGE, WS_TOO_BIG);
	deflateEnd(&z);
	free(bomb);
	case_end(&c);
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

int main(void)
{
	TCase *t = tcase_create("ws");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_echo_answers_in_any_fragments_and_pieces);
	tcase_add_test(t, a_message_is_masked_whatever_its_length);
	tcase_add_test(t, masks_differ_from_frame_to_frame);
	tcase_add_test(t, an_answer_that_is_no_echo_differs);
	tcase_add_test(t, messages_in_flight_are_answered_in_order);
	tcase_add_test(t, a_message_that_answers_none_is_desync_unless_any_will_do);
	tcase_add_loop_test(t, what_breaks_the_protocol_is_closed_with_its_code, 0, COUNT(bad));
	tcase_add_test(t, characters_of_all_lengths_may_be_split_anywhere);
	tcase_add_test(t, a_ping_is_answered_by_its_pong);
	tcase_add_test(t, a_flood_of_pings_does_not_fill_memory);
	tcase_add_test(t, a_close_is_answered_and_told);
	tcase_add_test(t, we_leave_with_1000);
	tcase_add_test(t, an_end_of_the_transport_says_what_it_broke);
	tcase_add_test(t, a_pong_answers_its_ping_and_those_before);
	tcase_add_test(t, a_held_connection_keeps_nothing_between_frames);
	tcase_add_test(t, compressed_messages_are_inflated_with_and_without_context);
	tcase_add_test(t, compressed_messages_are_bounded_and_checked);
	Suite *suite = suite_create("ws");
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
