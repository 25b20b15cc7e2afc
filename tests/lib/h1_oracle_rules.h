/* h1_oracle_rules: by which our parser and http_parser differ on purpose, each with what must be
 * seen in the bytes for it to be the reason. For tests. */
#ifndef BRINK_TESTS_H1_ORACLE_RULES_H
#define BRINK_TESTS_H1_ORACLE_RULES_H

#include "base/span.h"
#include "proto/h1.h"

#include <strings.h>

static inline bool oracle_has(struct span bytes, const char *text)
{
	for (size_t n = strlen(text); bytes.len >= n; span_skip(&bytes, 1)) {
		if (strncasecmp(bytes.ptr, text, n) == 0)
			return true;
	}
	return false;
}

static inline bool oracle_anything(struct span bytes)
{
	return bytes.len > 0;
}

static inline bool oracle_bare_lf(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] == '\n' && (i == 0 || bytes.ptr[i - 1] != '\r'))
			return true;
	}
	return false;
}

static inline bool oracle_bare_cr(struct span bytes)
{
	for (size_t i = 0; i + 1 < bytes.len; i++) {
		if (bytes.ptr[i] == '\r' && bytes.ptr[i + 1] != '\n')
			return true;
	}
	return false;
}

static inline bool oracle_control(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char c = (unsigned char)bytes.ptr[i];
		if ((c < 0x20 && !strchr("\r\n\t", c)) || c == 0x7f || c == '\0')
			return true;
	}
	return false;
}

static inline bool oracle_fold(struct span bytes)
{
	return oracle_has(bytes, "\n ") || oracle_has(bytes, "\n\t");
}

static inline bool oracle_1_0(struct span bytes)
{
	return oracle_has(bytes, "HTTP/1.0 ");
}

static inline bool oracle_tab(struct span bytes)
{
	return memchr(bytes.ptr, '\t', bytes.len) != NULL;
}

/* A line with this name and a comma. */
static inline bool oracle_list(struct span bytes, const char *name)
{
	bool named = false;
	for (; bytes.len; span_skip(&bytes, 1)) {
		size_t len = strlen(name);
		named |= bytes.len >= len && strncasecmp(bytes.ptr, name, len) == 0;
		if (named && *bytes.ptr == ',')
			return true;
		named &= *bytes.ptr != '\n';
	}
	return false;
}

static inline bool oracle_several_codings(struct span bytes)
{
	return oracle_list(bytes, "transfer-encoding:");
}

static inline bool oracle_several_options(struct span bytes)
{
	return oracle_list(bytes, "connection:");
}

static inline bool oracle_length(struct span bytes)
{
	return oracle_has(bytes, "content-length");
}

static inline bool oracle_long_number(struct span bytes)
{
	unsigned digits = 0;
	for (size_t i = 0; i < bytes.len && digits < 19; i++)
		digits = bytes.ptr[i] >= '0' && bytes.ptr[i] <= '9' ? digits + 1 : 0;
	return digits == 19;
}

static inline bool oracle_long(struct span bytes)
{
	return bytes.len > H1_FIELDS_MAX;
}

static inline bool oracle_proxy_connection(struct span bytes)
{
	return oracle_has(bytes, "proxy-connection");
}

static inline bool oracle_chunked(struct span bytes)
{
	return oracle_has(bytes, "chunked");
}

static inline bool oracle_1_0_both(struct span bytes)
{
	return oracle_1_0(bytes) && oracle_has(bytes, "close") && oracle_has(bytes, "keep-alive");
}

struct oracle_rule {
	const char *why; /* our fault, or http_parser's error, or NULL */
	bool (*seen)(struct span bytes);
	const char *words;
};

static const struct oracle_rule oracle_stricter[] = {
	{"not HTTP/1.1 or HTTP/1.0", oracle_anything, "another version, an empty line before"},
	{"bad status", oracle_anything, "a status below 100 or past 599"},
	{"LF without CR", oracle_bare_lf, "a bare LF"},
	{"CR without LF", oracle_bare_cr, "a bare CR"},
	{"control character in the status line", oracle_control,
	 "a control character in the reason"},
	{"control character in a header", oracle_control, "a control character in a value"},
	{"folded header line", oracle_fold, "obs-fold"},
	{"bad Content-Length", oracle_fold, "obs-fold within Content-Length"},
	{"space in or after a header name", oracle_anything, "a space in a name"},
	{"bad header name", oracle_anything, "a name that is no token"},
	{"Transfer-Encoding in HTTP/1.0", oracle_1_0, "Transfer-Encoding in HTTP/1.0"},
	{"Content-Length with Transfer-Encoding", oracle_length, "Content-Length with a coding"},
	{"bad Transfer-Encoding", oracle_anything,
	 "a Transfer-Encoding that is no list of codings"},
	{"bad chunk size", oracle_anything, "a chunk size with something behind it"},
	{"bad chunk extension", oracle_anything, "a chunk extension that breaks the grammar"},
	{"chunk longer than its size", oracle_anything, "a chunk that no CRLF ends"},
	{"line too long", oracle_long, "a line past the limit"},
	{"headers too long", oracle_long, "headers past the limit"},
	{"too many headers", oracle_long, "too many headers"},
	{"too many 1xx answers", oracle_long, "too many 1xx answers"},
};

static const struct oracle_rule oracle_laxer[] = {
	{"HPE_UNEXPECTED_CONTENT_LENGTH", oracle_length,
	 "equal lengths; any where there is no body"},
	{"HPE_INVALID_CONTENT_LENGTH", oracle_tab, "a tab behind a Content-Length"},
	{"HPE_INVALID_CONTENT_LENGTH", oracle_chunked, "a Content-Length in the trailers"},
	{"HPE_INVALID_CONTENT_LENGTH", oracle_long_number, "a Content-Length just below 2^64"},
	{"HPE_INVALID_CHUNK_SIZE", oracle_tab, "a tab behind a chunk size"},
};

/* Both take it and mean something else. */
static const struct oracle_rule oracle_framed_otherwise[] = {
	{NULL, oracle_several_codings, "chunked after another coding, which theirs may miss"},
	{NULL, oracle_tab, "a tab beside chunked, which theirs misses"},
};
static const struct oracle_rule oracle_last_otherwise[] = {
	{NULL, oracle_proxy_connection, "Proxy-Connection, which theirs takes for Connection"},
	{NULL, oracle_chunked, "Connection in the trailers, which theirs heeds"},
	{NULL, oracle_several_options, "close beside other options, which theirs may miss"},
	{NULL, oracle_tab, "a tab beside close, which theirs misses"},
	{NULL, oracle_1_0_both, "close and keep-alive in HTTP/1.0, where theirs heeds keep-alive"},
};

#endif
