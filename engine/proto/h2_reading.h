/* h2_reading: what the readers of frames share: h2_read.c (what may come, heads, how an answer
 * ends), h2_control.c and h2_data.c. Nobody else includes it. Each reader returns what h2_feed
 * does. */
#ifndef BRINK_PROTO_H2_READING_H
#define BRINK_PROTO_H2_READING_H

#include "proto/h2_impl.h"

/* What a frame comes to. */
struct h2_reading {
	struct h2 *h;
	struct buf *out;
	struct proto_answer *ret;
};

/* h2_read.c: the connection ends, by GOAWAY. */
enum proto_step h2_fail(struct h2_reading *r, enum h2_error code, enum proto_fault fault,
			const char *detail);
enum proto_step h2_malformed(struct h2_reading *r, const char *detail);
enum proto_step h2_wrong_size(struct h2_reading *r, const char *detail);
enum proto_step h2_overflow(struct h2_reading *r, const char *detail);
enum proto_step h2_calm(struct h2_reading *r, const char *detail);

/* A stream ends: somehow; by our RST_STREAM; with a whole answer. */
enum proto_step h2_end_stream(struct h2_reading *r, uint32_t tag, enum proto_end end, int32_t code);
enum proto_step h2_reject(struct h2_reading *r, uint32_t tag, enum h2_error code,
			  enum proto_fault fault, const char *detail);
enum proto_step h2_answer(struct h2_reading *r, uint32_t tag);

/* More of a stream that has ended. `ends`: it says that it ends. */
enum proto_step h2_surplus(struct h2_reading *r, bool ends);

/* Nobody opened it. */
bool h2_is_idle(const struct h2 *h, uint32_t id);

/* h2_control.c: a frame each, whole. */
enum proto_step h2_take_settings(struct h2_reading *r, struct span payload);
enum proto_step h2_take_ping(struct h2_reading *r, struct span payload);
enum proto_step h2_take_reset(struct h2_reading *r, struct span payload);
enum proto_step h2_take_goaway(struct h2_reading *r, struct span payload);
enum proto_step h2_take_window(struct h2_reading *r, struct span payload);
enum proto_step h2_take_priority(struct h2_reading *r, struct span payload);

/* h2_data.c: its head has come; more of the rest is here. */
enum proto_step h2_begin_data(struct h2_reading *r);
enum proto_step h2_take_data(struct h2_reading *r, struct span *in);

#endif
