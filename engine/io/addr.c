#include "io/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest text of an address, its zone included. */
#define HOST_TEXT      (sizeof "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" + IF_NAMESIZE)
#define V4_PREFIX_BITS 96 /* of an IPv4-mapped address, RFC 4291 section 2.5.5.2 */

static const unsigned char V4_MAPPED[12] = {[10] = 0xff, [11] = 0xff};

/* All of the text as a decimal number up to max. */
static bool read_number(const char *text, unsigned max, unsigned *ret)
{
	size_t len = strlen(text);
	if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
		return false;
	unsigned long value = strtoul(text, NULL, 10);
	if (value > max)
		return false;
	*ret = (unsigned)value;
	return true;
}

static void set_port(struct addr *a, unsigned port)
{
	if (a->sa.ss_family == AF_INET)
		((struct sockaddr_in *)&a->sa)->sin_port = htons((uint16_t)port);
	else if (a->sa.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a->sa)->sin6_port = htons((uint16_t)port);
}

static struct addr from_info(const struct addrinfo *info, unsigned port)
{
	struct addr a = {.len = info->ai_addrlen};
	memcpy(&a.sa, info->ai_addr, info->ai_addrlen);
	set_port(&a, port);
	return a;
}

static const char *reason_of(int code)
{
	return code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
}

int addr_resolve(struct addr *ret, const char *host, unsigned short port, struct err *err)
{
	const struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int code = getaddrinfo(host, NULL, &want, &list);
	/* RFC 6761 6.3: localhost is loopback, even where no hosts file says so. */
	if (code != 0 && strcasecmp(host, "localhost") == 0)
		code = getaddrinfo(NULL, "0", &want, &list);
	if (code != 0)
		return err_set(err, ERR_RUNTIME, "cannot resolve '%s': %s", host, reason_of(code));
	int count = 0;
	for (const struct addrinfo *at = list; at && count < ADDR_MAX; at = at->ai_next)
		if (at->ai_family == AF_INET || at->ai_family == AF_INET6)
			ret[count++] = from_info(at, port);
	freeaddrinfo(list);
	if (count == 0)
		return err_set(err, ERR_RUNTIME, "cannot resolve '%s': no IP address", host);
	return count;
}

/* A numeric address, with a zone or not; names are not looked up. */
static bool parse_numeric(struct addr *ret, const char *host, unsigned port)
{
	const struct addrinfo want = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *list;
	if (getaddrinfo(host, NULL, &want, &list) != 0)
		return false;
	*ret = from_info(list, port);
	freeaddrinfo(list);
	return true;
}

/* Cuts "host:port", "[host]:port", ":port" or "port" in place; false where it is none of them. */
static bool split_listen(char *text, char **ret_host, char **ret_port)
{
	char *colon = strrchr(text, ':');
	*ret_host = text;
	*ret_port = colon ? colon + 1 : text;
	if (!colon) {
		*ret_host = text + strlen(text);
		return true;
	}
	*colon = '\0';
	if (text[0] != '[')
		return strchr(text, ':') == NULL; /* IPv6 without brackets is ambiguous */
	if (colon[-1] != ']')
		return false;
	colon[-1] = '\0';
	*ret_host = text + 1;
	return strchr(text + 1, ':') != NULL;
}

static bool parse_listen(struct addr *ret, const char *text)
{
	char copy[ADDR_TEXT];
	char *host, *port_text;
	unsigned port;
	if (strlen(text) >= sizeof copy)
		return false;
	strcpy(copy, text);
	if (!split_listen(copy, &host, &port_text) || !read_number(port_text, UINT16_MAX, &port))
		return false;
	return parse_numeric(ret, *host ? host : "::", port);
}

int addr_parse_listen(struct addr *ret, const char *text, struct err *err)
{
	struct addr a;
	if (!parse_listen(&a, text)) {
		err_set(err, ERR_USAGE, "cannot listen on '%s': not an address and a port", text);
		return err_hint(err, "write 127.0.0.1:8080, [::1]:8080 or just 8080");
	}
	*ret = a;
	return 0;
}

