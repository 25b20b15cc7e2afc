#include "stat/outcome.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	const char *name;
	const char *words;
	enum outcome_side side;
} outcomes[OUTCOME_COUNT] = {
	[OUTCOME_OK] = {"ok", "answered as expected", SIDE_OK},
	[OUTCOME_SHED] = {"shed",
			  "turned away by an overloaded target (429, or 503 with Retry-After)",
			  SIDE_SHED},

	[OUTCOME_DNS] = {"dns", "the name did not resolve", SIDE_TARGET},
	[OUTCOME_CONNECT_REFUSED] = {"connect_refused", "connection refused: nobody listens there",
				     SIDE_TARGET},
	[OUTCOME_CONNECT_TIMEOUT] = {"connect_timeout",
				     "no answer to the connection attempt in time", SIDE_TARGET},
	[OUTCOME_CONNECT_UNREACHABLE] = {"connect_unreachable", "no way to the target's address",
					 SIDE_TARGET},
	[OUTCOME_CONNECT_RESET] = {"connect_reset", "reset before the connection stood",
				   SIDE_TARGET},
	[OUTCOME_TLS_HANDSHAKE] = {"tls_handshake", "the TLS handshake failed", SIDE_TARGET},
	[OUTCOME_TLS_CERTIFICATE] = {"tls_certificate", "the target's certificate was not accepted",
				     SIDE_TARGET},
	[OUTCOME_WRITE_FAILED] = {"write_failed", "the request could not be written", SIDE_TARGET},
	[OUTCOME_PEER_RESET] = {"peer_reset", "reset by the peer before the answer was complete",
				SIDE_TARGET},
	[OUTCOME_PEER_CLOSED] = {"peer_closed", "closed by the peer before any answer",
				 SIDE_TARGET},
	[OUTCOME_TRUNCATED] = {"truncated", "closed by the peer within the answer", SIDE_TARGET},
	[OUTCOME_GOAWAY] = {"goaway", "refused by an HTTP/2 GOAWAY", SIDE_TARGET},
	[OUTCOME_STREAM_RESET] = {"stream_reset", "the peer reset the HTTP/2 stream", SIDE_TARGET},
	[OUTCOME_TIMEOUT] = {"timeout", "no complete answer in time", SIDE_TARGET},
	[OUTCOME_MALFORMED] = {"malformed", "the answer broke the protocol", SIDE_TARGET},
	[OUTCOME_TOO_LARGE] = {"too_large", "the answer went past a stated limit", SIDE_TARGET},
	[OUTCOME_DESYNC] = {"desync",
			    "bytes beyond the answer: requests and answers no longer match",
			    SIDE_TARGET},
	[OUTCOME_HTTP_4XX] = {"http_4xx", "answered with an HTTP status of 400-499", SIDE_TARGET},
	[OUTCOME_HTTP_5XX] = {"http_5xx", "answered with an HTTP status of 500-599", SIDE_TARGET},
	[OUTCOME_GRPC_STATUS] = {"grpc_status", "answered with a gRPC status other than OK",
				 SIDE_TARGET},
	[OUTCOME_WS_CLOSE] = {"ws_close", "the peer closed the WebSocket", SIDE_TARGET},
	[OUTCOME_CHECK_FAILED] = {"check_failed", "answered, but not as expected", SIDE_TARGET},
	[OUTCOME_UNSENT] = {"unsent",
			    "never sent: every connection waited on the target until the "
			    "timeout; try more connections (-c)",
			    SIDE_TARGET},

	[OUTCOME_PORTS_EXHAUSTED] = {"ports_exhausted", "this host ran out of source ports",
				     SIDE_GENERATOR},
	[OUTCOME_DESCRIPTORS_EXHAUSTED] = {"descriptors_exhausted",
					   "this host ran out of file descriptors", SIDE_GENERATOR},
	[OUTCOME_MEMORY_EXHAUSTED] = {"memory_exhausted", "this host ran out of memory for sockets",
				      SIDE_GENERATOR},
	[OUTCOME_GENERATOR] = {"generator", "brink itself failed the request", SIDE_GENERATOR},
};

const char *outcome_name(enum outcome o)
{
	return outcomes[o].name;
}

const char *outcome_words(enum outcome o)
{
	return outcomes[o].words;
}

enum outcome_side outcome_side(enum outcome o)
{
	return outcomes[o].side;
}

/* On a connection that stands, what ICMP reports is remembered by the kernel and given as the
 * reason when retransmission has timed out (tcp_write_err): the request met silence. */
static const struct {
	int error;
	enum outcome connecting;
	enum outcome connected;
} errnos[] = {
	{ECONNREFUSED, OUTCOME_CONNECT_REFUSED, OUTCOME_TIMEOUT},
	{ETIMEDOUT, OUTCOME_CONNECT_TIMEOUT, OUTCOME_TIMEOUT},
	{ECONNRESET, OUTCOME_CONNECT_RESET, OUTCOME_PEER_RESET},
	{ECONNABORTED, OUTCOME_CONNECT_RESET, OUTCOME_PEER_RESET},
	{EPIPE, OUTCOME_CONNECT_RESET, OUTCOME_WRITE_FAILED},

	{ENETUNREACH, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{EHOSTUNREACH, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{EHOSTDOWN, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{ENETDOWN, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_WRITE_FAILED},
	{ENONET, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{EPROTO, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	{ENOPROTOOPT, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_TIMEOUT},
	/* A prohibit route answers EACCES, a blackhole route EINVAL, netfilter's output EPERM. */
	{EACCES, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_WRITE_FAILED},
	{EPERM, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_WRITE_FAILED},
	{EINVAL, OUTCOME_CONNECT_UNREACHABLE, OUTCOME_GENERATOR},

	{EADDRNOTAVAIL, OUTCOME_PORTS_EXHAUSTED, OUTCOME_GENERATOR},
	{EADDRINUSE, OUTCOME_PORTS_EXHAUSTED, OUTCOME_GENERATOR},
	{EMFILE, OUTCOME_DESCRIPTORS_EXHAUSTED, OUTCOME_DESCRIPTORS_EXHAUSTED},
	{ENFILE, OUTCOME_DESCRIPTORS_EXHAUSTED, OUTCOME_DESCRIPTORS_EXHAUSTED},
	{ENOMEM, OUTCOME_MEMORY_EXHAUSTED, OUTCOME_MEMORY_EXHAUSTED},
	{ENOBUFS, OUTCOME_MEMORY_EXHAUSTED, OUTCOME_MEMORY_EXHAUSTED},
};

enum outcome outcome_of_errno(int error, bool connecting)
{
	for (size_t i = 0; i < sizeof errnos / sizeof errnos[0]; i++)
		if (errnos[i].error == error)
			return connecting ? errnos[i].connecting : errnos[i].connected;
	return OUTCOME_GENERATOR;
}
