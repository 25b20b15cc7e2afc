/* grpc_echo: what a gRPC call to the target gets back: its own messages. Bytes of the request's
 * body in, bytes of the answer's body out; headers and trailers are h2s_answer.c's.
 *
 * The method's name decides: Unary* and ClientStream*: the last message; ServerStream*: the last
 * one several times; any other: each as it comes. /brink.Status/CODE fails with that code. Messages
 * go back as they are, compressed or not. Owned by its stream, one thread. */
#ifndef BRINK_TARGET_GRPC_ECHO_H
#define BRINK_TARGET_GRPC_ECHO_H

#include "base/span.h"

#include <stdint.h>

#define GRPC_MESSAGE_MAX (16u << 20) /* bytes of one, and of echoes that wait */
#define GRPC_COPIES      10u         /* of ServerStream, unless the client tells */

enum {
	GRPC_OK = 0,
	GRPC_UNKNOWN = 2,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
};

struct grpc_echo;

/* copies: of the last message; 0: as the method's name says. NULL: no memory. */
struct grpc_echo *grpc_echo_new(struct span path, uint64_t copies);
void grpc_echo_free(struct grpc_echo *g); /* NULL is fine */

bool grpc_echo_answers_early(const struct grpc_echo *g);         /* before the request's end */
uint64_t grpc_echo_take(struct grpc_echo *g, struct span bytes); /* messages that became whole */
size_t grpc_echo_read(struct grpc_echo *g, char *buf, size_t len);
bool grpc_echo_drained(const struct grpc_echo *g);    /* nothing to be read just now */
unsigned grpc_echo_status(const struct grpc_echo *g); /* once all was taken */

#endif
