#include "io/tuples_entry.h"

#include "base/span.h"

#include <assert.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 100 /* characters of an entry that an error repeats */

/* Which side of the pairs is read. */
struct side {
	bool sources;
	const char *noun, *hint;
	unsigned default_port;
};

/* ---- found addresses: a buf of struct addr ---- */

static void found_init(struct buf *found)
{
	buf_init(found, TUPLES_ADDR_MAX * sizeof(struct addr));
}

static uint32_t count_of(const struct buf *found)
{
	return (uint32_t)(found->len / sizeof(struct addr));
}

static const char *append_entry(struct buf *found, const struct tuples_entry *e)
{
	uint32_t hosts = (uint32_t)(e->hosts.high - e->hosts.low) + 1;
	uint32_t ports = e->port_high - e->port_low + 1;
	if (hosts > (TUPLES_ADDR_MAX - count_of(found)) / ports)
		return TUPLES_TOO_MANY;
	for (uint32_t i = 0; i < hosts; i++) {
		for (uint32_t j = 0; j < ports; j++) {
			struct addr a = tuples_addr(e->hosts.low + i, e->port_low + j);
			buf_append(found, &a, sizeof a);
		}
	}
	return NULL;
}

/* By family, port and address: the parsers set no other field. */
static int compare(const void *left, const void *right)
{
	const struct addr *a = left, *b = right;
	return memcmp(&a->sa, &b->sa, sizeof(struct sockaddr_in6));
}

static void sort(struct addr *list, uint32_t count)
{
	if (count)
		qsort(list, count, sizeof *list, compare);
}

/* ---- lists ---- */

static const char *read_entry(struct buf *found, const char *text, size_t len,
			      const struct side *side)
{
	char copy[TUPLES_ENTRY_TEXT];
	struct tuples_entry e;
	if (len >= sizeof copy)
		return TUPLES_NOT_HOSTS;
	memcpy(copy, text, len);
	copy[len] = '\0';
	const char *why = side->sources ? tuples_read_source(&e, copy)
					: tuples_read_destination(&e, copy, side->default_port);
	return why ? why : append_entry(found, &e);
}

/* A list with one address twice counts for less than it seems to: better said than repaired. */
static int refuse_twice(const struct buf *found, const struct side *side, struct err *err)
{
	uint32_t count = count_of(found);
	struct addr *sorted = malloc(count * sizeof *sorted);
	if (!sorted)
		return err_set(err, ERR_RUNTIME, "no memory for %u addresses", count);
	memcpy(sorted, found->ptr, found->len);
	sort(sorted, count);
	uint32_t i = 1;
	while (i < count && compare(&sorted[i - 1], &sorted[i]) != 0)
		i++;
	if (i < count) {
		char text[ADDR_TEXT];
		tuples_text(text, &sorted[i]);
		err_set(err, ERR_USAGE, "%s %s is given more than once", side->noun, text);
		err_hint(err, "name each address once; ranges and blocks must not overlap");
	}
	free(sorted);
	return i < count ? -1 : 0;
}

static int read_list(struct buf *found, const char *text, const struct side *side, struct err *err)
{
	size_t len;
	for (const char *at = text;; at += len + 1) {
		len = strcspn(at, ",");
		const char *why = read_entry(found, at, len, side);
		if (why) {
			int named = len < NAMED_MAX ? (int)len : NAMED_MAX;
			err_set(err, ERR_USAGE, "%s '%.*s' %s", side->noun, named, at, why);
			return err_hint(err, "%s", side->hint);
		}
		if (!at[len])
			break;
	}
	if (found->cut)
		return err_set(err, ERR_RUNTIME, "no memory for the %ss", side->noun);
	return refuse_twice(found, side, err);
}

/* ---- every local address ---- */

static bool all_loopback(const struct addr *list, uint32_t count)
{
	while (count > 0 && addr_is_loopback(&list[count - 1]))
		count--;
	return count == 0;
}

