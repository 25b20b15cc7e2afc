/* The four fields that matter: which name it is, and what its value says.
 *
 * Names and words are told apart as they come: `may` holds a bit for each known one that the
 * characters so far still fit. */
#include "proto/h1_internal.h"

struct word {
	const char *text; /* lower case */
	size_t len;
};

enum { FIELD_LENGTH, FIELD_CODING, FIELD_CONNECTION, FIELD_RETRY_AFTER };
static const struct word field_names[] = {
	[FIELD_LENGTH] = {"content-length", 14},
	[FIELD_CODING] = {"transfer-encoding", 17},
	[FIELD_CONNECTION] = {"connection", 10},
	[FIELD_RETRY_AFTER] = {"retry-after", 11},
};

/* Those whose name may begin with a character, by its low five bits: letters in either case. */
static const uint8_t fields_by_letter[32] = {
	['c' & 31] = 1 << FIELD_LENGTH | 1 << FIELD_CONNECTION,
	['t' & 31] = 1 << FIELD_CODING,
	['r' & 31] = 1 << FIELD_RETRY_AFTER,
};

static void match_begin(struct h1 *h, uint8_t may)
{
	h->may = may;
	h->at = 0;
}

/* Setting bit 5 makes letters small. Of what else a token may hold it makes nothing into a
 * letter or a hyphen, and words are made of these. */
static bool equal_ignoring_case(const char *token, const char *lower, size_t len)
{
	const uint64_t small = UINT64_C(0x2020202020202020);
	size_t i = 0;
	for (; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		uint64_t ours, theirs;
		memcpy(&ours, lower + i, sizeof(ours));
		memcpy(&theirs, token + i, sizeof(theirs));
		if (ours != (theirs | small))
			return false;
	}
	while (i < len && (token[i] | 0x20) == lower[i])
		i++;
	return i == len;
}

/* Strikes out the words that `piece`, more of a token, does not go on with; or, where the token
 * ends with it, those it does not complete. */
static void match_take(struct h1 *h, const struct word *words, struct span piece, bool ends)
{
	uint8_t still = 0;
	for (unsigned left = h->may; left; left &= left - 1) {
		const struct word *word = &words[__builtin_ctz(left)];
		size_t rest = word->len - h->at;
		bool fits = ends ? piece.len == rest : piece.len <= rest;
		if (fits && equal_ignoring_case(piece.ptr, word->text + h->at, piece.len))
			still |= (uint8_t)(left & -left);
	}
	h->may = still;
	if (still)
		h->at = (uint8_t)(h->at + piece.len); /* no word is longer than 255 */
}

/* The word that the token is, or -1. */
static int match_end(const struct h1 *h, const struct word *words)
{
	for (unsigned left = h->may; left; left &= left - 1) {
		int i = __builtin_ctz(left);
		if (words[i].len == h->at)
			return i;
	}
	return -1;
}

/* Content-Length: digits, with optional white space around them. */
enum { LENGTH_NOT_YET, LENGTH_DIGITS, LENGTH_PAST };

static enum h1_verdict length_take(struct h1 *h, struct span piece)
{
	for (; piece.len; span_skip(&piece, 1)) {
		char c = *piece.ptr;
		if (h1_class_of(c) == H1_C_SPACE) {
			if (h->lexer == LENGTH_DIGITS)
				h->lexer = LENGTH_PAST;
			continue;
		}
		if (c < '0' || c > '9' || h->lexer == LENGTH_PAST)
			return H1_BAD_LENGTH;
		if (__builtin_mul_overflow(h->number, UINT64_C(10), &h->number) ||
		    __builtin_add_overflow(h->number, (uint64_t)(c - '0'), &h->number))
			return H1_BAD_LENGTH;
		h->lexer = LENGTH_DIGITS;
	}
	return H1_GO;
}

static enum h1_verdict length_end(struct h1 *h)
{
	if (h->lexer == LENGTH_NOT_YET)
		return H1_BAD_LENGTH;
	if (h->flags & H1_F_LENGTH && h->number != h->body_left)
		return H1_LENGTHS_DIFFER;
	h->flags |= H1_F_LENGTH;
	h->body_left = h->number;
	return H1_NEXT_LINE;
}

/* Connection and Transfer-Encoding: lists of tokens, with parameters (RFC 9110 5.6.1, 5.6.6).
 * GAP: no element begun. PAST: after its token. REST: its parameters, or what is no token. */
enum { BAD, GAP, WORD, PAST, REST, QUOT, ESC };

/* Rows: the place; columns: the class of the next character, as enum h1_class has them. */
// clang-format off
static const uint8_t list_next[][H1_CLASSES] = {
	/*        control CR   space token comma semicolon equals "     \     other */
	[GAP]  = {BAD,    BAD, GAP,  WORD, GAP,  BAD,      BAD,   BAD,  BAD,  BAD},
	[WORD] = {BAD,    BAD, PAST, WORD, GAP,  REST,     BAD,   BAD,  BAD,  BAD},
	[PAST] = {BAD,    BAD, PAST, BAD,  GAP,  REST,     BAD,   BAD,  BAD,  BAD},
	[REST] = {BAD,    BAD, REST, REST, GAP,  REST,     REST,  QUOT, REST, REST},
	[QUOT] = {BAD,    BAD, QUOT, QUOT, QUOT, QUOT,     QUOT,  REST, ESC,  QUOT},
	[ESC]  = {BAD,    BAD, QUOT, QUOT, QUOT, QUOT,     QUOT,  QUOT, QUOT, QUOT},
};
// clang-format on

