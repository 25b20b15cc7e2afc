#include "tests/sim/sim_impl.h"

#include <errno.h>
#include <string.h>

static void deliver(struct ring *r, uint32_t slot, uint64_t at_ns, const char *bytes, size_t len)
{
	char *copy = malloc(len);
	memcpy(copy, bytes, len);
	sim_schedule(r, at_ns,
		     (struct ring_event){.op = RING_RECEIVED,
					 .slot = slot,
					 .res = (int32_t)len,
					 .data = {copy, len}});
}

/* In pieces, each a little later than the one before. */
uint64_t sim_deliver_split(struct ring *r, uint32_t slot, uint64_t at_ns, const char *bytes,
			   size_t len)
{
	while (len) {
		size_t piece = sim_happens(r, 700) ? len : 1 + rng_below(&r->rng, len);
		deliver(r, slot, at_ns, bytes, piece);
		bytes += piece;
		len -= piece;
		at_ns += 1 + rng_below(&r->rng, 20 * NS_PER_US);
	}
	return at_ns;
}

void sim_finish(struct ring *r, uint32_t slot, uint64_t at_ns, int res)
{
	r->peers[slot].finished = true;
	sim_schedule(r, at_ns, (struct ring_event){.op = RING_RECEIVED, .slot = slot, .res = res});
}

static const char *choose_answer(struct ring *r)
{
	if (sim_happens(r, r->script.status_503))
		return "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
	if (sim_happens(r, r->script.status_429))
		return "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
	if (sim_happens(r, r->script.status_404))
		return "HTTP/1.1 404 None\r\nContent-Length: 2\r\n\r\nno";
	if (sim_happens(r, r->script.interim))
		return "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
	if (sim_happens(r, r->script.chunked))
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
		       "chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n";
	return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
}

static void answer(struct ring *r, uint32_t slot, uint64_t at_ns)
{
	struct peer *p = &r->peers[slot];
	const char *text = choose_answer(r);
	size_t len = strlen(text);
	if (sim_happens(r, r->script.silence))
		return;
	if (sim_happens(r, r->script.reset)) {
		sim_finish(r, slot, at_ns, -ECONNRESET);
	} else if (sim_happens(r, r->script.truncate)) {
		at_ns = sim_deliver_split(r, slot, at_ns, text, 1 + rng_below(&r->rng, len - 1));
		sim_finish(r, slot, at_ns, 0);
	} else if (sim_happens(r, r->script.garbage)) {
		deliver(r, slot, at_ns, "SSH-2.0-x\r\n", 11);
	} else {
		at_ns = sim_deliver_split(r, slot, at_ns, text, len);
		r->truth.answers++;
		r->truth.answers_ok += strstr(text, " 200 ") != NULL;
		if (sim_happens(r, r->script.surplus))
			deliver(r, slot, at_ns, "more", 4);
		if (sim_happens(r, r->script.last_answer))
			sim_finish(r, slot, at_ns + 1, 0);
	}
	p->busy_until_ns = at_ns;
}

/* Every whole request is answered, in order. */
void sim_take_request_bytes(struct ring *r, uint32_t slot, size_t len)
{
	struct peer *p = &r->peers[slot];
	for (p->request_bytes += len; p->request_bytes >= r->script.request_len;) {
		p->request_bytes -= r->script.request_len;
		r->truth.requests++;
		if (p->finished)
			continue;
		uint64_t at_ns = r->now_ns + sim_some_time(r);
		answer(r, slot, at_ns > p->busy_until_ns ? at_ns : p->busy_until_ns + 1);
	}
}
