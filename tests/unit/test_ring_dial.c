/* Where a dial comes from: a source address, a source port, as the peer sees them. */
#include "tests/unit/ring_case.h"

static const struct ring_config sourced = {.slots = 8, .sources = true};

static struct sockaddr_in source_of(const char *host)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	ck_assert_int_eq(inet_pton(AF_INET, host, &from.sin_addr), 1);
	return from;
}

static bool dial(uint32_t slot, const struct sockaddr_in *from, uint16_t port)
{
	struct ring_dial d = {.to = (const struct sockaddr *)&here,
			      .to_len = sizeof here,
			      .from = (const struct sockaddr *)from,
			      .from_len = from ? sizeof *from : 0,
			      .port = port,
			      .nodelay = slot % 2};
	return ring_dial(ring, slot, &d);
}

static int dialled(uint32_t slot, const struct sockaddr_in *from, uint16_t port)
{
	ck_assert(dial(slot, from, port));
	return case_expect(RING_OPENED, slot).res;
}

/* Who is at the other end of an accepted connection. */
static struct sockaddr_in peer_of(int fd)
{
	struct sockaddr_in other;
	socklen_t len = sizeof other;
	ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&other, &len), 0);
	return other;
}

static void expect_from(int fd, const char *host)
{
	char text[INET_ADDRSTRLEN];
	struct sockaddr_in other = peer_of(fd);
	ck_assert_str_eq(inet_ntop(AF_INET, &other.sin_addr, text, sizeof text), host);
}

/* The range that the kernel chooses from, of which we may choose. */
static void port_range(unsigned *low, unsigned *high)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
	ck_assert(f && fscanf(f, "%u %u", low, high) == 2);
	fclose(f);
}

/* Dials from the first free port at or after a place that differs from run to run; the port is
 * one that nobody else has. */
static uint16_t dial_from_free_port(uint32_t slot, const struct sockaddr_in *from)
{
	unsigned low, high;
	port_range(&low, &high);
	unsigned at = (unsigned)(mono_ns() / 1000 % (high - low + 1));
	for (unsigned tries = 0; tries < 200; tries++) {
		uint16_t port = (uint16_t)(low + (at + tries) % (high - low + 1));
		int res = dialled(slot, from, port);
		if (res == 0)
			return port;
		ck_assert_int_eq(res, -EADDRNOTAVAIL);
		case_close(slot, false);
	}
	ck_abort_msg("of 200 ports none is free");
	return 0;
}

/* --- sources ---------------------------------------------------------------------------- */

START_TEST(a_source_is_where_the_connection_comes_from)
{
	static const char *const hosts[] = {"127.0.0.2", "127.0.0.1", "127.1.2.3"};
	case_open(sourced, _i);
	for (uint32_t i = 0; i < 3; i++) {
		struct sockaddr_in from = source_of(hosts[i]);
		ck_assert_int_eq(dialled(i, &from, 0), 0);
		int peer = peer_accept();
		expect_from(peer, hosts[i]);
		ck_assert_int_ne(peer_of(peer).sin_port, 0);
		close(peer);
	}
	ck_assert_int_eq(dialled(3, NULL, 0), 0); /* and the kernel's choice beside them */
	int peer = peer_accept();
	expect_from(peer, "127.0.0.1");
	close(peer);
}
END_TEST

START_TEST(a_connection_from_a_source_talks_and_closes)
{
	case_open(sourced, _i);
	struct sockaddr_in from = source_of("127.0.0.2");
	for (unsigned life = 0; life < 20; life++) {
		ck_assert_int_eq(dialled(5, &from, 0), 0);
		int peer = peer_accept();
		ck_assert(ring_receive(ring, 5));
		if (ring_send(ring, 5, span_of("ping"), RING_QUIET) == RING_REPORTS)
			ck_assert_int_eq(case_expect(RING_SENT, 5).res, 4);
		peer_expect(peer, "ping");
		peer_send(peer, "pong", 4);
		struct ring_event e = case_expect(RING_RECEIVED, 5);
		ck_assert_int_eq(e.res, 4);
		ring_done(ring, &e);
		case_close(5, life % 2);
		close(peer);
	}
	ck_assert_uint_eq(ring_stats(ring).slots_used, 0);
}
END_TEST

START_TEST(a_source_that_is_not_ours_fails_once)
{
	case_open(sourced, _i);
	struct sockaddr_in from = source_of("192.0.2.1"); /* RFC 5737: nobody's */
	ck_assert_int_eq(dialled(2, &from, 0), -EADDRNOTAVAIL);
	case_close(2, false);
	close(case_connect(2)); /* no event of the failed life comes between */
}
END_TEST

static bool is_direct(const char *disable, bool sources)
{
	setenv("BRINK_DISABLE", disable, 1);
	ring_free(ring);
	ck_assert_int_eq(
		ring_open(&ring, &(struct ring_config){.slots = 8, .sources = sources}, &err), 0);
	return case_has("direct");
}

START_TEST(without_bind_plain_descriptors_serve_where_sources_are_named)
{
	bool direct = is_direct("", false);
	ck_assert(!is_direct("bind", true));
	ck_assert_int_eq(is_direct("bind", false), direct);
}
END_TEST

/* --- ports ------------------------------------------------------------------------------ */

