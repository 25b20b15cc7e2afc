/* record: the record layer of TLS 1.2 and 1.3 for AEAD suites: seals and opens one record at a time
 * around the caller's buffers (RFC 8446 section 5, RFC 5246 section 6.2.3.3, RFC 5288, RFC 7905).
 *
 * A sealer belongs to one thread. It keeps the key schedules of connections that spoke lately, so
 * that an idle connection costs no more than its struct tls_keys. */
#ifndef BRINK_TLS_RECORD_H
#define BRINK_TLS_RECORD_H

#include "base/span.h"
#include "tls/keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_HEADER_LEN 5u
#define TLS_PLAIN_MAX  16384u                 /* plain bytes of a record */
#define TLS_SEALED_MAX (TLS_PLAIN_MAX + 256u) /* behind the header, RFC 8446 section 5.2 */
#define TLS_SEAL_EXTRA                                                                             \
	(TLS_HEADER_LEN + 8u + 1u + 16u) /* what sealing adds to a record at most                  \
					  */

enum tls_content {
	TLS_CHANGE_CIPHER = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION = 23,
};

struct tls_sealer;

struct tls_sealer *tls_sealer_new(void); /* NULL: no memory */
void tls_sealer_free(struct tls_sealer *s);

/* Bytes that so many plain ones make on the wire, in records of TLS_PLAIN_MAX. */
size_t tls_sealed_len(const struct tls_keys *k, size_t len);

/* Seals all of `plain` as records of one type; the length of what now lies at `out`, which has
 * room for tls_sealed_len. 0: the cipher failed, or the sequence has run out. */
size_t tls_seal(struct tls_sealer *s, struct tls_keys *k, enum tls_content type, struct span plain,
		char *out);

enum tls_opening {
	TLS_RECORD_WHOLE,
	TLS_RECORD_PARTIAL, /* not a whole record: `need` says how many bytes it has, header
			       included */
	TLS_RECORD_BAD,     /* not a record of this protocol, or too long */
	TLS_RECORD_BAD_MAC,
};

struct tls_opened {
	uint8_t type;      /* enum tls_content, or whatever the peer said */
	struct span plain; /* within the record's own bytes */
	size_t need;       /* bytes of the record */
};

/* Opens the record at the front of `bytes`, in place. */
enum tls_opening tls_open(struct tls_sealer *s, struct tls_keys *k, char *bytes, size_t len,
			  struct tls_opened *ret);

#endif
