/* proto: what every protocol offers to a connection; bytes in, answers out, no I/O.
 *
 * A protocol is one table of functions and a state per connection that the caller keeps. It
 * knows neither sockets nor TLS nor clocks: the connection (load/conn.h) joins the three. */
#ifndef BRINK_PROTO_PROTO_H
#define BRINK_PROTO_PROTO_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

enum proto_step {
	PROTO_MORE,   /* all bytes taken, nothing ended */
	PROTO_ANSWER, /* one answer is whole; feed the rest of the bytes again */
	PROTO_FAULT,  /* the peer broke the protocol: the connection is of no further use */
};

enum proto_fault {
	PROTO_OK,
	PROTO_MALFORMED, /* not the protocol */
	PROTO_TOO_LARGE, /* past a stated limit */
	PROTO_DESYNC,    /* bytes that answer no request */
	PROTO_TRUNCATED, /* the peer closed in the middle of an answer */
	PROTO_CLOSED,    /* the peer closed before the first byte of an answer */
};

struct proto_answer {
	uint16_t status;        /* HTTP status, 100-999 */
	bool retry_after;       /* the answer carried Retry-After */
	bool last;              /* the peer will close, or must be closed, after this answer */
	enum proto_fault fault; /* PROTO_FAULT: which */
	const char *detail;     /* PROTO_FAULT: static words, e.g. "bad chunk size" */
};

#endif
