/* Frames that RFC 9113 forbids on a connection: each with the error code that it names. */
#include "h2_rows.h"

#define MALFORMED  H2_PROTOCOL_ERROR, PROTO_MALFORMED, NULL
#define WRONG_SIZE H2_FRAME_SIZE_ERROR, PROTO_MALFORMED, NULL
#define FLOW       H2_FLOW_CONTROL_ERROR, PROTO_MALFORMED, NULL
#define HPACK      H2_COMPRESSION_ERROR, PROTO_MALFORMED, NULL
#define ENDED      H2_STREAM_CLOSED, PROTO_DESYNC, NULL

#define ANSWERED "000001 01 05 00000001 88"

static const struct row rows[] = {
	/* the beginning */
	{"HTTP/1.1 instead", "485454502f312e31203430300d0a", ROW_FAULT, MALFORMED},
	{"HEADERS first", ANSWERED, ROW_FAULT, MALFORMED},
	{"PING first", "000008 06 00 00000000 0000000000000000", ROW_FAULT, MALFORMED},
	{"an acknowledgement first", "000000 04 01 00000000", ROW_FAULT, MALFORMED},

	/* sizes */
	{"a frame of 16385 bytes", "% 004001 00 00 00000001", ROW_FAULT, WRONG_SIZE},
	{"unknown, and too long", "% 004001 ee 00 00000000", ROW_FAULT, WRONG_SIZE},
	{"SETTINGS of 5 bytes", "% 000005 04 00 00000000 0001000010", ROW_FAULT, WRONG_SIZE},
	{"SETTINGS, acknowledged at length", "% 000006 04 01 00000000 000100001000", ROW_FAULT,
	 WRONG_SIZE},
	{"PING of 7 bytes", "% 000007 06 00 00000000 00000000000000", ROW_FAULT, WRONG_SIZE},
	{"PING of 9 bytes", "% 000009 06 00 00000000 000000000000000000", ROW_FAULT, WRONG_SIZE},
	{"RST_STREAM of 3 bytes", "% 000003 03 00 00000001 000000", ROW_FAULT, WRONG_SIZE},
	{"RST_STREAM of 5 bytes", "% 000005 03 00 00000001 0000000000", ROW_FAULT, WRONG_SIZE},
	{"GOAWAY of 7 bytes", "% 000007 07 00 00000000 00000000000000", ROW_FAULT, WRONG_SIZE},
	{"WINDOW_UPDATE of 3 bytes", "% 000003 08 00 00000000 000001", ROW_FAULT, WRONG_SIZE},
	{"WINDOW_UPDATE of 5 bytes", "% 000005 08 00 00000001 0000000100", ROW_FAULT, WRONG_SIZE},
	{"PRIORITY of 4 bytes", "% 000004 02 00 00000001 00000000", ROW_FAULT, WRONG_SIZE},
	{"padding without its length", "% 000000 01 0c 00000001", ROW_FAULT, WRONG_SIZE},
	{"priority without its bytes", "% 000004 01 24 00000001 00000000", ROW_FAULT, WRONG_SIZE},
	{"DATA's padding without its length", "% 000001 01 04 00000001 88 000000 00 08 00000001",
	 ROW_FAULT, WRONG_SIZE},

	/* streams */
	{"DATA on stream 0", "% 000001 00 00 00000000 61", ROW_FAULT, MALFORMED},
	{"HEADERS on stream 0", "% 000001 01 05 00000000 88", ROW_FAULT, MALFORMED},
	{"PRIORITY on stream 0", "% 000005 02 00 00000000 0000000000", ROW_FAULT, MALFORMED},
	{"RST_STREAM on stream 0", "% 000004 03 00 00000000 00000000", ROW_FAULT, MALFORMED},
	{"SETTINGS on a stream", "% 000000 04 00 00000001", ROW_FAULT, MALFORMED},
	{"first SETTINGS on a stream", "000000 04 00 00000001", ROW_FAULT, MALFORMED},
	{"PING on a stream", "% 000008 06 00 00000001 0000000000000000", ROW_FAULT, MALFORMED},
	{"GOAWAY on a stream", "% 000008 07 00 00000001 0000000000000000", ROW_FAULT, MALFORMED},
	{"CONTINUATION on stream 0", "% 000001 09 04 00000000 88", ROW_FAULT, MALFORMED},
	{"HEADERS on an idle stream", "% 000001 01 05 00000005 88", ROW_FAULT, MALFORMED},
	{"HEADERS on an even stream", "% 000001 01 05 00000002 88", ROW_FAULT, MALFORMED},
	{"DATA on an idle stream", "% 000001 00 00 00000005 61", ROW_FAULT, MALFORMED},
	{"DATA on an even stream", "% 000001 00 00 00000002 61", ROW_FAULT, MALFORMED},
	{"RST_STREAM on an idle stream", "% 000004 03 00 00000005 00000008", ROW_FAULT, MALFORMED},
	{"RST_STREAM on an even stream", "% 000004 03 00 00000002 00000008", ROW_FAULT, MALFORMED},
	{"WINDOW_UPDATE on an idle stream", "% 000004 08 00 00000005 00000001", ROW_FAULT,
	 MALFORMED},
	{"WINDOW_UPDATE on an even stream", "% 000004 08 00 00000002 00000001", ROW_FAULT,
	 MALFORMED},
	{"PUSH_PROMISE", "% 000005 05 04 00000001 0000000288", ROW_FAULT, MALFORMED},

	/* padding */
	{"HEADERS padded past its end", "% 000002 01 0d 00000001 0288", ROW_FAULT, MALFORMED},
	{"HEADERS padded past its priority", "% 000007 01 2d 00000001 02 0000000000 88", ROW_FAULT,
	 MALFORMED},
	{"DATA padded past its end", "% 000001 01 04 00000001 88 000003 00 08 00000001 036161",
	 ROW_FAULT, MALFORMED},

	/* settings */
	{"a server that turns push on", "% 000006 04 00 00000000 000200000001", ROW_FAULT,
	 MALFORMED},
	{"push of 2", "% 000006 04 00 00000000 000200000002", ROW_FAULT, MALFORMED},
	{"a window of 2^31", "% 000006 04 00 00000000 000480000000", ROW_FAULT, FLOW},
	{"frames of 16383 bytes", "% 000006 04 00 00000000 000500003fff", ROW_FAULT, MALFORMED},
	{"frames of 2^24 bytes", "% 000006 04 00 00000000 000501000000", ROW_FAULT, MALFORMED},

	/* windows */
	{"the connection's window not widened", "% 000004 08 00 00000000 00000000", ROW_FAULT,
	 MALFORMED},
	{"the connection's window past 2^31-1", "% 000004 08 00 00000000 7fffffff", ROW_FAULT,
	 FLOW},
	{"a stream's window past 2^31-1 by SETTINGS",
	 "% 000004 08 00 00000001 7fff0000 000006 04 00 00000000 000400010000", ROW_FAULT, FLOW},

	/* continuations */
	{"CONTINUATION of nothing", "% 000001 09 04 00000001 88", ROW_FAULT, MALFORMED},
	{"CONTINUATION after the end of the block",
	 "% 000001 01 04 00000001 88 000000 09 04 00000001", ROW_FAULT, MALFORMED},
	{"CONTINUATION of another stream", "% 000001 01 00 00000001 88 000000 09 04 00000003",
	 ROW_FAULT, MALFORMED},
	{"DATA within a block", "% 000001 01 00 00000001 88 000000 00 00 00000001", ROW_FAULT,
	 MALFORMED},
	{"PING within a block", "% 000001 01 00 00000001 88 000008 06 00 00000000 0000000000000000",
	 ROW_FAULT, MALFORMED},
	{"an unknown frame within a block", "% 000001 01 00 00000001 88 000000 ee 00 00000000",
	 ROW_FAULT, MALFORMED},

	/* HPACK */
	{"index 0", "% 000001 01 05 00000001 80", ROW_FAULT, HPACK},
	{"an index that is not there", "% 000001 01 05 00000001 be", ROW_FAULT, HPACK},
	{"an index without its end", "% 000003 01 05 00000001 88ffff", ROW_FAULT, HPACK},
	{"an index past 32 bits", "% 000008 01 05 00000001 88ffffffffffff7f", ROW_FAULT, HPACK},
	{"a value cut short", "% 000004 01 05 00000001 880f0d05", ROW_FAULT, HPACK},
	{"Huffman's end of string", "% 000008 01 05 00000001 880f0d84ffffffff", ROW_FAULT, HPACK},
	{"Huffman's padding of zeroes", "% 000005 01 05 00000001 880f0d8100", ROW_FAULT, HPACK},
	{"a table larger than agreed", "% 000005 01 05 00000001 3fe29f0188", ROW_FAULT, HPACK},
	{"a table's size after a field", "% 000002 01 05 00000001 8820", ROW_FAULT, HPACK},

	/* leaving */
	{"a GOAWAY that takes back the first",
	 "% 000008 07 00 00000000 0000000700000000 000008 07 00 00000000 0000000900000000",
	 ROW_FAULT, MALFORMED},
};

