/* Answers by hand: those that break the rules end alone, by RST_STREAM; odd ones that keep them are
 * answers; and how a peer takes leave. */
#include "h2_rows.h"

#define MALFORMED             ROW_BAD, H2_PROTOCOL_ERROR, PROTO_MALFORMED, NULL
#define MALFORMED_TO_HEAD     ROW_BAD, H2_PROTOCOL_ERROR, PROTO_MALFORMED, "HEAD"
#define WHOLE(status)         ROW_WHOLE, status, PROTO_OK, NULL
#define WHOLE_TO_HEAD(status) ROW_WHOLE, status, PROTO_OK, "HEAD"
#define NOTHING               ROW_NOTHING, 0, PROTO_OK, NULL

static const struct row rows[] = {
	/* order */
	{"DATA before the head", "% 000001 00 01 00000001 61", MALFORMED},
	{"DATA without bytes before the head", "% 000000 00 00 00000001", MALFORMED},
	{"trailers that do not end the answer",
	 "% 000001 01 04 00000001 88 000005 01 04 00000001 0001610162", MALFORMED},
	{"a second head", "% 000001 01 04 00000001 88 000001 01 05 00000001 88", MALFORMED},
	{"an interim answer that is the end", "% 000005 01 05 00000001 0803313033", MALFORMED},
	{"101", "% 000005 01 04 00000001 0803313031", MALFORMED},

	/* lines */
	{"no status", "% 000005 01 05 00000001 0001610162", MALFORMED},
	{"no line at all", "% 000000 01 05 00000001", MALFORMED},
	{"two statuses", "% 000002 01 05 00000001 8888", MALFORMED},
	{"a status of two digits", "% 000004 01 05 00000001 08023939", MALFORMED},
	{"a status of four digits", "% 000006 01 05 00000001 080432303030", MALFORMED},
	{"a status that is no number", "% 000005 01 05 00000001 0803324f4b", MALFORMED},
	{"a status below 100", "% 000005 01 05 00000001 0803303939", MALFORMED},
	{"a status after a line", "% 000006 01 05 00000001 0001610162 88", MALFORMED},
	{"a request's pseudo-header", "% 000002 01 05 00000001 8884", MALFORMED},
	{"an unknown pseudo-header", "% 000007 01 05 00000001 8800023a610162", MALFORMED},
	{"a status in trailers", "% 000001 01 04 00000001 88 000005 01 05 00000001 0803323030",
	 MALFORMED},
	{"an upper-case name", "% 000006 01 05 00000001 880001410162", MALFORMED},
	{"a name with a space", "% 000007 01 05 00000001 88000261200162", MALFORMED},
	{"a name of no length", "% 000005 01 05 00000001 8800000162", MALFORMED},
	{"a value with NUL", "% 000006 01 05 00000001 880001610100", MALFORMED},
	{"a value with CR", "% 000006 01 05 00000001 88000161010d", MALFORMED},
	{"a value with LF", "% 000006 01 05 00000001 88000161010a", MALFORMED},
	{"a value that begins with a space", "% 000007 01 05 00000001 88000161022062", MALFORMED},
	{"connection", "% 00000e 01 05 00000001 88000a636f6e6e656374696f6e00", ROW_BAD,
	 H2_PROTOCOL_ERROR, PROTO_MALFORMED, NULL},
	{"transfer-encoding", "% 00000c 01 05 00000001 880f2a076368756e6b6564 88", MALFORMED},
	{"keep-alive", "% 00000f 01 05 00000001 88000a6b6565702d616c6976650131", MALFORMED},
	{"upgrade", "% 00000d 01 05 00000001 88000775706772616465026832", MALFORMED},

	/* lengths */
	{"a body longer than its Content-Length",
	 "% 000005 01 04 00000001 880f0d0131 000002 00 01 00000001 6161", MALFORMED},
	{"a body shorter than its Content-Length",
	 "% 000005 01 04 00000001 880f0d0133 000002 00 01 00000001 6161", MALFORMED},
	{"trailers after a body that is short",
	 "% 000005 01 04 00000001 880f0d0133 000002 00 00 00000001 6161"
	 "000005 01 05 00000001 0001610162",
	 MALFORMED},
	{"no body at all for a Content-Length", "% 000005 01 05 00000001 880f0d0131", MALFORMED},
	{"Content-Length of minus one", "% 000006 01 05 00000001 880f0d022d31", MALFORMED},
	{"Content-Length of nothing", "% 000004 01 05 00000001 880f0d00", MALFORMED},
	{"two Content-Lengths", "% 000009 01 05 00000001 880f0d0130 0f0d0131", MALFORMED},
	{"Content-Length past 64 bits",
	 "% 000018 01 05 00000001 880f0d143939393939393939393939393939393939393939", MALFORMED},
	{"a body to HEAD", "% 000001 01 04 00000001 88 000001 00 01 00000001 61",
	 MALFORMED_TO_HEAD},
	{"a body of 204", "% 000001 01 04 00000001 89 000001 00 01 00000001 61", MALFORMED},
	{"a body of 304", "% 000001 01 04 00000001 8b 000001 00 01 00000001 61", MALFORMED},
	{"204 with a Content-Length", "% 000005 01 05 00000001 890f0d0135", MALFORMED},

	/* windows */
	{"a stream's window not widened", "% 000004 08 00 00000001 00000000", MALFORMED},
	{"a stream's window past 2^31-1", "% 000004 08 00 00000001 7fffffff", ROW_BAD,
	 H2_FLOW_CONTROL_ERROR, PROTO_MALFORMED, NULL},

	/* what is allowed */
	{"a head alone", "% 000001 01 05 00000001 88", WHOLE(200)},
	{"a head in three frames",
	 "% 000000 01 01 00000001 000001 09 00 00000001 88 000000 09 04 00000001", WHOLE(200)},
	{"padding and priority", "% 000009 01 2d 00000001 02 0000000010 88 0000", WHOLE(200)},
	{"padded DATA", "% 000005 01 04 00000001 880f0d0131 000004 00 09 00000001 02610000",
	 WHOLE(200)},
	{"DATA that is padding alone", "% 000001 01 04 00000001 88 000003 00 09 00000001 020000",
	 WHOLE(200)},
	{"an end without bytes", "% 000001 01 04 00000001 88 000000 00 01 00000001", WHOLE(200)},
	{"interim answers",
	 "% 000005 01 04 00000001 0803313030 000005 01 04 00000001 0803313033"
	 "000001 01 05 00000001 8d",
	 WHOLE(404)},
	{"trailers",
	 "% 000001 01 04 00000001 88 000001 00 00 00000001 61"
	 "000005 01 05 00000001 0001610162",
	 WHOLE(200)},
	{"Content-Length to HEAD", "% 000005 01 05 00000001 880f0d0135", WHOLE_TO_HEAD(200)},
	{"Content-Length of 304", "% 000005 01 05 00000001 8b0f0d0135", WHOLE(304)},
	{"204", "% 000001 01 05 00000001 89", WHOLE(204)},
	{"a table made small", "% 000002 01 05 00000001 2088", WHOLE(200)},
	{"the reserved bit of a stream's id", "% 000001 01 05 80000001 88", WHOLE(200)},
	{"an unknown frame", "% 000003 ee ff 00000009 616161", NOTHING},
	{"an unknown setting", "% 000006 04 00 00000000 eeee00000009", NOTHING},
	{"push turned off by a server", "% 000006 04 00 00000000 000200000000", NOTHING},
	{"PRIORITY on an idle stream", "% 000005 02 00 00000009 0000000000", NOTHING},
	{"SETTINGS acknowledged", "% 000000 04 01 00000000", NOTHING},
	{"an acknowledgement of no ping", "% 000008 06 01 00000000 0000000000000000", NOTHING},

	/* leaving */
	{"RST_STREAM", "% 000004 03 00 00000001 00000002", ROW_RESET, H2_INTERNAL_ERROR, PROTO_OK,
	 NULL},
	{"RST_STREAM in the body", "% 000001 01 04 00000001 88 000004 03 00 00000001 00000008",
	 ROW_RESET, H2_CANCEL, PROTO_OK, NULL},
	{"RST_STREAM of a code that nobody knows", "% 000004 03 00 00000001 deadbeef", ROW_RESET,
	 (int)0xdeadbeef, PROTO_OK, NULL},
	{"REFUSED_STREAM", "% 000004 03 00 00000001 00000007", ROW_UNTOUCHED, H2_REFUSED_STREAM,
	 PROTO_OK, NULL},
	{"RST_STREAM twice", "% 000004 03 00 00000001 00000002 000004 03 00 00000001 00000002",
	 ROW_RESET, H2_INTERNAL_ERROR, PROTO_OK, NULL},
	{"GOAWAY that owes both", "% 000008 07 00 00000000 0000000300000000", NOTHING},
	{"GOAWAY twice",
	 "% 000008 07 00 00000000 7fffffff00000000"
	 "000008 07 00 00000000 0000000300000000",
	 NOTHING},
};

