/* The upgrade to WebSocket (RFC 6455 4), asked for and answered, and what a plan may ask for. */
#include "ws_case.h"

#include "base/base64.h"
#include "tests/lib/suite.h"

/* --- the upgrade ------------------------------------------------------------------------- */

START_TEST(an_upgrade_asks_for_what_rfc_6455_says)
{
	static const char *const headers[] = {"Origin: http://x", "Host: other"};
	struct ws_case c;
	case_begin(&c, (struct proto_spec){.headers = headers,
					   .header_count = 2,
					   .ws = {.subprotocol = "chat", .deflate = true}});
	const char *want[] = {"GET /chat HTTP/1.1\r\n",
			      "\r\nOrigin: http://x\r\n",
			      "\r\nHost: other\r\n",
			      "\r\nUpgrade: websocket\r\n",
			      "\r\nConnection: Upgrade\r\n",
			      "\r\nSec-WebSocket-Version: 13\r\n",
			      "\r\nSec-WebSocket-Protocol: chat\r\n",
			      "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
			      "\r\nSec-WebSocket-Key: ",
			      "\r\n\r\n"};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		ck_assert_msg(strstr(c.out.ptr, want[i]), "%s lacks %s", c.out.ptr, want[i]);
	ck_assert(!strstr(c.out.ptr, "127.0.0.1"));
	case_end(&c);
}
END_TEST

START_TEST(keys_differ_by_connection_and_are_sixteen_bytes)
{
	char first[64] = "";
	for (uint64_t number = 0; number < 3; number++) {
		struct ws_case c = {.number = number};
		struct buf key;
		char text[64];
		case_begin(&c, (struct proto_spec){.streams = 1});
		case_key(&c, text);
		buf_init(&key, 64);
		ck_assert(base64_decode(span_of(text), &key));
		ck_assert_uint_eq(key.len, 16);
		ck_assert_str_ne(text, first);
		memcpy(first, text, sizeof first);
		buf_fini(&key);
		case_end(&c);
	}
}
END_TEST

START_TEST(an_upgrade_is_accepted_however_its_answer_is_split)
{
	for (size_t piece = 0; piece < 200; piece++) {
		struct ws_case c = {.piece = piece};
		case_begin(&c, (struct proto_spec){.streams = 1});
		ck_assert(!proto_ws.ready(&c.ws));
		ck_assert_uint_eq(proto_ws.room(&c.ws), 0);
		case_accept(&c, "");
		ck_assert_int_eq(c.step, PROTO_MORE);
		ck_assert(proto_ws.ready(&c.ws));
		ck_assert_uint_eq(proto_ws.room(&c.ws), 1);
		case_end(&c);
	}
}
END_TEST

