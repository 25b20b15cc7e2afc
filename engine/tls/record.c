#include "tls/record.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define SCHEDULES 256u /* of lately used keys, a power of two */
#define TAG_LEN   16u

/* An expanded key. Which connection it is of, the key itself tells. */
struct schedule {
	EVP_CIPHER_CTX *context;
	uint8_t key[TLS_KEY_MAX];
	uint8_t cipher;
	bool seals;
	bool ready;
};

struct tls_sealer {
	EVP_CIPHER *ciphers[TLS_CIPHERS];
	struct schedule schedules[SCHEDULES];
};

struct tls_sealer *tls_sealer_new(void)
{
	struct tls_sealer *s = calloc(1, sizeof *s);
	for (unsigned i = 0; s && i < TLS_CIPHERS; i++) {
		s->ciphers[i] =
			EVP_CIPHER_fetch(NULL, tls_cipher_facts((enum tls_cipher)i)->name, NULL);
		if (!s->ciphers[i]) {
			tls_sealer_free(s);
			return NULL;
		}
	}
	return s;
}

void tls_sealer_free(struct tls_sealer *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < SCHEDULES; i++)
		EVP_CIPHER_CTX_free(s->schedules[i].context);
	for (unsigned i = 0; i < TLS_CIPHERS; i++)
		EVP_CIPHER_free(s->ciphers[i]);
	OPENSSL_cleanse(s, sizeof *s);
	free(s);
}

/* --- key schedules ---------------------------------------------------------------------- */

static bool serves(const struct schedule *e, const struct tls_keys *k, bool seals)
{
	return e->ready && e->seals == seals && e->cipher == k->cipher &&
	       CRYPTO_memcmp(e->key, k->key, sizeof k->key) == 0;
}

static bool expand(struct tls_sealer *s, struct schedule *e, const struct tls_keys *k, bool seals)
{
	e->ready = false;
	if (!e->context)
		e->context = EVP_CIPHER_CTX_new();
	if (!e->context ||
	    !EVP_CipherInit_ex2(e->context, s->ciphers[k->cipher], k->key, NULL, seals, NULL))
		return false;
	memcpy(e->key, k->key, sizeof e->key);
	e->cipher = k->cipher;
	e->seals = seals;
	return e->ready = true;
}

/* The context that seals or opens with these keys; NULL: no memory. */
static EVP_CIPHER_CTX *context_for(struct tls_sealer *s, const struct tls_keys *k, bool seals)
{
	unsigned at = (k->key[0] | (unsigned)k->key[1] << 8) % (SCHEDULES / 2) * 2 + seals;
	struct schedule *e = &s->schedules[at];
	return serves(e, k, seals) || expand(s, e, k, seals) ? e->context : NULL;
}

/* --- nonces and headers ----------------------------------------------------------------- */

static unsigned number_len(const struct tls_keys *k)
{
	return k->version == TLS_1_2 ? tls_cipher_facts((enum tls_cipher)k->cipher)->number_len : 0;
}

/* `number` is what stands in the record; NULL where the nonce is the sequence's. */
static void make_nonce(const struct tls_keys *k, const uint8_t *number, uint8_t *nonce)
{
	uint8_t sequence[8];
	memcpy(nonce, k->iv, TLS_NONCE_LEN);
	tls_put_sequence(k, sequence);
	for (unsigned i = 0; i < 8; i++)
		nonce[4 + i] = number ? number[i] : (uint8_t)(nonce[4 + i] ^ sequence[i]);
}

static void put_header(uint8_t *at, uint8_t type, size_t len)
{
	at[0] = type;
	at[1] = at[2] = 3; /* "1.2", in 1.3 as well */
	at[3] = (uint8_t)(len >> 8);
	at[4] = (uint8_t)len;
}

/* What is authenticated beside the data: 1.3: the header; 1.2: sequence, type, version, length. */
static unsigned make_extra(const struct tls_keys *k, const uint8_t *header, size_t plain_len,
			   uint8_t *extra)
{
	if (k->version == TLS_1_3) {
		memcpy(extra, header, TLS_HEADER_LEN);
		return TLS_HEADER_LEN;
	}
	tls_put_sequence(k, extra);
	put_header(extra + 8, header[0], plain_len);
	return 8 + TLS_HEADER_LEN;
}

/* --- sealing ---------------------------------------------------------------------------- */

static size_t overhead(const struct tls_keys *k)
{
	return TLS_HEADER_LEN + number_len(k) + (k->version == TLS_1_3) + TAG_LEN;
}

size_t tls_sealed_len(const struct tls_keys *k, size_t len)
{
	size_t records = len ? (len + TLS_PLAIN_MAX - 1) / TLS_PLAIN_MAX : 1;
	return len + records * overhead(k);
}

