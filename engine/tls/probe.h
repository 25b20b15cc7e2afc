/* probe: one handshake over a socket, to learn which protocol the peer chooses (ALPN, RFC 7301).
 * Set-up code: it blocks for as long as the socket's own timeouts allow; any thread. */
#ifndef BRINK_TLS_PROBE_H
#define BRINK_TLS_PROBE_H

#include "tls/context.h"

/* False: the handshake failed. `ret` is the protocol chosen, "" for none; the socket stays the
 * caller's. */
bool tls_probe(struct tls_context *c, int fd, char *ret, size_t room);

#endif