START_TEST(an_answer_that_breaks_the_rules_ends_alone_and_one_that_keeps_them_is_whole)
{
	row_run(&rows[_i]);
}
END_TEST

static struct h2_case c;

static void begin(struct proto_spec spec, const char *bytes)
{
	struct buf b;
	row_bytes(bytes, &b);
	spec.streams = 4;
	row_open(&c, &spec);
	case_feed(&c, b.ptr, b.len);
	buf_fini(&b);
}

static struct proto_answer at_end(enum proto_step want)
{
	struct proto_answer a = {0};
	ck_assert_int_eq(proto_h2.eof(&c.h, &a), want);
	return a;
}

START_TEST(an_end_after_goaway_is_a_leave_with_its_code)
{
	begin((struct proto_spec){0}, "% 000008 07 00 00000000 000000030000000b");
	ck_assert(proto_h2.ends(&c.h));
	struct proto_answer a = at_end(PROTO_FAULT);
	ck_assert_int_eq(a.fault, PROTO_LEFT);
	ck_assert_int_eq(a.code, H2_ENHANCE_YOUR_CALM);
	case_close(&c);
}
END_TEST

START_TEST(an_end_before_any_answer_is_told_from_one_within)
{
	static const struct {
		const char *bytes;
		enum proto_fault fault;
	} ends[] = {
		{"", PROTO_CLOSED},
		{"%", PROTO_CLOSED},
		{"% 000001 01", PROTO_TRUNCATED},
		{"% 000001 01 04 00000001 88", PROTO_TRUNCATED},
		{"% 000001 01 05 00000001 88", PROTO_CLOSED}, /* of the other */
	};
	begin((struct proto_spec){0}, ends[_i].bytes);
	ck_assert_int_eq(at_end(PROTO_FAULT).fault, ends[_i].fault);
	case_close(&c);
}
END_TEST

