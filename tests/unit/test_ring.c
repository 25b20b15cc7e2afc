/* The ring's operations on connections, with everything the kernel has and with each feature
 * taken as absent: what is seen from outside must be the same. */
#include "tests/unit/ring_case.h"

static const struct ring_config small = {.slots = 8};

START_TEST(features_are_known_by_name_and_disabled_one_by_one)
{
	unsigned count, found = 0;
	case_open(small, _i);
	const struct ring_feature *f = ring_features(ring, &count);
	const char *list = ring_variants[_i];
	ck_assert_uint_eq(count, 14);
	for (unsigned i = 0; i < count; i++) {
		ck_assert(f[i].name[0] && f[i].since[0] && f[i].without[0]);
		if (strstr(list, f[i].name))
			ck_assert_msg(f[i].disabled, "%s is on despite %s", f[i].name, list);
		found += f[i].found;
	}
	ck_assert(!case_has("direct") || case_has("skip"));
	ck_assert(!case_has("multishot") || case_has("bufring"));
	ck_assert_uint_gt(found, 0);
}
END_TEST

START_TEST(names_are_disabled_as_a_whole_and_unknown_ones_do_nothing)
{
	setenv("BRINK_DISABLE", "ski,skipp,,direct2,xfixed", 1);
	ck_assert_int_eq(ring_open(&ring, &small, &err), 0);
	unsigned count;
	const struct ring_feature *f = ring_features(ring, &count);
	for (unsigned i = 0; i < count; i++)
		ck_assert_msg(!f[i].disabled, "%s is disabled", f[i].name);
}
END_TEST

