/* What the ring sends: big, quiet, from registered memory; with everything the kernel has and with
 * each feature taken as absent. */
#include "tests/unit/ring_case.h"

static const struct ring_config small = {.slots = 8};

enum { BIG = 8 << 20 };

static unsigned char pattern(size_t at)
{
	return (unsigned char)(at * 31 + at / 251);
}

/* Reads what is there without waiting, and holds it against the pattern. */
static size_t peer_drain(int fd, size_t from)
{
	static unsigned char part[1 << 16];
	ssize_t n;
	size_t at = from;
	while ((n = recv(fd, part, sizeof part, MSG_DONTWAIT)) > 0)
		for (ssize_t i = 0; i < n; i++, at++)
			if (part[i] != pattern(at))
				ck_abort_msg("byte %zu is another", at);
	return at - from;
}

static void send_big(char *bytes, unsigned flags)
{
	int peer = case_connect(0);
	size_t sent = 0, got = 0;
	unsigned reports = 0;
	while (sent < BIG) {
		struct span rest = {bytes + sent, BIG - sent};
		ck_assert_int_eq(ring_send(ring, 0, rest, flags), RING_REPORTS);
		struct ring_event e;
		uint64_t until = mono_ns() + PATIENCE_NS;
		while (!ring_next(ring, &e)) {
			ck_assert_uint_lt(mono_ns(), until);
			case_turn(mono_ns() + NS_PER_MS);
			got += peer_drain(peer, got);
		}
		ck_assert_int_eq(e.op, RING_SENT);
		ck_assert_int_gt(e.res, 0);
		sent += (size_t)e.res;
		reports++;
	}
	case_close(0, false);
	for (uint64_t until = mono_ns() + PATIENCE_NS; got < BIG && mono_ns() < until;)
		got += peer_drain(peer, got);
	ck_assert_uint_eq(got, BIG);
	ck_assert_uint_ge(reports, 1);
	close(peer);
}

static char *big_bytes(void)
{
	char *bytes = aligned_alloc(4096, BIG);
	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < BIG; i++)
		bytes[i] = (char)pattern(i);
	return bytes;
}

START_TEST(a_big_send_reports_until_all_of_it_is_taken)
{
	char *bytes = big_bytes();
	case_open(small, _i);
	send_big(bytes, RING_QUIET); /* a wish that cannot be granted for so many bytes */
	ring_free(ring);
	ring = NULL;
	free(bytes);
}
END_TEST

START_TEST(a_big_send_from_registered_memory_reports_as_well)
{
	char *bytes = big_bytes();
	struct ring_config config = small;
	config.fixed = (struct span){bytes, BIG};
	case_open(config, _i);
	send_big(bytes, RING_FIXED);
	ring_free(ring);
	ring = NULL;
	free(bytes);
}
END_TEST

START_TEST(a_quiet_send_that_goes_well_says_nothing)
{
	case_open(small, _i);
	int peer = case_connect(1);
	enum ring_sending sending = ring_send(ring, 1, span_of("quiet"), RING_QUIET);
	ck_assert_int_eq(sending, case_has("skip") ? RING_SILENT : RING_REPORTS);
	if (sending == RING_REPORTS)
		ck_assert_int_eq(case_expect(RING_SENT, 1).res, 5);
	peer_expect(peer, "quiet");
	ck_assert(ring_receive(ring, 1));
	peer_send(peer, "!", 1);
	case_expect(RING_RECEIVED, 1); /* and no RING_SENT before it */
	close(peer);
}
END_TEST

START_TEST(quietness_ends_at_its_limit)
{
	static char bytes[RING_QUIET_MAX + 1];
	case_open(small, _i);
	int peer = case_connect(1);
	struct span most = {bytes, RING_QUIET_MAX}, more = {bytes, RING_QUIET_MAX + 1};
	ck_assert_int_eq(ring_send(ring, 1, most, RING_QUIET),
			 case_has("skip") ? RING_SILENT : RING_REPORTS);
	if (!case_has("skip"))
		case_expect(RING_SENT, 1);
	ck_assert_int_eq(ring_send(ring, 1, more, RING_QUIET), RING_REPORTS);
	ck_assert_int_gt(case_expect(RING_SENT, 1).res, 0);
	close(peer);
}
END_TEST

START_TEST(a_quiet_send_that_fails_tells)
{
	const struct linger reset = {.l_onoff = 1};
	case_open(small, _i);
	int peer = case_connect(1);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(peer);
	ck_assert_int_ne(ring_send(ring, 1, span_of("late"), RING_QUIET), RING_REFUSED);
	struct ring_event e = case_expect(RING_SENT, 1);
	ck_assert_msg(e.res == -ECONNRESET || e.res == -EPIPE, "%d", (int)e.res);
	case_close(1, false);
}
END_TEST

/* Bytes that the kernel still holds at the close must be let go of, or the connection lives on
 * and the caller's memory is read after its RING_CLOSED. */
START_TEST(a_close_takes_back_a_send_that_waits_for_the_peer)
{
	static char got[1 << 16];
	char *bytes = big_bytes();
	case_open(small, _i);
	int peer = case_connect(1);
	ck_assert_int_eq(ring_send(ring, 1, (struct span){bytes, BIG}, 0), RING_REPORTS);
	case_turn(0);
	struct ring_event e;
	while (ring_next(ring, &e)) { /* a part was taken at once: the rest finds no room */
		ck_assert_int_eq(e.op, RING_SENT);
		ck_assert_int_lt(e.res, BIG);
		ring_send(ring, 1, (struct span){bytes, BIG}, 0);
		case_turn(0);
	}
	case_close(1, false);
	free(bytes);
	case_turn(0);
	ssize_t n;
	size_t sum = 0;
	while ((n = peer_recv(peer, got, sizeof got, 0)) > 0)
		sum += (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_lt(sum, 2 * BIG);
	close(peer);
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		a_big_send_reports_until_all_of_it_is_taken,
		a_big_send_from_registered_memory_reports_as_well,
		a_quiet_send_that_goes_well_says_nothing,
		quietness_ends_at_its_limit,
		a_quiet_send_that_fails_tells,
		a_close_takes_back_a_send_that_waits_for_the_peer,
	};
	TCase *all = tcase_create("ring_send");
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	return case_main("ring_send", all);
}
