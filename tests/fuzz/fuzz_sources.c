/* Any text is a list of sources and one of destinations, of addresses that differ and that read
 * back from their own text; or a usage error with words and an untouched space. */
#include "io/tuples.h"

#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 80
#define SAMPLES      64u /* addresses of a list that are read back */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static unsigned port_of(const struct addr *a)
{
	return ntohs(a->sa.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&a->sa)->sin6_port
						 : ((const struct sockaddr_in *)&a->sa)->sin_port);
}

/* A number that differs where addresses do; enough for IPv4, and a hash for IPv6. */
static uint64_t key_of(const struct addr *a)
{
	const unsigned char *at = (const unsigned char *)&a->sa;
	uint64_t key = 0;
	if (a->sa.ss_family == AF_INET) {
		memcpy(&key, at + 2, 6);
		return key;
	}
	for (size_t i = 0; i < a->len; i++)
		key = (key ^ at[i]) * UINT64_C(0x100000001b3);
	return key | UINT64_C(1) << 63;
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
	return left < right ? -1 : left > right;
}

static void check_distinct(const struct addr *list, uint32_t count)
{
	static uint64_t keys[TUPLES_ADDR_MAX];
	for (uint32_t i = 0; i < count; i++)
		keys[i] = key_of(&list[i]);
	qsort(keys, count, sizeof *keys, compare_keys);
	for (uint32_t i = 1; i < count; i++)
		require(keys[i - 1] != keys[i]);
}

static void check_source(const struct addr *a)
{
	char text[ADDR_TEXT];
	struct tuples again = {0};
	struct err err;
	require(port_of(a) == 0);
	require(getnameinfo((const struct sockaddr *)&a->sa, a->len, text, sizeof text, NULL, 0,
			    NI_NUMERICHOST) == 0);
	require(tuples_parse_sources(&again, text, &err) == 0 && again.from_count == 1);
	require(memcmp(again.from, a, sizeof a->sa) == 0 && again.from->len == a->len);
	tuples_fini(&again);
}

static void check_destination(const struct addr *a)
{
	char text[ADDR_TEXT];
	struct tuples again = {0};
	struct err err;
	require(port_of(a) != 0);
	require(tuples_parse_destinations(&again, addr_text(text, a), 0, &err) == 0);
	require(again.to_count == 1 && memcmp(again.to, a, sizeof a->sa) == 0);
	tuples_fini(&again);
}

static void check_list(const struct addr *list, uint32_t count, void (*check)(const struct addr *a))
{
	uint32_t step = count / SAMPLES + 1;
	require(count > 0 && count <= TUPLES_ADDR_MAX);
	check_distinct(list, count);
	for (uint32_t i = 0; i < count; i += step)
		check(&list[i]);
}

/* For a destination of either family. */
static void try_sources(const char *text, const char *destination, sa_family_t family)
{
	struct tuples t = {0};
	struct err err = {0};
	require(tuples_parse_destinations(&t, destination, 0, &err) == 0);
	if (tuples_parse_sources(&t, text, &err) == 0) {
		check_list(t.from, t.from_count, check_source);
		for (uint32_t i = 0; i < t.from_count; i++)
			require(t.from[i].sa.ss_family == family);
	} else {
		require(err.kind == ERR_USAGE && err.text[0] && err.hint[0]);
		require(!t.from && t.from_count == 0);
	}
	tuples_fini(&t);
}

static void try_destinations(const char *text)
{
	struct tuples t = {0};
	struct err err = {0};
	if (tuples_parse_destinations(&t, text, DEFAULT_PORT, &err) == 0)
		check_list(t.to, t.to_count, check_destination);
	else
		require(err.kind == ERR_USAGE && err.text[0] && err.hint[0] && !t.to);
	tuples_fini(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	try_sources(text, "127.0.0.1:80", AF_INET);
	try_sources(text, "[::1]:80", AF_INET6);
	try_destinations(text);
	free(text);
	return 0;
}
