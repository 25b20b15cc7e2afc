/* A ring of more slots than one table of descriptors may have: several io_urings, one face. */
#include "tests/unit/ring_case.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { TABLE = 4, SLOTS = 16, LANES = SLOTS / TABLE };

static const struct ring_config four = {.slots = SLOTS, .table = TABLE};

/* Plain descriptors lie in no table: one io_uring does, and has what one table may have. */
static uint32_t open_four(int variant)
{
	case_open(four, variant);
	bool direct = case_has("direct");
	ck_assert_uint_eq(ring_stats(ring).rings, direct ? LANES : 1);
	ck_assert_uint_eq(ring_slots(ring), direct ? SLOTS : TABLE);
	return ring_slots(ring);
}

static void send_text(uint32_t slot, const char *text)
{
	enum ring_sending sending = ring_send(ring, slot, span_of(text), RING_QUIET);
	ck_assert_int_ne(sending, RING_REFUSED);
	if (sending == RING_REPORTS)
		ck_assert_int_eq(case_expect(RING_SENT, slot).res, (int)strlen(text));
}

/* The next events are one for each of the slots, in any order. */
static void expect_each(enum ring_op op, uint32_t count)
{
	bool told[128] = {false};
	ck_assert_uint_le(count, 128);
	for (uint32_t i = 0; i < count; i++) {
		struct ring_event e = case_event();
		ck_assert_msg(e.op == op && e.slot < count && !told[e.slot], "op %d of slot %u",
			      (int)e.op, e.slot);
		told[e.slot] = true;
		ring_done(ring, &e);
	}
}

/* --- a connection's life ---------------------------------------------------------------- */

START_TEST(every_slot_dials_sends_receives_and_closes)
{
	int peers[SLOTS];
	uint32_t count = open_four(_i);
	for (unsigned life = 0; life < 3; life++) {
		for (uint32_t i = 0; i < count; i++) {
			peers[i] = case_connect(i);
			ck_assert(ring_receive(ring, i));
		}
		ck_assert_uint_eq(ring_stats(ring).slots_used, count);
		for (uint32_t i = 0; i < count; i++) {
			char word[2] = {(char)('a' + i), '\0'};
			send_text(i, word);
			peer_expect(peers[i], word);
			peer_send(peers[i], word, 1);
			struct ring_event e = case_expect(RING_RECEIVED, i);
			ck_assert_int_eq(e.res, 1);
			ck_assert_int_eq(*e.data.ptr, *word);
			ring_done(ring, &e);
		}
		for (uint32_t i = 0; i < count; i++)
			ring_close(ring, i, life % 2);
		expect_each(RING_CLOSED, count);
		for (uint32_t i = 0; i < count; i++)
			close(peers[i]);
		ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
	}
}
END_TEST

START_TEST(dials_of_all_lanes_go_out_in_one_turn)
{
	uint32_t count = open_four(_i);
	for (uint32_t i = 0; i < count; i++)
		case_dial(i);
	expect_each(RING_OPENED, count);
	for (uint32_t i = 0; i < count; i++)
		close(peer_accept());
}
END_TEST

/* The number that the kernel knows a file by is counted from its lane's first slot. */
START_TEST(a_reset_hits_its_own_connection)
{
	int peers[SLOTS];
	char byte;
	uint32_t count = open_four(_i);
	for (uint32_t i = 0; i < count; i++)
		peers[i] = case_connect(i);
	for (uint32_t i = 0; i < count; i++) {
		case_close(i, true);
		case_turn(0);
		ck_assert_int_eq(peer_recv(peers[i], &byte, 1, 0), -1);
		ck_assert_int_eq(errno, ECONNRESET);
		for (uint32_t k = i + 1; k < count; k++) {
			struct pollfd p = {.fd = peers[k], .events = POLLIN};
			ck_assert_int_eq(poll(&p, 1, 0), 0);
		}
		close(peers[i]);
	}
}
END_TEST

