/* tls_case: a certificate of its own making, and two ends of a connection without a network.
 * The files last as long as the test's process has not called case_fini. */
#ifndef TLS_CASE_H
#define TLS_CASE_H

#include "tls/session.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct files {
	char folder[64], cert[96], key[96];
};

static void write_files(struct files *f, EVP_PKEY *key, X509 *certificate)
{
	FILE *file = fopen(f->key, "w");
	ck_assert(file && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
	fclose(file);
	file = fopen(f->cert, "w");
	ck_assert(file && PEM_write_X509(file, certificate));
	fclose(file);
}

/* Signed by itself, for localhost; whoever trusts the file trusts it. */
static void make_files(struct files *f)
{
	strcpy(f->folder, "/tmp/brink-tls-XXXXXX");
	ck_assert(mkdtemp(f->folder));
	snprintf(f->cert, sizeof f->cert, "%s/cert.pem", f->folder);
	snprintf(f->key, sizeof f->key, "%s/key.pem", f->folder);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *c = X509_new();
	X509_NAME *name = X509_get_subject_name(c);
	X509_set_version(c, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
	X509_gmtime_adj(X509_getm_notBefore(c), -3600);
	X509_gmtime_adj(X509_getm_notAfter(c), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
				   -1, 0);
	X509_set_issuer_name(c, name);
	X509_set_pubkey(c, key);
	X509_EXTENSION *names =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
	X509_add_ext(c, names, -1);
	ck_assert(X509_sign(c, key, EVP_sha256()));
	write_files(f, key, c);
	X509_EXTENSION_free(names);
	X509_free(c);
	EVP_PKEY_free(key);
}

static void drop_files(const struct files *f)
{
	unlink(f->cert);
	unlink(f->key);
	rmdir(f->folder);
}

/* One end: its context, its thread's pool, its session, what it has to say. */
struct end {
	struct tls_context *context;
	struct tls_pool *pool;
	struct tls_session session;
	struct buf out;
	char heard[256]; /* plain data, ended by a zero */
	enum tls_event event;
};

static void end_init(struct end *e, const struct tls_config *config)
{
	struct err err = {0};
	memset(e, 0, sizeof *e);
	ck_assert_int_eq(tls_context_new(&e->context, config, &err), 0);
	ck_assert_int_eq(tls_pool_new(&e->pool, e->context, &err), 0);
	buf_init(&e->out, 1u << 20);
}

static void end_fini(struct end *e)
{
	tls_end(&e->session);
	tls_pool_free(e->pool);
	tls_context_free(e->context);
	buf_fini(&e->out);
}

/* A connection anew, with what the pool has kept. */
static void end_begin(struct end *e)
{
	tls_end(&e->session);
	memset(&e->session, 0, sizeof e->session);
	e->heard[0] = '\0';
	e->event = TLS_WANTS_MORE;
	e->out.len = 0;
	ck_assert_int_eq(tls_begin(e->pool, &e->session, 0, &e->out), 0);
}

/* Gives bytes to an end; it keeps what it heard and the last event that says something. */
static void hear(struct end *e, char *bytes, size_t len)
{
	struct span in = {bytes, len}, plain = {0};
	enum tls_event event;
	do {
		event = tls_feed(e->pool, &e->session, &in, &plain, &e->out);
		if (event == TLS_DATA)
			snprintf(e->heard + strlen(e->heard), sizeof e->heard - strlen(e->heard),
				 "%.*s", (int)plain.len, plain.ptr);
		if (event != TLS_WANTS_MORE)
			e->event = event;
	} while (event == TLS_DATA || event == TLS_OPENED);
}

static bool over(const struct end *e)
{
	return e->event == TLS_FAILED || e->event == TLS_CLOSED;
}

/* All that one end has to say, in pieces of so many bytes. */
static void carry(struct end *from, struct end *to, size_t piece)
{
	struct buf said = from->out;
	buf_init(&from->out, 1u << 20);
	for (size_t at = 0; at < said.len && !over(to); at += piece)
		hear(to, said.ptr + at, said.len - at < piece ? said.len - at : piece);
	buf_fini(&said);
}

static void talk(struct end *a, struct end *b, size_t piece)
{
	while (a->out.len || b->out.len) {
		carry(a, b, piece);
		carry(b, a, piece);
	}
}

static void say(struct end *e, const char *text)
{
	ck_assert(tls_write(e->pool, &e->session, (struct span){text, strlen(text)}, &e->out));
}

#endif
