#include "io/tuples_entry.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char TUPLES_NOT_HOSTS[] = "is not an address, a range or a block";
const char TUPLES_TOO_MANY[] = "makes more than 65536 of them";
static const char BACKWARD[] = "ends before it begins";
static const char NOT_PORTS[] = "is not followed by a port, 1 to 65535, or a range of them";
static const char NO_BRACKETS[] = "has several colons, and no brackets round an IPv6 address";

_Static_assert(TUPLES_ADDR_MAX == 65536, "TUPLES_TOO_MANY says so");

/* ---- addresses as numbers ---- */

static bool is_v4(unsigned __int128 host)
{
	return host >> 32 == 0xffff;
}

static unsigned __int128 from_bytes(const unsigned char bytes[16])
{
	unsigned __int128 host = 0;
	for (int i = 0; i < 16; i++)
		host = host << 8 | bytes[i];
	return host;
}

unsigned __int128 tuples_host(const struct addr *a)
{
	if (a->sa.ss_family == AF_INET6)
		return from_bytes(((const struct sockaddr_in6 *)&a->sa)->sin6_addr.s6_addr);
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->sa;
	return (unsigned __int128)0xffff << 32 | ntohl(v4->sin_addr.s_addr);
}

static struct addr to_v4(uint32_t host, uint16_t port)
{
	struct addr a = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.sa;
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port);
	v4->sin_addr.s_addr = htonl(host);
	return a;
}

static struct addr to_v6(unsigned __int128 host, uint16_t port)
{
	struct addr a = {.len = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.sa;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	for (int i = 15; i >= 0; i--, host >>= 8)
		v6->sin6_addr.s6_addr[i] = (uint8_t)host;
	return a;
}

struct addr tuples_addr(unsigned __int128 host, unsigned port)
{
	return is_v4(host) ? to_v4((uint32_t)host, (uint16_t)port) : to_v6(host, (uint16_t)port);
}

char *tuples_text(char *out, const struct addr *a)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->sa;
	bool is_v6 = a->sa.ss_family == AF_INET6;
	if ((is_v6 ? v6->sin6_port : v4->sin_port) != 0 ||
	    !inet_ntop(a->sa.ss_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, out,
		       ADDR_TEXT))
		addr_text(out, a);
	return out;
}

/* ---- hosts ---- */

/* A block from its first address to its last; a bare address is a block of one. */
static bool read_block(struct hosts *ret, const char *text)
{
	struct addr_block block;
	struct err unused;
	if (addr_block_parse(&block, text, &unused) != 0)
		return false;
	unsigned __int128 past = block.bits < 128 ? ~(unsigned __int128)0 >> block.bits : 0;
	ret->low = from_bytes(block.bytes) & ~past;
	ret->high = ret->low | past;
	return true;
}

/* Without the network's own address and the broadcast address, which a network of two (/31,
 * RFC 3021) and a single host do not have, nor any of IPv6. */
static bool read_network(struct hosts *ret, const char *text)
{
	if (!read_block(ret, text))
		return false;
	if (is_v4(ret->low) && is_v4(ret->high) && ret->high - ret->low > 1) {
		ret->low++;
		ret->high--;
	}
	return true;
}

static bool read_address(unsigned __int128 *ret, const char *text)
{
	struct hosts one;
	if (strchr(text, '/') || !read_block(&one, text))
		return false;
	*ret = one.low;
	return true;
}

/* "127.0.0.1-127.0.0.40", or "127.0.0.1-40": what follows the last dot is replaced. */
static bool read_range(struct hosts *ret, char *text)
{
	char whole[TUPLES_ENTRY_TEXT];
	char *dash = strchr(text, '-');
	*dash = '\0';
	const char *dot = strrchr(text, '.'), *high = dash + 1;
	if (dot && !strpbrk(high, ".:")) {
		snprintf(whole, sizeof whole, "%.*s.%s", (int)(dot - text), text, high);
		high = whole;
	}
	return read_address(&ret->low, text) && read_address(&ret->high, high);
}

const char *tuples_unfit(const struct hosts *hosts)
{
	static const struct {
		const char *block, *why;
	} UNFIT[] = {
		{"0.0.0.0", "holds the wildcard address, which stands for no one host"},
		{"::", "holds the wildcard address, which stands for no one host"},
		{"255.255.255.255", "holds the broadcast address"},
		{"224.0.0.0/4", "holds multicast addresses"}, /* RFC 5771 */
		{"ff00::/8", "holds multicast addresses"},    /* RFC 4291 section 2.7 */
		{"fe80::/10", "holds IPv6 link-local addresses, which mean nothing without a zone"},
	};
	struct hosts block;
	for (size_t i = 0; i < sizeof UNFIT / sizeof *UNFIT; i++)
		if (read_block(&block, UNFIT[i].block) && hosts->low <= block.high &&
		    hosts->high >= block.low)
			return UNFIT[i].why;
	return NULL;
}

static const char *read_hosts(struct hosts *ret, char *text)
{
	if (!(strchr(text, '-') ? read_range(ret, text) : read_network(ret, text)))
		return TUPLES_NOT_HOSTS;
	if (ret->low > ret->high)
		return BACKWARD;
	if (ret->high - ret->low >= TUPLES_ADDR_MAX)
		return TUPLES_TOO_MANY;
	return tuples_unfit(ret);
}

/* ---- ports ---- */

static bool read_port(unsigned *ret, const char *text)
{
	size_t len = strlen(text);
	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	*ret = (unsigned)strtoul(text, NULL, 10);
	return *ret >= 1 && *ret <= UINT16_MAX;
}

/* "8080" or "8080-8083". */
static const char *read_ports(struct tuples_entry *ret, char *text)
{
	char *dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	if (!read_port(&ret->port_low, text) || !read_port(&ret->port_high, dash ? dash + 1 : text))
		return NOT_PORTS;
	return ret->port_low <= ret->port_high ? NULL : BACKWARD;
}

/* Ends the text at its closing bracket; NULL where it is not "[IPv6]" or "[IPv6]:ports". */
static char *end_of_brackets(char *text)
{
	char *after = strchr(text, ']');
	if (!after || (after[1] && after[1] != ':'))
		return NULL;
	*after = '\0';
	return strchr(text, ':') ? after + 1 : NULL;
}

/* Cuts the ports off, which may be missing (NULL). */
static const char *split(char *text, char **ret_hosts, char **ret_ports)
{
	bool brackets = text[0] == '[';
	char *colon = brackets ? end_of_brackets(text) : strchr(text, ':');
	if (brackets && !colon)
		return TUPLES_NOT_HOSTS;
	if (!brackets && colon && strchr(colon + 1, ':'))
		return NO_BRACKETS; /* where the address ends is anyone's guess */
	*ret_hosts = brackets ? text + 1 : text;
	*ret_ports = NULL;
	if (colon && *colon) {
		*colon = '\0';
		*ret_ports = colon + 1;
	}
	return NULL;
}

const char *tuples_read_destination(struct tuples_entry *ret, char *text, unsigned default_port)
{
	char *hosts, *ports;
	const char *why = split(text, &hosts, &ports);
	if (!why)
		why = read_hosts(&ret->hosts, hosts);
	if (why)
		return why;
	if (ports)
		return read_ports(ret, ports);
	ret->port_low = ret->port_high = default_port;
	return default_port ? NULL : NOT_PORTS;
}

const char *tuples_read_source(struct tuples_entry *ret, char *text)
{
	ret->port_low = ret->port_high = 0;
	return read_hosts(&ret->hosts, text);
}