START_TEST(a_close_cancels_receives_and_watches_of_every_lane)
{
	int peers[SLOTS];
	uint32_t count = open_four(_i);
	for (uint32_t i = 0; i < count; i++) {
		peers[i] = case_connect(i);
		ck_assert(i % 2 ? ring_watch(ring, i) : ring_receive(ring, i));
	}
	case_turn(0);
	for (uint32_t i = 0; i < count; i++)
		ring_close(ring, i, false);
	expect_each(RING_CLOSED, count);
	struct ring_event e;
	ck_assert(!case_event_by(&e, mono_ns() + 10 * NS_PER_MS));
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
	for (uint32_t i = 0; i < count; i++)
		close(peers[i]);
}
END_TEST

/* --- waiting ---------------------------------------------------------------------------- */

/* Sends a byte to whoever sleeps, a little later. */
static void *send_late(void *arg)
{
	poll(NULL, 0, 10);
	peer_send(*(const int *)arg, "x", 1);
	return NULL;
}

START_TEST(a_sleeping_ring_is_woken_by_every_lane)
{
	uint32_t count = open_four(_i);
	for (uint32_t slot = 0; slot < count; slot += TABLE) {
		pthread_t late;
		struct ring_event e;
		int peer = case_connect(slot);
		ck_assert(ring_receive(ring, slot));
		case_turn(0);
		ck_assert_int_eq(pthread_create(&late, NULL, send_late, &peer), 0);
		uint64_t start = mono_ns();
		unsigned turns = 0;
		for (; !ring_next(ring, &e); turns++)
			case_turn(start + PATIENCE_NS);
		ck_assert_msg(mono_ns() - start < PATIENCE_NS / 2, "nobody woke it");
		ck_assert_msg(turns < 8, "%u turns in 10 ms: it does not sleep", turns);
		ck_assert(e.op == RING_RECEIVED && e.slot == slot && e.res == 1);
		ring_done(ring, &e);
		pthread_join(late, NULL);
		case_close(slot, false);
		close(peer);
	}
}
END_TEST

START_TEST(a_turn_ends_at_its_deadline_and_sleeps_until_then)
{
	open_four(_i);
	uint64_t until = mono_ns() + 50 * NS_PER_MS;
	unsigned turns = 0;
	struct ring_event e;
	for (; mono_ns() < until; turns++) {
		case_turn(until);
		ck_assert(!ring_next(ring, &e));
	}
	ck_assert_msg(turns < 8, "%u turns in 50 ms", turns);
	ck_assert_uint_lt(mono_ns() - until, 200 * NS_PER_MS);
}
END_TEST

/* `turns` counts enters: of the lanes that have work, and of no other. */
START_TEST(a_lane_without_work_is_not_entered)
{
	int peers[SLOTS];
	uint32_t count = open_four(_i);
	for (uint32_t i = 0; i < count; i++) {
		peers[i] = case_connect(i);
		ck_assert(ring_receive(ring, i));
	}
	for (int i = 0; i < 10; i++)
		case_turn(0);
	if (ring_stats(ring).rings > 1) {
		uint64_t before = ring_stats(ring).turns;
		for (int i = 0; i < 100; i++)
			case_turn(0);
		ck_assert_uint_eq(ring_stats(ring).turns, before);
		send_text(5, "one");
		peer_expect(peers[5], "one");
		for (int i = 0; i < 100; i++)
			case_turn(0);
		ck_assert_uint_ge(ring_stats(ring).turns, before + 1);
		ck_assert_uint_le(ring_stats(ring).turns, before + 4);
	}
	for (uint32_t i = 0; i < count; i++)
		close(peers[i]);
}
END_TEST

START_TEST(an_event_that_is_left_unread_is_there_after_the_next_turn)
{
	uint32_t count = open_four(_i);
	for (uint32_t i = 0; i < count; i++)
		case_dial(i);
	struct ring_event e = case_event(); /* one a turn */
	uint32_t seen = 1;
	for (; seen < count; seen++) {
		uint64_t start = mono_ns();
		case_turn(start + PATIENCE_NS);
		ck_assert_uint_lt(mono_ns() - start, PATIENCE_NS / 2);
		e = case_event();
		ck_assert(e.op == RING_OPENED && e.res == 0);
	}
	ck_assert(!case_event_by(&e, mono_ns() + 10 * NS_PER_MS));
}
END_TEST

