/* h1_oracle: the first answer in some bytes, as our parser and as http_parser have it, and
 * whether the two agree as far as they should. For tests.
 *
 * Where both take an answer, its status, body length and end must be the same, and whether the
 * connection may go on; where they take different ones, or only one does, the reason must stand
 * in a table below, with what must be seen in the bytes for it to be the reason. Debian builds
 * http_parser without its strict mode, hence some of the rules by which ours is stricter. */
#ifndef BRINK_TESTS_H1_ORACLE_H
#define BRINK_TESTS_H1_ORACLE_H

#include "proto/h1_internal.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum oracle_end {
	ORACLE_WHOLE,
	ORACLE_FAULT,
	ORACLE_CUT, /* more bytes were needed */
};

struct oracle_answer {
	enum oracle_end end;
	unsigned status;
	size_t body;     /* its bytes */
	size_t bytes;    /* taken from the input */
	bool last;       /* the connection cannot go on */
	const char *why; /* ORACLE_FAULT */
};

static inline bool oracle_in_body(const struct h1 *h)
{
	return h->state == H1_CHUNK || h->state == H1_BODY || h->state == H1_BODY_TO_CLOSE;
}

static inline struct oracle_answer oracle_ours(struct span bytes, bool head)
{
	struct oracle_answer got = {.end = ORACLE_CUT};
	struct proto_answer answer = {0};
	struct h1 h;
	h1_open(&h);
	h1_expect(&h, head);
	enum proto_step step = PROTO_MORE;
	while (step == PROTO_MORE && got.bytes < bytes.len) {
		struct span one = {bytes.ptr + got.bytes++, 1};
		got.body += oracle_in_body(&h);
		step = h1_feed(&h, &one, &answer);
	}
	if (step == PROTO_MORE)
		step = h1_eof(&h, &answer);
	if (step == PROTO_ANSWER)
		got.end = ORACLE_WHOLE;
	else if (answer.fault != PROTO_TRUNCATED && answer.fault != PROTO_CLOSED)
		got.end = ORACLE_FAULT;
	got.status = answer.status;
	got.last = answer.last;
	got.why = answer.detail;
	return got;
}

struct oracle_run {
	struct oracle_answer got;
	bool head;
};

/* Whether there is no body: http_parser leaves that to its caller. */
static inline int oracle_on_headers(http_parser *parser)
{
	const struct oracle_run *run = parser->data;
	unsigned status = parser->status_code;
	return run->head || status < 200 || status == 204 || status == 304;
}

static inline int oracle_on_body(http_parser *parser, const char *at, size_t len)
{
	struct oracle_run *run = parser->data;
	(void)at;
	run->got.body += len;
	return 0;
}

static inline int oracle_on_complete(http_parser *parser)
{
	struct oracle_run *run = parser->data;
	if (parser->status_code / 100 == 1 && parser->status_code != 101)
		return 0;
	run->got.end = ORACLE_WHOLE;
	run->got.status = parser->status_code;
	run->got.last = !http_should_keep_alive(parser) || parser->status_code == 101;
	http_parser_pause(parser, 1);
	return 0;
}

static inline struct oracle_answer oracle_theirs(struct span bytes, bool head)
{
	struct oracle_run run = {.got = {.end = ORACLE_CUT}, .head = head};
	http_parser_settings settings;
	http_parser parser;
	http_parser_settings_init(&settings);
	settings.on_headers_complete = oracle_on_headers;
	settings.on_body = oracle_on_body;
	settings.on_message_complete = oracle_on_complete;
	http_parser_init(&parser, HTTP_RESPONSE);
	parser.data = &run;
	run.got.bytes = http_parser_execute(&parser, &settings, bytes.ptr, bytes.len);
	if (HTTP_PARSER_ERRNO(&parser) == HPE_OK)
		http_parser_execute(&parser, &settings, NULL, 0);
	enum http_errno error = HTTP_PARSER_ERRNO(&parser);
	if (run.got.end == ORACLE_WHOLE)
		return run.got;
	if (error != HPE_OK && error != HPE_INVALID_EOF_STATE)
		run.got.end = ORACLE_FAULT;
	run.got.why = http_errno_name(error);
	return run.got;
}

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

struct oracle_ruling {
	bool sound;
	const struct oracle_rule *rule; /* NULL: they are alike */
};

static inline struct oracle_ruling oracle_by(const struct oracle_rule *rules, size_t count,
					     const char *why, struct span bytes)
{
	for (size_t i = 0; i < count; i++) {
		bool named = !rules[i].why || strcmp(rules[i].why, why) == 0;
		if (named && rules[i].seen(bytes))
			return (struct oracle_ruling){true, &rules[i]};
	}
	return (struct oracle_ruling){false, NULL};
}
#define ORACLE_BY(rules, why, bytes) oracle_by(rules, sizeof(rules) / sizeof(*(rules)), why, bytes)

static inline struct oracle_ruling oracle_compare(struct span bytes, bool head)
{
	struct oracle_answer ours = oracle_ours(bytes, head);
	struct oracle_answer theirs = oracle_theirs(bytes, head);
	if (ours.end != ORACLE_WHOLE && theirs.end != ORACLE_WHOLE)
		return (struct oracle_ruling){true, NULL}; /* one may see the fault sooner */
	if (ours.end == ORACLE_FAULT)
		return ORACLE_BY(oracle_stricter, ours.why, bytes);
	if (theirs.end == ORACLE_FAULT)
		return ORACLE_BY(oracle_laxer, theirs.why, bytes);
	if (ours.end != theirs.end || ours.status != theirs.status || ours.body != theirs.body ||
	    ours.bytes != theirs.bytes)
		return ORACLE_BY(oracle_framed_otherwise, "", bytes);
	if (ours.last != theirs.last)
		return ORACLE_BY(oracle_last_otherwise, "", bytes);
	return (struct oracle_ruling){true, NULL};
}

#endif