uint16_t addr_port(const struct addr *a)
{
	return ntohs(a->sa.ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)(const void *)&a->sa)->sin6_port
			     : ((const struct sockaddr_in *)(const void *)&a->sa)->sin_port);
}

char *addr_text(char *out, const struct addr *a)
{
	char host[HOST_TEXT], port[sizeof "65535"];
	if (getnameinfo((const struct sockaddr *)&a->sa, a->len, host, sizeof host, port,
			sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, ADDR_TEXT, "?");
	else if (a->sa.ss_family == AF_INET6)
		snprintf(out, ADDR_TEXT, "[%s]:%s", host, port);
	else
		snprintf(out, ADDR_TEXT, "%s:%s", host, port);
	return out;
}

/* The 16 bytes that blocks compare, IPv4 as IPv4-mapped IPv6; false for other families. */
static bool to_bytes(const struct addr *a, unsigned char bytes[16])
{
	if (a->sa.ss_family == AF_INET6) {
		memcpy(bytes, &((const struct sockaddr_in6 *)&a->sa)->sin6_addr, 16);
		return true;
	}
	memcpy(bytes, V4_MAPPED, sizeof V4_MAPPED);
	memcpy(bytes + 12, &((const struct sockaddr_in *)&a->sa)->sin_addr, 4);
	return a->sa.ss_family == AF_INET;
}

static bool is_v4(const unsigned char bytes[16])
{
	return memcmp(bytes, V4_MAPPED, sizeof V4_MAPPED) == 0;
}

/* Whether the first `bits` of both are equal. */
static bool same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	if (memcmp(a, b, bits / 8) != 0)
		return false;
	unsigned char mask = (unsigned char)(0xff00u >> bits % 8);
	return bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0;
}

bool addr_block_has(const struct addr_block *block, const struct addr *a)
{
	unsigned char bytes[16];
	if (!to_bytes(a, bytes) || (is_v4(bytes) && block->bits < V4_PREFIX_BITS))
		return false;
	return same_prefix(block->bytes, bytes, block->bits);
}

static bool parse_block(struct addr_block *ret, const char *text)
{
	char copy[INET6_ADDRSTRLEN + sizeof "/128"];
	if (strlen(text) >= sizeof copy)
		return false;
	strcpy(copy, text);
	char *slash = strchr(copy, '/');
	if (slash)
		*slash = '\0';
	bool v6 = strchr(copy, ':') != NULL;
	unsigned width = v6 ? 128 : 32, bits = width;
	memcpy(ret->bytes, V4_MAPPED, sizeof V4_MAPPED);
	if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, ret->bytes + (v6 ? 0 : 12)) != 1)
		return false;
	if (slash && !read_number(slash + 1, width, &bits))
		return false;
	ret->bits = bits + (v6 ? 0 : V4_PREFIX_BITS);
	return true;
}

int addr_block_parse(struct addr_block *ret, const char *text, struct err *err)
{
	struct addr_block block;
	if (!parse_block(&block, text)) {
		err_set(err, ERR_USAGE, "'%s' is not an address block", text);
		return err_hint(err, "write 10.0.0.0/8, fd00::/8 or one address");
	}
	*ret = block;
	return 0;
}

static bool in_any(const char *const *blocks, const struct addr *a)
{
	for (; *blocks; blocks++) {
		struct addr_block block;
		if (parse_block(&block, *blocks) && addr_block_has(&block, a))
			return true;
	}
	return false;
}

bool addr_is_loopback(const struct addr *a)
{
	static const char *const LOOPBACK[] = {"127.0.0.0/8", "::1", NULL};
	return in_any(LOOPBACK, a);
}

bool addr_is_private(const struct addr *a)
{
	static const char *const PRIVATE[] = {
		"10.0.0.0/8",     /* RFC 1918 */
		"172.16.0.0/12",  /* RFC 1918 */
		"192.168.0.0/16", /* RFC 1918 */
		"100.64.0.0/10",  /* RFC 6598, shared by carriers */
		"169.254.0.0/16", /* RFC 3927, link-local */
		"fc00::/7",       /* RFC 4193 */
		"fe80::/10",      /* RFC 4291 section 2.5.6, link-local */
		NULL,
	};
	return in_any(PRIVATE, a);
}
