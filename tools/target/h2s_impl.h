/* h2s_impl: the inside of an HTTP/2 connection, shared by h2s.c (the connection), h2s_stream.c (its
 * streams) and h2s_answer.c (what they are answered). Nobody else includes it. */
#ifndef BRINK_TARGET_H2S_IMPL_H
#define BRINK_TARGET_H2S_IMPL_H

#include "tools/target/grpc_echo.h"
#include "tools/target/h2s.h"
#include "tools/target/pending.h"
#include "tools/target/framed.h"

#include <nghttp2/nghttp2.h>

#define H2S_PATH_MAX     128u
#define H2S_ENCODING_MAX 16u

struct h2s_stream;

struct h2s_list {
	struct h2s_stream *first, *last;
};

enum h2s_content { H2S_PLAIN, H2S_GRPC, H2S_STRANGE };

struct h2s_stream {
	struct h2s_stream *prev, *next;
	struct h2s_list *list; /* which it is in */
	int32_t id;
	struct pending owed;    /* .answer NULL: none yet */
	uint64_t sent;          /* of its body */
	struct grpc_echo *grpc; /* NULL: no gRPC */
	uint64_t messages;      /* brink-messages; 0: not told */
	uint8_t content;        /* enum h2s_content, by content-type */
	bool head, connect;
	bool answering;   /* its HEADERS are submitted */
	bool over;        /* gRPC: its instant has come, the trailers may follow */
	uint8_t path_len; /* H2S_PATH_MAX: too long */
	uint8_t encoding_len;
	char path[H2S_PATH_MAX];
	char encoding[H2S_ENCODING_MAX]; /* grpc-encoding */
};

struct h2s {
	struct framed framed; /* first */
	nghttp2_session *ng;
	struct server *server;
	struct session *session;
	struct h2s_list open;    /* streams that read, or send */
	struct h2s_list waiting; /* for their instant, the earliest first */
	uint32_t answered;       /* answers whose last byte is in framed.out */
	enum answer_end end;     /* what becomes of the connection once that is gone */
	int32_t last;            /* streams behind it are not answered: GOAWAY said so */
};

/* h2s_stream.c. NULL: no memory. */
struct h2s_stream *h2s_stream_new(struct h2s *h, int32_t id);
void h2s_stream_free(struct h2s *h, struct h2s_stream *st);
void h2s_stream_header(struct h2s_stream *st, struct span name, struct span value);
bool h2s_stream_headed(struct h2s *h,
		       struct h2s_stream *st); /* all headers came; false: no memory */
void h2s_stream_data(struct h2s *h, struct h2s_stream *st, struct span bytes);
bool h2s_stream_complete(struct h2s *h, struct h2s_stream *st); /* the request did */
bool h2s_streams_wake(struct h2s *h); /* answers what is due, and sets the next instant */

/* h2s_answer.c: submits what the stream owes. False: no memory. */
bool h2s_answer(struct h2s *h, struct h2s_stream *st);
bool h2s_answer_begin(struct h2s *h, struct h2s_stream *st); /* gRPC: before the request's end */

#endif
