/* addr: names to addresses, and address ranges. Set-up code: may block; any thread. */
#ifndef BRINK_IO_ADDR_H
#define BRINK_IO_ADDR_H

#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDR_TEXT 64
#define ADDR_MAX  16

struct addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* Addresses of a host, IPv4 and IPv6, in the resolver's order; returns how many (1 to ADDR_MAX),
 * or -1 with an error that names the host and the resolver's reason. */
int addr_resolve(struct addr *ret, const char *host, unsigned short port, struct err *err);

/* The first of `count` addresses (1 to ADDR_MAX) that accepts a connection within a second; the
 * first of all when none does. They are tried together, yet the list's order decides and not the
 * race, so that two runs choose alike. One address is returned untried. */
const struct addr *addr_reachable(const struct addr *list, int count);

/* "127.0.0.1:8080", "[::1]:8080", ":8080" or "8080" (every local address: the IPv6 wildcard, so
 * the socket must not be IPv6 only). Port 0 leaves the choice to the kernel. Returns 0, or -1 with
 * a usage error that names the text. */
int addr_parse_listen(struct addr *ret, const char *text, struct err *err);

uint16_t addr_port(const struct addr *a);
char *addr_text(char *out, const struct addr *a); /* "127.0.0.1:80"; out of ADDR_TEXT bytes */

/* An IPv4-mapped IPv6 address counts as the IPv4 address that it is. The wildcard addresses are
 * neither: connecting to them stays on this host, listening on them does not. */
bool addr_is_loopback(const struct addr *a);
bool addr_is_private(const struct addr *a); /* RFC 1918, RFC 4193, link-local, RFC 6598 */

/* A CIDR block ("10.0.0.0/8", "::1/128", a bare address is one host); bits past the prefix are
 * ignored. A block of IPv6 holds no IPv4 address, short as its prefix may be. */
struct addr_block {
	unsigned char bytes[16]; /* IPv4 as IPv4-mapped IPv6 */
	unsigned bits;           /* 0..128, of the 128 */
};
int addr_block_parse(struct addr_block *ret, const char *text, struct err *err);
bool addr_block_has(const struct addr_block *block, const struct addr *a);

#endif
