/* A peer that speaks HTTP/2: the server's session of libnghttp2 behind every slot. What that
 * session holds to be an error of the client's is an abort. */
#include "tests/sim/sim_impl.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <string.h>

#define WAITING_MAX 1024u
#define BODY_MAX    200000u

struct sim_h2 {
	struct ring *r;
	uint32_t slot;
	nghttp2_session *session;
	int32_t waiting[WAITING_MAX]; /* streams whose requests are whole */
	unsigned waiting_count;
	bool leaves;
};

/* --- what it is told by its session ------------------------------------------------------ */

static int frame_received(nghttp2_session *session, const nghttp2_frame *f, void *ctx)
{
	struct sim_h2 *h = ctx;
	(void)session;
	bool whole = (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
		     f->hd.flags & NGHTTP2_FLAG_END_STREAM;
	if (!whole)
		return 0;
	DEMAND(h->waiting_count < WAITING_MAX);
	h->waiting[h->waiting_count++] = f->hd.stream_id;
	h->r->truth.requests++;
	return 0;
}

static int frame_sent(nghttp2_session *session, const nghttp2_frame *f, void *ctx)
{
	(void)session, (void)ctx;
	DEMAND(f->hd.type != NGHTTP2_GOAWAY || f->goaway.error_code == NGHTTP2_NO_ERROR);
	return 0;
}

static ssize_t body(nghttp2_session *session, int32_t id, uint8_t *to, size_t len, uint32_t *flags,
		    nghttp2_data_source *source, void *ctx)
{
	struct sim_h2 *h = ctx;
	size_t left = (size_t)(uintptr_t)nghttp2_session_get_stream_user_data(session, id);
	size_t n = left < len ? left : len;
	(void)source;
	memset(to, 'x', n);
	nghttp2_session_set_stream_user_data(session, id, (void *)(uintptr_t)(left - n));
	if (left > n)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (sim_happens(h->r, h->r->script.chunked)) { /* HTTP/2's like: trailers */
		nghttp2_nv nv = {(uint8_t *)"t", (uint8_t *)"1", 1, 1, NGHTTP2_NV_FLAG_NONE};
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(session, id, &nv, 1);
	}
	return (ssize_t)n;
}

static struct sim_h2 *open_session(struct ring *r, uint32_t slot)
{
	struct sim_h2 *h = calloc(1, sizeof *h);
	nghttp2_session_callbacks *c;
	*h = (struct sim_h2){.r = r, .slot = slot};
	nghttp2_session_callbacks_new(&c);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, frame_received);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, frame_sent);
	DEMAND(!nghttp2_session_server_new(&h->session, c, h));
	nghttp2_session_callbacks_del(c);
	nghttp2_settings_entry most = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
				       1 + (uint32_t)rng_below(&r->rng, 200)};
	nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, &most, 1);
	return h;
}

void sim_h2_close(struct peer *p)
{
	if (!p->h2)
		return;
	nghttp2_session_del(p->h2->session);
	free(p->h2);
	p->h2 = NULL;
}

/* --- what it does ------------------------------------------------------------------------ */

#define NV(n, v)                                                                                   \
	{                                                                                          \
		(uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE         \
	}

static const char *choose_status(struct ring *r)
{
	if (sim_happens(r, r->script.status_503))
		return "503";
	if (sim_happens(r, r->script.status_429))
		return "429";
	bool not_found = !r->script.grpc && sim_happens(r, r->script.status_404);
	return not_found ? "404" : "200";
}

static void answer(struct sim_h2 *h, int32_t id)
{
	struct ring *r = h->r;
	const char *status = choose_status(r);
	nghttp2_nv nv[] = {NV(":status", status), NV("server", "sim")};
	nghttp2_nv interim = NV(":status", "103");
	nghttp2_data_provider from = {.read_callback = body};
	size_t len = rng_below(&r->rng, 3) ? rng_below(&r->rng, 100) : rng_below(&r->rng, BODY_MAX);
	if (sim_happens(r, r->script.interim))
		nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, id, NULL, &interim, 1, NULL);
	if (r->script.grpc && !strcmp(status, "200")) {
		sim_grpc_answer(r, h->session, id);
		return;
	}
	nghttp2_session_set_stream_user_data(h->session, id, (void *)(uintptr_t)len);
	nghttp2_submit_response(h->session, id, nv, 2, len ? &from : NULL);
	r->truth.answers++;
	r->truth.answers_ok += !strcmp(status, "200");
}

