#include "base/url.h"

#include <curl/curl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A WebSocket's begins with HTTP: libcurl, which may not know it, is shown that. */
static const struct scheme {
	const char *name, *shown;
	uint16_t port;
} SCHEMES[] = {
	{"http", "http", 80},
	{"https", "https", 443},
	{"ws", "http", 80},
	{"wss", "https", 443},
};

static const char USER_INFO[] = "user info is refused";
static const char NO_MEMORY[] = "out of memory";
static const char NOT_HTTP[] = "the scheme is neither http nor https, ws nor wss";

/* The URL for an error message: what may be secret is left out, even where the URL is too broken
 * to tell its parts, and control characters do not reach the terminal. */
static void name_url(char *out, size_t size, const char *text)
{
	const char *at = strrchr(text, '@');
	const char *from = at ? at + 1 : text;
	const char *query = strchr(from, '?');
	int len = query ? (int)(query - from) : (int)strnlen(from, size);
	snprintf(out, size, "%s%.*s%s", at ? "***@" : "", len, from, query ? "?***" : "");
	for (; *out; out++)
		if ((unsigned char)*out < 0x20 || *out == 0x7f)
			*out = '.';
}

static int refuse(struct err *err, const char *text, const char *why)
{
	char name[256];
	name_url(name, sizeof name, text);
	err_set(err, why == NO_MEMORY ? ERR_RUNTIME : ERR_USAGE, "URL '%s': %s", name, why);
	if (why == USER_INFO)
		err_hint(err, "send credentials in an Authorization header, read from a file");
	return -1;
}

/* The length of "scheme://", 0 where the text starts otherwise ("host:80/?next=http://x"). */
static size_t scheme_len(const char *text)
{
	size_t len = strspn(text, ALNUM "+-.");
	return len > 0 && strncmp(text + len, "://", 3) == 0 ? len + 3 : 0;
}

/* "http:/host" and "http:host" are slips of the pen, not a host called http. */
static bool slashes_missing(const char *text)
{
	return strncasecmp(text, "http:", 5) == 0 || strncasecmp(text, "https:", 6) == 0 ||
	       strncasecmp(text, "ws:/", 4) == 0 || strncasecmp(text, "wss:/", 5) == 0;
}

#define FIELD(name) offsetof(struct url, name), sizeof((struct url *)NULL)->name

/* Where the parts go, in this order; a prefix comes along only with its part. */
static const struct part {
	CURLUPart part;
	const char *prefix;
	size_t offset, size;
	const char *too_long;
} PARTS[] = {
	{CURLUPART_SCHEME, "", FIELD(scheme), NOT_HTTP},
	{CURLUPART_HOST, "", FIELD(host), "the host name is too long"},
	{CURLUPART_ZONEID, "%", FIELD(host), "the zone is too long"},
	{CURLUPART_PORT, "", FIELD(port_text), "the port is too long"},
	{CURLUPART_PATH, "", FIELD(path), "the path is longer than 8191 bytes"},
	{CURLUPART_QUERY, "?", FIELD(path), "path and query are longer than 8191 bytes"},
};

/* Returns NULL, also where the URL has no such part; or what is wrong. */
static const char *append_part(struct url *u, CURLU *parts, const struct part *p)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(parts, p->part, &text, CURLU_DEFAULT_PORT);
	if (code == CURLUE_OUT_OF_MEMORY)
		return NO_MEMORY;
	if (code != CURLUE_OK)
		return NULL;
	char *out = (char *)u + p->offset;
	size_t used = strlen(out);
	int len = snprintf(out + used, p->size - used, "%s%s", p->prefix, text);
	curl_free(text);
	return len >= 0 && (size_t)len < p->size - used ? NULL : p->too_long;
}

/* libcurl gives IPv6 addresses in brackets; the resolver wants them bare. */
static void unbracket(struct url *u)
{
	char *end = strchr(u->host, ']');
	u->ipv6_literal = u->host[0] == '[' && end;
	if (!u->ipv6_literal)
		return;
	memmove(end, end + 1, strlen(end));
	memmove(u->host, u->host + 1, strlen(u->host));
}

