#include "tools/target/grpc_echo.h"

#include "base/units.h"
#include "tools/target/answer.h"

#include <stdlib.h>

#define PREFIX 5u /* a flag, and the length: "Length-Prefixed-Message" of gRPC over HTTP/2 */

enum kind { EACH, LAST, FAILS };

struct grpc_echo {
	struct buf in;   /* a message that is not whole yet */
	struct buf out;  /* the echo, */
	uint64_t copies; /* so many times */
	uint64_t sent;   /* of all of it */
	uint64_t messages;
	enum kind kind;
	unsigned status;
};

/* --- methods ---------------------------------------------------------------------------- */

static bool begins(struct span text, const char *with)
{
	return text.len >= strlen(with) && memcmp(text.ptr, with, strlen(with)) == 0;
}

static struct span method_of(struct span path)
{
	const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
	if (slash)
		span_skip(&path, (size_t)(slash + 1 - path.ptr));
	return path;
}

/* "/brink.Status/CODE" */
static bool read_failure(struct span path, unsigned *ret)
{
	static const char prefix[] = "/brink.Status/";
	char text[8] = "";
	uint64_t code;
	size_t len = path.len - (sizeof prefix - 1);
	if (!begins(path, prefix) || len >= sizeof text)
		return false;
	memcpy(text, path.ptr + sizeof prefix - 1, len);
	if (!units_count(text, &code) || code == 0 || code > 999)
		return false;
	*ret = (unsigned)code;
	return true;
}

static void choose(struct grpc_echo *g, struct span path, uint64_t copies)
{
	struct span method = method_of(path);
	bool server = begins(method, "ServerStream");
	g->copies = copies ? copies : server ? GRPC_COPIES : 1;
	if (read_failure(path, &g->status))
		g->kind = FAILS;
	else if (server || copies || begins(method, "Unary") || begins(method, "ClientStream"))
		g->kind = LAST;
}

struct grpc_echo *grpc_echo_new(struct span path, uint64_t copies)
{
	struct grpc_echo *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	buf_init(&g->in, PREFIX + GRPC_MESSAGE_MAX);
	buf_init(&g->out, PREFIX + GRPC_MESSAGE_MAX);
	choose(g, path, copies);
	return g;
}

void grpc_echo_free(struct grpc_echo *g)
{
	if (!g)
		return;
	buf_fini(&g->in);
	buf_fini(&g->out);
	free(g);
}

bool grpc_echo_answers_early(const struct grpc_echo *g)
{
	return g->kind == EACH;
}

/* --- messages in ------------------------------------------------------------------------ */

static void echo(struct grpc_echo *g, struct span message)
{
	g->messages++;
	if (g->kind == FAILS)
		return;
	if (g->kind == LAST || grpc_echo_drained(g))
		g->out.len = g->sent = 0;
	buf_append(&g->out, message.ptr, message.len);
	if (g->out.cut)
		g->status = GRPC_RESOURCE_EXHAUSTED;
}

/* The first message of `in` with its prefix; empty while it is not whole. */
static struct span first_of(struct grpc_echo *g, struct span in)
{
	const unsigned char *p = (const unsigned char *)in.ptr;
	if (in.len < PREFIX)
		return (struct span){0};
	uint64_t len = (uint64_t)p[1] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 8 | p[4];
	if (len > GRPC_MESSAGE_MAX)
		g->status = GRPC_RESOURCE_EXHAUSTED;
	return (struct span){in.ptr, len + PREFIX <= in.len ? len + PREFIX : 0};
}

static void keep_rest(struct grpc_echo *g, struct span rest)
{
	if (rest.ptr == g->in.ptr) /* all of it is there */
		return;
	if (g->in.len) {
		memmove(g->in.ptr, rest.ptr, rest.len);
		g->in.len = rest.len;
	} else {
		buf_append(&g->in, rest.ptr, rest.len);
	}
}

uint64_t grpc_echo_take(struct grpc_echo *g, struct span bytes)
{
	uint64_t before = g->messages;
	if (g->status == GRPC_RESOURCE_EXHAUSTED)
		return 0;
	if (g->in.len) {
		buf_append(&g->in, bytes.ptr, bytes.len);
		bytes = (struct span){g->in.ptr, g->in.len};
	}
	struct span message;
	while ((message = first_of(g, bytes)).len) {
		echo(g, message);
		span_skip(&bytes, message.len);
	}
	keep_rest(g, bytes);
	if (g->in.cut)
		g->status = GRPC_RESOURCE_EXHAUSTED;
	return g->messages - before;
}

/* --- the echo out ----------------------------------------------------------------------- */

static uint64_t total(const struct grpc_echo *g)
{
	return g->out.len * g->copies;
}

size_t grpc_echo_read(struct grpc_echo *g, char *buf, size_t len)
{
	size_t taken = 0;
	while (taken < len && g->sent < total(g)) {
		struct span next =
			answer_next((struct span){g->out.ptr, g->out.len}, total(g), g->sent);
		size_t n = next.len < len - taken ? next.len : len - taken;
		memcpy(buf + taken, next.ptr, n);
		taken += n;
		g->sent += n;
	}
	return taken;
}

bool grpc_echo_drained(const struct grpc_echo *g)
{
	return g->sent == total(g);
}

unsigned grpc_echo_status(const struct grpc_echo *g)
{
	if (g->kind != FAILS && g->status == GRPC_OK &&
	    (g->in.len || (g->kind == LAST && !g->messages)))
		return GRPC_INTERNAL;
	return g->status;
}
