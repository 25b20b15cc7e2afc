#include "tls/context_impl.h"

#include "tls/handshake.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- ciphers ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *suite_13, *suites_12;
} ciphers[TLS_CIPHERS] = {
	[TLS_AES_128_GCM] = {"aes128", "TLS_AES_128_GCM_SHA256",
			     "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"},
	[TLS_AES_256_GCM] = {"aes256", "TLS_AES_256_GCM_SHA384",
			     "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"},
	[TLS_CHACHA20_POLY1305] = {"chacha20", "TLS_CHACHA20_POLY1305_SHA256",
				   "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"},
};

static int find_cipher(const char *name, size_t len)
{
	for (int i = 0; i < TLS_CIPHERS; i++)
		if (strlen(ciphers[i].name) == len && memcmp(ciphers[i].name, name, len) == 0)
			return i;
	return -1;
}

static int choose_ciphers(struct tls_context *c, const char *list, struct err *err)
{
	char suites_13[256] = "", suites_12[512] = "";
	unsigned chosen = 0;
	for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',') {
		size_t len = strcspn(at, ",");
		int i = find_cipher(at, len);
		if (i < 0 || (chosen & 1u << i)) {
			err_set(err, ERR_USAGE, "--ciphers %s: '%.*s' is %s", list, (int)len, at,
				i < 0 ? "unknown" : "named twice");
			return err_hint(err,
					"some of aes128,aes256,chacha20, the preferred one first");
		}
		chosen |= 1u << i;
		size_t at_13 = strlen(suites_13), at_12 = strlen(suites_12);
		snprintf(suites_13 + at_13, sizeof suites_13 - at_13, "%s%s", at_13 ? ":" : "",
			 ciphers[i].suite_13);
		snprintf(suites_12 + at_12, sizeof suites_12 - at_12, "%s%s", at_12 ? ":" : "",
			 ciphers[i].suites_12);
	}
	if (SSL_CTX_set_ciphersuites(c->ssl, suites_13) != 1 ||
	    SSL_CTX_set_cipher_list(c->ssl, suites_12) != 1)
		return err_set(err, ERR_USAGE, "--ciphers %s: OpenSSL offers none of them", list);
	return 0;
}

/* --- verification ----------------------------------------------------------------------- */

/* Without verification there is no need to build a chain either, as OpenSSL would. */
static int accept_any(X509_STORE_CTX *store, void *ctx)
{
	(void)ctx;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

static void choose_host(struct tls_context *c, const char *host)
{
	uint8_t address[16];
	size_t len = host ? strlen(host) : 0;
	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	snprintf(c->host, sizeof c->host, "%.*s", (int)len, host ? host : "");
	c->host_is_address = inet_pton(AF_INET, c->host, address) == 1 ||
			     inet_pton(AF_INET6, c->host, address) == 1;
}

static int choose_verification(struct tls_context *c, const struct tls_config *config,
			       struct err *err)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->ssl);
	if (c->server) {
		if (config->client_ca)
			SSL_CTX_set_verify(c->ssl,
					   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		return 0;
	}
	choose_host(c, config->host);
	if (c->insecure) {
		SSL_CTX_set_cert_verify_callback(c->ssl, accept_any, NULL);
		return 0;
	}
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	int done = c->host_is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, c->host)
				      : X509_VERIFY_PARAM_set1_host(param, c->host, 0);
	return done == 1 ? 0 : err_set(err, ERR_USAGE, "'%s' is no host to verify", c->host);
}

/* --- protocols -------------------------------------------------------------------------- */

