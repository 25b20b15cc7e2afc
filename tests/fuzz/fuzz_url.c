/* Any text is a URL or an error with words; what is taken can stand in a request, and taken
 * apart again it is the same. */
#include "base/url.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_visible(const char *text)
{
	require(*text != '\0');
	for (; *text; text++)
		require(*text > ' ' && *text < 0x7f);
}

static void check_again(const struct url *u)
{
	static struct url again;
	static char text[sizeof u->path + sizeof u->host + 32];
	char authority[sizeof u->host + 16];
	struct err err;
	url_authority(u, authority, sizeof authority);
	check_visible(authority);
	snprintf(text, sizeof text, "%s://%s%s", u->scheme, authority, u->path);
	require(url_parse(&again, text, &err) == 0);
	require(strcmp(again.scheme, u->scheme) == 0 && again.port == u->port);
	require(strcmp(again.path, u->path) == 0);
	require(again.ipv6_literal == u->ipv6_literal && again.default_port == u->default_port);
}

static void check(const struct url *u)
{
	require(strcmp(u->scheme, "http") == 0 || strcmp(u->scheme, "https") == 0);
	require(u->host[0] && u->port && u->path[0] == '/');
	require(!strchr(u->path, '#'));
	check_visible(u->path);
	check_again(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct url u;
	struct err err = {0};
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (url_parse(&u, text, &err) == 0)
		check(&u);
	else
		require(err.kind == ERR_USAGE && err.text[0]);
	free(text);
	return 0;
}