/* The address of an interface that is up; false where it is not of the family, or no source. */
static bool local_addr(struct addr *ret, const struct ifaddrs *at, sa_family_t family)
{
	if (!at->ifa_addr || at->ifa_addr->sa_family != family || !(at->ifa_flags & IFF_UP))
		return false;
	struct addr a = {0};
	memcpy(&a.sa, at->ifa_addr,
	       family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	unsigned __int128 host = tuples_host(&a);
	*ret = tuples_addr(host, 0); /* without scope and flow */
	return !tuples_unfit(&(struct hosts){host, host});
}

/* Two interfaces may have one address. */
static void keep_unique(struct buf *found)
{
	struct addr *list = (struct addr *)found->ptr;
	uint32_t kept = 0, count = count_of(found);
	sort(list, count);
	for (uint32_t i = 0; i < count; i++)
		if (kept == 0 || compare(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	found->len = kept * sizeof *list;
}

static int find_local(struct buf *found, const struct tuples *t, struct err *err)
{
	assert(t->to_count > 0);
	sa_family_t family = t->to[0].sa.ss_family;
	bool loopback = all_loopback(t->to, t->to_count);
	struct ifaddrs *list;
	struct addr a;
	if (getifaddrs(&list) != 0)
		return err_set(err, ERR_RUNTIME, "cannot list this host's addresses: %s",
			       strerror(errno));
	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		if (local_addr(&a, at, family) && addr_is_loopback(&a) == loopback)
			buf_append(found, &a, sizeof a);
	freeifaddrs(list);
	keep_unique(found);
	if (found->cut)
		return err_set(err, ERR_RUNTIME, "more local addresses than %u, or no memory",
			       TUPLES_ADDR_MAX);
	if (found->len)
		return 0;
	err_set(err, ERR_USAGE, "source 'all': this host has no %s address that %s loopback",
		family == AF_INET6 ? "IPv6" : "IPv4", loopback ? "is" : "is not");
	return err_hint(err, "leave the source to the kernel, or add addresses (ip address add)");
}

/* ---- both sides ---- */

/* The first of the list that is not of the family; NULL when all are. */
static const struct addr *stranger(const struct addr *list, uint32_t count, sa_family_t family)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].sa.ss_family != family)
			return &list[i];
	return NULL;
}

/* Every source meets every destination, so one family is all that there can be. */
static int check_families(const struct tuples *t, struct err *err)
{
	char from_text[ADDR_TEXT], to_text[ADDR_TEXT];
	if (t->from_count == 0 || t->to_count == 0)
		return 0;
	const struct addr *to = &t->to[0];
	const struct addr *from = stranger(t->from, t->from_count, to->sa.ss_family);
	if (!from) {
		from = &t->from[0];
		to = stranger(t->to, t->to_count, from->sa.ss_family);
	}
	if (!to)
		return 0;
	err_set(err, ERR_USAGE, "mixed families: source %s cannot connect to %s",
		tuples_text(from_text, from), tuples_text(to_text, to));
	return err_hint(err, "give sources and destinations of one family, all IPv4 or all IPv6");
}

/* Puts what was found in the place of one side's list, unless the families forbid it. */
static int adopt(struct tuples *t, struct buf *found, bool sources, struct err *err)
{
	struct tuples with = *t;
	struct addr **list = sources ? &with.from : &with.to, *old = *list;
	*list = (struct addr *)found->ptr;
	*(sources ? &with.from_count : &with.to_count) = count_of(found);
	if (check_families(&with, err) != 0)
		return -1;
	free(old);
	buf_init(found, 0); /* it is no longer the buf's */
	*t = with;
	return 0;
}

int tuples_parse_sources(struct tuples *t, const char *text, struct err *err)
{
	static const struct side SOURCES = {
		true, "source",
		"write 127.0.0.1, 127.0.0.1-127.0.0.40, 10.0.0.0/24, fd00::1-fd00::40 or all", 0};
	struct buf found;
	found_init(&found);
	bool all = strcmp(text, "all") == 0;
	int code = all ? find_local(&found, t, err) : read_list(&found, text, &SOURCES, err);
	if (code == 0)
		code = adopt(t, &found, true, err);
	buf_fini(&found);
	return code;
}

int tuples_parse_destinations(struct tuples *t, const char *text, unsigned short default_port,
			      struct err *err)
{
	const struct side destinations = {
		false, "destination",
		"write 127.0.0.1:8080, 127.0.0.1-127.0.0.4:8080-8083 or [fd00::1-fd00::4]:8080",
		default_port};
	struct buf found;
	found_init(&found);
	int code = read_list(&found, text, &destinations, err);
	if (code == 0)
		code = adopt(t, &found, false, err);
	buf_fini(&found);
	return code;
}
