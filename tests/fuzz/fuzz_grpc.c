/* Answers of gRPC come in pieces: however they are cut, the same messages come out; words of a
 * status fit; a descriptor set is one, or an error. */
#include "proto/grpc.h"
#include "proto/grpc_schema.h"

#include <stdlib.h>

#define MESSAGE_MAX 1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where it went wrong, or SIZE_MAX. */
static size_t take(struct span all, size_t piece, struct grpc_stream *s)
{
	for (size_t at = 0; at < all.len;) {
		size_t n = all.len - at < piece ? all.len - at : piece;
		struct span in = {all.ptr + at, n};
		while (in.len) {
			struct span before = in;
			enum grpc_taken taken = grpc_take(s, &in, MESSAGE_MAX);
			if (taken == GRPC_TOO_LARGE || taken == GRPC_MALFORMED)
				return at + n - in.len;
			if (in.len == before.len)
				abort();
		}
		at += n;
	}
	return SIZE_MAX;
}

static void take_words(struct span text)
{
	struct grpc_words *w = calloc(1, sizeof *w);
	if (!w)
		return;
	grpc_words_take(w, 1, text);
	if (strlen(grpc_words_of(w, 1)) > GRPC_WORDS_MAX)
		abort();
	free(w);
}

static void take_set(struct span set)
{
	struct err err = {0};
	struct grpc_schema *s = NULL;
	if (!grpc_schema_new(&s, set, &err))
		grpc_schema_method(s, "t.S/Unary", &err);
	else if (!err.text[0])
		abort();
	grpc_schema_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct span rest = {(const char *)data + 1, size - 1};
	struct grpc_stream whole = {0}, cut = {0};
	size_t a = take(rest, rest.len + 1, &whole), b = take(rest, 1 + data[0] % 16, &cut);
	if (a != b || whole.messages != cut.messages ||
	    (a == SIZE_MAX && grpc_is_whole(&whole) != grpc_is_whole(&cut)))
		abort();
	take_words(rest);
	take_set(rest);
	return 0;
}