static int select_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
		       const unsigned char *offered, unsigned offered_len, void *ctx)
{
	const struct tls_context *c = ctx;
	(void)ssl;
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, ret_len, c->alpn, c->alpn_len, offered, offered_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* "h2,http/1.1" in the wire form: each name behind its length. */
static void choose_alpn(struct tls_context *c, const char *list)
{
	size_t total = list ? strlen(list) : 0;
	if (!total || total >= sizeof c->alpn)
		return;
	for (size_t at = 0, len; at < total; at += len + 1) {
		len = strcspn(list + at, ",");
		c->alpn[at] = (uint8_t)len;
		memcpy(c->alpn + at + 1, list + at, len);
	}
	c->alpn_len = (unsigned)total + 1;
	if (c->server)
		SSL_CTX_set_alpn_select_cb(c->ssl, select_alpn, c);
	else
		SSL_CTX_set_alpn_protos(c->ssl, c->alpn, c->alpn_len);
}

static void choose_options(struct tls_context *c, const struct tls_config *config)
{
	SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION);
	if (config->max)
		SSL_CTX_set_max_proto_version(c->ssl, config->max == TLS_1_2 ? TLS1_2_VERSION
									     : TLS1_3_VERSION);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
					    (c->server ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(c->ssl, c->resume ? SSL_SESS_CACHE_CLIENT |
								   SSL_SESS_CACHE_NO_INTERNAL
							 : SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(c->ssl, (const unsigned char *)"brink", 5);
}

/* --- making one ------------------------------------------------------------------------- */

static int fill(struct tls_context *c, const struct tls_config *config, struct err *err)
{
	c->server = config->server;
	c->insecure = config->insecure;
	c->resume = config->resume && !config->server;
	c->alpn_needed = config->alpn_needed && !config->server;
	c->ssl = SSL_CTX_new(c->server ? TLS_server_method() : TLS_client_method());
	if (!c->ssl)
		return err_set(err, ERR_RUNTIME, "no memory for TLS");
	choose_options(c, config);
	choose_alpn(c, config->alpn);
	if (choose_ciphers(c, config->ciphers ? config->ciphers : "aes128,aes256,chacha20", err) ||
	    choose_verification(c, config, err) || tls_credentials_load(c, config, err))
		return -1;
	tls_handshake_hooks(c->ssl);
	return 0;
}

int tls_context_new(struct tls_context **ret, const struct tls_config *config, struct err *err)
{
	struct tls_context *c = calloc(1, sizeof *c);
	if (!c)
		return err_set(err, ERR_RUNTIME, "no memory for TLS");
	pthread_mutex_init(&c->lock, NULL);
	if (fill(c, config, err)) {
		tls_context_free(c);
		return -1;
	}
	*ret = c;
	return 0;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	tls_credentials_free(c);
	SSL_CTX_free(c->ssl);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* --- what was seen ---------------------------------------------------------------------- */

void tls_context_saw(struct tls_context *c, enum tls_version version, enum tls_cipher cipher,
		     bool resumed)
{
	atomic_store_explicit(&c->latest, (uint32_t)version << 8 | cipher, memory_order_relaxed);
	atomic_fetch_add_explicit(resumed ? &c->resumed : &c->full, 1, memory_order_relaxed);
}

void tls_context_asked(struct tls_context *c)
{
	atomic_store_explicit(&c->asked, true, memory_order_relaxed);
}

void tls_context_tell(struct tls_context *c, enum tls_reason reason, const char *detail)
{
	pthread_mutex_lock(&c->lock);
	if (!c->details[reason][0])
		snprintf(c->details[reason], DETAIL_MAX, "%s", detail);
	pthread_mutex_unlock(&c->lock);
}

struct tls_seen tls_context_seen(const struct tls_context *c)
{
	uint32_t latest = atomic_load(&c->latest);
	return (struct tls_seen){
		.version = (enum tls_version)(latest >> 8),
		.cipher = (enum tls_cipher)(latest & 0xff),
		.full = atomic_load(&c->full),
		.resumed = atomic_load(&c->resumed),
		.has_certificate = c->has_certificate,
		.asked_for_certificate = atomic_load(&c->asked),
	};
}

const char *tls_context_detail(struct tls_context *c, enum tls_reason r)
{
	pthread_mutex_lock(&c->lock); /* written once: what is there stays */
	const char *detail = c->details[r];
	pthread_mutex_unlock(&c->lock);
	return detail;
}

bool tls_version_read(enum tls_version *ret, const char *text)
{
	bool is_12 = strcmp(text, "1.2") == 0;
	if (!is_12 && strcmp(text, "1.3") != 0)
		return false;
	*ret = is_12 ? TLS_1_2 : TLS_1_3;
	return true;
}

const char *tls_version_name(enum tls_version v)
{
	static const char *const names[] = {"none", "TLSv1.2", "TLSv1.3"};
	return names[v];
}