START_TEST(whatever_breaks_the_connections_rules_ends_it_with_its_code)
{
	row_run(&rows[_i]);
}
END_TEST

/* More frames of an answer after its end, RFC 9113 5.1; but for a stream that we gave up. */
START_TEST(what_comes_after_an_answers_end_is_a_desync)
{
	static const char *const more[] = {"000001 01 05 00000001 88", "000001 00 01 00000001 61",
					   "000000 00 00 00000001"};
	static struct h2_case c;
	for (unsigned given_up = 0; given_up < 2; given_up++) {
		struct buf begin, bytes;
		row_bytes(given_up ? "%" : "%" ANSWERED, &begin);
		row_bytes(more[_i], &bytes);
		row_open(&c, &(struct proto_spec){.streams = 4});
		case_feed(&c, begin.ptr, begin.len);
		if (given_up)
			proto_h2.cancel(&c.h, 0, &c.out);
		case_feed(&c, bytes.ptr, bytes.len);
		ck_assert_int_eq(c.step, given_up ? PROTO_MORE : PROTO_FAULT);
		ck_assert_int_eq(row_written(&c.out, H2_GOAWAY), given_up ? -1 : H2_STREAM_CLOSED);
		if (!given_up)
			ck_assert_int_eq(c.answers[1].fault, PROTO_DESYNC);
		case_close(&c);
		buf_fini(&begin);
		buf_fini(&bytes);
	}
}
END_TEST

