#include "tls/reason.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stddef.h>

static const struct {
	const char *name, *words;
} reasons[TLS_REASONS] = {
	[TLS_REASON_NONE] = {"none", "nothing was wrong"},

	[TLS_REASON_WRONG_HOST] = {"wrong_host", "the certificate is for another host"},
	[TLS_REASON_EXPIRED] = {"expired", "the certificate has expired"},
	[TLS_REASON_NOT_YET_VALID] = {"not_yet_valid", "the certificate is not valid yet"},
	[TLS_REASON_SELF_SIGNED] =
		{"self_signed", "the certificate is self-signed; --cacert with itself trusts it"},
	[TLS_REASON_UNTRUSTED] = {"untrusted",
				  "the chain ends in a root that is not trusted (--cacert)"},
	[TLS_REASON_NO_ISSUER] = {"no_issuer", "the issuer is not known: a root that is not "
					       "trusted (--cacert), or an intermediate that the "
					       "server does not send"},
	[TLS_REASON_BAD_USAGE] = {"bad_usage", "the certificate is not for servers"},
	[TLS_REASON_REVOKED] = {"revoked", "the certificate was revoked"},
	[TLS_REASON_BAD_CERTIFICATE] = {"bad_certificate", "the certificate was not accepted"},

	[TLS_REASON_PROTOCOL_VERSION] = {"protocol_version",
					 "no version of TLS that both speak (1.2 and 1.3 here)"},
	[TLS_REASON_NO_CIPHER] = {"no_cipher", "no cipher that both speak (AES-GCM and "
					       "ChaCha20-Poly1305 here)"},
	[TLS_REASON_NO_ALPN] = {"no_alpn", "no application protocol that both speak"},
	[TLS_REASON_NOT_TLS] = {"not_tls", "the peer does not speak TLS; plain http perhaps"},
	[TLS_REASON_CERTIFICATE_REQUIRED] = {"certificate_required",
					     "the peer demands a certificate (--cert, --key)"},
	[TLS_REASON_CERTIFICATE_REFUSED] = {"certificate_refused",
					    "the peer did not accept our certificate"},
	[TLS_REASON_UNKNOWN_CA] = {"unknown_ca", "the peer does not know the issuer of our "
						 "certificate"},
	[TLS_REASON_HANDSHAKE_ALERT] = {"handshake_alert",
					"the peer ended the handshake (alert handshake_failure)"},
	[TLS_REASON_UNRECOGNIZED_NAME] = {"unrecognized_name", "the peer knows no such host"},
	[TLS_REASON_OTHER_ALERT] = {"other_alert", "the peer sent an alert"},
	[TLS_REASON_TIMED_OUT] = {"timed_out", "no end of the handshake in time"},
	[TLS_REASON_RESET] = {"reset", "reset within the handshake"},
	[TLS_REASON_CLOSED] = {"closed", "closed by the peer within the handshake"},
	[TLS_REASON_BAD_RECORD] = {"bad_record", "bytes that are no record of this connection"},
	[TLS_REASON_KEY_UPDATE] = {"key_update", "the peer changed its keys (KeyUpdate), which "
						 "brink does not follow"},
	[TLS_REASON_INTERNAL] = {"internal", "OpenSSL failed by itself"},
};

const char *tls_reason_name(enum tls_reason r)
{
	return reasons[r].name;
}

const char *tls_reason_words(enum tls_reason r)
{
	return reasons[r].words;
}

bool tls_reason_is_certificate(enum tls_reason r)
{
	return r >= TLS_REASON_WRONG_HOST && r <= TLS_REASON_BAD_CERTIFICATE;
}

struct pair {
	long from;
	enum tls_reason to;
};

static enum tls_reason look_up(const struct pair *pairs, size_t count, long from,
			       enum tls_reason otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (pairs[i].from == from)
			return pairs[i].to;
	return otherwise;
}
#define LOOK_UP(pairs, from, otherwise)                                                            \
	look_up(pairs, sizeof(pairs) / sizeof *(pairs), from, otherwise)

