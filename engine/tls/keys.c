#include "tls/keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

static const struct tls_cipher_facts FACTS[TLS_CIPHERS] = {
	[TLS_AES_128_GCM] = {"AES-128-GCM", 16, 4, 8},
	[TLS_AES_256_GCM] = {"AES-256-GCM", 32, 4, 8},
	[TLS_CHACHA20_POLY1305] = {"ChaCha20-Poly1305", 32, 12, 0},
};

const struct tls_cipher_facts *tls_cipher_facts(enum tls_cipher c)
{
	return &FACTS[c];
}

void tls_put_sequence(const struct tls_keys *k, uint8_t *at)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(k->sequence >> (56 - 8 * i));
}

/* --- TLS 1.3 ---------------------------------------------------------------------------- */

/* HKDF-Expand-Label with an empty context, of no more bytes than one round of HMAC gives. */
static bool expand(struct span secret, const char *label, uint8_t *out, size_t len)
{
	static const char prefix[] = "tls13 ";
	const EVP_MD *digest = secret.len == 48 ? EVP_sha384() : EVP_sha256();
	uint8_t info[32], round[EVP_MAX_MD_SIZE];
	size_t label_len = sizeof prefix - 1 + strlen(label), at = 0;
	unsigned round_len;
	info[at++] = 0;
	info[at++] = (uint8_t)len;
	info[at++] = (uint8_t)label_len;
	memcpy(info + at, prefix, sizeof prefix - 1);
	memcpy(info + at + sizeof prefix - 1, label, strlen(label));
	at += label_len;
	info[at++] = 0; /* the context's length */
	info[at++] = 1; /* the round's number */
	if (!HMAC(digest, secret.ptr, (int)secret.len, info, at, round, &round_len))
		return false;
	memcpy(out, round, len);
	OPENSSL_cleanse(round, sizeof round);
	return true;
}

bool tls_keys_13(struct tls_keys *ret, enum tls_cipher cipher, struct span secret)
{
	*ret = (struct tls_keys){.version = TLS_1_3, .cipher = (uint8_t)cipher};
	return expand(secret, "key", ret->key, FACTS[cipher].key_len) &&
	       expand(secret, "iv", ret->iv, TLS_NONCE_LEN);
}

/* --- TLS 1.2 ---------------------------------------------------------------------------- */

static bool expand_keys(const char *digest, struct span master, struct span seed, uint8_t *out,
			size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest,
						 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
						  (char *)(uintptr_t)master.ptr, master.len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (char *)(uintptr_t)seed.ptr,
						  seed.len),
		OSSL_PARAM_construct_end(),
	};
	bool done = context && EVP_KDF_derive(context, out, len, params) > 0;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return done;
}

bool tls_keys_12(struct tls_keys *ret_client, struct tls_keys *ret_server, enum tls_cipher cipher,
		 const char *digest, struct span master, struct span client_random,
		 struct span server_random)
{
	static const char label[] = "key expansion";
	const struct tls_cipher_facts *facts = &FACTS[cipher];
	uint8_t block[2 * (TLS_KEY_MAX + TLS_NONCE_LEN)];
	char seed[sizeof label - 1 + 64];
	size_t len = 2 * (facts->key_len + facts->fixed_len);
	memcpy(seed, label, sizeof label - 1);
	memcpy(seed + sizeof label - 1, server_random.ptr, 32);
	memcpy(seed + sizeof label - 1 + 32, client_random.ptr, 32);
	if (!expand_keys(digest, master, (struct span){seed, sizeof seed}, block, len))
		return false;
	struct tls_keys *both[] = {ret_client, ret_server};
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *key = block + i * facts->key_len;
		const uint8_t *iv = block + 2 * facts->key_len + i * facts->fixed_len;
		*both[i] = (struct tls_keys){
			.version = TLS_1_2, .cipher = (uint8_t)cipher, .sequence = 1};
		memcpy(both[i]->key, key, facts->key_len);
		memcpy(both[i]->iv, iv, facts->fixed_len);
	}
	OPENSSL_cleanse(block, sizeof block);
	return true;
}
