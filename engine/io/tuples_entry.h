/* tuples_entry: one entry of a list of sources or destinations, from text to numbers. Private to
 * the parsers of io/tuples.h. Pure; any thread. */
#ifndef BRINK_IO_TUPLES_ENTRY_H
#define BRINK_IO_TUPLES_ENTRY_H

#include "io/tuples.h"

#define TUPLES_ENTRY_TEXT 128 /* "[IPv6-IPv6]:port-port" has 105 characters at most, and a NUL */

/* Addresses in a row, both ends included; IPv4 as IPv4-mapped IPv6 (::ffff:0:0/96). */
struct hosts {
	unsigned __int128 low, high;
};

struct tuples_entry {
	struct hosts hosts; /* TUPLES_ADDR_MAX at most */
	unsigned port_low, port_high;
};

/* Both cut the text (shorter than TUPLES_ENTRY_TEXT) in place, and return NULL; or what is wrong
 * with the entry, to follow its name in a sentence. */
const char *tuples_read_source(struct tuples_entry *ret, char *text);
const char *tuples_read_destination(struct tuples_entry *ret, char *text, unsigned default_port);

/* What is wrong with an entry that is no address at all, and one that is of too many. */
extern const char TUPLES_NOT_HOSTS[], TUPLES_TOO_MANY[];

/* NULL where any connection can come from or go to these. */
const char *tuples_unfit(const struct hosts *hosts);

struct addr tuples_addr(unsigned __int128 host, unsigned port);
unsigned __int128 tuples_host(const struct addr *a);

/* As addr_text; a source, whose port is 0, is its bare host ("127.0.0.1", "::1"). */
char *tuples_text(char *out, const struct addr *a);

#endif
