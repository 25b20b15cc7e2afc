/* exchange: what a connection needs while a request is being read or an answer is owed, and only
 * then: an idle one does without, so that a million of them fit into little memory.
 *
 * From the thread's pool; at most one a connection. */
#ifndef BRINK_TARGET_EXCHANGE_H
#define BRINK_TARGET_EXCHANGE_H

#include "tools/target/pending.h"

#include "tools/target/upgrade.h"

#include <http_parser.h>

#define EXCHANGE_PATH_MAX   40u
#define EXCHANGE_PARKED_MAX (256u << 10)

struct exchange {
	http_parser parser;
	struct pending_list owed;
	uint64_t sent;           /* bytes of the current part of the first answer owed */
	uint32_t sealed;         /* bytes of it on their way, under TLS */
	struct buf *parked;      /* bytes that came while parsing was paused; NULL: none */
	struct upgrade *upgrade; /* headers that ask for one; NULL: none */
	uint8_t part;
	bool reading : 1;  /* within a request */
	bool paused : 1;   /* the parser is: too many answers are owed */
	bool in_name : 1;  /* of a header */
	bool expects : 1;  /* Expect: 100-continue */
	uint8_t header;    /* enum header: which name it is, or may yet be, */
	uint8_t header_at; /* by so many characters */
	uint8_t path_len;  /* EXCHANGE_PATH_MAX: too long */
	char path[EXCHANGE_PATH_MAX];
};

/* The two pools of a thread. */
struct exchanges {
	struct pool exchanges;
	struct pool pendings;
};

void exchanges_init(struct exchanges *e, uint32_t connections);
void exchanges_fini(struct exchanges *e); /* after exchange_end of each */

struct exchange *exchange_begin(struct exchanges *e); /* NULL: no memory */
void exchange_end(struct exchanges *e, struct exchange *x);

/* Nothing is owed, nothing parked, and the parser stands between two requests: a connection that
 * is still reading can do without. */
bool exchange_over(const struct exchange *x);

/* Keeps bytes for later. False: they would be more than EXCHANGE_PARKED_MAX, or no memory. */
bool exchange_park(struct exchange *x, struct span bytes);

#endif
