/* session: one TLS connection without a socket: bytes of the wire in, bytes of the wire out.
 *
 * OpenSSL shakes hands over memory; then its object is given back, and what is left is the keys,
 * the sequence numbers, and perhaps a record that is not whole yet: some 150 bytes. Records are
 * sealed and opened here (tls/record.h), or by the kernel, to which the keys are handed
 * (tls/ktls.h). Both ends speak through it.
 *
 * A session is the caller's memory, zeroed before tls_begin, and ended by tls_end. The context is
 * shared by all threads; a pool belongs to one thread, and so do the sessions that use it. */
#ifndef BRINK_TLS_SESSION_H
#define BRINK_TLS_SESSION_H

#include "base/span.h"
#include "tls/context.h"
#include "tls/control.h"
#include "tls/keys.h"
#include "tls/reason.h"

#include <stdbool.h>
#include <stdint.h>

struct tls_pool; /* of one thread: key schedules, the latest ticket */

int tls_pool_new(struct tls_pool **ret, struct tls_context *context, struct err *err);
void tls_pool_free(struct tls_pool *p); /* after tls_end of each session; NULL is fine */

struct tls_session {
	struct tls_handshake *handshake; /* NULL: over, and its last ticket came or is not wanted */
	struct tls_partial *partial;     /* a record that is not whole; NULL: none */
	struct tls_keys tx, rx;
	uint8_t version, cipher; /* enum tls_version, enum tls_cipher; once open */
	uint8_t reason;          /* enum tls_reason: why it failed */
	bool open : 1;
	bool resumed : 1;
	bool sent_close : 1, got_close : 1; /* close_notify */
};

enum tls_event {
	TLS_WANTS_MORE, /* all of `in` was taken */
	TLS_OPENED,     /* the handshake is over; there may be more in `in` */
	TLS_DATA,       /* `ret` is plain data; perhaps more in `in` */
	TLS_CLOSED,     /* the peer's close_notify: nothing follows */
	TLS_FAILED,     /* session->reason says why; an alert may lie in `out` */
};

/* Begins a handshake. `number` picks the certificate of a directory. What must be sent is
 * appended to `out`. -1: no memory. */
int tls_begin(struct tls_pool *p, struct tls_session *s, uint64_t number, struct buf *out);

/* Takes bytes of the wire from the front of `in`, which it may overwrite, up to the next event;
 * `ret` lies in them or in the session, until the next call. What must be sent in answer (the
 * handshake's, alerts) is appended to `out`. After CLOSED or FAILED it is not called again. */
enum tls_event tls_feed(struct tls_pool *p, struct tls_session *s, struct span *in,
			struct span *ret, struct buf *out);

/* What a record that is not data comes to (WANTS_MORE, CLOSED or FAILED, for control.reason): for
 * those that the kernel opened, without a session. */
enum tls_event tls_obey(struct tls_pool *p, struct tls_control control);

/* Appends plain data as sealed records of TLS_PLAIN_MAX at most. False: no memory, or the
 * sequence has run out. */
bool tls_write(struct tls_pool *p, struct tls_session *s, struct span plain, struct buf *out);

/* Appends a close_notify, unless one went already or the session is not open. */
void tls_finish(struct tls_pool *p, struct tls_session *s, struct buf *out);

/* Open, without a partial record or a ticket that is waited for: the keys may be handed over. */
bool tls_at_boundary(const struct tls_session *s);

/* Why the transport's end is no proper one: TLS_REASON_NONE after a close_notify. */
enum tls_reason tls_eof(const struct tls_session *s);

void tls_end(struct tls_session *s); /* gives back what it holds, wipes keys */

#endif
