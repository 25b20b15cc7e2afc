/* request: one HTTP/1.1 request rendered to bytes, once, before the load starts.
 *
 * Header lines of the user's replace the automatic ones of the same name (Host, User-Agent,
 * Connection, Content-Length); Content-Length is automatic where there is a body or the method
 * calls for one, and left out beside a Transfer-Encoding, whose framing the body then brings
 * along. Set-up code; any thread. */
#ifndef BRINK_PROTO_REQUEST_H
#define BRINK_PROTO_REQUEST_H

#include "base/err.h"
#include "base/span.h"

struct request_spec {
	const char *method;         /* a token, RFC 9110 5.6.2 */
	const char *path;           /* "/x?y", "*" for OPTIONS */
	const char *authority;      /* Host */
	const char *const *headers; /* "Name: value" lines, `header_count` of them */
	unsigned header_count;
	struct span body;
	bool keepalive; /* false: Connection: close */
};

/* Appends the request to out. -1 with a usage error that names the header or method at fault:
 * no colon, an empty or illegal name, control characters in a value, illegal method or path. The
 * error shows no header's value, which may be a secret. White space round a value is dropped. */
int request_render(struct buf *out, const struct request_spec *spec, struct err *err);

/* Whether the method is safe and idempotent (GET HEAD OPTIONS TRACE), RFC 9110 9.2. */
bool request_is_safe(const char *method);

#endif