/* --- accepting -------------------------------------------------------------------------- */

/* Each table keeps a slot free. */
static uint32_t fill(uint32_t *held)
{
	struct ring_event e;
	uint32_t count = 0;
	while (case_event_by(&e, mono_ns() + 50 * NS_PER_MS)) {
		ck_assert_int_eq(e.op, RING_ACCEPTED);
		ck_assert_uint_lt(e.slot, ring_slots(ring));
		held[count++] = e.slot;
	}
	return count;
}

START_TEST(clients_beyond_the_slots_are_all_served_in_the_end)
{
	enum { CLIENTS = 50 };
	int clients[CLIENTS];
	uint32_t held[SLOTS], served = 0;
	uint32_t slots = open_four(_i), rings = ring_stats(ring).rings;
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = peer_connect();
	uint32_t count = fill(held);
	ck_assert_uint_eq(count, slots - rings);
	while (count) { /* one leaves, one comes */
		uint32_t slot = held[--count];
		send_text(slot, "!");
		ring_close(ring, slot, false);
		served++;
		bool more = served + count < CLIENTS;
		for (unsigned want = more ? 2 : 1; want; want--) {
			struct ring_event e = case_event();
			ck_assert(e.op == RING_CLOSED || e.op == RING_ACCEPTED);
			if (e.op == RING_ACCEPTED)
				held[count++] = e.slot;
		}
	}
	ck_assert_uint_eq(served, CLIENTS);
	for (int i = 0; i < CLIENTS; i++) {
		peer_expect(clients[i], "!");
		close(clients[i]);
	}
}
END_TEST