/* What may stand in a name, RFC 3986 section 3.2.2; more would end up in the Host header, and a
 * '%' would pass for the start of a zone. Names beyond ASCII would need the locale to be read. */
static const char *settle_host(struct url *u)
{
	unbracket(u);
	if (u->ipv6_literal)
		return NULL;
	unsigned char odd = (unsigned char)u->host[strspn(u->host, ALNUM "-._~!$&'()*+,;=")];
	if (odd >= 0x80)
		return "the host name is not ASCII: give its xn-- form";
	return odd ? "the host name has an illegal character" : NULL;
}

static const char *settle_port(struct url *u)
{
	u->port = (uint16_t)strtoul(u->port_text, NULL, 10);
	for (size_t i = 0; i < sizeof SCHEMES / sizeof *SCHEMES; i++) {
		if (strcmp(SCHEMES[i].name, u->scheme) != 0)
			continue;
		u->default_port = u->port == SCHEMES[i].port;
		return u->port ? NULL : "port 0 cannot be connected to";
	}
	return NOT_HTTP;
}

/* Fills u; returns NULL, or what is wrong with the URL. */
static const char *parse(struct url *u, CURLU *parts, const char *text)
{
	CURLUcode code =
		curl_url_set(parts, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_URLENCODE);
	if (code == CURLUE_USER_NOT_ALLOWED)
		return USER_INFO;
	if (code != CURLUE_OK)
		return curl_url_strerror(code);
	const char *wrong = NULL;
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS && !wrong; i++)
		wrong = append_part(u, parts, &PARTS[i]);
	if (!wrong)
		wrong = settle_host(u);
	return wrong ? wrong : settle_port(u);
}

/* The scheme of WebSocket that the text begins with; NULL: another, or none. */
static const struct scheme *scheme_of_ws(const char *text)
{
	size_t len = scheme_len(text);
	for (size_t i = 0; i < sizeof SCHEMES / sizeof *SCHEMES; i++) {
		const struct scheme *s = &SCHEMES[i];
		if (strcmp(s->name, s->shown) != 0 && len == strlen(s->name) + 3 &&
		    !strncasecmp(text, s->name, len - 3))
			return s;
	}
	return NULL;
}

/* The text as libcurl is to see it: with a scheme that it knows, and without the fragment, which is
 * never sent. The caller frees it; NULL where memory ran out. */
static char *complete(const char *text, const struct scheme *ws)
{
	char *full;
	const char *scheme = ws ? ws->shown : scheme_len(text) ? "" : "http";
	const char *rest = ws ? text + strlen(ws->name) : text;
	const char *slashes = ws || scheme_len(text) ? "" : "://";
	int len = asprintf(&full, "%s%s%.*s", scheme, slashes, (int)strcspn(rest, "#"), rest);
	return len < 0 ? NULL : full;
}

int url_parse(struct url *ret, const char *text, struct err *err)
{
	size_t scheme = scheme_len(text);
	if (!scheme && slashes_missing(text))
		return refuse(err, text, "two slashes and a host must follow the scheme");
	if (text[scheme] == '/' || text[scheme] == '\0')
		return refuse(err, text, "there is no host");
	struct url u = {.path = ""};
	CURLU *parts = curl_url();
	const struct scheme *ws = scheme_of_ws(text);
	char *full = complete(text, ws);
	const char *wrong = parts && full ? parse(&u, parts, full) : NO_MEMORY;
	free(full);
	curl_url_cleanup(parts);
	if (wrong)
		return refuse(err, text, wrong);
	if (ws)
		snprintf(u.scheme, sizeof u.scheme, "%s", ws->name);
	*ret = u;
	return 0;
}

void url_authority(const struct url *u, char *out, unsigned long size)
{
	int host_len = (int)strcspn(u->host, "%");
	snprintf(out, size, "%s%.*s%s%s%s", u->ipv6_literal ? "[" : "", host_len, u->host,
		 u->ipv6_literal ? "]" : "", u->default_port ? "" : ":",
		 u->default_port ? "" : u->port_text);
}
