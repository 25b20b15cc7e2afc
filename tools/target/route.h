/* route: which answer a request gets, and when. */
#ifndef BRINK_TARGET_ROUTE_H
#define BRINK_TARGET_ROUTE_H

#include "tools/target/pending.h"

struct server;

struct request {
	struct span path; /* without query; empty where it was too long to be kept */
	bool head, connect;
	bool http2; /* then `wire` is WIRE_KEEP */
	enum answer_wire wire;
};

/* Counts the request as well; ret->answer is never NULL. */
void route_request(struct server *s, const struct request *q, struct pending *ret);

#endif