static const struct {
	const char *head; /* %s: the right accept */
	enum proto_fault fault;
	uint16_t status;
} refused[] = {
	{"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n", PROTO_DECLINED, 404},
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", PROTO_DECLINED, 200},
	{"HTTP/1.1 503 No\r\nRetry-After: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 PROTO_DECLINED, 503},
	{"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	 PROTO_MALFORMED, 101},
	{"HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
	 "%s\r\n\r\n",
	 PROTO_MALFORMED, 101},
	{"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	 PROTO_MALFORMED, 101},
	{"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: "
	 "%s\r\n\r\n",
	 PROTO_MALFORMED, 101},
	{"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", PROTO_MALFORMED,
	 101},
	{UPGRADED "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", PROTO_MALFORMED,
	 101},
	{UPGRADED "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Accept: x\r\n\r\n", PROTO_MALFORMED,
	 101},
	{UPGRADED "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
	 PROTO_MALFORMED, 101},
	{UPGRADED "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: "
		  "permessage-deflate\r\n\r\n",
	 PROTO_MALFORMED, 101},
	{"SSH-2.0-x\r\n", PROTO_MALFORMED, 0},
	{UPGRADED "Sec-WebSocket-Accept : %s\r\n\r\n", PROTO_MALFORMED, 101},
};

START_TEST(another_answer_to_an_upgrade_is_refused)
{
	for (size_t piece = 0; piece < 40; piece++) {
		struct ws_case c = {.piece = piece};
		char text[512], accept[64];
		case_begin(&c, (struct proto_spec){.streams = 1});
		case_accept_key(&c, accept);
		snprintf(text, sizeof text, refused[_i].head, accept);
		case_feed(&c, text, strlen(text));
		ck_assert_int_eq(c.step, PROTO_FAULT);
		ck_assert_int_eq(c.answer.fault, refused[_i].fault);
		if (refused[_i].fault == PROTO_DECLINED)
			ck_assert_uint_eq(c.answer.status, refused[_i].status);
		ck_assert_ptr_nonnull(c.answer.detail);
		ck_assert(!proto_ws.ready(&c.ws));
		case_end(&c);
	}
}
END_TEST

static const struct {
	const char *fields;
	bool good;
} agreed[] = {
	{"Sec-WebSocket-Protocol: chat\r\n", true},
	{"sec-websocket-protocol:chat \r\nsec-websocket-extensions: permessage-deflate\r\n", true},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; "
	 "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10\r\n",
	 true},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; "
	 "server_max_window_bits=\"15\"\r\n",
	 true},
	{"", false},
	{"Sec-WebSocket-Protocol: Chat\r\n", false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n", false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x-webkit-deflate-frame\r\n",
	 false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate, "
	 "permessage-deflate\r\n",
	 false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; "
	 "client_max_window_bits=10\r\n",
	 false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; "
	 "server_max_window_bits=16\r\n",
	 false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; "
	 "server_max_window_bits\r\n",
	 false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; "
	 "server_no_context_takeover; server_no_context_takeover\r\n",
	 false},
	{"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate; a=b\r\n",
	 false},
};

START_TEST(a_subprotocol_and_an_extension_are_those_asked_for)
{
	struct ws_case c = {0};
	case_begin(&c, (struct proto_spec){.ws = {.subprotocol = "chat", .deflate = true}});
	case_accept(&c, agreed[_i].fields);
	ck_assert_int_eq(c.step, agreed[_i].good ? PROTO_MORE : PROTO_FAULT);
	ck_assert_int_eq(proto_ws.ready(&c.ws), agreed[_i].good);
	case_end(&c);
}
END_TEST

START_TEST(interim_answers_before_the_upgrade_are_passed_over)
{
	static const char early[] = "HTTP/1.1 103 Early\r\nUpgrade: h2c\r\n\r\n";
	struct ws_case c = {0};
	case_begin(&c, (struct proto_spec){.streams = 1});
	case_feed(&c, early, strlen(early));
	case_accept(&c, "");
	ck_assert(proto_ws.ready(&c.ws));
	case_end(&c);
}
END_TEST

START_TEST(an_endless_head_is_bounded)
{
	struct ws_case c = {0};
	case_begin(&c, (struct proto_spec){.streams = 1});
	case_feed(&c, "HTTP/1.1 101 S\r\n", 16);
	for (unsigned i = 0; i < 5000 && c.step == PROTO_MORE; i++)
		case_feed(&c, "X-Long: 0123456789012345678901234567890123456789\r\n", 50);
	ck_assert_int_eq(c.step, PROTO_FAULT);
	ck_assert_int_eq(c.answer.fault, PROTO_TOO_LARGE);
	ck_assert_uint_le(c.ws.greeting.head.len, WS_HEAD_MAX);
	case_end(&c);
}
END_TEST

START_TEST(an_end_within_the_upgrade_is_told)
{
	struct ws_case c = {0};
	case_begin(&c, (struct proto_spec){.streams = 1});
	ck_assert_int_eq(proto_ws.eof(&c.ws, &c.answer), PROTO_FAULT);
	ck_assert_int_eq(c.answer.fault, PROTO_CLOSED);
	case_end(&c);
	c = (struct ws_case){0};
	case_begin(&c, (struct proto_spec){.streams = 1});
	case_feed(&c, "HTTP/1.1 101", 12);
	ck_assert_int_eq(proto_ws.eof(&c.ws, &c.answer), PROTO_FAULT);
	ck_assert_int_eq(c.answer.fault, PROTO_TRUNCATED);
	case_end(&c);
}
END_TEST

/* --- the plan ---------------------------------------------------------------------------- */

static void check_no_plan(struct proto_spec spec, const char *words)
{
	void *plan;
	struct err err = {0};
	spec.authority = "x";
	spec.path = "/";
	spec.streams = 1;
	ck_assert_int_eq(proto_ws.compile(&plan, &spec, &err), -1);
	ck_assert_int_eq(err.kind, ERR_USAGE);
	ck_assert_msg(strstr(err.text, words), "%s", err.text);
}

START_TEST(what_cannot_be_asked_for_is_a_usage_error)
{
	static const char *const own[] = {"sec-websocket-KEY: x"};
	static const char *const bad[] = {"no colon"};
	check_no_plan((struct proto_spec){.headers = own, .header_count = 1}, "Sec-WebSocket-Key");
	check_no_plan((struct proto_spec){.headers = bad, .header_count = 1}, "colon");
	check_no_plan((struct proto_spec){.ws = {.subprotocol = "a b"}}, "a b");
	check_no_plan((struct proto_spec){.ws = {.subprotocol = ""}}, "token");
	check_no_plan((struct proto_spec){.body = {"\xff", 1}}, "UTF-8");
}
END_TEST

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

int main(void)
{
	TCase *t = tcase_create("greet");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, an_upgrade_asks_for_what_rfc_6455_says);
	tcase_add_test(t, keys_differ_by_connection_and_are_sixteen_bytes);
	tcase_add_test(t, an_upgrade_is_accepted_however_its_answer_is_split);
	tcase_add_loop_test(t, another_answer_to_an_upgrade_is_refused, 0, COUNT(refused));
	tcase_add_loop_test(t, a_subprotocol_and_an_extension_are_those_asked_for, 0,
			    COUNT(agreed));
	tcase_add_test(t, interim_answers_before_the_upgrade_are_passed_over);
	tcase_add_test(t, an_endless_head_is_bounded);
	tcase_add_test(t, an_end_within_the_upgrade_is_told);
	tcase_add_test(t, what_cannot_be_asked_for_is_a_usage_error);
	Suite *suite = suite_create("ws_greet");
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
