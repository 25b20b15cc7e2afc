/* grpc: gRPC's messages within HTTP/2's bodies: five bytes of prefix, then the message. What a call
 * sends is framed once, before the load. Pure; any thread. */
#ifndef BRINK_PROTO_GRPC_H
#define BRINK_PROTO_GRPC_H

#include "base/err.h"
#include "base/span.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define GRPC_PREFIX      5u
#define GRPC_STATUSES    17
#define GRPC_MESSAGE_MAX (4u << 20) /* of an answer's message, where nothing else is said */

#define GRPC_OTHERS    GRPC_STATUSES /* where statuses are counted: those without a name */
#define GRPC_WORDS_MAX 160u          /* bytes of a grpc-message that are kept */

/* The first grpc-message that came with each status, of all threads. Zero at first. */
struct grpc_words {
	struct grpc_saying {
		atomic_uchar state; /* 0: none yet; 1: being written; 2: there for good */
		char text[GRPC_WORDS_MAX + 1];
	} of[GRPC_STATUSES + 1];
};

/* Takes a grpc-message as it stands in the header, percent-encoded, of a status above 0. Any
 * thread; cheap once the status has one. */
void grpc_words_take(struct grpc_words *w, int status, struct span encoded);
const char *grpc_words_of(const struct grpc_words *w, unsigned status); /* "": there was none */

/* What a call of the load sends and may get. Borrowed by a plan. */
struct grpc_call {
	struct span messages; /* framed, one after another: the body of the call */
	const size_t *ends;   /* of each, from the start of `messages` */
	unsigned count;
	bool turns; /* bidirectional: a message is sent once the one before it was answered */
	uint32_t message_max;
	struct grpc_words *words; /* NULL: nobody asks */
};

/* A call that owns what it points to. */
struct grpc_load {
	struct grpc_call call;
	struct buf bytes;
	size_t *ends;
	size_t room;
	struct grpc_words words;
};

struct grpc_load *grpc_load_new(size_t bytes_max); /* NULL: no memory */
void grpc_load_free(struct grpc_load *l);          /* NULL is fine */

/* Adds a message. -1 with an err: too many bytes, or no memory. */
int grpc_load_add(struct grpc_load *l, struct span message, bool compress, struct err *err);

/* Adds the first `count` messages `times` times more. */
int grpc_load_repeat(struct grpc_load *l, unsigned count, uint32_t times, struct err *err);

/* A duration as grpc-timeout has it: at most eight digits and a unit, "1500m", rounded up. */
#define GRPC_TIMEOUT_TEXT 12
char *grpc_timeout_text(char *out, uint64_t ns);

/* Appends a framed message; gzipped where `compress` and that is shorter. -1: no memory. */
int grpc_frame(struct buf *out, struct span message, bool compress);

/* "NOT_FOUND", of 0..16; NULL of others. */
const char *grpc_status_name(int status);

/* How much of the messages may be sent at once, before anything was answered. */
size_t grpc_first_end(const struct grpc_call *c);

/* The messages of an answer, as they come in pieces. Zero at first. */
struct grpc_stream {
	uint32_t left; /* of the message that is coming */
	uint8_t prefix[GRPC_PREFIX];
	uint8_t prefix_len;
	uint32_t messages; /* whole ones so far */
};

enum grpc_taken { GRPC_MORE, GRPC_MESSAGE, GRPC_TOO_LARGE, GRPC_MALFORMED };

/* Takes bytes from the front of `in` up to the end of one message at most. */
enum grpc_taken grpc_take(struct grpc_stream *s, struct span *in, uint32_t message_max);

/* Whether it stands between two messages, where an answer may end. */
bool grpc_is_whole(const struct grpc_stream *s);

#endif
