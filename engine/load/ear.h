/* ear: what answers say, where somebody wants to know: captures and checks. Most answers are not
 * listened to, and cost nothing. By flight; the worker's thread alone. */
#ifndef BRINK_LOAD_EAR_H
#define BRINK_LOAD_EAR_H

#include "proto/proto.h"

struct worker;

#define EAR_MAX (64u << 10) /* bytes of a head, and of a body; HTTP/1.1: of both */

struct ears {
	struct proto_heard *of; /* by flight; NULL: nobody listens at all */
	uint64_t *open;         /* a bit each */
};

/* `any`: whether there will ever be a need. */
bool ears_init(struct worker *w, bool any);
void ears_fini(struct worker *w);

/* The answer to this flight is listened to, from its first byte on; and no more. */
void ear_open(struct worker *w, size_t at);
void ear_close(struct worker *w, size_t at);

/* NULL: nobody listens. */
struct proto_heard *ear_of(struct worker *w, size_t at);

/* Bytes of an answer of HTTP/1.1 as they come. */
void ear_hear(struct worker *w, size_t at, struct span in);

/* HTTP/1.1's text of an answer as it came, 1xx before it included: its head, and its body, whose
 * chunks are put together in place. False: no head is whole. */
bool ear_split(struct span answer, struct span *ret_head, struct span *ret_body);

/* What was heard, once it is whole: head lines and body, out of chunks. False: it was longer than
 * EAR_MAX, or there is nothing. */
bool ear_tell(struct worker *w, size_t at, struct span *ret_head, struct span *ret_body);

#endif
