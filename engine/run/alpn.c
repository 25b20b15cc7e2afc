#include "run/alpn.h"

#include "base/mono.h"
#include "proto/proto.h"
#include "run/health.h"
#include "tls/probe.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROBE_MAX_NS (3 * NS_PER_S) /* of a connect and of each step of the handshake */

bool alpn_decides(const struct run_config *c, const struct url *url)
{
	/* requests that wait behind one another are HTTP/1.1's; a hold sends none by itself */
	return !strcmp(url->scheme, "https") && !c->protocol && !c->upgrade && !c->hold &&
	       !c->handshakes_only && c->pipeline == 1;
}

static void limit(int fd, uint64_t ns)
{
	const struct timeval most = {(time_t)(ns / NS_PER_S), (suseconds_t)(ns % NS_PER_S / 1000)};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most); /* of the connect, too */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
}

/* -1: nobody there. */
static int dial(const struct run_config *c, const struct tuples *t)
{
	const struct addr *to = &t->to[0], *from = t->from_count ? &t->from[0] : NULL;
	int fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	limit(fd, c->connect_timeout_ns < PROBE_MAX_NS ? c->connect_timeout_ns : PROBE_MAX_NS);
	if ((from && bind(fd, (const struct sockaddr *)&from->sa, from->len)) ||
	    connect(fd, (const struct sockaddr *)&to->sa, to->len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Certificates are the load's affair. */
static bool ask(const struct run_config *c, const struct url *url, int fd, char *ret, size_t room)
{
	struct err err;
	struct tls_context *context;
	const struct tls_config config = {
		.host = url->host,
		.cert = c->tls.cert,
		.key = c->tls.key,
		.insecure = true,
		.max = c->tls.max,
		.ciphers = c->tls.ciphers,
		.alpn = "h2,http/1.1",
	};
	if (tls_context_new(&context, &config, &err))
		return false;
	bool done = tls_probe(context, fd, ret, room);
	tls_context_free(context);
	return done;
}

const char *alpn_choose(const struct run_config *c, const struct url *url, const struct plan *plan,
			struct summary *s)
{
	char chosen[32] = "";
	int fd = dial(c, &plan->tuples);
	bool answered = fd >= 0 && ask(c, url, fd, chosen, sizeof chosen);
	if (fd >= 0)
		close(fd);
	bool h2 = !strcmp(chosen, proto_h2.alpn);
	if (!answered)
		summary_note(s, "HTTP/1.1 is spoken: the target could not be asked for its choice "
				"(ALPN); --http2 or --http1.1 names one");
	else if (h2)
		summary_note(s, "HTTP/2 is spoken: the target chose it (ALPN); --http1.1 for the "
				"other");
	else
		summary_note(s, "HTTP/1.1 is spoken: the target chose %s (ALPN)",
			     chosen[0] ? "it" : "nothing else");
	return h2 ? "h2" : "h1";
}
