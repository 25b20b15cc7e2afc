/* A peer that speaks WebSocket, RFC 6455: it answers the upgrade, says what it hears, and breaks
 * off in all the ways that there are. What the client must never send is an abort. */
#include "tests/sim/sim_impl.h"

#include "base/base64.h"

#include <errno.h>
#include <openssl/sha.h>
#include <string.h>

#define GUID    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455 1.3 */
#define KEY_LEN 24u
#define IN_MAX  (64u << 20)

enum opcode { CONTINUATION, TEXT, BINARY, CLOSE = 8, PING, PONG };
enum { FIN = 0x80, RSV1 = 0x40, MASKED = 0x80 };
enum { NORMAL = 1000, NO_CODE = 1005 };

struct sim_ws {
	struct ring *r;
	uint32_t slot;
	struct buf in, out;
	uint64_t stands_ns; /* when its answer to the upgrade comes; 0: it was not asked yet */
	bool accepted;
	bool left;        /* it has said goodbye, */
	unsigned code;    /* with this */
	bool bad;         /* it has broken the protocol */
	bool heard_close; /* and the client has, which says no more */
	uint32_t pings;   /* of its own that no pong has answered */
	uint32_t waiting; /* of the client's requests: not answered yet */
	char number[4];   /* of the client's latest ping */
};

struct frame {
	unsigned opcode;
	struct span payload; /* unmasked */
};

/* --- the upgrade ------------------------------------------------------------------------- */

static void put_accept(struct buf *out, struct span head, bool wrong)
{
	static const char NAME[] = "\r\nSec-WebSocket-Key: ";
	char text[KEY_LEN + sizeof GUID];
	unsigned char digest[SHA_DIGEST_LENGTH];
	const char *at = memmem(head.ptr, head.len, NAME, strlen(NAME));
	DEMAND(at);
	at += strlen(NAME);
	DEMAND(!memcmp(at + KEY_LEN, "\r\n", 2));
	memcpy(text, at, KEY_LEN);
	memcpy(text + KEY_LEN, GUID, sizeof GUID);
	SHA1((const unsigned char *)text, strlen(text), digest);
	digest[0] ^= wrong;
	base64_append(out, digest, sizeof digest);
}