enum tls_reason tls_reason_of_verify(long x509_error)
{
	static const struct pair pairs[] = {
		{X509_V_OK, TLS_REASON_NONE},
		{X509_V_ERR_HOSTNAME_MISMATCH, TLS_REASON_WRONG_HOST},
		{X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_REASON_WRONG_HOST},
		{X509_V_ERR_CERT_HAS_EXPIRED, TLS_REASON_EXPIRED},
		{X509_V_ERR_CERT_NOT_YET_VALID, TLS_REASON_NOT_YET_VALID},
		{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_REASON_SELF_SIGNED},
		{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_REASON_UNTRUSTED},
		{X509_V_ERR_CERT_UNTRUSTED, TLS_REASON_UNTRUSTED},
		{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_REASON_NO_ISSUER},
		{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_REASON_NO_ISSUER},
		{X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_REASON_NO_ISSUER},
		{X509_V_ERR_INVALID_PURPOSE, TLS_REASON_BAD_USAGE},
		{X509_V_ERR_CERT_REVOKED, TLS_REASON_REVOKED},
	};
	return LOOK_UP(pairs, x509_error, TLS_REASON_BAD_CERTIFICATE);
}

enum tls_reason tls_reason_of_alert(uint8_t description)
{
	static const struct pair pairs[] = {
		{SSL_AD_HANDSHAKE_FAILURE, TLS_REASON_HANDSHAKE_ALERT},
		{SSL_AD_BAD_CERTIFICATE, TLS_REASON_CERTIFICATE_REFUSED},
		{SSL_AD_UNSUPPORTED_CERTIFICATE, TLS_REASON_CERTIFICATE_REFUSED},
		{SSL_AD_CERTIFICATE_REVOKED, TLS_REASON_CERTIFICATE_REFUSED},
		{SSL_AD_CERTIFICATE_EXPIRED, TLS_REASON_CERTIFICATE_REFUSED},
		{SSL_AD_CERTIFICATE_UNKNOWN, TLS_REASON_CERTIFICATE_REFUSED},
		{SSL_AD_UNKNOWN_CA, TLS_REASON_UNKNOWN_CA},
		{SSL_AD_PROTOCOL_VERSION, TLS_REASON_PROTOCOL_VERSION},
		{SSL_AD_INSUFFICIENT_SECURITY, TLS_REASON_NO_CIPHER},
		{SSL_AD_UNRECOGNIZED_NAME, TLS_REASON_UNRECOGNIZED_NAME},
		{116 /* certificate_required */, TLS_REASON_CERTIFICATE_REQUIRED},
		{SSL_AD_NO_APPLICATION_PROTOCOL, TLS_REASON_NO_ALPN},
	};
	return LOOK_UP(pairs, description, TLS_REASON_OTHER_ALERT);
}

enum tls_reason tls_reason_of_error(unsigned long openssl_error)
{
	static const struct pair pairs[] = {
		{SSL_R_UNSUPPORTED_PROTOCOL, TLS_REASON_PROTOCOL_VERSION},
		{SSL_R_WRONG_SSL_VERSION, TLS_REASON_PROTOCOL_VERSION},
		{SSL_R_VERSION_TOO_LOW, TLS_REASON_PROTOCOL_VERSION},
		{SSL_R_NO_SHARED_CIPHER, TLS_REASON_NO_CIPHER},
		{SSL_R_WRONG_CIPHER_RETURNED, TLS_REASON_NO_CIPHER},
		{SSL_R_UNKNOWN_CIPHER_RETURNED, TLS_REASON_NO_CIPHER},
		{SSL_R_NO_APPLICATION_PROTOCOL, TLS_REASON_NO_ALPN},
		{SSL_R_WRONG_VERSION_NUMBER, TLS_REASON_NOT_TLS},
		{SSL_R_HTTP_REQUEST, TLS_REASON_NOT_TLS},
		{SSL_R_HTTPS_PROXY_REQUEST, TLS_REASON_NOT_TLS},
		{SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_REASON_CERTIFICATE_REQUIRED},
		{SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, TLS_REASON_BAD_RECORD},
		{ERR_R_MALLOC_FAILURE, TLS_REASON_INTERNAL},
		{ERR_R_INTERNAL_ERROR, TLS_REASON_INTERNAL},
	};
	return LOOK_UP(pairs, ERR_GET_REASON(openssl_error), TLS_REASON_BAD_RECORD);
}
