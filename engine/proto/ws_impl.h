/* ws_impl: the inside of the WebSocket client (RFC 6455), shared by ws.c (a connection's beginning
 * and end, what it sends), ws_greet.c (the upgrade), ws_read.c (frames that come), ws_frame.c
 * (frames that go), ws_utf8.c and their tests. Nobody else includes it.
 *
 * Frames that come are taken apart by libwslay, whose context is 4 KB: it exists only from a
 * frame's first byte on, and in a hold only until the frame is whole, so that an idle connection
 * does without. Those that go are written here: wslay masks byte by byte. */
#ifndef BRINK_PROTO_WS_IMPL_H
#define BRINK_PROTO_WS_IMPL_H

#include "base/rng.h"
#include "proto/h1.h"
#include "proto/proto.h"

#include <wslay/wslay.h>
#include <zlib.h>

#define WS_MESSAGE_MAX (16u << 20) /* bytes of a message that comes, or as long as ours */
#define WS_HEAD_MAX    16384u      /* of the answer to an upgrade */
#define WS_PONGS_MAX                                                                               \
	(64u << 10) /* bytes that wait: past them pings go unanswered, RFC 6455 5.5.3 */
#define WS_CONTROL_MAX 125u
#define WS_KEY_LEN     16u

/* Close codes, RFC 6455 7.4.1. */
enum {
	WS_NORMAL = 1000,
	WS_PROTOCOL_ERROR = 1002,
	WS_NO_CODE = 1005, /* never on the wire */
	WS_BAD_DATA = 1007,
	WS_POLICY = 1008,
	WS_TOO_BIG = 1009,
	WS_INTERNAL = 1011,
};

struct ws_plan {
	struct proto_spec spec;
	struct span message;
	uint64_t message_max;
	struct buf request; /* the upgrade, with a gap of no length at key_at */
	size_t key_at;
};

/* Where in a character the text so far has ended. Zero at first. */
struct ws_utf8 {
	uint8_t left;      /* bytes to come */
	uint8_t low, high; /* bounds of the next one, with `left` */
};

/* While frames come. */
struct ws_coming {
	wslay_frame_context_ptr frames;
	struct span *in;         /* where wslay takes bytes from, within a call */
	uint64_t handed, framed; /* bytes: to wslay, and of whole frames */
	uint64_t left;           /* of this frame's payload */
	bool in_frame;           /* its head was seen */
	uint8_t control_len;
	char control[WS_CONTROL_MAX];
};

/* An idle connection keeps this. */
struct ws {
	const struct ws_plan *plan;
	struct rng rng; /* keys and masks */
	union {
		struct {
			struct h1 h1;
			struct buf head;
		} greeting;
		struct {
			struct ws_coming *coming; /* NULL: nothing is */
			z_stream *inflater;       /* permessage-deflate was agreed on */
			uint64_t len;             /* bytes of the message that comes */
			uint32_t sent, answered;  /* requests */
			uint32_t owed;            /* answers that came at once, still to be told */
			uint8_t opcode;           /* of the message that comes; 0: none */
			bool compressed, differs;
			bool forgets; /* the peer compresses each message by itself */
			struct ws_utf8 utf8;
		};
	};
	bool stands; /* the peer has agreed */
};

/* ws_greet.c: the upgrade. `ws_greet` answers PROTO_MORE, or PROTO_FAULT; see ws.stands. */
int ws_render_upgrade(struct ws_plan *p, struct err *err);
void ws_ask(struct ws *ws, struct buf *out);
enum proto_step ws_greet(struct ws *ws, struct span *in, struct proto_answer *ret);
enum proto_step ws_greet_eof(struct ws *ws, struct proto_answer *ret);

/* ws_frame.c: appends a frame, whole and masked. False: it does not fit. */
bool ws_frame(struct buf *out, struct rng *rng, enum wslay_opcode opcode, struct span payload);
bool ws_frame_close(struct buf *out, struct rng *rng, unsigned code);
void ws_mask(char *to, const char *from, size_t len, uint32_t key);

/* ws_read.c */
enum proto_step ws_feed(void *state, struct span *in, struct buf *out, struct proto_answer *ret);
bool ws_between_frames(const struct ws *ws);
void ws_drop_coming(struct ws *ws);

/* ws_utf8.c: false at the first byte that cannot stand there. */
bool ws_utf8_take(struct ws_utf8 *u, const char *bytes, size_t len);
bool ws_utf8_is_whole(struct span text);

static inline uint32_t ws_in_flight(const struct ws *ws)
{
	return ws->sent - ws->answered;
}

#endif
