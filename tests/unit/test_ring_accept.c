/* Accepting: as long as slots are free, one short of the table's end, and never dropping anyone. */
#include "tests/unit/ring_case.h"

enum { CLIENTS = 20 };

static int clients[CLIENTS];

static void connect_all(void)
{
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = peer_connect();
}

static void close_all(void)
{
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
}

/* Answers one byte to whoever was accepted, then closes: tells each client that it was served. */
static void serve(uint32_t slot)
{
	ck_assert_int_ne(ring_send(ring, slot, span_of("!"), 0), RING_REFUSED);
	ck_assert_int_eq(case_expect(RING_SENT, slot).res, 1);
}

START_TEST(twenty_clients_of_eight_slots_are_all_served)
{
	case_open((struct ring_config){.slots = 8}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	connect_all();
	uint32_t held[8];
	unsigned count = 0, served = 0;
	struct ring_event e;
	while (case_event_by(&e, mono_ns() + 50 * NS_PER_MS)) {
		ck_assert_int_eq(e.op, RING_ACCEPTED);
		held[count++] = e.slot;
		ck_assert_uint_lt(count, 8); /* one slot stays free */
	}
	ck_assert_uint_eq(count, 7);
	while (count) { /* one leaves, one comes */
		uint32_t slot = held[--count];
		serve(slot);
		served++;
		ring_close(ring, slot, false);
		bool more = served + count < CLIENTS;
		for (unsigned want = more ? 2 : 1; want; want--) {
			e = case_event();
			ck_assert(e.op == RING_CLOSED || e.op == RING_ACCEPTED);
			if (e.op == RING_ACCEPTED)
				held[count++] = e.slot;
		}
	}
	ck_assert_uint_eq(served, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		peer_expect(clients[i], "!");
	close_all();
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

/* Above ACCEPT_MARGIN free slots a multishot accept is armed: it hands over all at once. */
START_TEST(a_large_table_accepts_all_there_is)
{
	bool seen[5000] = {false};
	case_open((struct ring_config){.slots = 5000, .buffers = 8}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	connect_all();
	for (int i = 0; i < CLIENTS; i++) {
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_ACCEPTED);
		ck_assert(!seen[e.slot]);
		seen[e.slot] = true;
	}
	close_all();
}
END_TEST

/* Where slots run low, a multishot accept is taken back and single ones follow. */
START_TEST(accepting_goes_on_past_the_margin)
{
	case_open((struct ring_config){.slots = 4100, .buffers = 8}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	for (int round = 0; round < 3; round++) {
		connect_all();
		for (int i = 0; i < CLIENTS; i++)
			ck_assert_int_eq(case_event().op, RING_ACCEPTED);
		close_all();
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 3 * CLIENTS);
}
END_TEST

START_TEST(slots_that_were_closed_are_accepted_into_again)
{
	case_open((struct ring_config){.slots = 2}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	for (int life = 0; life < 500; life++) {
		int client = peer_connect();
		struct ring_event e = case_event();
		ck_assert_int_eq(e.op, RING_ACCEPTED);
		ck_assert(ring_receive(ring, e.slot));
		peer_send(client, "x", 1);
		if (life % 2) {
			struct ring_event data = case_expect(RING_RECEIVED, e.slot);
			ck_assert_mem_eq(data.data.ptr, "x", 1);
			ring_done(ring, &data);
		}
		case_close(e.slot, life % 3 == 0);
		close(client);
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

/* A client says who it is, is told "!", and the connection ends. Returns 1 at its end. */
static unsigned serve_event(const struct ring_event *e, unsigned first, bool *heard)
{
	unsigned who;
	switch (e->op) {
	case RING_ACCEPTED:
		ck_assert(ring_receive(ring, e->slot));
		break;
	case RING_RECEIVED:
		if (e->res == -ENOBUFS) {
			ck_assert(e->armed || ring_receive(ring, e->slot));
			break;
		}
		ck_assert_msg(e->res == sizeof who, "a receive ends with %d", (int)e->res);
		memcpy(&who, e->data.ptr, sizeof who);
		ck_assert_msg(who - first < CLIENTS && !heard[who - first], "%u, from %u on", who,
			      first);
		heard[who - first] = true;
		ck_assert_int_ne(ring_send(ring, e->slot, span_of("!"), 0), RING_REFUSED);
		break;
	case RING_SENT:
		ck_assert_msg(e->res == 1, "a send ends with %d", (int)e->res);
		ring_shutdown(ring, e->slot);
		ring_close(ring, e->slot, false);
		return 1;
	default:
		break;
	}
	return 0;
}

/* The kernel gives a slot anew while the last completions of its old life are still to come. What
 * the old one left behind - data, a cancelled receive, a shutdown that runs late on a thread of
 * the kernel's - must not reach the new one. */
START_TEST(a_slot_given_anew_hears_nothing_of_its_old_life)
{
	struct ring_event e;
	case_open((struct ring_config){.slots = 8, .buffers = 4}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	for (unsigned wave = 0; wave < 50; wave++) {
		bool heard[CLIENTS] = {false};
		connect_all();
		for (unsigned i = 0; i < CLIENTS; i++) {
			unsigned who = wave * CLIENTS + i;
			peer_send(clients[i], &who, sizeof who);
		}
		for (unsigned ended = 0; ended < CLIENTS;) {
			e = case_event();
			ended += serve_event(&e, wave * CLIENTS, heard);
			ring_done(ring, &e);
		}
		for (unsigned i = 0; i < CLIENTS; i++)
			peer_expect(clients[i], "!");
		close_all();
	}
	while (case_event_by(&e, mono_ns() + 10 * NS_PER_MS))
		ck_assert_int_eq(e.op, RING_CLOSED);
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

START_TEST(several_listeners_share_a_ring_up_to_a_bound)
{
	case_open((struct ring_config){.slots = 64}, _i);
	int first = listener;
	struct sockaddr_in first_here = here;
	ck_assert_int_eq(ring_listen(ring, first, &err), 0);
	case_listen();
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	int b = peer_connect();
	here = first_here;
	int a = peer_connect();
	ck_assert_int_eq(case_event().op, RING_ACCEPTED);
	ck_assert_int_eq(case_event().op, RING_ACCEPTED);
	for (int i = 2; i < 16; i++)
		ck_assert_int_eq(ring_listen(ring, first, &err), 0);
	ck_assert_int_eq(ring_listen(ring, first, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "16 listeners"));
	close(a);
	close(b);
	close(first);
}
END_TEST

START_TEST(a_listener_stays_the_callers)
{
	case_open((struct ring_config){.slots = 8}, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	case_turn(0);
	ring_free(ring);
	ring = NULL;
	int client = peer_connect();
	int accepted = peer_accept();
	close(accepted);
	close(client);
}
END_TEST

int main(void)
{
	TCase *all = tcase_create("ring_accept");
	tcase_set_timeout(all, 20);
	tcase_add_loop_test(all, twenty_clients_of_eight_slots_are_all_served, 0, RING_VARIANTS);
	tcase_add_loop_test(all, a_large_table_accepts_all_there_is, 0, RING_VARIANTS);
	tcase_add_loop_test(all, accepting_goes_on_past_the_margin, 0, RING_VARIANTS);
	tcase_add_loop_test(all, slots_that_were_closed_are_accepted_into_again, 0, RING_VARIANTS);
	tcase_add_loop_test(all, a_slot_given_anew_hears_nothing_of_its_old_life, 0, RING_VARIANTS);
	tcase_add_loop_test(all, several_listeners_share_a_ring_up_to_a_bound, 0, RING_VARIANTS);
	tcase_add_loop_test(all, a_listener_stays_the_callers, 0, RING_VARIANTS);
	return case_main("ring_accept", all);
}
