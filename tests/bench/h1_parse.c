/* h1_parse: what one typical answer costs the parser, fed whole; http_parser's cost beside it.
 * Prints one line of JSON; nanoseconds are the median over BATCHES batches of BATCH answers. */
#include "base/mono.h"
#include "proto/h1.h"

#include <http_parser.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCHES = 41, BATCH = 20000 };

static const char typical[] = "HTTP/1.1 200 OK\r\n"
			      "Server: nginx/1.22.1\r\n"
			      "Date: Sun, 23 Nov 2025 19:32:07 GMT\r\n"
			      "Content-Type: text/html; charset=utf-8\r\n"
			      "Content-Length: 80\r\n"
			      "Connection: keep-alive\r\n"
			      "\r\n"
			      "<!doctype html><title>It works</title>"
			      "<p>It works, and that is all there is.</p>";

/* Each returns how many of `count` answers came out whole with status 200. */
static unsigned by_h1(unsigned count)
{
	struct h1 h;
	h1_open(&h);
	unsigned whole = 0;
	for (unsigned i = 0; i < count; i++) {
		struct span in = {typical, sizeof(typical) - 1};
		struct proto_answer answer;
		h1_expect(&h, false);
		whole += h1_feed(&h, &in, &answer) == PROTO_ANSWER && answer.status == 200;
	}
	return whole;
}

static int count_whole(http_parser *parser)
{
	*(unsigned *)parser->data += parser->status_code == 200;
	return 0;
}

static unsigned by_http_parser(unsigned count)
{
	unsigned whole = 0;
	http_parser parser;
	http_parser_settings settings;
	http_parser_init(&parser, HTTP_RESPONSE);
	http_parser_settings_init(&settings);
	settings.on_message_complete = count_whole;
	parser.data = &whole;
	for (unsigned i = 0; i < count; i++)
		http_parser_execute(&parser, &settings, typical, sizeof(typical) - 1);
	return whole;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Nanoseconds an answer; below zero where an answer did not come out whole. */
static double median_ns(unsigned (*parse)(unsigned))
{
	double ns[BATCHES];
	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t begin = mono_ns();
		if (parse(BATCH) != BATCH)
			return -1;
		ns[i] = (double)(mono_ns() - begin) / BATCH;
	}
	qsort(ns, BATCHES, sizeof(ns[0]), compare);
	return ns[BATCHES / 2];
}

int main(void)
{
	double ours = median_ns(by_h1);
	double theirs = median_ns(by_http_parser);
	printf("{\"bench\":\"h1_parse\",\"ns_per_response\":%.1f,\"bytes\":%zu,"
	       "\"http_parser_ns_per_response\":%.1f,\"batches\":%d,\"batch\":%d}\n",
	       ours, sizeof(typical) - 1, theirs, BATCHES, BATCH);
	return ours > 0 && theirs > 0 ? 0 : 1;
}