START_TEST(a_dialled_connection_sends_receives_and_closes)
{
	case_open(small, _i);
	int peer = case_connect(3);
	ck_assert_uint_eq(ring_stats(ring).slots_used, 1);
	ck_assert(ring_receive(ring, 3));
	if (ring_send(ring, 3, span_of("ping"), RING_QUIET) == RING_REPORTS)
		ck_assert_int_eq(case_expect(RING_SENT, 3).res, 4);
	peer_expect(peer, "ping");
	peer_send(peer, "pong", 4);
	struct ring_event e = case_expect(RING_RECEIVED, 3);
	ck_assert_int_eq(e.res, 4);
	ck_assert_uint_eq(e.data.len, 4);
	ck_assert_mem_eq(e.data.ptr, "pong", 4);
	ck_assert(e.armed == case_has("multishot"));
	ring_done(ring, &e);
	if (!e.armed)
		ck_assert(ring_receive(ring, 3));
	close(peer);
	e = case_expect(RING_RECEIVED, 3);
	ck_assert_int_eq(e.res, 0);
	ck_assert(!e.armed);
	case_close(3, false);
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

START_TEST(an_accepted_connection_sends_receives_and_closes)
{
	case_open(small, _i);
	ck_assert_int_eq(ring_listen(ring, listener, &err), 0);
	int peer = peer_connect();
	struct ring_event e = case_event();
	ck_assert_int_eq(e.op, RING_ACCEPTED);
	ck_assert_uint_lt(e.slot, small.slots);
	uint32_t slot = e.slot;
	ck_assert(ring_receive(ring, slot));
	peer_send(peer, "ping", 4);
	char got[4];
	case_receive(slot, got, sizeof got);
	ck_assert_mem_eq(got, "ping", 4);
	if (ring_send(ring, slot, span_of("pong"), RING_QUIET) == RING_REPORTS)
		ck_assert_int_eq(case_expect(RING_SENT, slot).res, 4);
	peer_expect(peer, "pong");
	case_close(slot, false);
	ck_assert_int_eq(peer_recv(peer, got, 1, 0), 0);
	close(peer);
}
END_TEST

/* --- failing and ending ----------------------------------------------------------------- */

START_TEST(a_refused_connect_is_told_and_the_slot_serves_again)
{
	case_open(small, _i);
	close(listener);
	case_dial(5);
	ck_assert_int_eq(case_expect(RING_OPENED, 5).res, -ECONNREFUSED);
	case_close(5, false);
	case_listen();
	int peer = case_connect(5);
	case_close(5, false);
	close(peer);
}
END_TEST

START_TEST(a_dial_that_cannot_begin_fails_once)
{
	const struct sockaddr nowhere = {.sa_family = 255};
	struct ring_dial to = {.to = &nowhere, .to_len = sizeof nowhere, .nodelay = true};
	case_open(small, _i);
	ck_assert(ring_dial(ring, 2, &to));
	ck_assert_int_eq(case_expect(RING_OPENED, 2).res, -EAFNOSUPPORT);
	case_close(2, false);
	int peer = case_connect(2); /* no event of the failed life comes between */
	close(peer);
}
END_TEST

START_TEST(a_reset_is_seen_by_the_peer_as_one)
{
	char byte;
	case_open(small, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_close(0, true);
	ck_assert_int_eq(peer_recv(peer, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(peer);
	peer = case_connect(0); /* nothing in flight this time */
	case_close(0, true);
	case_turn(0);
	ck_assert_int_eq(peer_recv(peer, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(peer);
}
END_TEST

START_TEST(a_close_is_seen_by_the_peer_as_an_end)
{
	char byte;
	case_open(small, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_close(0, false);
	ck_assert_int_eq(peer_recv(peer, &byte, 1, 0), 0);
	close(peer);
}
END_TEST

START_TEST(a_peer_that_resets_ends_the_receive)
{
	const struct linger reset = {.l_onoff = 1};
	case_open(small, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_turn(0);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(peer);
	struct ring_event e = case_expect(RING_RECEIVED, 0);
	ck_assert_int_eq(e.res, -ECONNRESET);
	ck_assert(!e.armed);
	case_close(0, false);
}
END_TEST

START_TEST(after_a_shutdown_the_peers_data_still_comes)
{
	char got[5];
	case_open(small, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	ring_shutdown(ring, 0);
	ring_shutdown(ring, 0); /* once is enough */
	ck_assert(peer_readable_by(peer, mono_ns() + PATIENCE_NS));
	ck_assert_int_eq(peer_recv(peer, got, 1, 0), 0);
	peer_send(peer, "still", 5);
	case_receive(0, got, 5);
	ck_assert_mem_eq(got, "still", 5);
	case_close(0, false);
	close(peer);
}
END_TEST

START_TEST(after_a_close_nothing_but_its_end_is_told)
{
	case_open(small, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_turn(0);
	peer_send(peer, "too late", 8);
	ring_send(ring, 0, span_of("gone"), 0);
	case_turn(0); /* completions are there, unread */
	case_close(0, false);
	struct ring_event e;
	ck_assert(!case_event_by(&e, mono_ns() + 20 * NS_PER_MS));
	close(peer);
}
END_TEST

START_TEST(a_dial_can_be_closed_before_it_ended)
{
	case_open(small, _i);
	case_dial(0); /* not even submitted */
	case_close(0, false);
	case_dial(0);
	case_turn(0);
	struct ring_event e;
	ring_close(ring, 0, true);
	while ((e = case_event()).op != RING_CLOSED)
		ck_abort_msg("op %d of a life that was ended", (int)e.op);
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

START_TEST(a_freed_ring_leaves_no_connection_and_no_descriptor)
{
	char byte;
	int before = dup(0);
	case_open(small, _i);
	int peer = case_connect(0);
	ck_assert(ring_receive(ring, 0));
	case_turn(0);
	ring_free(ring);
	ring = NULL;
	ssize_t n = peer_recv(peer, &byte, 1, 0);
	ck_assert_msg(n == 0, "%s", strerror(errno));
	close(peer);
	close(before);
	int after = dup(0); /* the lowest that is free */
	ck_assert_int_eq(after, before);
	close(after);
	ring_free(NULL);
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		features_are_known_by_name_and_disabled_one_by_one,
		a_dialled_connection_sends_receives_and_closes,
		an_accepted_connection_sends_receives_and_closes,
		a_refused_connect_is_told_and_the_slot_serves_again,
		a_dial_that_cannot_begin_fails_once,
		a_reset_is_seen_by_the_peer_as_one,
		a_close_is_seen_by_the_peer_as_an_end,
		a_peer_that_resets_ends_the_receive,
		after_a_shutdown_the_peers_data_still_comes,
		after_a_close_nothing_but_its_end_is_told,
		a_dial_can_be_closed_before_it_ended,
		a_freed_ring_leaves_no_connection_and_no_descriptor,
	};
	TCase *all = tcase_create("ring");
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	tcase_add_test(all, names_are_disabled_as_a_whole_and_unknown_ones_do_nothing);
	return case_main("ring", all);
}
