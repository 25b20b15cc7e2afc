/* h1_play: feeds bytes to the HTTP/1.1 parser, cut as asked, and keeps what it said. For tests.
 *
 * Each piece is fed from the very end of one heap block, over the piece before it, so that
 * AddressSanitizer sees a read beyond, and nothing can lean on bytes that have gone. */
#ifndef BRINK_TESTS_H1_PLAY_H
#define BRINK_TESTS_H1_PLAY_H

#include "proto/h1.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLAY_ANSWERS_MAX = 64 };

struct play {
	unsigned answers;
	struct proto_answer answer[PLAY_ANSWERS_MAX];
	size_t ends[PLAY_ANSWERS_MAX]; /* bytes taken when the answer came */
	enum proto_step fed;           /* how feeding ended: PROTO_MORE or PROTO_FAULT */
	enum proto_step closed;        /* what h1_eof said then */
	struct proto_answer fault;     /* of either */
	bool started;                  /* h1_started before h1_eof */
	bool unsound;                  /* the parser broke a rule that holds for any bytes */
	const char *methods;           /* of the requests not yet asked about */
};

/* Says what the next answer belongs to, if there is another request. */
static inline void play_expect(struct play *p, struct h1 *h)
{
	p->unsound |= h1_expects(h) || h1_started(h);
	if (!*p->methods)
		return;
	h1_expect(h, *p->methods++ == 'H');
	p->unsound |= !h1_expects(h) || h1_started(h);
}

static inline void play_note(struct play *p, const struct proto_answer *answer, size_t end)
{
	if (p->answers == PLAY_ANSWERS_MAX) {
		p->unsound = true;
		return;
	}
	p->ends[p->answers] = end;
	p->answer[p->answers++] = *answer;
}

/* Feeds one piece to its end or to a fault; `before` bytes came before it. */
static inline void play_piece(struct play *p, struct h1 *h, struct span in, size_t before)
{
	const char *end = in.ptr + in.len;
	size_t len = in.len;
	while (in.len && p->fed != PROTO_FAULT && !p->unsound) {
		struct proto_answer answer;
		size_t was = in.len;
		bool awaited = h1_expects(h);
		p->fed = h1_feed(h, &in, &answer);
		p->unsound |= in.len > was || in.ptr + in.len != end;
		if (p->fed == PROTO_FAULT) {
			p->fault = answer;
			continue;
		}
		p->unsound |= !awaited || (p->fed == PROTO_MORE && in.len > 0);
		if (p->fed == PROTO_MORE)
			continue;
		play_note(p, &answer, before + len - in.len);
		play_expect(p, h);
		p->fed = PROTO_MORE;
	}
}

static inline void play_close(struct play *p, struct h1 *h, size_t len)
{
	p->started = h1_started(h);
	if (p->fed == PROTO_FAULT) {
		p->closed = PROTO_FAULT;
		return;
	}
	struct proto_answer answer;
	bool awaited = h1_expects(h);
	p->closed = h1_eof(h, &answer);
	p->unsound |= awaited == (p->closed == PROTO_MORE);
	p->unsound |= p->closed == PROTO_ANSWER && h1_expects(h);
	if (p->closed == PROTO_ANSWER)
		play_note(p, &answer, len);
	else if (p->closed == PROTO_FAULT)
		p->fault = answer;
}

/* Cuts the bytes: a first piece of `first`, then pieces of `each`; 0 is all the rest. */
static inline void play_pieces(struct play *p, struct h1 *h, struct span bytes, size_t first,
			       size_t each)
{
	size_t size = bytes.len ? bytes.len : 1;
	char *block = malloc(size);
	if (!block)
		abort();
	size_t next = first;
	for (size_t at = 0; at < bytes.len; next = each) {
		size_t rest = bytes.len - at;
		size_t n = next && next < rest ? next : rest;
		char *piece = block + size - n;
		memcpy(piece, bytes.ptr + at, n);
		play_piece(p, h, (struct span){piece, n}, at);
		at += n;
	}
	free(block);
}

/* `methods`: a letter for each request in flight, 'H' for HEAD. Then the bytes, then the close. */
static inline struct play play(struct span bytes, const char *methods, size_t first, size_t each)
{
	struct play p;
	p.answers = 0;
	p.fed = PROTO_MORE;
	p.fault = (struct proto_answer){0};
	p.unsound = false;
	p.methods = methods;
	struct h1 h;
	h1_open(&h);
	play_expect(&p, &h);
	play_pieces(&p, &h, bytes, first, each);
	play_close(&p, &h, bytes.len);
	return p;
}

static inline bool play_same_answer(const struct proto_answer *a, const struct proto_answer *b)
{
	return a->status == b->status && a->retry_after == b->retry_after && a->last == b->last &&
	       a->fault == b->fault && a->detail == b->detail;
}

static inline bool play_same(const struct play *a, const struct play *b)
{
	if (a->unsound || b->unsound || a->answers != b->answers || a->fed != b->fed ||
	    a->closed != b->closed || a->started != b->started ||
	    !play_same_answer(&a->fault, &b->fault))
		return false;
	for (unsigned i = 0; i < a->answers; i++) {
		if (!play_same_answer(&a->answer[i], &b->answer[i]) || a->ends[i] != b->ends[i])
			return false;
	}
	return true;
}

/* Whether the same comes of the bytes whole, byte by byte, and cut in two: at every place, or
 * where they are many, at some 500 places. */
static inline bool play_is_the_same_however_cut(struct span bytes, const char *methods)
{
	struct play whole = play(bytes, methods, 0, 0);
	struct play bytewise = play(bytes, methods, 1, 1);
	bool same = play_same(&whole, &bytewise);
	size_t stride = bytes.len < 2000 ? 1 : bytes.len / 500;
	for (size_t cut = 1; same && cut < bytes.len; cut += stride) {
		struct play in_two = play(bytes, methods, cut, 0);
		same = play_same(&whole, &in_two);
	}
	return same;
}

static const char *const play_fault_names[] = {
	[PROTO_OK] = "ok",         [PROTO_MALFORMED] = "malformed", [PROTO_TOO_LARGE] = "too large",
	[PROTO_DESYNC] = "desync", [PROTO_TRUNCATED] = "truncated", [PROTO_CLOSED] = "closed",
};

/* In words: "200, 503 retry, 200 last; idle". After the semicolon stands how it ended: idle, or
 * the fault, with its detail unless the peer's close was at fault. */
static inline const char *play_words(const struct play *p, char *words, size_t size)
{
	size_t at = 0;
	words[0] = '\0';
	for (unsigned i = 0; i < p->answers && at < size; i++)
		at += (size_t)snprintf(
			words + at, size - at, "%s%u%s%s", i ? ", " : "", p->answer[i].status,
			p->answer[i].retry_after ? " retry" : "", p->answer[i].last ? " last" : "");
	if (at >= size)
		return words;
	const char *gap = p->answers ? "; " : "";
	if (p->fed == PROTO_FAULT)
		snprintf(words + at, size - at, "%s%s: %s", gap, play_fault_names[p->fault.fault],
			 p->fault.detail);
	else
		snprintf(words + at, size - at, "%s%s", gap,
			 p->closed == PROTO_FAULT ? play_fault_names[p->fault.fault] : "idle");
	return words;
}

#endif
