#include "tls/probe.h"

#include "tls/context_impl.h"

#include <openssl/err.h>
#include <stdio.h>

static bool shake(struct tls_context *c, SSL *ssl, int fd)
{
	if (SSL_set_fd(ssl, fd) != 1)
		return false;
	if (c->host[0] && !c->host_is_address && SSL_set_tlsext_host_name(ssl, c->host) != 1)
		return false;
	return SSL_connect(ssl) == 1;
}

bool tls_probe(struct tls_context *c, int fd, char *ret, size_t room)
{
	SSL *ssl = SSL_new(c->ssl);
	bool done = ssl && shake(c, ssl, fd);
	if (done) {
		const unsigned char *chosen;
		unsigned len;
		SSL_get0_alpn_selected(ssl, &chosen, &len);
		snprintf(ret, room, "%.*s", (int)len, len ? (const char *)chosen : "");
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	ERR_clear_error();
	return done;
}
