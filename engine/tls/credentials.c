/* credentials: certificates and keys from files. Errors name the flag and the file. */
#include "tls/context_impl.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define IDENTITIES_MAX 100000u

/* A passphrase is never asked for. */
static int no_passphrase(char *text, int size, int writing, void *ctx)
{
	(void)text, (void)size, (void)writing;
	*(bool *)ctx = true;
	return -1;
}

static const char *flag_of(const struct tls_context *c, const char *client, const char *server)
{
	return c->server ? server : client;
}

static BIO *open_file(const char *flag, const char *path, struct err *err)
{
	BIO *file = BIO_new_file(path, "r");
	if (!file) {
		int error = errno;
		err_set(err, ERR_USAGE, "%s %s: %s", flag, path, strerror(error));
		err_hint(err, "a file in PEM form is wanted");
	}
	return file;
}

static X509 *read_certificate(BIO *file)
{
	return PEM_read_bio_X509(file, NULL, NULL, NULL);
}

/* The first certificate is the end's own, those behind it lead to the root. */
static int read_chain(struct identity *ret, const char *flag, const char *path, struct err *err)
{
	BIO *file = open_file(flag, path, err);
	if (!file)
		return -1;
	ret->certificate = read_certificate(file);
	ret->chain = sk_X509_new_null();
	X509 *next;
	while (ret->certificate && ret->chain && (next = read_certificate(file)))
		sk_X509_push(ret->chain, next);
	BIO_free(file);
	ERR_clear_error(); /* the end of the file is one */
	if (ret->certificate)
		return 0;
	err_set(err, ERR_USAGE, "%s %s: no certificate in it", flag, path);
	return err_hint(err, "-----BEGIN CERTIFICATE----- is looked for");
}

static int read_key(struct identity *ret, const char *flag, const char *path, struct err *err)
{
	bool encrypted = false;
	BIO *file = open_file(flag, path, err);
	if (!file)
		return -1;
	ret->key = PEM_read_bio_PrivateKey(file, NULL, no_passphrase, &encrypted);
	BIO_free(file);
	ERR_clear_error();
	if (encrypted) {
		err_set(err, ERR_USAGE, "%s %s: the key is encrypted", flag, path);
		return err_hint(err, "openssl pkey -in FILE -out PLAIN takes the passphrase away");
	}
	if (!ret->key) {
		err_set(err, ERR_USAGE, "%s %s: no private key in it", flag, path);
		return err_hint(err, "-----BEGIN PRIVATE KEY----- is looked for");
	}
	if (X509_check_private_key(ret->certificate, ret->key) == 1)
		return 0;
	ERR_clear_error();
	err_set(err, ERR_USAGE, "%s %s: not the key of the certificate", flag, path);
	return err_hint(err, "the two must have been made together");
}

static void identity_fini(struct identity *i)
{
	X509_free(i->certificate);
	EVP_PKEY_free(i->key);
	sk_X509_pop_free(i->chain, X509_free);
}

/* --- one certificate -------------------------------------------------------------------- */

static int load_one(struct tls_context *c, const struct tls_config *config, struct err *err)
{
	const char *key = config->key ? config->key : config->cert;
	const char *cert_flag = flag_of(c, "--cert", "--tls-cert");
	const char *key_flag = config->key ? flag_of(c, "--key", "--tls-key") : cert_flag;
	struct identity id = {0};
	int result = read_chain(&id, cert_flag, config->cert, err);
	if (!result)
		result = read_key(&id, key_flag, key, err);
	if (!result && SSL_CTX_use_cert_and_key(c->ssl, id.certificate, id.key, id.chain, 1) != 1)
		result = err_set(err, ERR_USAGE, "%s %s: OpenSSL does not take it", cert_flag,
				 config->cert);
	identity_fini(&id);
	c->has_certificate = !result;
	return result;
}

/* --- a directory of them ---------------------------------------------------------------- */

static int is_certificate(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return len > 4 && strcmp(entry->d_name + len - 4, ".pem") == 0;
}

static int load_named(struct identity *ret, const char *dir, const char *name, struct err *err)
{
	char path[4096];
	int len = snprintf(path, sizeof path, "%s/%s", dir, name);
	if (len >= (int)sizeof path)
		return err_set(err, ERR_USAGE, "--cert-dir %s: the path is too long", dir);
	if (read_chain(ret, "--cert-dir", path, err))
		return -1;
	memcpy(path + len - 3, "key", 3);
	return read_key(ret, "--cert-dir", path, err);
}

static int load_names(struct tls_context *c, const char *dir, struct dirent **names, unsigned count,
		      struct err *err)
{
	c->identities = calloc(count, sizeof *c->identities);
	if (!c->identities)
		return err_set(err, ERR_RUNTIME, "no memory for %u certificates", count);
	for (; c->identity_count < count; c->identity_count++) {
		struct identity *id = &c->identities[c->identity_count];
		if (load_named(id, dir, names[c->identity_count]->d_name, err)) {
			identity_fini(id);
			return -1;
		}
	}
	c->has_certificate = true;
	return 0;
}

static int load_directory(struct tls_context *c, const char *dir, struct err *err)
{
	struct dirent **names = NULL;
	int count = scandir(dir, &names, is_certificate, alphasort);
	int result;
	if (count < 0)
		result = err_set(err, ERR_USAGE, "--cert-dir %s: %s", dir, strerror(errno));
	else if (!count || count > (int)IDENTITIES_MAX)
		result = err_set(err, ERR_USAGE,
				 "--cert-dir %s: %d certificates in it, from 1 to %u", dir, count,
				 IDENTITIES_MAX);
	else
		result = load_names(c, dir, names, (unsigned)count, err);
	if (count <= 0)
		err_hint(err, "a NAME.pem with its NAME.key is wanted for each");
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return result;
}

/* --- trust ------------------------------------------------------------------------------ */

static int load_trust(struct tls_context *c, const struct tls_config *config, struct err *err)
{
	const char *path = c->server ? config->client_ca : config->cacert;
	const char *flag = flag_of(c, "--cacert", "--client-ca");
	if (!path)
		return c->server || c->insecure || SSL_CTX_set_default_verify_paths(c->ssl) == 1
			       ? 0
			       : err_set(err, ERR_RUNTIME, "the system's certificates: not found");
	BIO *file = open_file(flag, path, err);
	if (!file)
		return -1;
	BIO_free(file);
	if (SSL_CTX_load_verify_file(c->ssl, path) != 1) {
		ERR_clear_error();
		err_set(err, ERR_USAGE, "%s %s: no certificate in it", flag, path);
		return err_hint(err, "-----BEGIN CERTIFICATE----- is looked for");
	}
	if (c->server)
		SSL_CTX_set_client_CA_list(c->ssl, SSL_load_client_CA_file(path));
	return 0;
}

int tls_credentials_load(struct tls_context *c, const struct tls_config *config, struct err *err)
{
	if (load_trust(c, config, err))
		return -1;
	if (config->cert)
		return load_one(c, config, err);
	return config->cert_dir ? load_directory(c, config->cert_dir, err) : 0;
}

void tls_credentials_free(struct tls_context *c)
{
	for (unsigned i = 0; i < c->identity_count; i++)
		identity_fini(&c->identities[i]);
	free(c->identities);
}
