/* context_impl: the inside of a context, shared by context.c (what is configured, what was seen),
 * credentials.c (files), handshake.c and session.c. Nobody else includes it. */
#ifndef BRINK_TLS_CONTEXT_IMPL_H
#define BRINK_TLS_CONTEXT_IMPL_H

#include "tls/context.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#define DETAIL_MAX 160u

/* A certificate with its key, as one of a directory. */
struct identity {
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

struct tls_context {
	SSL_CTX *ssl;
	bool server, insecure, resume, alpn_needed;
	bool has_certificate;
	bool host_is_address;
	char host[256];
	uint8_t alpn[64]; /* in its wire form */
	unsigned alpn_len;
	struct identity *identities;
	unsigned identity_count;

	_Atomic uint32_t latest; /* version << 8 | cipher */
	_Atomic uint64_t full, resumed;
	atomic_bool asked;
	pthread_mutex_t lock; /* of the details */
	char details[TLS_REASONS][DETAIL_MAX];
};

/* credentials.c: the files that the configuration names. */
int tls_credentials_load(struct tls_context *c, const struct tls_config *config, struct err *err);
void tls_credentials_free(struct tls_context *c);

/* What a handshake came to. Any thread. */
void tls_context_saw(struct tls_context *c, enum tls_version version, enum tls_cipher cipher,
		     bool resumed);
void tls_context_asked(struct tls_context *c); /* for a client certificate */
void tls_context_tell(struct tls_context *c, enum tls_reason reason, const char *detail);

#endif
