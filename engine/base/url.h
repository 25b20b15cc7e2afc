/* url: a URL of HTTP or WebSocket taken apart (RFC 3986, by libcurl's parser). All fields are owned
 * copies inside the struct; no heap is left behind. Set-up code; any thread.
 *
 * Dot segments are resolved and numbers for a host become dotted IPv4; in the path and the query,
 * bytes outside ASCII and spaces are percent-encoded, all else is kept as written. */
#ifndef BRINK_BASE_URL_H
#define BRINK_BASE_URL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct url {
	char scheme[8]; /* "http", "https", "ws", "wss" */
	char host[256]; /* no brackets round an IPv6 address; a zone stays ("fe80::1%eth0") */
	char port_text[8];
	uint16_t port; /* the scheme's own when the URL gives none */
	bool default_port;
	bool ipv6_literal;
	char path[8192]; /* path and query as sent on the request line, "/" at least */
};

/* A URL without a scheme is taken as http. User info is refused (credentials belong in a header
 * from a file), a fragment is dropped. Returns 0, or -1 with a usage error that names the URL,
 * its secrets (user info, query) left out. */
int url_parse(struct url *ret, const char *text, struct err *err);

/* The value of the Host header: host, brackets for IPv6, port unless it is the default. A zone
 * is of this host alone and stays out (RFC 6874 section 3). */
void url_authority(const struct url *u, char *out, unsigned long size);

#endif
