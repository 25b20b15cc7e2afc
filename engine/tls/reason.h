/* reason: why a TLS connection could not be made, or broke: a name for reports, and one line for
 * people. Pure; any thread. */
#ifndef BRINK_TLS_REASON_H
#define BRINK_TLS_REASON_H

#include <stdbool.h>
#include <stdint.h>

enum tls_reason {
	TLS_REASON_NONE,

	/* the peer's certificate was not accepted (outcome tls_certificate) */
	TLS_REASON_WRONG_HOST,
	TLS_REASON_EXPIRED,
	TLS_REASON_NOT_YET_VALID,
	TLS_REASON_SELF_SIGNED,
	TLS_REASON_UNTRUSTED, /* a root that is not among the trusted ones */
	TLS_REASON_NO_ISSUER, /* the chain breaks off: an untrusted root that was not sent, or a
			       * missing intermediate: the wire does not tell them apart */
	TLS_REASON_BAD_USAGE, /* the certificate is for another purpose */
	TLS_REASON_REVOKED,
	TLS_REASON_BAD_CERTIFICATE, /* anything else, the detail tells */

	/* the handshake failed otherwise (outcome tls_handshake) */
	TLS_REASON_PROTOCOL_VERSION,
	TLS_REASON_NO_CIPHER,
	TLS_REASON_NO_ALPN,
	TLS_REASON_NOT_TLS,              /* what came is not TLS at all */
	TLS_REASON_CERTIFICATE_REQUIRED, /* the peer's alert: we gave none */
	TLS_REASON_CERTIFICATE_REFUSED,  /* the peer's alert: ours does not please it */
	TLS_REASON_UNKNOWN_CA,        /* the peer's alert: ours is of an issuer it does not know */
	TLS_REASON_HANDSHAKE_ALERT,   /* the peer's alert handshake_failure */
	TLS_REASON_UNRECOGNIZED_NAME, /* the peer's alert: no such host here */
	TLS_REASON_OTHER_ALERT,       /* any other, the detail names it */
	TLS_REASON_TIMED_OUT,
	TLS_REASON_RESET,      /* the connection was reset within the handshake */
	TLS_REASON_CLOSED,     /* the connection ended within the handshake */
	TLS_REASON_BAD_RECORD, /* a record that cannot be one, or does not authenticate */
	TLS_REASON_KEY_UPDATE, /* the peer changed its keys, which is not followed */
	TLS_REASON_INTERNAL,   /* OpenSSL failed by itself: memory, as a rule */
	TLS_REASONS
};

const char *tls_reason_name(enum tls_reason r);  /* "not_yet_valid" */
const char *tls_reason_words(enum tls_reason r); /* one short line: what happened, what to do */
bool tls_reason_is_certificate(enum tls_reason r);

enum tls_reason tls_reason_of_verify(long x509_error);            /* X509_V_ERR_* */
enum tls_reason tls_reason_of_alert(uint8_t description);         /* RFC 8446 section 6 */
enum tls_reason tls_reason_of_error(unsigned long openssl_error); /* ERR_peek_error */

#endif