START_TEST(a_port_is_where_the_connection_comes_from)
{
	struct sockaddr_in froms[] = {source_of("127.0.0.2"), source_of("127.0.0.1")};
	const struct sockaddr_in *const ways[] = {NULL, &froms[0], &froms[1]};
	case_open(sourced, _i);
	for (uint32_t i = 0; i < 3; i++) {
		uint16_t port = dial_from_free_port(i, ways[i]);
		int peer = peer_accept();
		if (case_has("portrange"))
			ck_assert_uint_eq(ntohs(peer_of(peer).sin_port), port);
		expect_from(peer, i == 1 ? "127.0.0.2" : "127.0.0.1");
		close(peer);
	}
}
END_TEST

START_TEST(ports_are_named_where_the_feature_is_there)
{
	case_open(sourced, _i);
	ck_assert_int_eq(ring_names_ports(), case_has("portrange"));
}
END_TEST

START_TEST(a_port_is_taken_for_one_destination_only)
{
	case_open(sourced, _i);
	if (!case_has("portrange"))
		return;
	uint16_t port = dial_from_free_port(0, NULL);
	int peer = peer_accept(), first = listener;
	ck_assert_int_eq(dialled(1, NULL, port), -EADDRNOTAVAIL);
	case_close(1, false);

	struct sockaddr_in from = source_of("127.0.0.2"); /* another source: another tuple */
	ck_assert_int_eq(dialled(1, &from, port), 0);
	int second = peer_accept();
	ck_assert_uint_eq(ntohs(peer_of(second).sin_port), port);

	case_listen(); /* another destination as well */
	ck_assert_int_eq(dialled(2, NULL, port), 0);
	int third = peer_accept();
	ck_assert_uint_eq(ntohs(peer_of(third).sin_port), port);
	close(peer);
	close(second);
	close(third);
	close(first);
}
END_TEST

START_TEST(a_port_serves_again_after_a_reset)
{
	case_open(sourced, _i);
	if (!case_has("portrange"))
		return;
	uint16_t port = dial_from_free_port(0, NULL);
	for (unsigned life = 0; life < 20; life++) { /* no TIME_WAIT is left behind */
		int peer = peer_accept();
		case_close(0, true);
		close(peer);
		case_turn(0); /* the file is let go of as the kernel is left */
		ck_assert_int_eq(dialled(0, NULL, port), 0);
	}
	close(peer_accept());
}
END_TEST

START_TEST(an_ipv6_connection_has_its_port_too)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in6 from = to, other;
	socklen_t len = sizeof to;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, len) || listen(fd, 8))
		return; /* a host without IPv6 */
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&to, &len), 0);
	case_open(sourced, _i);
	unsigned low, high;
	port_range(&low, &high);
	struct ring_dial d = {.to = (struct sockaddr *)&to,
			      .to_len = sizeof to,
			      .from = (struct sockaddr *)&from,
			      .from_len = sizeof from};
	int res = -EADDRNOTAVAIL;
	for (unsigned tries = 0; tries < 200 && res == -EADDRNOTAVAIL; tries++) {
		d.port = (uint16_t)(low + (mono_ns() / 1000 + tries) % (high - low + 1));
		ck_assert(ring_dial(ring, 0, &d));
		res = case_expect(RING_OPENED, 0).res;
		if (res)
			case_close(0, false);
	}
	ck_assert_int_eq(res, 0);
	int peer = accept(fd, NULL, NULL);
	len = sizeof other;
	ck_assert_int_eq(getpeername(peer, (struct sockaddr *)&other, &len), 0);
	if (case_has("portrange"))
		ck_assert_uint_eq(ntohs(other.sin6_port), d.port);
	close(peer);
	close(fd);
}
END_TEST

/* Chains of six entries, in a queue of eight, through four lanes at once. */
START_TEST(many_dials_at_once_each_come_from_their_own)
{
	enum { MANY = 64 };
	static struct sockaddr_in froms[MANY]; /* borrowed until the dial has ended */
	bool seen[MANY] = {false};
	case_open((struct ring_config){.slots = MANY, .table = 16, .entries = 8, .sources = true},
		  _i);
	uint32_t count = ring_slots(ring);
	for (uint32_t i = 0; i < count; i++) {
		froms[i] = source_of("127.0.1.0");
		froms[i].sin_addr.s_addr += htonl(i);
		ck_assert(dial(i, &froms[i], 0));
	}
	for (uint32_t i = 0; i < count; i++) {
		struct ring_event e = case_event();
		ck_assert(e.op == RING_OPENED && e.res == 0);
	}
	for (uint32_t i = 0; i < count; i++) {
		int peer = peer_accept();
		uint32_t who = ntohl(peer_of(peer).sin_addr.s_addr) & 0xff;
		ck_assert(who < count && !seen[who]);
		seen[who] = true;
		close(peer);
	}
}
END_TEST

int main(void)
{
	const TTest *const everywhere[] = {
		a_source_is_where_the_connection_comes_from,
		a_connection_from_a_source_talks_and_closes,
		a_source_that_is_not_ours_fails_once,
		a_port_is_where_the_connection_comes_from,
		ports_are_named_where_the_feature_is_there,
		a_port_is_taken_for_one_destination_only,
		a_port_serves_again_after_a_reset,
		an_ipv6_connection_has_its_port_too,
		many_dials_at_once_each_come_from_their_own,
	};
	TCase *all = tcase_create("ring_dial");
	tcase_set_timeout(all, 20);
	for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
		tcase_add_loop_test(all, everywhere[i], 0, RING_VARIANTS);
	tcase_add_test(all, without_bind_plain_descriptors_serve_where_sources_are_named);
	return case_main("ring_dial", all);
}
