/* proto: what every protocol offers to a connection; bytes in, answers out, no I/O.
 *
 * A protocol is one row of functions (struct proto, listed in proto_table.c), a plan compiled once,
 * and a state per connection in memory that the caller keeps while the connection stands. It knows
 * neither sockets nor TLS nor clocks: the connection (load/conn.h) joins the three. What it says by
 * itself, such as settings, acknowledgements and pongs, it appends to `out`, as requests.
 * A plan is immutable and shared by all threads; a state belongs to one of them. */
#ifndef BRINK_PROTO_PROTO_H
#define BRINK_PROTO_PROTO_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

#define PROTO_STREAMS_MAX 1000u /* requests at once on a connection */
#define PROTO_CODE_NONE   -1

enum proto_step {
	PROTO_MORE,   /* all bytes taken, nothing ended */
	PROTO_ANSWER, /* one answer is told; feed the rest of the bytes again */
	PROTO_FAULT,  /* the connection is of no further use; `out` may hold a last word */
};

enum proto_fault {
	PROTO_OK,
	PROTO_MALFORMED, /* not the protocol */
	PROTO_TOO_LARGE, /* past a stated limit */
	PROTO_DESYNC,    /* bytes that answer no request */
	PROTO_TRUNCATED, /* the peer closed in the middle of an answer */
	PROTO_CLOSED,    /* the peer closed before the first byte of an answer */
	PROTO_LEFT,      /* the peer took leave of its own: GOAWAY, a WebSocket close; see `code` */
	PROTO_DECLINED,  /* the peer would not begin: it answered an upgrade by `status` */
};

enum proto_end {
	PROTO_WHOLE,     /* an answer, whole */
	PROTO_RESET,     /* the peer gave it up: `code` is HTTP/2's */
	PROTO_BAD,       /* this answer alone breaks the protocol */
	PROTO_UNTOUCHED, /* the peer never looked at the request: it may be sent once more */
	PROTO_MESSAGE,   /* a message of an answer that goes on */
};

struct proto_answer {
	uint32_t tag;    /* of the request, as `send` was given it; 0 where answers come in order */
	uint16_t status; /* HTTP status, 100-999; 0: the protocol has none */
	uint8_t end;     /* enum proto_end */
	bool retry_after;       /* the answer carried Retry-After */
	bool last;              /* the peer will close, or must be closed, after this answer */
	bool differs;           /* it is not what was asked for: an echo that says something else */
	int32_t code;           /* grpc-status, WebSocket's close code, HTTP/2's error; or NONE */
	enum proto_fault fault; /* PROTO_FAULT, PROTO_BAD: which */
	const char *detail;     /* with a fault: static words, e.g. "bad chunk size" */
};

/* What an answer said, kept where it is to be looked at. Both bufs are the caller's and bounded;
 * header lines are "name: value\n". */
struct proto_heard {
	struct buf head, body;
};

/* A request that is not always the same: HTTP/1.1's text of it, head and body. Empty: the plan's.
 */
struct proto_request {
	struct span text;
	struct proto_heard *heard; /* until its answer; NULL: nobody looks */
};

/* What a plan is compiled from. Text and bytes are borrowed until the plan is discarded. */
struct proto_spec {
	const char *scheme, *authority, *path; /* "https", "host:8443", "/x?y" */
	const char *method;
	const char *const *headers; /* "Name: value" lines, `header_count` of them */
	unsigned header_count;
	struct span body;
	bool pings;       /* a request is a ping of the protocol's own: for a hold */
	bool upgrade;     /* HTTP/2 begins as an upgrade of HTTP/1.1 */
	uint32_t streams; /* requests at once on a connection, 1..PROTO_STREAMS_MAX */
	uint64_t seed;    /* of keys and masks that are random */
	uint32_t window;  /* bytes of an answer that may come unacknowledged; 0: as usual */
	const struct grpc_call *grpc; /* proto/grpc.h */
	struct {
		const char *subprotocol;
		bool binary, any_answer; /* any_answer: it need not be an echo */
		bool deflate;            /* offer permessage-deflate, for messages that come */
	} ws;
};

struct proto {
	const char *name; /* "h2" */
	const char *alpn; /* what it is called there; NULL: not at all */
	bool ordered;     /* answers come in the order of requests */
	size_t size;      /* of a connection's state */

	/* Set-up code; -1 with a usage error. */
	int (*compile)(void **ret, const struct proto_spec *spec, struct err *err);
	void (*discard)(void *plan); /* NULL is fine */

	/* The connection stands, with a `number` that no other has; it ends. `close` frees what the
	 * state holds. */
	void (*open)(void *state, const void *plan, uint64_t number, struct buf *out);
	void (*close)(void *state);

	/* Whether the peer has agreed to begin, so that requests may follow; NULL: there is nothing
	 * to agree on. */
	bool (*ready)(const void *state);

	/* Requests that may be sent just now. 0 for good where it `ends`: the peer wants no more on
	 * this connection. */
	unsigned (*room)(const void *state);
	bool (*ends)(const void *state);

	/* Writes a request; `tag` is below the plan's streams and not in use. False: no memory. */
	bool (*send)(void *state, uint32_t tag, const struct proto_request *r, struct buf *out);

	/* What was appended to `out` has gone: more of a long body may follow. NULL: never. */
	void (*drained)(void *state, struct buf *out);

	/* Takes bytes from the front of `in`; to be called again, with what remains or nothing, for
	 * as long as it tells of answers. */
	enum proto_step (*feed)(void *state, struct span *in, struct buf *out,
				struct proto_answer *ret);

	/* The peer finished: PROTO_ANSWER, PROTO_FAULT, or PROTO_MORE where nothing was awaited. */
	enum proto_step (*eof)(void *state, struct proto_answer *ret);

	/* A request is given up; its answer is passed over. NULL: only the whole connection can be.
	 */
	void (*cancel)(void *state, uint32_t tag, struct buf *out);

	/* The connection is about to be closed by our side: a last word, if there is one. NULL:
	 * none. */
	void (*leave)(void *state, struct buf *out);
};

extern const struct proto proto_h1, proto_h2, proto_grpc, proto_ws;
const struct proto *proto_find(const char *name); /* NULL: there is none */

#endif
