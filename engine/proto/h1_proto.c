/* HTTP/1.1 as a protocol's row. Requests are bytes that the caller has ready, so there is nothing
 * to send by way of it; h1_expect() says which answer comes next. */
#include "proto/h1.h"

static void open_h1(void *state, const void *plan, uint64_t number, struct buf *out)
{
	(void)plan, (void)number, (void)out;
	h1_open(state);
}

static enum proto_step feed(void *state, struct span *in, struct buf *out, struct proto_answer *ret)
{
	(void)out;
	return h1_feed(state, in, ret);
}

static enum proto_step eof(void *state, struct proto_answer *ret)
{
	return h1_eof(state, ret);
}

const struct proto proto_h1 = {
	.name = "h1",
	.alpn = "http/1.1",
	.ordered = true,
	.size = sizeof(struct h1),
	.open = open_h1,
	.feed = feed,
	.eof = eof,
};