START_TEST(an_end_with_nothing_awaited_is_none)
{
	begin((struct proto_spec){0}, "% 000001 01 05 00000001 88 000001 01 05 00000003 88");
	at_end(PROTO_MORE);
	case_close(&c);
}
END_TEST

START_TEST(goaway_leaves_what_it_never_saw_untouched)
{
	begin((struct proto_spec){0}, "% 000008 07 00 00000000 0000000100000000");
	ck_assert_uint_eq(c.answer_count, 1);
	ck_assert_uint_eq(c.answers[0].tag, 1);
	ck_assert_uint_eq(c.answers[0].end, PROTO_UNTOUCHED);
	case_close(&c);
}
END_TEST

/* It is not safe to send such a request again. */
START_TEST(goaway_cannot_unsee_an_answer_that_has_begun)
{
	begin((struct proto_spec){0},
	      "% 000001 01 04 00000003 88 000008 07 00 00000000 0000000100000000");
	ck_assert_uint_eq(c.answers[0].end, PROTO_RESET);
	case_close(&c);
}
END_TEST

START_TEST(no_streams_at_all_leave_no_room_until_there_are)
{
	struct buf more;
	begin((struct proto_spec){0}, "% 000006 04 00 00000000 000300000000");
	ck_assert_uint_eq(proto_h2.room(&c.h), 0);
	ck_assert(!proto_h2.ends(&c.h));
	row_bytes("000006 04 00 00000000 000300000003", &more);
	case_feed(&c, more.ptr, more.len);
	ck_assert_uint_eq(proto_h2.room(&c.h), 1);
	buf_fini(&more);
	case_close(&c);
}
END_TEST

START_TEST(a_body_waits_for_a_window_of_nothing)
{
	struct buf more;
	memset(&c, 0, sizeof c);
	case_open(&c, (struct proto_spec){.body = span_of("0123456789")});
	row_bytes("% 000006 04 00 00000000 000400000000", &more);
	case_feed(&c, more.ptr, more.len);
	c.out.len = 0;
	case_send(&c, 0);
	ck_assert_int_eq(row_written(&c.out, H2_DATA), -1);
	ck_assert_uint_eq(c.h.blocked, 1);
	buf_fini(&more);
	row_bytes("000004 08 00 00000001 00000004", &more);
	case_feed(&c, more.ptr, more.len);
	ck_assert_int_eq(row_written(&c.out, H2_DATA), 0x30313233); /* the body's first four */
	ck_assert_uint_eq(c.h.blocked, 1);
	buf_fini(&more);
	case_close(&c);
}
END_TEST