/* A multishot accept fills the first table up to its margin, then the second's takes over. */
START_TEST(large_tables_are_filled_one_after_the_other)
{
	enum { BIG = 4110, CLIENTS = 60 };
	static int clients[CLIENTS];
	uint32_t slots[CLIENTS];
	bool seen[2 * BIG] = {false};
	case_open((struct ring_config){.slots = 2 * BIG, .table = BIG, .buffers = 8}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	for (unsigned wave = 0; wave < 3; wave++) {
		for (unsigned i = 0; i < CLIENTS; i++)
			clients[i] = peer_connect();
		for (unsigned i = 0; i < CLIENTS; i++) {
			struct ring_event e = case_event();
			ck_assert_int_eq(e.op, RING_ACCEPTED);
			ck_assert(e.slot < ring_slots(ring) && !seen[e.slot]);
			seen[e.slot] = true;
			slots[i] = e.slot;
		}
		for (unsigned i = 0; i < CLIENTS; i++)
			send_text(slots[i], "!");
		for (unsigned i = 0; i < CLIENTS; i++) {
			peer_expect(clients[i], "!");
			close(clients[i]);
		}
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 3 * CLIENTS);
}
END_TEST

/* --- how many --------------------------------------------------------------------------- */

/* The kernel registers 16 rings a thread; those beyond are entered by descriptor. */
START_TEST(more_rings_than_the_kernel_registers_work_alike)
{
	enum { MANY = 80 };
	case_open((struct ring_config){.slots = MANY, .table = 2}, _i);
	uint32_t count = ring_slots(ring);
	ck_assert_uint_eq(ring_stats(ring).rings, case_has("direct") ? MANY / 2 : 1);
	int peers[MANY];
	for (uint32_t i = 0; i < count; i++) {
		peers[i] = case_connect(i);
		ck_assert(ring_receive(ring, i));
	}
	for (uint32_t i = 0; i < count; i++)
		peer_send(peers[i], "x", 1);
	expect_each(RING_RECEIVED, count);
	for (uint32_t i = 0; i < count; i++)
		close(peers[i]);
}
END_TEST

START_TEST(the_last_table_has_what_is_left)
{
	case_open((struct ring_config){.slots = 7, .table = 3}, _i);
	if (!case_has("direct"))
		return;
	ck_assert_uint_eq(ring_slots(ring), 7);
	ck_assert_uint_eq(ring_stats(ring).rings, 3);
	int peers[7];
	for (uint32_t i = 0; i < 7; i++)
		peers[i] = case_connect(i);
	case_close(6, false);
	close(peers[6]);
	peers[6] = case_connect(6);
	for (uint32_t i = 0; i < 7; i++)
		close(peers[i]);
}
END_TEST

START_TEST(a_table_as_large_as_the_ring_is_one)
{
	case_open((struct ring_config){.slots = 8, .table = 8}, _i);
	ck_assert_uint_eq(ring_stats(ring).rings, 1);
	ck_assert_uint_eq(ring_slots(ring), 8);
	close(case_connect(7));
}
END_TEST

START_TEST(a_freed_ring_leaves_no_descriptor_behind)
{
	char byte;
	int before = dup(0);
	uint32_t count = open_four(_i);
	int peers[SLOTS];
	for (uint32_t i = 0; i < count; i++)
		peers[i] = case_connect(i);
	ring_free(ring);
	ring = NULL;
	for (uint32_t i = 0; i < count; i++) {
		ck_assert_int_eq(peer_recv(peers[i], &byte, 1, 0), 0);
		close(peers[i]);
	}
	close(before);
	int after = dup(0); /* the lowest that is free */
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

/* --- where descriptors run out ---------------------------------------------------------- */

/* In a child, for a hard limit cannot be raised again: 0 where all went as it should. */
static int open_with_descriptors(rlim_t most, uint32_t rings)
{
	const struct rlimit low = {most, most};
	if (setrlimit(RLIMIT_NOFILE, &low))
		return 2;
	if (ring_open(&ring, &four, &err))
		return rings ? 3 : ring || err.kind != ERR_RUNTIME;
	if (!case_has("direct"))
		rings = 1;
	if (ring_stats(ring).rings != rings || ring_slots(ring) != rings * TABLE)
		return 4;
	for (uint32_t i = 0; case_has("direct") && i < ring_slots(ring); i++) {
		struct ring_dial to = {.to = (struct sockaddr *)&here, .to_len = sizeof here};
		struct ring_event e;
		if (!ring_dial(ring, i, &to) || !case_event_by(&e, mono_ns() + PATIENCE_NS))
			return 5;
		if (e.op != RING_OPENED || e.slot != i || e.res)
			return 6;
	}
	ring_free(ring);
	return 0;
}

/* One descriptor wakes them all, then each ring has one. */
START_TEST(a_ring_has_as_many_slots_as_there_are_descriptors_for)
{
	setenv("BRINK_DISABLE", ring_variants[_i], 1);
	for (uint32_t rings = 0; rings <= LANES; rings++) {
		int next = dup(0);
		close(next);
		fflush(NULL);
		pid_t child = fork();
		if (child == 0)
			_exit(open_with_descriptors((rlim_t)next + 1 + rings, rings));
		int status;
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(status == 0, "%u rings: status %d", rings, status >> 8);
	}
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		every_slot_dials_sends_receives_and_closes,
		dials_of_all_lanes_go_out_in_one_turn,
		a_reset_hits_its_own_connection,
		a_close_cancels_receives_and_watches_of_every_lane,
		a_sleeping_ring_is_woken_by_every_lane,
		a_turn_ends_at_its_deadline_and_sleeps_until_then,
		a_lane_without_work_is_not_entered,
		an_event_that_is_left_unread_is_there_after_the_next_turn,
		clients_beyond_the_slots_are_all_served_in_the_end,
		large_tables_are_filled_one_after_the_other,
		more_rings_than_the_kernel_registers_work_alike,
		the_last_table_has_what_is_left,
		a_table_as_large_as_the_ring_is_one,
		a_freed_ring_leaves_no_descriptor_behind,
		a_ring_has_as_many_slots_as_there_are_descriptors_for,
	};
	TCase *all = tcase_create("ring_lanes");
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	return case_main("ring_lanes", all);
}
