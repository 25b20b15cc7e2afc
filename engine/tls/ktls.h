/* ktls: keys in the form in which the kernel takes them (linux/tls.h), and whether it does. */
#ifndef BRINK_TLS_KTLS_H
#define BRINK_TLS_KTLS_H

#include "tls/keys.h"

#include <stdbool.h>
#include <stdint.h>

#define KTLS_INFO_MAX 56u /* sizeof(struct tls12_crypto_info_*), the largest */

struct ktls_info {
	uint8_t bytes[KTLS_INFO_MAX]; /* what setsockopt(SOL_TLS, TLS_TX or TLS_RX) wants */
	uint32_t len;
};

enum ktls_wish { KTLS_AUTO, KTLS_ON, KTLS_OFF };

bool ktls_wish_read(enum ktls_wish *ret, const char *text); /* "auto", "on", "off"; false: none */

void ktls_info_of(struct ktls_info *ret, const struct tls_keys *k);

/* Asks the kernel, on a connection of its own over loopback: both directions of every version and
 * cipher that is offered. False: `why` says what is missing, in one line without a full stop:
 * "the kernel has no TLS (CONFIG_TLS, or the module tls is not loaded)". */
bool ktls_probe(char *why, size_t len);

#endif
