/* tuples: which four-tuple each connection uses, so that one process can hold millions.
 *
 * TCP tells connections apart by source address, source port, destination address and destination
 * port; one (source, destination) pair is therefore good for some ten thousand connections, and
 * more of them take more pairs. The space numbers everything that may be used, 0 to total - 1. A
 * book, one a worker, knows which of the worker's numbers are in use and which wait in TIME_WAIT.
 *
 * The space is built by one thread and does not change while load runs; all workers share it. A
 * book belongs to one thread and borrows the space. No socket is kept here. */
#ifndef BRINK_IO_TUPLES_H
#define BRINK_IO_TUPLES_H

#include "base/err.h"
#include "io/addr.h"
#include "io/bitset.h"

#include <stdbool.h>
#include <stdint.h>

#define TUPLES_ADDR_MAX 65536u /* sources; also destinations, each port of an address counted */
#define TUPLES_MAX      (UINT32_MAX - 1)

struct tuples {
	struct addr *from; /* sources, port 0; none: the kernel's choice */
	struct addr *to;   /* destinations with their ports, at least one */
	uint32_t from_count;
	uint32_t to_count;
	uint16_t port_low;   /* the first source port, where we choose them */
	uint32_t port_count; /* of our own choice, none past 65535; 0: the kernel chooses */
	uint32_t per_pair;   /* connections at most for one (source, destination); a book takes
			      * 3 bits for each, so ask for no more than are needed */
	uint64_t rest_ns; /* how long a port waits whose connection we closed first (TIME_WAIT) */
};

struct tuple {
	const struct addr *from; /* NULL: the kernel's choice */
	const struct addr *to;
	uint16_t port; /* 0: the kernel's choice */
};

/* How many connections the space is good for: sources (or 1) * destinations * the lesser of
 * per_pair and port_count, up to TUPLES_MAX. */
uint32_t tuples_total(const struct tuples *t);

/* Ports of a range that the kernel's own search finds quickly, for each (source, destination). */
uint32_t tuples_by_search(uint32_t ports);

/* The tuple of a number below the total. Consecutive numbers are of different pairs, destinations
 * first, until all pairs had their turn; only then comes the next port. */
struct tuple tuple_of(const struct tuples *t, uint32_t number);

/* Both parsers read a list with commas between its entries, replace what the space holds, and
 * return 0; or -1 with a usage error that names the entry (a runtime error where memory lacks), and
 * an untouched space. Either refuses an address given twice, one that no connection can have
 * (wildcard, broadcast, multicast, and IPv6 link-local, which would need a zone), and families that
 * do not match the other side's. IPv4-mapped IPv6 addresses become the IPv4 addresses that they
 * are. The arrays are on the heap: a caller may fill in its own, before parsing the other side.
 *
 * Destinations: an address, a range ("127.0.0.1-127.0.0.4", "127.0.0.1-4") or a block
 * ("10.0.0.0/24"), each with :PORT or :PORT-PORT behind it, else with the default port (0: there
 * is none). IPv6 stands in brackets: "[::1]:8080", "[fd00::1-fd00::4]:8080-8083". Of an IPv4 block
 * up to /30, the first address and the last are left out: the network's and the broadcast's. */
int tuples_parse_destinations(struct tuples *t, const char *text, unsigned short default_port,
			      struct err *err);

/* Sources: an address, a range or a block, IPv6 without brackets; or "all" in place of a list: the
 * addresses of this host's interfaces that are up and of the destinations' family, loopback ones
 * if all destinations are loopback, and all others if not. "all" needs the destinations (asserted).
 */
int tuples_parse_sources(struct tuples *t, const char *text, struct err *err);

/* Whether this host has every source, found by binding to it; -1 names the first it has not. */
int tuples_check_sources(const struct tuples *t, struct err *err);

void tuples_fini(struct tuples *t); /* a zeroed struct is fine */

/* A worker's share of the numbers: those equal to `worker` modulo `workers`. Each is in use, at
 * rest, or free. 3 bits a number, reserved at once. Time is the caller's monotonic clock. */
struct tuple_book {
	const struct tuples *space;
	uint32_t worker, workers;
	/* By number / workers. Resting: given back in this period of rest_ns, and in the one
	 * before; what rested a whole period is free. In use is what none of them has. */
	struct bitset free, resting, resting_longer;
	uint32_t at;      /* where the walk goes on */
	uint64_t turn_ns; /* the period's end */
};

/* The walk begins at `start`, which may be any value: runs that follow each other closely had
 * better not begin with the same ports. The share may be empty. False: no memory. */
bool tuple_book_init(struct tuple_book *b, const struct tuples *space, uint32_t worker,
		     uint32_t workers, uint32_t start);
void tuple_book_fini(struct tuple_book *b);

/* The next free number of a cyclic walk; false when all are in use or at rest. Constant time,
 * however few are free, but for the first call of a period, which frees what has rested. */
bool tuple_book_take(struct tuple_book *b, uint64_t now_ns, uint32_t *ret);

/* Gives a taken number back (asserted). `rests`: we closed first, so the port is in TIME_WAIT: it
 * comes back after rest_ns at the earliest, twice that at the latest. Where the kernel chooses
 * the port, a number merely counts, and nothing rests. */
void tuple_book_give(struct tuple_book *b, uint32_t number, bool rests, uint64_t now_ns);

/* As of the last call that gave the time. */
uint32_t tuple_book_free(const struct tuple_book *b);
uint32_t tuple_book_resting(const struct tuple_book *b);

#endif
