/* Floods: what a peer may send without end. Each ends with ENHANCE_YOUR_CALM within a bound, and
 * neither what is kept nor what is to be sent grows past one. */
#include "h2_rows.h"

#define ROUNDS_MAX 1000000u
#define KEPT_MAX   (128u << 10)
#define SAID_MAX   (512u << 10)

static struct h2_case c;

static const struct flood {
	const char *says;
	const char *first, *again;
	unsigned most; /* frames that we bear */
} floods[] = {
	{"SETTINGS", "%", "000006 04 00 00000000 000400000100", H2_IDLE_FRAMES_MAX},
	{"SETTINGS acknowledged", "%", "000000 04 01 00000000", H2_IDLE_FRAMES_MAX},
	{"PING", "%", "000008 06 00 00000000 0000000000000000", H2_IDLE_FRAMES_MAX},
	{"PING acknowledged", "%", "000008 06 01 00000000 0000000000000000", H2_IDLE_FRAMES_MAX},
	{"PRIORITY", "%", "000005 02 00 00000001 0000000000", H2_IDLE_FRAMES_MAX},
	{"WINDOW_UPDATE", "%", "000004 08 00 00000001 00000001", H2_IDLE_FRAMES_MAX},
	{"GOAWAY", "%", "000008 07 00 00000000 0000000300000000", H2_IDLE_FRAMES_MAX},
	{"RST_STREAM", "%", "000004 03 00 00000001 00000008", H2_IDLE_FRAMES_MAX},
	{"unknown frames", "%", "000001 ee 00 00000000 00", H2_IDLE_FRAMES_MAX},
	{"empty DATA", "% 000001 01 04 00000001 88", "000000 00 00 00000001", H2_IDLE_FRAMES_MAX},
	{"DATA of padding", "% 000001 01 04 00000001 88", "000003 00 08 00000001 020000",
	 H2_IDLE_FRAMES_MAX},
	{"CONTINUATION", "% 000001 01 00 00000001 88", "000001 09 00 00000001 88",
	 H2_CONTINUATIONS_MAX},
	{"empty CONTINUATION", "% 000001 01 00 00000001 88", "000000 09 00 00000001",
	 H2_CONTINUATIONS_MAX},
};

/* How often it was borne. */
static unsigned repeat(struct span bytes)
{
	unsigned rounds = 0;
	for (; c.step != PROTO_FAULT && rounds < ROUNDS_MAX; rounds++) {
		case_feed(&c, bytes.ptr, bytes.len);
		ck_assert_uint_le(c.h.payload.cap, KEPT_MAX);
		ck_assert_uint_le(c.out.len, SAID_MAX);
	}
	return rounds;
}

static void is_calmed(void)
{
	ck_assert_int_eq(c.step, PROTO_FAULT);
	ck_assert_int_eq(row_written(&c.out, H2_GOAWAY), H2_ENHANCE_YOUR_CALM);
	ck_assert_int_eq(c.answers[c.answer_count - 1].fault, PROTO_TOO_LARGE);
}

START_TEST(a_flood_is_borne_for_so_long)
{
	const struct flood *f = &floods[_i];
	struct buf first, again;
	row_bytes(f->first, &first);
	row_bytes(f->again, &again);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, first.ptr, first.len);
	/* the first RST_STREAM ends a request */
	ck_assert_uint_le(repeat((struct span){again.ptr, again.len}), f->most + 2);
	is_calmed();
	case_close(&c);
	buf_fini(&first);
	buf_fini(&again);
}
END_TEST

START_TEST(a_block_without_end_is_not_kept)
{
	static char block[16384];
	struct buf b;
	row_bytes("%", &b);
	h2_frame_head(&b, sizeof block, H2_HEADERS, 0, 1);
	buf_append(&b, block, sizeof block);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, b.ptr, b.len);
	b.len = 0;
	h2_frame_head(&b, sizeof block, H2_CONTINUATION, 0, 1);
	buf_append(&b, block, sizeof block);
	ck_assert_uint_le(repeat((struct span){b.ptr, b.len}), 5);
	is_calmed();
	case_close(&c);
	buf_fini(&b);
}
END_TEST

