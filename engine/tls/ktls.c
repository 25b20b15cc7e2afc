#include "tls/ktls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(struct tls12_crypto_info_aes_gcm_256) <= KTLS_INFO_MAX, "the largest fits");
_Static_assert(sizeof(struct tls12_crypto_info_chacha20_poly1305) <= KTLS_INFO_MAX, "as does this");

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

bool ktls_wish_read(enum ktls_wish *ret, const char *text)
{
	static const char *const names[] = {
		[KTLS_AUTO] = "auto", [KTLS_ON] = "on", [KTLS_OFF] = "off"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret = (enum ktls_wish)i;
			return true;
		}
	}
	return false;
}

/* --- keys ------------------------------------------------------------------------------- */

/* GCM: the first four bytes of the nonce are the salt; the rest is, in 1.3, masked with the
 * sequence, and in 1.2 stands in the record: any that is never used twice will do. */
static void gcm_iv(const struct tls_keys *k, uint8_t *salt, uint8_t *iv)
{
	memcpy(salt, k->iv, 4);
	if (k->version == TLS_1_3)
		memcpy(iv, k->iv + 4, 8);
	else
		tls_put_sequence(k, iv);
}

void ktls_info_of(struct ktls_info *ret, const struct tls_keys *k)
{
	union {
		struct tls_crypto_info info;
		struct tls12_crypto_info_aes_gcm_128 gcm_128;
		struct tls12_crypto_info_aes_gcm_256 gcm_256;
		struct tls12_crypto_info_chacha20_poly1305 chacha;
	} u;
	memset(&u, 0, sizeof u);
	u.info.version = k->version == TLS_1_3 ? TLS_1_3_VERSION : TLS_1_2_VERSION;
	switch ((enum tls_cipher)k->cipher) {
	case TLS_AES_128_GCM:
		u.info.cipher_type = TLS_CIPHER_AES_GCM_128;
		gcm_iv(k, u.gcm_128.salt, u.gcm_128.iv);
		memcpy(u.gcm_128.key, k->key, sizeof u.gcm_128.key);
		tls_put_sequence(k, u.gcm_128.rec_seq);
		ret->len = sizeof u.gcm_128;
		break;
	case TLS_AES_256_GCM:
		u.info.cipher_type = TLS_CIPHER_AES_GCM_256;
		gcm_iv(k, u.gcm_256.salt, u.gcm_256.iv);
		memcpy(u.gcm_256.key, k->key, sizeof u.gcm_256.key);
		tls_put_sequence(k, u.gcm_256.rec_seq);
		ret->len = sizeof u.gcm_256;
		break;
	case TLS_CHACHA20_POLY1305:
	case TLS_CIPHERS:
		u.info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
		memcpy(u.chacha.iv, k->iv, sizeof u.chacha.iv);
		memcpy(u.chacha.key, k->key, sizeof u.chacha.key);
		tls_put_sequence(k, u.chacha.rec_seq);
		ret->len = sizeof u.chacha;
		break;
	}
	memcpy(ret->bytes, &u, ret->len);
	OPENSSL_cleanse(&u, sizeof u);
}

/* --- the probe -------------------------------------------------------------------------- */

/* Two ends of a connection over loopback; false: errno. */
static bool connect_pair(int ends[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ends[1] = -1;
	if (listener >= 0 && ends[0] >= 0 && !bind(listener, (struct sockaddr *)&at, len) &&
	    !listen(listener, 1) && !getsockname(listener, (struct sockaddr *)&at, &len) &&
	    !connect(ends[0], (struct sockaddr *)&at, len))
		ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return ends[1] >= 0;
}

/* NULL, or what the kernel refused. */
static const char *refused(int fd, enum tls_version version, enum tls_cipher cipher)
{
	struct ktls_info info;
	ktls_info_of(&info,
		     &(struct tls_keys){.version = (uint8_t)version, .cipher = (uint8_t)cipher});
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls"))
		return "the kernel has no TLS (no CONFIG_TLS, or the module tls is not loaded)";
	if (setsockopt(fd, SOL_TLS, TLS_TX, info.bytes, info.len))
		return errno == ENOENT ? "the kernel lacks this cipher's module"
				       : "the kernel does not seal";
	if (setsockopt(fd, SOL_TLS, TLS_RX, info.bytes, info.len))
		return "the kernel does not open";
	return NULL;
}

static bool probe(enum tls_version version, enum tls_cipher cipher, char *why, size_t len)
{
	int ends[2];
	const char *what = connect_pair(ends) ? refused(ends[0], version, cipher)
					      : "no connection over loopback to try it on";
	int error = errno;
	close(ends[0]);
	close(ends[1]);
	if (what)
		snprintf(why, len, "%s: %s with TLS 1.%d: %s", what, tls_cipher_facts(cipher)->name,
			 version == TLS_1_3 ? 3 : 2, strerror(error));
	return !what;
}

bool ktls_probe(char *why, size_t len)
{
	for (enum tls_version version = TLS_1_2; version <= TLS_1_3; version++)
		for (enum tls_cipher cipher = 0; cipher < TLS_CIPHERS; cipher++)
			if (!probe(version, cipher, why, len))
				return false;
	return true;
}