static size_t seal_one(EVP_CIPHER_CTX *context, struct tls_keys *k, enum tls_content type,
		       struct span plain, uint8_t *out)
{
	uint8_t nonce[TLS_NONCE_LEN], extra[8 + TLS_HEADER_LEN], inner = (uint8_t)type;
	size_t total = plain.len + overhead(k);
	unsigned number = number_len(k);
	uint8_t *at = out + TLS_HEADER_LEN + number;
	int len, more = 0;
	put_header(out, k->version == TLS_1_3 ? TLS_APPLICATION : inner, total - TLS_HEADER_LEN);
	if (number)
		tls_put_sequence(k, out + TLS_HEADER_LEN);
	make_nonce(k, number ? out + TLS_HEADER_LEN : NULL, nonce);
	unsigned extra_len = make_extra(k, out, plain.len, extra);
	bool done =
		EVP_EncryptInit_ex2(context, NULL, NULL, nonce, NULL) &&
		EVP_EncryptUpdate(context, NULL, &len, extra, (int)extra_len) &&
		EVP_EncryptUpdate(context, at, &len, (const uint8_t *)plain.ptr, (int)plain.len);
	at += plain.len;
	if (done && k->version == TLS_1_3)
		done = EVP_EncryptUpdate(context, at++, &len, &inner, 1);
	done = done && EVP_EncryptFinal_ex(context, at, &more) &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, at);
	k->sequence++;
	return done ? total : 0;
}

size_t tls_seal(struct tls_sealer *s, struct tls_keys *k, enum tls_content type, struct span plain,
		char *out)
{
	EVP_CIPHER_CTX *context = context_for(s, k, true);
	size_t total = 0;
	do {
		struct span part = plain;
		if (part.len > TLS_PLAIN_MAX)
			part.len = TLS_PLAIN_MAX;
		size_t len = context && k->sequence != UINT64_MAX
				     ? seal_one(context, k, type, part, (uint8_t *)out + total)
				     : 0;
		if (!len)
			return 0;
		total += len;
		span_skip(&plain, part.len);
	} while (plain.len);
	return total;
}

/* --- opening ---------------------------------------------------------------------------- */

/* Behind the data: the type, then zeros (RFC 8446 section 5.4). False: nothing but zeros. */
static bool unpad(struct tls_opened *o)
{
	const char *bytes = o->plain.ptr;
	while (o->plain.len && bytes[o->plain.len - 1] == 0)
		o->plain.len--;
	if (!o->plain.len)
		return false;
	o->type = (uint8_t)bytes[--o->plain.len];
	return true;
}

static bool open_body(EVP_CIPHER_CTX *context, struct tls_keys *k, uint8_t *record, size_t body_len,
		      struct tls_opened *ret)
{
	uint8_t nonce[TLS_NONCE_LEN], extra[8 + TLS_HEADER_LEN];
	unsigned number = number_len(k);
	uint8_t *body = record + TLS_HEADER_LEN + number;
	size_t plain_len = body_len - number - TAG_LEN;
	int len, more;
	make_nonce(k, number ? record + TLS_HEADER_LEN : NULL, nonce);
	unsigned extra_len = make_extra(k, record, plain_len, extra);
	k->sequence++;
	ret->type = record[0];
	ret->plain = (struct span){(char *)body, plain_len};
	return EVP_DecryptInit_ex2(context, NULL, NULL, nonce, NULL) &&
	       EVP_DecryptUpdate(context, NULL, &len, extra, (int)extra_len) &&
	       EVP_DecryptUpdate(context, body, &len, body, (int)plain_len) &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, body + plain_len) &&
	       EVP_DecryptFinal_ex(context, body + plain_len, &more);
}

enum tls_opening tls_open(struct tls_sealer *s, struct tls_keys *k, char *bytes, size_t len,
			  struct tls_opened *ret)
{
	uint8_t *record = (uint8_t *)bytes;
	ret->need = TLS_HEADER_LEN;
	if (len < TLS_HEADER_LEN)
		return TLS_RECORD_PARTIAL;
	size_t body_len = (size_t)record[3] << 8 | record[4];
	if (record[1] != 3 || body_len > TLS_SEALED_MAX ||
	    body_len < number_len(k) + TAG_LEN + (k->version == TLS_1_3))
		return TLS_RECORD_BAD;
	ret->need += body_len;
	if (len < ret->need)
		return TLS_RECORD_PARTIAL;
	if (k->version == TLS_1_3 && record[0] != TLS_APPLICATION)
		return TLS_RECORD_BAD;
	EVP_CIPHER_CTX *context = context_for(s, k, false);
	if (!context || !open_body(context, k, record, body_len, ret))
		return TLS_RECORD_BAD_MAC;
	if (k->version == TLS_1_3 && !unpad(ret))
		return TLS_RECORD_BAD;
	return ret->plain.len <= TLS_PLAIN_MAX ? TLS_RECORD_WHOLE : TLS_RECORD_BAD;
}
