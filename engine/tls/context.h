/* context: what all TLS connections of one end share: certificates, trust, versions, ciphers,
 * and what was seen of the handshakes so far.
 *
 * Made once by set-up code on the main thread, then read by all threads; what they tell it
 * (tls_context_saw, tls_context_failed) is atomic or locked and seldom called. Keys come from
 * files only. No key, secret or ticket is ever printed. */
#ifndef BRINK_TLS_CONTEXT_H
#define BRINK_TLS_CONTEXT_H

#include "base/err.h"
#include "tls/keys.h"
#include "tls/reason.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

struct tls_config {
	bool server;
	const char *host;      /* client: verified, and sent as SNI unless it is an address */
	const char *cacert;    /* PEM; client: trusted instead of the system's. NULL */
	const char *cert;      /* PEM chain; NULL. A server needs one */
	const char *key;       /* PEM; NULL: within `cert` */
	const char *cert_dir;  /* client: a NAME.pem (chain) with its NAME.key each; connection
				* number n presents number n % count in the order of names */
	const char *client_ca; /* server: clients must present a certificate of these */
	bool insecure;         /* client: no verification */
	enum tls_version max;  /* TLS_VERSION_NONE: the highest */
	const char *ciphers;   /* of "aes128,aes256,chacha20", in order of preference; NULL: all */
	const char *alpn;      /* "h2,http/1.1", the preferred one first; NULL: none */
	bool alpn_needed;      /* client: a peer that does not choose it has failed */
	bool resume;           /* client: tickets are kept and presented */
};

struct tls_context;

/* 0, or -1 with an err that names the file or the value and the way out. */
int tls_context_new(struct tls_context **ret, const struct tls_config *config, struct err *err);
void tls_context_free(struct tls_context *c); /* NULL is fine */

/* What the handshakes so far came to. Any thread. */
struct tls_seen {
	enum tls_version version; /* of the latest; TLS_VERSION_NONE: none succeeded yet */
	enum tls_cipher cipher;
	uint64_t full, resumed;     /* handshakes that succeeded */
	bool asked_for_certificate; /* client: the peer did, */
	bool has_certificate;       /* and there was one to give */
};
struct tls_seen tls_context_seen(const struct tls_context *c);

/* The first detail of a reason, "issuer: CN=...", "alert: bad_record_mac"; "" where there is
 * none. Valid as long as the context. */
const char *tls_context_detail(struct tls_context *c, enum tls_reason r);

/* "TLSv1.3"; "AES-128-GCM" */
const char *tls_version_name(enum tls_version v);
bool tls_version_read(enum tls_version *ret, const char *text); /* "1.2", "1.3"; false: none */

#endif