static void accept_upgrade(struct sim_ws *w, struct span head)
{
	struct ring *r = w->r;
	bool deflates = memmem(head.ptr, head.len, "permessage-deflate", 18);
	bool wrong = sim_happens(r, r->script.garbage);
	buf_puts(&w->out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			  "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
	put_accept(&w->out, head, wrong);
	if (deflates)
		buf_puts(&w->out, "\r\nSec-WebSocket-Extensions: permessage-deflate");
	buf_puts(&w->out, "\r\n\r\n");
	w->accepted = true;
	w->bad = wrong;
	r->truth.upgrades += !wrong;
}

static void decline(struct sim_ws *w, const char *status)
{
	buf_puts(&w->out, "HTTP/1.1 ");
	buf_puts(&w->out, status);
	buf_puts(&w->out, "\r\nContent-Length: 2\r\n\r\nno");
	w->r->truth.answers++;
	w->r->truth.declines++;
}

static void answer_upgrade(struct sim_ws *w, struct span head)
{
	struct ring *r = w->r;
	DEMAND(!memcmp(head.ptr, "GET / HTTP/1.1\r\n", 16));
	w->stands_ns = UINT64_MAX;
	if (sim_happens(r, r->script.silence))
		return;
	if (sim_happens(r, r->script.interim))
		buf_puts(&w->out, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n");
	if (sim_happens(r, r->script.status_503))
		decline(w, "503 Busy");
	else if (sim_happens(r, r->script.status_429))
		decline(w, "429 Slow");
	else if (sim_happens(r, r->script.status_404))
		decline(w, "404 None");
	else
		accept_upgrade(w, head);
}

/* --- what it says ------------------------------------------------------------------------ */

static void put_frame(struct buf *out, unsigned first, const char *bytes, size_t len)
{
	unsigned more = len > 0xffff ? 8 : len > 125 ? 2 : 0;
	char head[10] = {(char)first, (char)(more == 8 ? 127 : more ? 126 : len)};
	for (unsigned i = 0; i < more; i++)
		head[2 + i] = (char)((uint64_t)len >> 8 * (more - 1 - i));
	buf_append(out, head, 2 + more);
	if (len)
		buf_append(out, bytes, len);
}

static void ping(struct sim_ws *w)
{
	if (!sim_happens(w->r, w->r->script.interim))
		return;
	put_frame(&w->out, FIN | PING, "are you there", 13);
	w->pings++;
}

/* In fragments, some of them empty, and a ping between them. */
static void put_message(struct sim_ws *w, unsigned first, struct span s)
{
	struct ring *r = w->r;
	while (sim_happens(r, r->script.chunked)) {
		size_t len = rng_below(&r->rng, s.len + 1);
		put_frame(&w->out, first, s.ptr, len);
		span_skip(&s, len);
		first = CONTINUATION;
		ping(w);
	}
	put_frame(&w->out, FIN | first, s.ptr, s.len);
}

/* As RFC 7692 has it, in blocks that are stored: the last one is empty, and its end left out. */
static void put_compressed(struct sim_ws *w, unsigned opcode, struct span s)
{
	struct buf blocks;
	buf_init(&blocks, IN_MAX);
	while (s.len) {
		size_t len = s.len < 0xffff ? s.len : 0xffff;
		char head[5] = {0, (char)len, (char)(len >> 8), (char)~len, (char)(~len >> 8)};
		buf_append(&blocks, head, sizeof head);
		buf_append(&blocks, s.ptr, len);
		span_skip(&s, len);
	}
	buf_append(&blocks, "", 1);
	put_message(w, RSV1 | opcode, (struct span){blocks.ptr, blocks.len});
	buf_fini(&blocks);
}

static void echo(struct sim_ws *w, unsigned opcode, struct span message)
{
	struct ring *r = w->r;
	if (sim_happens(r, r->script.silence))
		return;
	bool differs = sim_happens(r, r->script.other_echo);
	if (differs)
		message = span_of("something else");
	if (r->script.deflates && rng_below(&r->rng, 2))
		put_compressed(w, opcode, message);
	else
		put_message(w, opcode, message);
	r->truth.answers++;
	r->truth.answers_ok += !differs || r->script.any_answer;
}

/* One pong may stand for all pings before it. */
static void pong(struct sim_ws *w)
{
	struct ring *r = w->r;
	if (!w->waiting || sim_happens(r, r->script.silence))
		return;
	put_frame(&w->out, FIN | PONG, w->number, sizeof w->number);
	r->truth.answers += w->waiting;
	r->truth.answers_ok += w->waiting;
	w->waiting = 0;
}

static void say_goodbye(struct sim_ws *w)
{
	static const unsigned codes[] = {NORMAL, 1001, 1008, 1011, 3000, 4999, NO_CODE};
	w->code = codes[rng_below(&w->r->rng, sizeof codes / sizeof *codes)];
	char payload[] = {(char)(w->code >> 8), (char)w->code, 'b', 'y', 'e'};
	size_t len = w->code == NO_CODE ? 0 : 2 + rng_below(&w->r->rng, 4);
	put_frame(&w->out, FIN | CLOSE, payload, len);
	w->left = true;
	w->r->truth.goodbyes++;
}

/* What RFC 6455 forbids a server. */
static void break_protocol(struct sim_ws *w)
{
#define BAD(text)                                                                                  \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	static const struct span bad[] = {
		BAD("\x81\x81mask\x01"),
		BAD("\x83\x01x"),
		BAD("\xa1\x01x"),
		BAD("\x80\x01x"),
		BAD("\x09\x00"),
		BAD("\x89\x7e\x00\x80"),
		BAD("\x88\x01x"),
		BAD("\x88\x02\x03\xe7"),
		BAD("\x81\x01\xff"),
		BAD("\x01\x01x\x01\x01x"),
		BAD("\x82\x7f\x00\x00\x00\x00\x7f\x00\x00\x00"),
		BAD("\x88\x04\x03\xe8\xc3\x28"),
		BAD("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
		BAD("\x81\x7e\x00\x01x"),
	};
#undef BAD
	const struct span *one = &bad[rng_below(&w->r->rng, sizeof bad / sizeof *bad)];
	buf_append(&w->out, one->ptr, one->len);
	w->bad = true;
}

/* Things of the connection's own. */
static void have_moods(struct sim_ws *w)
{
	struct ring *r = w->r;
	ping(w);
	if (sim_happens(r, r->script.surplus)) { /* may pass for an answer */
		put_message(w, TEXT, span_of("news"));
		r->truth.answers++;
		r->truth.answers_ok += r->script.any_answer;
		w->bad = true;
	}
	if (sim_happens(r, r->script.garbage))
		break_protocol(w);
	else if (sim_happens(r, r->script.goaway))
		say_goodbye(w);
}

/* What there is to say is on its way; and the end, where it comes to that. */
static void say(struct sim_ws *w)
{
	struct ring *r = w->r;
	struct peer *p = &r->peers[w->slot];
	size_t len = w->out.len;
	if (!len)
		return;
	uint64_t at_ns = r->now_ns + sim_some_time(r);
	at_ns = at_ns > p->busy_until_ns ? at_ns : p->busy_until_ns + 1;
	bool cut = sim_happens(r, r->script.truncate);
	if (cut)
		len = 1 + rng_below(&r->rng, len);
	if (w->stands_ns == UINT64_MAX && w->accepted)
		w->stands_ns = at_ns;
	at_ns = sim_deliver_split(r, w->slot, at_ns, w->out.ptr, len);
	w->out.len = 0;
	p->busy_until_ns = at_ns;
	if (cut || sim_happens(r, w->left ? 500 : r->script.last_answer))
		sim_finish(r, w->slot, at_ns + 1, 0);
	else if (sim_happens(r, r->script.reset))
		sim_finish(r, w->slot, at_ns + 1, -ECONNRESET);
}

/* --- what it hears ----------------------------------------------------------------------- */

/* A close of the client's own is a normal one, unless it found a fault. */
static void hear_close(struct sim_ws *w, struct span payload)
{
	unsigned code = NO_CODE;
	DEMAND(!payload.len || payload.len == 2);
	if (payload.len)
		code = (unsigned)(unsigned char)payload.ptr[0] << 8 | (unsigned char)payload.ptr[1];
	DEMAND(code == NORMAL || (w->left && code == w->code) ||
	       (w->bad && (code == 1002 || (code >= 1007 && code <= 1009))));
	w->heard_close = true;
	if (!w->left)
		say_goodbye(w);
}

static void hear(struct sim_ws *w, const struct frame *f)
{
	const struct sim_script *script = &w->r->script;
	DEMAND(!w->heard_close);
	if (f->opcode == CLOSE) {
		hear_close(w, f->payload);
	} else if (f->opcode == PONG) {
		DEMAND(w->pings && f->payload.len == 13);
		w->pings--;
	} else {
		DEMAND(f->opcode == script->asks_by);
		w->r->truth.requests++;
		w->waiting++;
		if (f->opcode == PING) {
			DEMAND(f->payload.len == sizeof w->number);
			memcpy(w->number, f->payload.ptr, sizeof w->number);
			return;
		}
		DEMAND(f->payload.len == script->message.len &&
		       !memcmp(f->payload.ptr, script->message.ptr, f->payload.len));
		if (!w->left)
			echo(w, f->opcode, f->payload);
	}
}

/* Takes the first frame out of what came; false: it is not whole. Unmasks it where it lies. */
static bool take_frame(struct span *in, struct frame *ret)
{
	unsigned char *at = (unsigned char *)(uintptr_t)in->ptr;
	if (in->len < 2)
		return false;
	DEMAND((at[0] & 0xf0) == FIN && at[1] & MASKED);
	size_t len = at[1] & 0x7f, more = len == 127 ? 8 : len == 126 ? 2 : 0, head = 2 + more + 4;
	if (in->len < head)
		return false;
	for (size_t i = 0; i < more; i++)
		len = (i ? len << 8 : 0) | at[2 + i];
	DEMAND(more != 2 || len > 125);
	DEMAND(more != 8 || len > 0xffff);
	if (in->len < head + len)
		return false;
	for (size_t i = 0; i < len; i++)
		at[head + i] ^= at[head - 4 + i % 4];
	*ret = (struct frame){at[0] & 15u, {in->ptr + head, len}};
	span_skip(in, head + len);
	return true;
}

static void hear_frames(struct sim_ws *w, struct span *in)
{
	struct frame f;
	DEMAND(!in->len || (w->accepted && w->r->now_ns >= w->stands_ns));
	while (take_frame(in, &f))
		hear(w, &f);
	if (!w->left && w->r->script.asks_by == PING)
		pong(w);
}

static bool hear_upgrade(struct sim_ws *w, struct span *in)
{
	const char *end = memmem(in->ptr, in->len, "\r\n\r\n", 4);
	if (!end)
		return false;
	struct span head = {in->ptr, (size_t)(end - in->ptr) + 4};
	answer_upgrade(w, head);
	span_skip(in, head.len);
	return true;
}

static struct sim_ws *begin(struct ring *r, uint32_t slot)
{
	struct sim_ws *w = calloc(1, sizeof *w);
	*w = (struct sim_ws){.r = r, .slot = slot};
	buf_init(&w->in, IN_MAX);
	buf_init(&w->out, IN_MAX);
	return w;
}

void sim_ws_close(struct peer *p)
{
	if (!p->ws)
		return;
	buf_fini(&p->ws->in);
	buf_fini(&p->ws->out);
	free(p->ws);
	p->ws = NULL;
}

void sim_ws_take(struct ring *r, uint32_t slot, struct span bytes)
{
	struct peer *p = &r->peers[slot];
	if (p->finished)
		return;
	struct sim_ws *w = p->ws = p->ws ? p->ws : begin(r, slot);
	buf_append(&w->in, bytes.ptr, bytes.len);
	struct span in = {w->in.ptr, w->in.len};
	if (w->stands_ns || hear_upgrade(w, &in))
		hear_frames(w, &in);
	memmove(w->in.ptr, in.ptr, in.len);
	w->in.len = in.len;
	if (w->accepted && !w->left)
		have_moods(w);
	say(w);
}
