#include "run/endpoints.h"

#include "base/mono.h"
#include "io/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TIME_WAIT lasts 60 s, unless the kernel reuses its ports after a second (tcp_tw_reuse). */
#define REST_NS       (60 * NS_PER_S)
#define REST_REUSE_NS (2 * NS_PER_S)

/* --- where to --------------------------------------------------------------------------- */

/* "HOST:PORT" or "[::1]:PORT" taken apart. */
static int split_host_port(const char *text, char *host, size_t size, unsigned *port,
			   struct err *err)
{
	const char *colon = strrchr(text, ':');
	const char *from = text, *end = colon;
	if (colon && *text == '[' && colon[-1] == ']') {
		from++;
		end--;
	}
	const char *digits = colon ? colon + 1 : "";
	unsigned long value = strtoul(digits, NULL, 10);
	if (!colon || end == from || (size_t)(end - from) >= size || !value || value > 65535 ||
	    digits[strspn(digits, "0123456789")]) {
		err_set(err, ERR_USAGE, "--connect-to \"%s\" is not HOST:PORT", text);
		return err_hint(err, "for example --connect-to 127.0.0.1:8080 or [::1]:8080");
	}
	snprintf(host, size, "%.*s", (int)(end - from), from);
	*port = (unsigned)value;
	return 0;
}

static int find_address(const struct run_config *c, const struct url *url, bool dry,
			struct addr *ret, struct err *err)
{
	char host[256];
	unsigned port = url->port;
	snprintf(host, sizeof host, "%s", url->host);
	if (c->connect_to && split_host_port(c->connect_to, host, sizeof host, &port, err))
		return -1;
	struct addr list[ADDR_MAX];
	int count = addr_resolve(list, host, (unsigned short)port, err);
	if (count < 0)
		return -1;
	/* Every address must be allowed, before any of them is tried. */
	for (int i = 0; i < count; i++)
		if (guard_check_target(&c->guard, &list[i], err))
			return -1;
	*ret = dry ? list[0] : *addr_reachable(list, count);
	return 0;
}

static int check_destinations(const struct guard *guard, const struct tuples *t, struct err *err)
{
	for (uint32_t i = 0; i < t->to_count; i++)
		if (guard_check_target(guard, &t->to[i], err))
			return -1;
	return 0;
}

static int choose_destinations(const struct run_config *c, const struct url *url, bool dry,
			       struct tuples *t, struct err *err)
{
	if (c->destinations) {
		int result = tuples_parse_destinations(t, c->destinations, url->port, err);
		return result ? result : check_destinations(&c->guard, t, err);
	}
	t->to = malloc(sizeof *t->to);
	if (!t->to)
		return err_set(err, ERR_RUNTIME, "no memory for an address");
	t->to_count = 1;
	return find_address(c, url, dry, t->to, err);
}

/* --- where from ------------------------------------------------------------------------- */

static bool all_loopback(const struct tuples *t)
{
	for (uint32_t i = 0; i < t->to_count; i++)
		if (!addr_is_loopback(&t->to[i]))
			return false;
	return true;
}

/* Ports of our own choice where one pair carries more than the kernel's search is good for: all
 * there are, since some rest beside those in use. */
static void choose_ports(const struct limits *limits, uint32_t connections, struct tuples *t)
{
	uint64_t pairs = (uint64_t)(t->from_count ? t->from_count : 1) * t->to_count;
	uint32_t needed = (uint32_t)((connections + pairs - 1) / pairs);
	uint32_t range = limits_ports(limits);
	uint32_t by_search = tuples_by_search(range);
	t->per_pair = needed;
	if (range && needed > by_search && ring_names_ports()) {
		t->port_low = (uint16_t)limits->port_low;
		t->port_count = t->per_pair = range;
	} else if (range && needed > by_search && pairs > 1) {
		t->per_pair = by_search;
	}
	bool reused = limits->tw_reuse == 1 || (limits->tw_reuse == 2 && all_loopback(t));
	t->rest_ns = reused ? REST_REUSE_NS : REST_NS;
}

int endpoints_choose(const struct run_config *c, const struct url *url, const struct limits *limits,
		     bool dry, struct plan *plan, struct err *err)
{
	struct tuples *t = &plan->tuples;
	if (choose_destinations(c, url, dry, t, err))
		return -1;
	if (c->source &&
	    (tuples_parse_sources(t, c->source, err) || (!dry && tuples_check_sources(t, err))))
		return -1;
	choose_ports(limits, plan->connections, t);
	return 0;
}
