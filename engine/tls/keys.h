/* keys: what seals and opens the records of one direction, and how it follows from a handshake's
 * secrets (RFC 8446 section 7.3, RFC 5246 section 6.3). Pure; any thread. Memory is the caller's,
 * who wipes it. */
#ifndef BRINK_TLS_KEYS_H
#define BRINK_TLS_KEYS_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum tls_version {
	TLS_VERSION_NONE,
	TLS_1_2,
	TLS_1_3,
};

/* Of the suites that are offered, all of them AEAD; the numbers are an index of tls_cipher_facts.
 */
enum tls_cipher {
	TLS_AES_128_GCM,
	TLS_AES_256_GCM,
	TLS_CHACHA20_POLY1305,
	TLS_CIPHERS,
};

struct tls_cipher_facts {
	const char *name;    /* "AES-128-GCM", as EVP fetches it */
	unsigned key_len;    /* bytes */
	unsigned fixed_len;  /* TLS 1.2: bytes of the nonce that come with the keys */
	unsigned number_len; /* TLS 1.2: bytes of the nonce that stand in each record */
};

#define TLS_KEY_MAX    32u
#define TLS_NONCE_LEN  12u
#define TLS_SECRET_MAX 48u

struct tls_keys {
	uint8_t key[TLS_KEY_MAX];
	uint8_t iv[TLS_NONCE_LEN]; /* TLS 1.2 with GCM: the first four bytes, then zeros */
	uint8_t version, cipher;   /* enum tls_version, enum tls_cipher */
	uint64_t sequence;         /* of the next record */
};

const struct tls_cipher_facts *tls_cipher_facts(enum tls_cipher c);

void tls_put_sequence(const struct tls_keys *k, uint8_t *at); /* eight bytes, the highest first */

/* TLS 1.3: from a traffic secret of 32 (SHA-256) or 48 bytes (SHA-384). False: no memory. */
bool tls_keys_13(struct tls_keys *ret, enum tls_cipher cipher, struct span secret);

/* TLS 1.2: both directions from the master secret of 48 bytes and the two randoms of 32; `digest`
 * is the suite's, "SHA256" or "SHA384". Sequences begin at 1: the Finished was record 0. */
bool tls_keys_12(struct tls_keys *ret_client, struct tls_keys *ret_server, enum tls_cipher cipher,
		 const char *digest, struct span master, struct span client_random,
		 struct span server_random);

#endif
