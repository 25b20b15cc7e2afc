/* One life of a slot after another: what belongs to an earlier one never reaches a later. */
#include "tests/unit/ring_case.h"

static const struct ring_config few = {.slots = 4, .buffers = 4, .buffer_size = 256};

static void expect_closed(uint32_t slot)
{
	struct ring_event e = case_event();
	ck_assert_msg(e.op == RING_CLOSED && e.slot == slot,
		      "op %d of slot %u after the close of %u", (int)e.op, e.slot, slot);
}

/* The peer's words are the number of the life, more often than there are buffers. */
static void peer_says(int peer, unsigned life)
{
	unsigned words[512];
	for (unsigned i = 0; i < 512; i++)
		words[i] = life;
	peer_send(peer, words, sizeof words);
}

static void hear(uint32_t slot, unsigned life)
{
	struct ring_event e = case_expect(RING_RECEIVED, slot);
	ck_assert_int_gt(e.res, 0);
	for (size_t i = 0; i + sizeof life <= e.data.len; i += sizeof life)
		ck_assert_mem_eq(e.data.ptr + i, &life, sizeof life);
	ring_done(ring, &e);
}

/* Five ways to end a life, most of them with completions still to come. */
static void live(uint32_t slot, unsigned life)
{
	unsigned way = life % 5;
	if (way == 0) {
		case_dial(slot);
		case_turn(0);
		ring_close(ring, slot, false);
		expect_closed(slot);
		struct pollfd came = {.fd = listener, .events = POLLIN};
		if (poll(&came, 1, 0) > 0)
			close(peer_accept());
		return;
	}
	int peer = case_connect(slot);
	ck_assert(ring_receive(ring, slot));
	case_turn(0);
	peer_says(peer, life);
	if (way == 1 || way == 2)
		hear(slot, life);
	if (way == 2 || way == 3)
		ck_assert_int_ne(ring_send(ring, slot, span_of("bye"), 0), RING_REFUSED);
	if (way == 4)
		case_turn(0);
	ring_close(ring, slot, life % 2);
	expect_closed(slot);
	close(peer);
}

START_TEST(a_slot_lives_2000_times_and_hears_only_its_own_life)
{
	case_open(few, _i);
	for (unsigned life = 0; life < 2000; life++)
		live(life % few.slots, life);
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
	ck_assert_uint_gt(ring_stats(ring).stale, 0);
}
END_TEST

START_TEST(buffers_of_lives_that_ended_come_back)
{
	char got[1024], sent[1024];
	case_open(few, _i);
	for (unsigned life = 0; life < 50; life++)
		live(life % few.slots, life * 5 + 4);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_turn(0);
	uint64_t starved = ring_stats(ring).starved;
	memset(sent, 'x', sizeof sent);
	peer_send(peer, sent, sizeof sent); /* all four buffers full */
	case_receive(0, got, sizeof got);
	ck_assert_mem_eq(got, sent, sizeof sent);
	ck_assert_uint_le(ring_stats(ring).starved - starved, 1);
	close(peer);
}
END_TEST

/* A shutdown runs on a thread of the kernel's and looks its file up late: were the slot closed
 * and dialled anew by then, the new connection would be the one that is shut down. */
START_TEST(a_close_right_after_a_shutdown_spares_the_next_connection)
{
	case_open(few, _i);
	for (unsigned life = 0; life < 300; life++) {
		int peer = case_connect(0);
		ck_assert(ring_receive(ring, 0));
		struct pollfd p = {.fd = peer, .events = POLLIN};
		case_turn(0);
		ck_assert_msg(poll(&p, 1, 0) == 0, "life %u was shut down at birth", life);
		ck_assert_int_ne(ring_send(ring, 0, span_of("yes"), RING_QUIET), RING_REFUSED);
		if (!case_has("skip"))
			ck_assert_int_eq(case_expect(RING_SENT, 0).res, 3);
		peer_expect(peer, "yes");
		ring_shutdown(ring, 0);
		case_close(0, false);
		close(peer);
	}
}
END_TEST

START_TEST(closing_a_thousand_connections_at_once_ends_each_once)
{
	enum { MANY = 1000 };
	static unsigned closed[MANY];
	memset(closed, 0, sizeof closed);
	case_open((struct ring_config){.slots = MANY, .entries = 8}, _i);
	ck_assert_int_eq(listen(listener, MANY), 0);
	for (uint32_t i = 0; i < MANY; i++)
		case_dial(i);
	for (uint32_t i = 0; i < MANY; i++) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_OPENED);
		ck_assert_int_eq(e.res, 0);
		ck_assert(ring_receive(ring, e.slot));
	}
	for (uint32_t i = 0; i < MANY; i++)
		ring_close(ring, i, i % 2);
	for (uint32_t i = 0; i < MANY; i++) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_CLOSED);
		ck_assert_uint_eq(closed[e.slot]++, 0);
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("ring_lives");
	tcase_set_timeout(all, 20);
	tcase_add_loop_test(all, a_slot_lives_2000_times_and_hears_only_its_own_life, 0,
			    RING_VARIANTS);
	tcase_add_loop_test(all, buffers_of_lives_that_ended_come_back, 0, RING_VARIANTS);
	tcase_add_loop_test(all, a_close_right_after_a_shutdown_spares_the_next_connection, 0,
			    RING_VARIANTS);
	tcase_add_loop_test(all, closing_a_thousand_connections_at_once_ends_each_once, 0,
			    RING_VARIANTS);
	return case_main("ring_lives", all);
}
