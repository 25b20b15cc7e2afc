/* h1_oracle: the first answer in some bytes, as our parser and as http_parser have it, and
 * whether the two agree as far as they should. For tests.
 *
 * Where both take an answer, its status, body length and end must be the same, and whether the
 * connection may go on; where they take different ones, or only one does, the reason must stand
 * in h1_oracle_rules.h. Debian builds http_parser without its strict mode, hence some of the
 * rules by which ours is stricter. */
#ifndef BRINK_TESTS_H1_ORACLE_H
#define BRINK_TESTS_H1_ORACLE_H

#include "proto/h1_internal.h"
#include "tests/lib/h1_oracle_rules.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>

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
