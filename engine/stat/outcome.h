/* outcome: how one intended request ended. Every intended request ends in exactly one of these,
 * or is still in flight at the stop. The names are what reports print. */
#ifndef BRINK_STAT_OUTCOME_H
#define BRINK_STAT_OUTCOME_H

#include <stdbool.h>

enum outcome {
	OUTCOME_OK,
	OUTCOME_SHED, /* 429, or 503 with Retry-After: a failure, shown apart */

	/* the target's or the network's side: counted in the error rate */
	OUTCOME_DNS,
	OUTCOME_CONNECT_REFUSED,
	OUTCOME_CONNECT_TIMEOUT,
	OUTCOME_CONNECT_UNREACHABLE,
	OUTCOME_CONNECT_RESET,
	OUTCOME_TLS_HANDSHAKE,
	OUTCOME_TLS_CERTIFICATE,
	OUTCOME_WRITE_FAILED,
	OUTCOME_PEER_RESET,
	OUTCOME_PEER_CLOSED,
	OUTCOME_TRUNCATED,
	OUTCOME_GOAWAY,
	OUTCOME_STREAM_RESET,
	OUTCOME_TIMEOUT,
	OUTCOME_MALFORMED,
	OUTCOME_TOO_LARGE,
	OUTCOME_DESYNC,
	OUTCOME_HTTP_4XX,
	OUTCOME_HTTP_5XX,
	OUTCOME_GRPC_STATUS,
	OUTCOME_WS_CLOSE,
	OUTCOME_CHECK_FAILED,
	OUTCOME_UNSENT,

	/* the generator's side: never counted against the target */
	OUTCOME_PORTS_EXHAUSTED,
	OUTCOME_DESCRIPTORS_EXHAUSTED,
	OUTCOME_MEMORY_EXHAUSTED,
	OUTCOME_GENERATOR,

	OUTCOME_COUNT
};

enum outcome_side { SIDE_OK, SIDE_SHED, SIDE_TARGET, SIDE_GENERATOR };

const char *outcome_name(enum outcome o);  /* "connect_refused" */
const char *outcome_words(enum outcome o); /* one short line for people: what happened */
enum outcome_side outcome_side(enum outcome o);

/* The outcome of a connect or a transfer that ended with this errno (positive). `connecting`
 * tells ECONNRESET before the connection stood from the same after it. An errno that neither the
 * network nor a limit of this host explains is OUTCOME_GENERATOR: never blamed on the target. */
enum outcome outcome_of_errno(int error, bool connecting);

#endif
