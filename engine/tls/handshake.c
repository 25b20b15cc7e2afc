#include "tls/handshake.h"

#include "tls/control.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#define TLS_RANDOM_LEN 32u
#define MASTER_LEN     48u
#define FINISHED       20u  /* RFC 8446 section 4 */
#define ALERT_REASONS  1000 /* SSL_R_*_ALERT_* are these and the alert's number */

struct secret {
	uint8_t bytes[TLS_SECRET_MAX];
	size_t len;
};

struct tls_handshake {
	struct tls_pool *pool;
	SSL *ssl;
	BIO *in, *out; /* the SSL's */
	struct secret client, server;
	bool finished;    /* a server's Finished is out: what follows has its new keys */
	unsigned written; /* records since */
	bool got_ticket;
	char detail[DETAIL_MAX]; /* of a certificate that was not accepted */
};

static struct tls_handshake *handshake_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* --- secrets ---------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_secret(struct secret *ret, const char *hex)
{
	ret->len = 0;
	while (ret->len < sizeof ret->bytes && digit(hex[0]) >= 0 && digit(hex[1]) >= 0) {
		ret->bytes[ret->len++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
		hex += 2;
	}
}

/* Lines as of SSLKEYLOGFILE: a label, the client's random, the secret. */
static void note_secret(const SSL *ssl, const char *line)
{
	static const char client[] = "CLIENT_TRAFFIC_SECRET_0 ",
			  server[] = "SERVER_TRAFFIC_SECRET_0 ";
	struct tls_handshake *h = handshake_of(ssl);
	bool of_client = strncmp(line, client, sizeof client - 1) == 0;
	if (!h || (!of_client && strncmp(line, server, sizeof server - 1) != 0))
		return;
	take_secret(of_client ? &h->client : &h->server, strrchr(line, ' ') + 1);
}

/* --- what else OpenSSL tells ------------------------------------------------------------ */

/* A server's tickets are written within the handshake, by the keys that we are to go on with. */
static void note_message(int writes, int version, int type, const void *bytes, size_t len, SSL *ssl,
			 void *ctx)
{
	struct tls_handshake *h = handshake_of(ssl);
	(void)version, (void)ctx;
	if (!h || !writes)
		return;
	if (type == SSL3_RT_HEADER)
		h->written += h->finished;
	else if (type == SSL3_RT_HANDSHAKE && len && *(const uint8_t *)bytes == FINISHED)
		h->finished = true;
}

static int note_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct tls_handshake *h = handshake_of(ssl);
	if (!h)
		return 0;
	SSL_SESSION_free(h->pool->ticket);
	h->pool->ticket = ticket;
	h->got_ticket = true;
	return 1; /* it is ours now */
}

/* The peer asks for a certificate. */
static int note_request(SSL *ssl, void *ctx)
{
	const struct tls_handshake *h = handshake_of(ssl);
	(void)ctx;
	if (h && !h->pool->context->server)
		tls_context_asked(h->pool->context);
	return 1;
}

/* --- certificates that are not accepted ------------------------------------------------- */

