/* handshake: OpenSSL's part of a connection: records in, records out, until both ends have keys.
 * For session.c alone. One thread's, as its pool is. */
#ifndef BRINK_TLS_HANDSHAKE_H
#define BRINK_TLS_HANDSHAKE_H

#include "base/span.h"
#include "tls/context_impl.h"
#include "tls/keys.h"
#include "tls/record.h"

struct tls_pool {
	struct tls_context *context;
	struct tls_sealer *sealer;
	SSL_SESSION *ticket; /* the latest; NULL */
};

struct tls_handshake;

void tls_handshake_hooks(SSL_CTX *ssl); /* once a context */

/* NULL: no memory. */
struct tls_handshake *tls_handshake_new(struct tls_pool *p, uint64_t number);
void tls_handshake_free(struct tls_handshake *h); /* wipes its secrets; NULL is fine */

enum tls_shaking { TLS_SHAKES, TLS_SHAKEN, TLS_SHAKE_FAILED };

/* Takes a whole record (empty at first) and appends what is to be sent. */
enum tls_shaking tls_handshake_step(struct tls_handshake *h, struct span record, struct buf *out);

/* Whether the peer chose the protocol that is needed; else the context is told. */
bool tls_handshake_agreed(struct tls_handshake *h);

/* Once shaken: the keys, version and cipher lie in them. False: OpenSSL does not give them. */
bool tls_handshake_keys(struct tls_handshake *h, struct tls_keys *ret_tx, struct tls_keys *ret_rx);
bool tls_handshake_resumed(const struct tls_handshake *h);

/* A client that wants to resume and could not: its first ticket is worth waiting for. */
bool tls_handshake_wants_ticket(const struct tls_handshake *h);
void tls_handshake_ticket(struct tls_handshake *h, struct span record); /* still sealed */

/* Once failed; the detail is told to the context. */
enum tls_reason tls_handshake_reason(struct tls_handshake *h);

#endif