/* Sixteen bytes of a table entry, named over and over: a block of 16 KiB that unfolds to 64 MiB. */
START_TEST(a_block_that_unfolds_without_end_is_not_kept)
{
	static char value[4000];
	struct buf b, block;
	row_bytes("%", &b);
	buf_init(&block, 1 << 20);
	memset(value, 'v', sizeof value);
	buf_append(&block,
		   "\x88\x40\x01"
		   "a\x7f\xa1\x1e",
		   7);
	buf_append(&block, value, sizeof value);
	for (unsigned i = 0; i < 10000; i++)
		buf_append(&block, "\xbe", 1);
	h2_frame_head(&b, (uint32_t)block.len, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM, 1);
	buf_append(&b, block.ptr, block.len);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, b.ptr, b.len);
	is_calmed();
	case_close(&c);
	buf_fini(&b);
	buf_fini(&block);
}
END_TEST

START_TEST(interim_answers_without_end_are_refused)
{
	struct buf b;
	row_bytes("% 000005 01 04 00000001 0803313033", &b);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, b.ptr, b.len);
	for (unsigned i = 0; i < H2_INTERIM_MAX + 1 && !c.answer_count; i++)
		case_feed(&c, b.ptr + H2_FRAME_HEAD, b.len - H2_FRAME_HEAD);
	ck_assert_uint_eq(c.answer_count, 1);
	ck_assert_uint_eq(c.answers[0].end, PROTO_BAD);
	case_close(&c);
	buf_fini(&b);
}
END_TEST

/* A request that is refused may be sent once more: not for ever. */
START_TEST(a_peer_that_refuses_every_stream_is_left)
{
	struct buf b;
	unsigned rounds = 0;
	row_bytes("%", &b);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, b.ptr, b.len);
	uint32_t id = 1;
	for (; c.step != PROTO_FAULT && rounds < ROUNDS_MAX; rounds++) {
		b.len = 0;
		h2_frame_u32(&b, H2_RST_STREAM, id, H2_REFUSED_STREAM);
		case_feed(&c, b.ptr, b.len);
		c.answer_count = 0;
		c.out.len = 0;
		if (c.step != PROTO_FAULT) {
			id = c.h.next_id;
			case_send(&c, 0);
		}
	}
	ck_assert_uint_le(rounds, H2_IDLE_FRAMES_MAX + 1);
	case_close(&c);
	buf_fini(&b);
}
END_TEST

/* Answers come, and between them what must be acknowledged, to one that reads nothing. */
START_TEST(what_is_owed_to_a_peer_that_does_not_read_is_bounded)
{
	struct buf ping, answer;
	row_bytes("000008 06 00 00000000 0000000000000000", &ping);
	row_bytes("%", &answer);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, answer.ptr, answer.len);
	unsigned rounds = 0;
	for (; c.step != PROTO_FAULT && rounds < ROUNDS_MAX; rounds++) {
		case_feed(&c, ping.ptr, ping.len);
		if (rounds % 1000 || c.step == PROTO_FAULT)
			continue;
		answer.len = 0;
		h2_frame_head(&answer, 1, H2_HEADERS, H2_END_HEADERS | H2_END_STREAM,
			      c.h.streams[0].id);
		buf_append(&answer, "\x88", 1);
		case_feed(&c, answer.ptr, answer.len);
		case_send(&c, 0);
	}
	ck_assert_uint_le(rounds, H2_REPLIES_MAX + 1);
	ck_assert_uint_le(c.out.len, SAID_MAX);
	is_calmed();
	case_close(&c);
	buf_fini(&ping);
	buf_fini(&answer);
}
END_TEST

START_TEST(settings_in_thousands_are_refused)
{
	struct buf b;
	row_bytes("", &b);
	h2_frame_head(&b, 6 * (H2_SETTINGS_MAX + 1), H2_SETTINGS, 0, 0);
	for (unsigned i = 0; i <= H2_SETTINGS_MAX; i++)
		h2_setting(&b, H2_INITIAL_WINDOW_SIZE, i);
	row_open(&c, &(struct proto_spec){.streams = 4});
	case_feed(&c, b.ptr, b.len);
	is_calmed();
	case_close(&c);
	buf_fini(&b);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("floods");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_flood_is_borne_for_so_long, 0, sizeof floods / sizeof *floods);
	tcase_add_test(t, a_block_without_end_is_not_kept);
	tcase_add_test(t, a_block_that_unfolds_without_end_is_not_kept);
	tcase_add_test(t, interim_answers_without_end_are_refused);
	tcase_add_test(t, a_peer_that_refuses_every_stream_is_left);
	tcase_add_test(t, what_is_owed_to_a_peer_that_does_not_read_is_bounded);
	tcase_add_test(t, settings_in_thousands_are_refused);
	return rows_main("h2_floods", t);
}