static void print_name(BIO *to, const char *label, X509_NAME *name)
{
	BIO_puts(to, label);
	X509_NAME_print_ex(to, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
}

static void print_time(BIO *to, const char *label, const ASN1_TIME *time)
{
	BIO_puts(to, label);
	ASN1_TIME_print(to, time);
}

static void describe(struct tls_handshake *h, X509 *certificate, int error)
{
	BIO *text = BIO_new(BIO_s_mem());
	if (!text || !certificate) {
		BIO_free(text);
		return;
	}
	print_name(text, "subject ", X509_get_subject_name(certificate));
	print_name(text, ", issuer ", X509_get_issuer_name(certificate));
	if (error == X509_V_ERR_CERT_HAS_EXPIRED)
		print_time(text, ", until ", X509_get0_notAfter(certificate));
	else if (error == X509_V_ERR_CERT_NOT_YET_VALID)
		print_time(text, ", from ", X509_get0_notBefore(certificate));
	else if (tls_reason_of_verify(error) == TLS_REASON_WRONG_HOST)
		BIO_printf(text, ", asked for %s", h->pool->context->host);
	else if (tls_reason_of_verify(error) == TLS_REASON_BAD_CERTIFICATE)
		BIO_printf(text, ": %s", X509_verify_cert_error_string(error));
	int len = BIO_read(text, h->detail, sizeof h->detail - 1);
	h->detail[len > 0 ? len : 0] = '\0';
	BIO_free(text);
}

static int note_verdict(int accepted, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_handshake *h = ssl ? handshake_of(ssl) : NULL;
	if (!accepted && h && !h->detail[0])
		describe(h, X509_STORE_CTX_get_current_cert(store),
			 X509_STORE_CTX_get_error(store));
	return accepted;
}

void tls_handshake_hooks(SSL_CTX *ssl)
{
	SSL_CTX_set_keylog_callback(ssl, note_secret);
	SSL_CTX_sess_set_new_cb(ssl, note_ticket);
	SSL_CTX_set_cert_cb(ssl, note_request, NULL);
	SSL_CTX_set_verify(ssl, SSL_CTX_get_verify_mode(ssl), note_verdict);
}

/* --- its life --------------------------------------------------------------------------- */

static bool present(struct tls_handshake *h, uint64_t number)
{
	const struct tls_context *c = h->pool->context;
	if (!c->identity_count)
		return true;
	const struct identity *id = &c->identities[number % c->identity_count];
	return SSL_use_cert_and_key(h->ssl, id->certificate, id->key, id->chain, 1) == 1;
}

/* A copy: OpenSSL holds that a ticket of 1.3 is good for one use, and spoils what was used. */
static bool resume(struct tls_handshake *h)
{
	SSL_SESSION *copy = SSL_SESSION_dup(h->pool->ticket);
	bool done = copy && SSL_set_session(h->ssl, copy) == 1;
	SSL_SESSION_free(copy);
	return done;
}

static bool prepare(struct tls_handshake *h, uint64_t number)
{
	const struct tls_context *c = h->pool->context;
	h->ssl = SSL_new(c->ssl);
	h->in = BIO_new(BIO_s_mem());
	h->out = BIO_new(BIO_s_mem());
	if (!h->ssl || !h->in || !h->out) {
		BIO_free(h->in);
		BIO_free(h->out);
		return false;
	}
	BIO_set_mem_eof_return(h->in, -1);
	SSL_set_bio(h->ssl, h->in, h->out);
	SSL_set_app_data(h->ssl, h);
	if (c->server) {
		SSL_set_accept_state(h->ssl);
		SSL_set_msg_callback(h->ssl, note_message);
		return true;
	}
	SSL_set_connect_state(h->ssl);
	if (c->host[0] && !c->host_is_address && SSL_set_tlsext_host_name(h->ssl, c->host) != 1)
		return false;
	if (c->resume && h->pool->ticket && !resume(h))
		return false;
	return present(h, number);
}

struct tls_handshake *tls_handshake_new(struct tls_pool *p, uint64_t number)
{
	struct tls_handshake *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->pool = p;
	if (prepare(h, number))
		return h;
	ERR_clear_error();
	tls_handshake_free(h);
	return NULL;
}

void tls_handshake_free(struct tls_handshake *h)
{
	if (!h)
		return;
	if (h->ssl) /* as if shut down: else OpenSSL takes its session for unfit to be resumed */
		SSL_set_shutdown(h->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(h->ssl);
	OPENSSL_cleanse(h, sizeof *h);
	free(h);
}

/* --- steps ------------------------------------------------------------------------------ */

static void drain(struct tls_handshake *h, struct buf *out)
{
	char *bytes;
	long len = BIO_get_mem_data(h->out, &bytes);
	if (len > 0)
		buf_append(out, bytes, (size_t)len);
	BIO_reset(h->out);
}

enum tls_shaking tls_handshake_step(struct tls_handshake *h, struct span record, struct buf *out)
{
	ERR_clear_error();
	if (record.len && BIO_write(h->in, record.ptr, (int)record.len) != (int)record.len)
		return TLS_SHAKE_FAILED;
	int result = SSL_do_handshake(h->ssl);
	drain(h, out);
	if (result == 1)
		return BIO_pending(h->in) || SSL_has_pending(h->ssl) ? TLS_SHAKE_FAILED
								     : TLS_SHAKEN;
	int error = SSL_get_error(h->ssl, result);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? TLS_SHAKES
									     : TLS_SHAKE_FAILED;
}

static enum tls_reason reason_of_alert(struct tls_handshake *h, uint8_t alert)
{
	const char *name = tls_alert_name(alert);
	snprintf(h->detail, sizeof h->detail, "alert %u%s%s", alert, name ? " " : "",
		 name ? name : "");
	return tls_reason_of_alert(alert);
}

enum tls_reason tls_handshake_reason(struct tls_handshake *h)
{
	unsigned long error = ERR_peek_error();
	int what = ERR_GET_REASON(error);
	long verdict = SSL_get_verify_result(h->ssl);
	enum tls_reason reason;
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && what > ALERT_REASONS && what < ALERT_REASONS + 256)
		reason = reason_of_alert(h, (uint8_t)(what - ALERT_REASONS));
	else if (what == SSL_R_CERTIFICATE_VERIFY_FAILED)
		reason = tls_reason_of_verify(verdict);
	else
		reason = tls_reason_of_error(error);
	if (!h->detail[0] && error)
		snprintf(h->detail, sizeof h->detail, "%s", ERR_reason_error_string(error));
	ERR_clear_error();
	tls_context_tell(h->pool->context, reason, h->detail);
	return reason;
}

/* --- what it came to -------------------------------------------------------------------- */

static bool cipher_of(const SSL *ssl, enum tls_cipher *ret)
{
	static const struct {
		int nid;
		enum tls_cipher cipher;
	} all[] = {
		{NID_aes_128_gcm, TLS_AES_128_GCM},
		{NID_aes_256_gcm, TLS_AES_256_GCM},
		{NID_chacha20_poly1305, TLS_CHACHA20_POLY1305},
	};
	int nid = SSL_CIPHER_get_cipher_nid(SSL_get_current_cipher(ssl));
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i].nid != nid)
			continue;
		*ret = all[i].cipher;
		return true;
	}
	return false;
}

