/* conn: one connection of a worker: the place where ring and protocol meet.
 *
 * It takes a request with its due instant, dials where need be, writes the rendered request,
 * feeds what comes back to the protocol, and ends every request it took in exactly one outcome
 * in the worker's tally. All memory is the worker's; only the worker's thread calls. Its life is
 * in conn.c, its talk in conn_talk.c, its TLS in conn_tls.c, its requests in flight.c. */
#ifndef BRINK_LOAD_CONN_H
#define BRINK_LOAD_CONN_H

#include "io/ring.h"
#include "proto/h1.h"

struct worker;

enum conn_state {
	CONN_CLOSED,
	CONN_DIALLING,
	CONN_SHAKING,  /* TLS: the handshake */
	CONN_GREETING, /* the protocol's own: an upgrade */
	CONN_OPEN,
	CONN_LOST, /* a hold's: its end was noticed, its close waits for its turn */
	CONN_CLOSING,
};

struct talk;

/* Of a connection whose requests are answered in any order. Lists of tags, each one more; 0: none.
 */
struct conn_streams {
	struct talk *talk;          /* as conn.talk */
	uint16_t used;              /* tags from here on were never taken */
	uint16_t free;              /* the first of those that are free again */
	uint16_t waits, waits_last; /* to be written */
};

/* Hot state: one line of the cache. Of n connections, number i uses ring slot i and deadline i. */
struct conn {
	union {
		struct h1 h1;                /* of a protocol that needs no more */
		struct talk *talk;           /* what else is said and heard, see talk.h; NULL */
		struct conn_streams streams; /* where answers come in any order */
	};
	uint64_t mark_ns;         /* while dialling, or shaking hands: since when; open: the first
				   * byte of the oldest request's answer, 0 for none */
	uint32_t tuple;           /* of the worker's book, where it keeps one */
	uint32_t next_ready;      /* the worker's queue of connections with room */
	uint32_t out_at, out_end; /* of the plan's wire: being written */
	uint8_t first;            /* the oldest flight, where they are in order */
	uint8_t state;
	uint16_t in_flight; /* requests taken and not ended */
	uint16_t to_write;  /* of them, not yet written */
	uint8_t failures;   /* lives in a row that answered nothing */
	bool queued : 1;    /* among those with room */
	bool paused : 1;    /* thinking, or waiting to dial again */
	bool opened : 1;    /* was open before */
	bool answered : 1;  /* in this life */
	bool write_failed : 1;
	bool ended : 1;  /* the peer has: closing leaves no TIME_WAIT here */
	bool booked : 1; /* `tuple` is taken */
	bool armed : 1;  /* the ring waits, or looks, for what the peer sends */
};
_Static_assert(sizeof(struct conn) == 64, "one of these per connection");

/* A request between its due instant and its outcome. */
struct flight {
	uint64_t due_ns;
	uint64_t sent_ns : 60; /* 0: not yet written */
	uint64_t again : 4;    /* times that it was, and the peer left it untouched */
};

/* Opens the connection ahead of any request. */
void conn_preopen(struct worker *w, uint32_t id);

/* Takes a request; the connection has room (conn_has_room). */
void conn_request(struct worker *w, uint32_t id, uint64_t due_ns);

/* Takes the call that waits to be made again, and writes it. */
void conn_again(struct worker *w, uint32_t id);

/* Writes the requests taken since the last call. */
void conn_flush(struct worker *w, uint32_t id);

/* Looks whether an idle connection's peer has ended it, where nothing else would tell. */
void conn_peek(struct worker *w, uint32_t id);

bool conn_has_room(const struct worker *w, const struct conn *c);

void conn_event(struct worker *w, const struct ring_event *e);
void conn_deadline(struct worker *w, uint32_t id); /* the wheel says its time is up */

/* Closes what was lost. To notice the next loss takes the kernel less than half of what a close
 * takes: as long as more are lost, none is closed, for two seconds at most. */
void conn_close_lost(struct worker *w);

/* Ends the life of a connection that is not closed already; requests in flight stay so. */
void conn_abandon(struct worker *w, uint32_t id, bool reset);

#endif