START_TEST(more_data_than_our_window_allows_is_refused)
{
	static const char zeroes[16384];
	static struct h2_case c;
	struct buf bytes;
	row_bytes("% 000001 01 04 00000001 88", &bytes);
	row_open(&c, &(struct proto_spec){.streams = 4, .window = 20000});
	case_feed(&c, bytes.ptr, bytes.len);
	bytes.len = 0;
	h2_frame_head(&bytes, 9999, H2_DATA, 0, 1); /* less than half: no window follows */
	buf_append(&bytes, zeroes, 9999);
	h2_frame_head(&bytes, 10002, H2_DATA, 0, 1);
	buf_append(&bytes, zeroes, 10002);
	case_feed(&c, bytes.ptr, bytes.len);
	ck_assert_int_eq(c.step, PROTO_FAULT);
	ck_assert_int_eq(row_written(&c.out, H2_GOAWAY), H2_FLOW_CONTROL_ERROR);
	case_close(&c);
	buf_fini(&bytes);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("frames");
	tcase_add_loop_test(t, whatever_breaks_the_connections_rules_ends_it_with_its_code, 0,
			    sizeof rows / sizeof *rows);
	tcase_add_loop_test(t, what_comes_after_an_answers_end_is_a_desync, 0, 3);
	tcase_add_test(t, more_data_than_our_window_allows_is_refused);
	return rows_main("h2_frames", t);
}