static bool keys_13(const struct tls_handshake *h, enum tls_cipher cipher, struct tls_keys *client,
		    struct tls_keys *server)
{
	struct span of_client = {(const char *)h->client.bytes, h->client.len};
	struct span of_server = {(const char *)h->server.bytes, h->server.len};
	return h->client.len && h->server.len && tls_keys_13(client, cipher, of_client) &&
	       tls_keys_13(server, cipher, of_server);
}

static bool keys_12(const struct tls_handshake *h, enum tls_cipher cipher, struct tls_keys *client,
		    struct tls_keys *server)
{
	uint8_t master[MASTER_LEN], randoms[2][TLS_RANDOM_LEN];
	const EVP_MD *digest = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(h->ssl));
	size_t len = SSL_SESSION_get_master_key(SSL_get_session(h->ssl), master, sizeof master);
	SSL_get_client_random(h->ssl, randoms[0], TLS_RANDOM_LEN);
	SSL_get_server_random(h->ssl, randoms[1], TLS_RANDOM_LEN);
	bool done = digest && len == sizeof master &&
		    tls_keys_12(client, server, cipher, EVP_MD_get0_name(digest),
				(struct span){(const char *)master, len},
				(struct span){(const char *)randoms[0], TLS_RANDOM_LEN},
				(struct span){(const char *)randoms[1], TLS_RANDOM_LEN});
	OPENSSL_cleanse(master, sizeof master);
	return done;
}

bool tls_handshake_keys(struct tls_handshake *h, struct tls_keys *ret_tx, struct tls_keys *ret_rx)
{
	bool is_server = h->pool->context->server;
	struct tls_keys *client = is_server ? ret_rx : ret_tx;
	struct tls_keys *server = is_server ? ret_tx : ret_rx;
	enum tls_cipher cipher;
	if (!cipher_of(h->ssl, &cipher))
		return false;
	if (SSL_version(h->ssl) != TLS1_3_VERSION)
		return keys_12(h, cipher, client, server);
	bool done = keys_13(h, cipher, client, server);
	if (is_server)
		ret_tx->sequence = h->written;
	return done;
}

bool tls_handshake_agreed(struct tls_handshake *h)
{
	struct tls_context *c = h->pool->context;
	const unsigned char *chosen;
	unsigned len;
	if (!c->alpn_needed)
		return true;
	SSL_get0_alpn_selected(h->ssl, &chosen, &len);
	if (len + 1 == c->alpn_len && !memcmp(chosen, c->alpn + 1, len))
		return true;
	snprintf(h->detail, sizeof h->detail, "offered %.*s, chose %.*s", (int)c->alpn[0],
		 (const char *)c->alpn + 1, len ? (int)len : 7,
		 len ? (const char *)chosen : "nothing");
	tls_context_tell(c, TLS_REASON_NO_ALPN, h->detail);
	return false;
}

bool tls_handshake_resumed(const struct tls_handshake *h)
{
	return SSL_session_reused(h->ssl);
}

bool tls_handshake_wants_ticket(const struct tls_handshake *h)
{
	return h->pool->context->resume && !h->got_ticket && !SSL_session_reused(h->ssl) &&
	       SSL_version(h->ssl) == TLS1_3_VERSION;
}

void tls_handshake_ticket(struct tls_handshake *h, struct span record)
{
	char nothing;
	ERR_clear_error();
	if (BIO_write(h->in, record.ptr, (int)record.len) == (int)record.len)
		SSL_read(h->ssl, &nothing, sizeof nothing); /* note_ticket hears of it */
	ERR_clear_error();
}
