/* h2_impl: what the files of HTTP/2 share. Nobody else includes it, but for grpc, which rides on
 * it.
 *
 * Framing is ours, so that a request costs a copy of bytes prepared once and an answer a look at
 * two frame heads; header blocks are HPACK by libnghttp2. RFC 9113 and 7541. */
#ifndef BRINK_PROTO_H2_IMPL_H
#define BRINK_PROTO_H2_IMPL_H

#include "proto/grpc.h"
#include "proto/h1.h"
#include "proto/h2_frame.h"
#include "proto/proto.h"

#include <nghttp2/nghttp2.h>

/* Limits of what a peer may do to us. */
#define H2_BLOCK_MAX         65536u /* bytes of a header block, and of the lines it unfolds to */
#define H2_FIELDS_MAX        256u
#define H2_CONTINUATIONS_MAX 64u    /* of one block */
#define H2_IDLE_FRAMES_MAX   2000u  /* frames that answer nothing, between two answers */
#define H2_INTERIM_MAX       1000u  /* 1xx answers before one final answer */
#define H2_SETTINGS_MAX      64u    /* of one frame */
#define H2_REPLIES_MAX       10000u /* acknowledgements that wait to be sent */

#define H2_PINGS_MAX 8u /* at once on a connection, where a request is one */

#define H2_MEMO_MAX 48

/* A head, as far as it matters. */
struct h2_head {
	uint64_t length; /* Content-Length; UINT64_MAX: none */
	uint16_t status; /* 0: it has none, as trailers do */
	bool retry_after;
	int16_t grpc_status; /* PROTO_CODE_NONE */
};

struct h2_stream {
	uint32_t id;      /* 0: free */
	int64_t window;   /* bytes that we may still send on it */
	uint32_t unacked; /* bytes received that no WINDOW_UPDATE told of */
	bool sent;        /* our side has ended */
	bool begun;       /* its final head has come */
	bool to_head;     /* it answers HEAD, and has no body */
	uint16_t interims;
	struct h2_head head;
	uint64_t received; /* bytes of its body */
	size_t body_at;    /* of the request's body: sent so far, */
	size_t body_end;   /* and may be sent so far */
	struct span body;
	char *own_body; /* of a request that is not the plan's: a copy; NULL */
	struct proto_heard *heard;
	struct grpc_stream grpc;
};

struct h2_plan {
	struct proto_spec spec;
	/* The request's header block: as the first of a connection, as a later one, and without the
	 * peer's table. */
	struct span first, later, bare;
	size_t table; /* bytes of the peer's table that `later` counts on */
	struct buf blocks, preface, upgrade;
	uint32_t window; /* of a stream, ours */
	bool head;
};

struct h2 {
	const struct h2_plan *plan;
	nghttp2_hd_inflater *inflater;
	nghttp2_hd_deflater *deflater; /* of requests that are not the plan's */
	struct h2_stream *streams;     /* by tag */
	uint16_t *tags;                /* by id, see h2_find */
	uint32_t mask;

	/* what we may do */
	uint32_t next_id, in_use;
	uint32_t peer_streams, peer_window, peer_frame, peer_table;
	uint32_t table_least; /* the smallest peer_table since its deflater was told */
	int64_t window;       /* bytes that we may still send, of all streams */
	uint32_t unacked;
	uint32_t blocked;  /* streams with a body that waits */
	bool table_filled; /* the peer's table holds what `later` refers to */
	bool table_small;  /* it cannot, or others' requests have changed it */
	bool settled;      /* its first SETTINGS have come */
	bool leaves;       /* GOAWAY came */
	uint32_t last_id;  /* of what it will still answer */
	uint32_t leave_code;
	uint32_t given_up_id;         /* of streams up to here, not all were ended by the peer */
	uint32_t replies;             /* acknowledgements said since all was sent */
	uint32_t ping;                /* the latest's number */
	uint32_t pings[H2_PINGS_MAX]; /* by tag: the number of the one in flight; 0: none */
	uint32_t sweep; /* tags from here on are to be looked at for what it will not */

	/* what is being read */
	uint8_t frame_head[H2_FRAME_HEAD];
	uint8_t frame_head_len;
	struct h2_frame frame;
	uint32_t left;      /* of its payload */
	bool padded;        /* DATA whose pad length has not come yet */
	uint32_t padding;   /* at its end */
	struct buf payload; /* of a frame that came in pieces, or a block of several frames */
	uint32_t block_id;  /* whose CONTINUATION is awaited; 0: none is */
	uint8_t block_flags;
	uint32_t continuations, idle_frames;

	bool upgrading;
	bool first_open; /* stream 1, the upgrade's request, is not answered yet */
	struct h1 h1;    /* the answer to the upgrade */

	/* The latest block that changed no table, and what it said. */
	uint8_t memo_len;
	uint8_t memo[H2_MEMO_MAX];
	struct h2_head memo_head;
};

/* h2_head.c: header blocks. */
int h2_compile_blocks(struct h2_plan *p, struct err *err);

/* Appends the block of a request that is given as text. False: no memory. */
bool h2_deflate(struct h2 *h, struct span text, struct span *ret_body, struct buf *out);

enum h2_block { H2_BLOCK_GOOD, H2_BLOCK_BAD, H2_BLOCK_BROKEN, H2_BLOCK_LARGE };

/* Reads a whole block: GOOD, or against HTTP's rules (BAD), against HPACK's (BROKEN). */
enum h2_block h2_inflate(struct h2 *h, struct span block, bool trailers, struct proto_heard *heard,
			 struct h2_head *ret);

/* h2.c: streams. */
struct h2_stream *h2_find(const struct h2 *h, uint32_t id, uint32_t *ret_tag);
void h2_end(struct h2 *h, uint32_t tag);
void h2_give_up(struct h2 *h, uint32_t id); /* what still comes on it is passed over */
void h2_reset(struct h2 *h, uint32_t tag, enum h2_error code, struct buf *out); /* RST_STREAM */
void h2_send_bodies(struct h2 *h, struct buf *out); /* what the windows have let go */
void h2_send_up_to(struct h2 *h, struct h2_stream *s, size_t end, struct buf *out);

/* h2.c, for the rows of h2 and grpc alike. */
int h2_compile(void **ret, const struct proto_spec *spec, struct err *err);
void h2_discard(void *plan);

/* h2_read.c */
enum proto_step h2_feed(void *state, struct span *in, struct buf *out, struct proto_answer *ret);
enum proto_step h2_eof(void *state, struct proto_answer *ret);

#endif