enum { WORD_CLOSE, WORD_KEEP_ALIVE, WORD_CHUNKED };
static const struct word list_words[] = {
	[WORD_CLOSE] = {"close", 5},
	[WORD_KEEP_ALIVE] = {"keep-alive", 10},
	[WORD_CHUNKED] = {"chunked", 7},
};
static const uint8_t word_flags[] = {
	[WORD_CLOSE] = H1_F_CLOSE,
	[WORD_KEEP_ALIVE] = H1_F_KEEP_ALIVE,
	[WORD_CHUNKED] = H1_F_CHUNKED,
};

static enum h1_verdict word_begin(struct h1 *h)
{
	if (h->field == FIELD_CONNECTION) {
		match_begin(h, 1 << WORD_CLOSE | 1 << WORD_KEEP_ALIVE);
		return H1_GO;
	}
	match_begin(h, 1 << WORD_CHUNKED);
	return h->flags & H1_F_CHUNKED ? H1_BAD_CODING : H1_GO; /* it must be the last */
}

/* With parameters it is not the word alone; chunked has none (RFC 9112 7.1). */
static enum h1_verdict rest_begin(struct h1 *h)
{
	bool chunked = h->field == FIELD_CODING && match_end(h, list_words) >= 0;
	h->may = 0;
	return chunked ? H1_BAD_CODING : H1_GO;
}

static void element_end(struct h1 *h)
{
	int word = match_end(h, list_words);
	if (word >= 0)
		h->flags |= word_flags[word];
	if (h->field == FIELD_CODING)
		h->flags |= H1_F_CODED;
}

static enum h1_verdict list_move(struct h1 *h, uint8_t next)
{
	enum h1_verdict verdict = H1_GO;
	if (next == WORD && h->lexer == GAP)
		verdict = word_begin(h);
	else if (next == REST)
		verdict = rest_begin(h);
	else if (next == GAP && h->lexer != GAP)
		element_end(h);
	h->lexer = next;
	return verdict;
}

static enum h1_verdict list_take(struct h1 *h, struct span piece)
{
	while (piece.len) {
		uint8_t next = list_next[h->lexer][h1_class_of(*piece.ptr)];
		if (next == BAD && h->field == FIELD_CODING)
			return H1_BAD_CODING;
		enum h1_verdict verdict = list_move(h, next == BAD ? REST : next);
		if (verdict != H1_GO)
			return verdict;
		size_t run = next == WORD ? h1_token_length(piece.ptr, piece.len) : 1;
		if (next == WORD)
			match_take(h, list_words, (struct span){piece.ptr, run}, false);
		span_skip(&piece, run);
	}
	return H1_GO;
}

static enum h1_verdict connection_end(struct h1 *h)
{
	if (h->lexer != GAP)
		element_end(h);
	return H1_NEXT_LINE;
}

static enum h1_verdict coding_end(struct h1 *h)
{
	if (h->lexer == QUOT || h->lexer == ESC)
		return H1_BAD_CODING;
	if (h->lexer != GAP)
		element_end(h);
	return h->flags & H1_F_CODED ? H1_NEXT_LINE : H1_BAD_CODING;
}

static enum h1_verdict ignore(struct h1 *h, struct span piece)
{
	(void)h;
	(void)piece;
	return H1_GO;
}

static enum h1_verdict retry_after_end(struct h1 *h)
{
	h->flags |= H1_F_RETRY_AFTER;
	return H1_NEXT_LINE;
}

static const struct {
	enum h1_verdict (*take)(struct h1 *h, struct span piece);
	enum h1_verdict (*end)(struct h1 *h);
	uint8_t lexer; /* to begin with */
} fields[] = {
	[FIELD_LENGTH] = {length_take, length_end, LENGTH_NOT_YET},
	[FIELD_CODING] = {list_take, coding_end, GAP},
	[FIELD_CONNECTION] = {list_take, connection_end, GAP},
	[FIELD_RETRY_AFTER] = {ignore, retry_after_end, 0},
};

void h1_name_begin(struct h1 *h, char first)
{
	/* Trailers say nothing about framing or the connection (RFC 9110 6.5.1). */
	match_begin(h, h->flags & H1_F_TRAILERS ? 0 : fields_by_letter[first & 31]);
}

void h1_name_take(struct h1 *h, struct span piece, bool ends)
{
	match_take(h, field_names, piece, ends);
}

void h1_name_end(struct h1 *h)
{
	int field = match_end(h, field_names);
	if (field < 0)
		return;
	h->field = (uint8_t)field;
	h->lexer = fields[field].lexer;
	h->number = 0; /* and with it `may`: no word has begun */
}

enum h1_verdict h1_value_take(struct h1 *h, struct span piece)
{
	return fields[h->field].take(h, piece);
}

enum h1_verdict h1_value_end(struct h1 *h)
{
	return fields[h->field].end(h);
}
