/* Watching a connection in place of receiving from it: told once when there is something to
 * receive, be it data or the connection's end. */
#include "tests/unit/ring_case.h"

static const struct ring_config configs[] = {
	{.slots = 8},
	{.slots = 8, .table = 2},
};
#define CONFIGS (sizeof configs / sizeof *configs)

static void open_nth(size_t nth, int variant)
{
	ring_free(ring);
	case_open(configs[nth], variant);
}

static struct ring_event receive_once(uint32_t slot)
{
	ck_assert(ring_receive_once(ring, slot));
	struct ring_event e = case_expect(RING_RECEIVED, slot);
	ck_assert(!e.armed);
	return e;
}

static void expect_nothing(void)
{
	struct ring_event e;
	ck_assert_msg(!case_event_by(&e, mono_ns() + 10 * NS_PER_MS), "op %d of slot %u", (int)e.op,
		      e.slot);
}

static void reset(int fd)
{
	const struct linger now = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

START_TEST(data_ends_a_watch_once_and_is_there_to_be_received)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		int peer = case_connect(1);
		ck_assert(ring_watch(ring, 1));
		expect_nothing();
		peer_send(peer, "first", 5);
		case_expect(RING_READABLE, 1);
		peer_send(peer, " second", 7); /* of which nobody tells */
		expect_nothing();
		struct ring_event e = receive_once(1);
		ck_assert_int_eq(e.res, 12);
		ck_assert_mem_eq(e.data.ptr, "first second", 12);
		ring_done(ring, &e);
		close(peer);
	}
}
END_TEST

START_TEST(what_came_before_the_watch_is_told_as_well)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		int peer = case_connect(0);
		peer_send(peer, "early", 5);
		ck_assert(ring_watch(ring, 0));
		case_expect(RING_READABLE, 0);
		ck_assert(ring_watch(ring, 0)); /* it lies there still */
		case_expect(RING_READABLE, 0);
		struct ring_event e = receive_once(0);
		ck_assert_int_eq(e.res, 5);
		ring_done(ring, &e);
		ck_assert(ring_watch(ring, 0));
		expect_nothing();
		close(peer);
	}
}
END_TEST

static void expect_peeked(uint32_t slot, bool something)
{
	ck_assert(ring_peek(ring, slot));
	struct ring_event e = case_expect(RING_READABLE, slot);
	ck_assert_int_eq(e.res == -EAGAIN, !something);
}

START_TEST(a_peek_tells_at_once_and_leaves_what_it_saw)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		int peer = case_connect(1);
		expect_peeked(1, false);
		peer_send(peer, "first", 5);
		expect_peeked(1, true);
		expect_peeked(1, true);
		struct ring_event e = receive_once(1);
		ck_assert_int_eq(e.res, 5);
		ring_done(ring, &e);
		expect_peeked(1, false);
		close(peer);
		expect_peeked(1, true);
		ck_assert_int_eq(receive_once(1).res, 0);
		case_close(1, false);
	}
}
END_TEST

START_TEST(a_peek_tells_of_a_reset_itself)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		int peer = case_connect(1);
		expect_peeked(1, false);
		reset(peer);
		ck_assert(ring_peek(ring, 1));
		ck_assert_int_eq(case_expect(RING_READABLE, 1).res, -ECONNRESET);
		case_close(1, false);
	}
}
END_TEST

START_TEST(the_peers_end_ends_a_watch)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		int peer = case_connect(1);
		ck_assert(ring_watch(ring, 1));
		case_turn(0);
		close(peer);
		case_expect(RING_READABLE, 1);
		ck_assert_int_eq(receive_once(1).res, 0);
		case_close(1, false);
	}
}
END_TEST

START_TEST(a_reset_ends_a_watch)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		int peer = case_connect(1);
		ck_assert(ring_watch(ring, 1));
		case_turn(0);
		reset(peer);
		case_expect(RING_READABLE, 1);
		ck_assert_int_eq(receive_once(1).res, -ECONNRESET);
		case_close(1, false);
	}
}
END_TEST

/* What waits, or looks, is submitted already or not when the close comes. */
static void close_overtakes(bool (*waits)(struct ring *, uint32_t), int variant)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, variant);
		for (uint32_t way = 0; way < 4; way++) {
			int peer = case_connect(1);
			ck_assert(waits(ring, 1));
			if (way & 1)
				case_turn(0);
			case_close(1, way & 2);
			expect_nothing();
			ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
			close(peer);
		}
	}
}

START_TEST(a_close_cancels_a_watch)
{
	close_overtakes(ring_watch, _i);
}
END_TEST

START_TEST(a_peek_that_a_close_overtakes_tells_nothing)
{
	close_overtakes(ring_peek, _i);
}
END_TEST

/* The watch has fired, and nobody has read so yet. */
START_TEST(a_watch_of_one_life_tells_nothing_in_the_next)
{
	for (size_t i = 0; i < CONFIGS; i++) {
		open_nth(i, _i);
		for (uint32_t life = 0; life < 50; life++) {
			int peer = case_connect(1);
			ck_assert(ring_watch(ring, 1));
			case_turn(0);
			peer_send(peer, "too late", 8);
			case_turn(0);
			case_close(1, life % 2);
			close(peer);
			peer = case_connect(1);
			ck_assert(ring_watch(ring, 1));
			case_turn(0);
			peer_send(peer, "now", 3);
			case_expect(RING_READABLE, 1);
			struct ring_event e = receive_once(1);
			ck_assert_int_eq(e.res, 3);
			ck_assert_mem_eq(e.data.ptr, "now", 3);
			ring_done(ring, &e);
			case_close(1, false);
			close(peer);
		}
	}
}
END_TEST

START_TEST(of_many_watches_each_is_told)
{
	enum { MANY = 200 };
	int peers[MANY];
	bool told[MANY] = {false};
	const struct ring_config config = {.slots = MANY, .table = 64};
	case_open(config, _i);
	uint32_t count = ring_slots(ring);
	ck_assert_uint_eq(count, case_has("direct") ? MANY : config.table);
	for (uint32_t i = 0; i < count; i++) {
		peers[i] = case_connect(i);
		ck_assert(ring_watch(ring, i));
	}
	case_turn(0);
	for (uint32_t i = 0; i < count; i++) {
		if (i % 3 == 0)
			peer_send(peers[i], "x", 1);
		else if (i % 3 == 1)
			close(peers[i]);
		else
			reset(peers[i]);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_READABLE);
		ck_assert(!told[e.slot]);
		told[e.slot] = true;
	}
	expect_nothing();
	for (uint32_t i = 0; i < count; i += 3)
		close(peers[i]);
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		data_ends_a_watch_once_and_is_there_to_be_received,
		what_came_before_the_watch_is_told_as_well,
		the_peers_end_ends_a_watch,
		a_reset_ends_a_watch,
		a_close_cancels_a_watch,
		a_watch_of_one_life_tells_nothing_in_the_next,
		of_many_watches_each_is_told,
		a_peek_tells_at_once_and_leaves_what_it_saw,
		a_peek_tells_of_a_reset_itself,
		a_peek_that_a_close_overtakes_tells_nothing,
	};
	TCase *all = tcase_create("ring_watch");
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	return case_main("ring_watch", all);
}
