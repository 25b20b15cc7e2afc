/* ear: what answers say, where somebody wants to know: captures and checks. Most answers are not
 * listened to, and cost nothing. By flight; the worker's thread alone. */
#ifndef BRINK_LOAD_EAR_H
#define BRINK_LOAD_EAR_H

#include "proto/proto.h"

struct worker;

#define EAR_MAX  (64u << 10) /* bytes of a head, and of a body; HTTP/1.1: of both */
#define EAR_KEEP (4u << 10)  /* of them, kept from one answer to the next */

struct ears {
	struct proto_heard *of; /* by flight; NULL: nobody listens at all */
	uint64_t *open;         /* a bit each */
	uint64_t *checks;       /* a bit each: it is to be held to its checks */
};

/* `any`: whether there will ever be a need. */
bool ears_init(struct worker *w, bool any);
void ears_fini(struct worker *w);

/* The answer to this flight is listened to, from its first byte on, `checks`: to be checked; and no
 * more. */
void ear_open(struct worker *w, size_t at, bool checks);
void ear_close(struct worker *w, size_t at);

/* NULL: nobody listens. */
struct proto_heard *ear_of(struct worker *w, size_t at);

/* Bytes of an answer of HTTP/1.1 as they come. */
void ear_hear(struct worker *w, size_t at, struct span in);

bool ear_checks(const struct worker *w, size_t at);

enum ear_told { EAR_NOTHING, EAR_CUT, EAR_WHOLE };

/* What was heard, once the answer is whole: head lines and body, out of chunks. EAR_CUT: the
 * body was longer than EAR_MAX, this is its beginning.
 * EAR_NOTHING: nobody listened, or not even the head fits. */
enum ear_told ear_tell(struct worker *w, size_t at, struct span *ret_head, struct span *ret_body);

#endif
