/* Bytes of a hostile server, cut into pieces by the input itself: into a client's handshake, from
 * the first byte on, and into the records of a connection that stands. Nothing may crash, read or
 * write beyond its bounds, or leak; data may come out only of records that authenticate. */
#include "tls/session.h"

#include <stdint.h>
#include <stdlib.h>

static struct tls_context *context;
static struct tls_pool *pool;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	struct err err;
	const struct tls_config config = {.host = "localhost", .insecure = true};
	if (tls_context_new(&context, &config, &err) || tls_pool_new(&pool, context, &err))
		abort();
	return 0;
}

/* A connection that stands, with keys that nobody else has. */
static void stand(struct tls_session *s, uint8_t kind)
{
	s->tx = s->rx = (struct tls_keys){.version = kind & 1 ? TLS_1_3 : TLS_1_2,
					  .cipher = kind / 2 % TLS_CIPHERS};
	s->open = true;
}

static void feed(struct tls_session *s, char *bytes, size_t len, size_t piece, struct buf *out)
{
	for (size_t at = 0; at < len;) {
		size_t take = len - at < piece ? len - at : piece;
		struct span in = {bytes + at, take}, plain = {0};
		bool stood = s->open;
		enum tls_event event;
		do {
			event = tls_feed(pool, s, &in, &plain, out);
			if (event == TLS_DATA && stood)
				abort(); /* forged */
		} while (event == TLS_DATA || event == TLS_OPENED);
		if (event != TLS_WANTS_MORE)
			return;
		at += take;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_session s = {0};
	struct buf out;
	if (size < 2)
		return 0;
	buf_init(&out, 1u << 20);
	if (data[0] & 1)
		stand(&s, data[0] / 2);
	else if (tls_begin(pool, &s, 0, &out))
		abort();
	char *bytes = malloc(size - 2 + 1); /* records are opened in place */
	memcpy(bytes, data + 2, size - 2);
	feed(&s, bytes, size - 2, 1 + data[1] * 16u, &out);
	tls_end(&s);
	free(bytes);
	buf_fini(&out);
	return 0;
}