START_TEST(a_window_below_nothing_is_no_error)
{
	struct buf more;
	memset(&c, 0, sizeof c);
	case_open(&c, (struct proto_spec){.body = span_of("0123456789")});
	case_send(&c, 0);
	row_bytes("% 000006 04 00 00000000 000400000000", &more);
	case_feed(&c, more.ptr, more.len);
	ck_assert_int_eq(c.step, PROTO_MORE);
	ck_assert(c.h.streams[0].window == -10);
	buf_fini(&more);
	case_close(&c);
}
END_TEST

START_TEST(a_ping_that_was_given_up_is_not_the_next_ones_answer)
{
	memset(&c, 0, sizeof c);
	case_open(&c, (struct proto_spec){.pings = true});
	c.out.len = 0;
	case_send(&c, 0);
	struct buf first = c.out;
	buf_init(&c.out, 1 << 20);
	proto_h2.cancel(&c.h, 0, &c.out);
	ck_assert_uint_eq(proto_h2.room(&c.h), 1);
	case_send(&c, 0);
	first.ptr[4] = c.out.ptr[4] = H2_ACK;
	struct buf settings;
	row_bytes("%", &settings);
	case_feed(&c, settings.ptr, settings.len);
	case_feed(&c, first.ptr, first.len);
	ck_assert_uint_eq(c.answer_count, 0);
	struct buf second = c.out;
	buf_init(&c.out, 1 << 20);
	for (unsigned twice = 0; twice < 2; twice++)
		case_feed(&c, second.ptr, H2_FRAME_HEAD + 8);
	ck_assert_uint_eq(c.answer_count, 1);
	buf_fini(&first);
	buf_fini(&second);
	buf_fini(&settings);
	case_close(&c);
}
END_TEST

/* Its own request is stream 1, and counts until it is answered. */
START_TEST(an_upgrade_takes_the_room_of_a_stream)
{
	static const char text[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
				   "Upgrade: h2c\r\n\r\n";
	struct buf more;
	memset(&c, 0, sizeof c);
	case_open(&c, (struct proto_spec){.upgrade = true, .streams = 4});
	ck_assert(!proto_h2.ready(&c.h));
	case_feed(&c, text, sizeof text - 1);
	ck_assert(proto_h2.ready(&c.h));
	row_bytes("% 000006 04 00 00000000 000300000003", &more);
	case_feed(&c, more.ptr, more.len);
	ck_assert_uint_eq(proto_h2.room(&c.h), 2);
	buf_fini(&more);
	row_bytes("000001 01 05 00000001 88", &more);
	case_feed(&c, more.ptr, more.len);
	ck_assert_uint_eq(proto_h2.room(&c.h), 3);
	ck_assert_uint_eq(c.answer_count, 0);
	buf_fini(&more);
	case_close(&c);
}
END_TEST

START_TEST(an_upgrade_that_is_declined_tells_the_status)
{
	static const char text[] = "HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n";
	memset(&c, 0, sizeof c);
	case_open(&c, (struct proto_spec){.upgrade = true});
	case_feed(&c, text, sizeof text - 1);
	ck_assert_int_eq(c.step, PROTO_FAULT);
	ck_assert_int_eq(c.answers[0].fault, PROTO_DECLINED);
	ck_assert_uint_eq(c.answers[0].status, 404);
	case_close(&c);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("streams");
	tcase_add_loop_test(
		t, an_answer_that_breaks_the_rules_ends_alone_and_one_that_keeps_them_is_whole, 0,
		sizeof rows / sizeof *rows);
	tcase_add_test(t, an_end_after_goaway_is_a_leave_with_its_code);
	tcase_add_loop_test(t, an_end_before_any_answer_is_told_from_one_within, 0, 5);
	tcase_add_test(t, an_end_with_nothing_awaited_is_none);
	tcase_add_test(t, goaway_leaves_what_it_never_saw_untouched);
	tcase_add_test(t, goaway_cannot_unsee_an_answer_that_has_begun);
	tcase_add_test(t, no_streams_at_all_leave_no_room_until_there_are);
	tcase_add_test(t, a_body_waits_for_a_window_of_nothing);
	tcase_add_test(t, a_window_below_nothing_is_no_error);
	tcase_add_test(t, an_upgrade_takes_the_room_of_a_stream);
	tcase_add_test(t, an_upgrade_that_is_declined_tells_the_status);
	tcase_add_test(t, a_ping_that_was_given_up_is_not_the_next_ones_answer);
	return rows_main("h2_streams", t);
}