static void treat(struct sim_h2 *h, int32_t id)
{
	struct ring *r = h->r;
	static const uint32_t codes[] = {NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR,
					 NGHTTP2_CANCEL, NGHTTP2_NO_ERROR};
	if (!nghttp2_session_find_stream(h->session, id))
		return; /* given up meanwhile */
	if (sim_happens(r, r->script.silence))
		return;
	bool resets = sim_happens(r, r->script.stream_reset);
	bool early = rng_below(&r->rng, 2);
	if (!resets || !early)
		answer(h, id);
	if (resets)
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id,
					  codes[early ? rng_below(&r->rng, 4) : 2]);
}

/* In an order of its own. */
static void treat_all(struct sim_h2 *h)
{
	while (h->waiting_count) {
		unsigned at = (unsigned)rng_below(&h->r->rng, h->waiting_count);
		int32_t id = h->waiting[at];
		h->waiting[at] = h->waiting[--h->waiting_count];
		treat(h, id);
	}
}

/* Things of the connection's: leaves with some of the streams unseen, limits, pings. */
static void have_moods(struct sim_h2 *h)
{
	struct ring *r = h->r;
	int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);
	if (!h->leaves && sim_happens(r, r->script.goaway)) {
		last -= 2 * (int32_t)rng_below(&r->rng, 4);
		nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last < 0 ? 0 : last,
				      NGHTTP2_NO_ERROR, NULL, 0);
		h->leaves = true;
	}
	if (sim_happens(r, r->script.limit_streams)) {
		nghttp2_settings_entry most = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
					       (uint32_t)rng_below(&r->rng, 20)};
		nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, &most, 1);
	}
	if (sim_happens(r, r->script.interim))
		nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
}

/* What the session has to say is on its way; and the end, where it comes to that. */
static void say(struct sim_h2 *h)
{
	struct ring *r = h->r;
	struct peer *p = &r->peers[h->slot];
	uint64_t at_ns = r->now_ns + sim_some_time(r);
	at_ns = at_ns > p->busy_until_ns ? at_ns : p->busy_until_ns + 1;
	const uint8_t *bytes;
	ssize_t len;
	while ((len = nghttp2_session_mem_send(h->session, &bytes)) > 0) {
		size_t piece = (size_t)len;
		bool cut = sim_happens(r, r->script.truncate);
		if (cut)
			piece = 1 + rng_below(&r->rng, piece);
		at_ns = sim_deliver_split(r, h->slot, at_ns, (const char *)bytes, piece);
		if (!cut)
			continue;
		sim_finish(r, h->slot, at_ns, 0);
		return;
	}
	DEMAND(len == 0);
	p->busy_until_ns = at_ns;
	if (sim_happens(r, r->script.garbage))
		sim_deliver_split(r, h->slot, at_ns + 1, "SSH-2.0-x\r\n", 11);
	else if (sim_happens(r, r->script.reset))
		sim_finish(r, h->slot, at_ns + 1, -ECONNRESET);
	else if ((h->leaves && sim_happens(r, 200)) || sim_happens(r, r->script.last_answer))
		sim_finish(r, h->slot, at_ns + 1, 0);
}

void sim_h2_take(struct ring *r, uint32_t slot, struct span bytes)
{
	struct peer *p = &r->peers[slot];
	if (p->finished)
		return;
	if (!p->h2)
		p->h2 = open_session(r, slot);
	ssize_t took =
		nghttp2_session_mem_recv(p->h2->session, (const uint8_t *)bytes.ptr, bytes.len);
	DEMAND(took == (ssize_t)bytes.len);
	have_moods(p->h2);
	treat_all(p->h2);
	say(p->h2);
}
