/* h1_says: one line a case for the tests of the HTTP/1.1 parser; see play_words for the words.
 * Every case is also cut at every place and must say the same. */
#ifndef BRINK_TESTS_H1_SAYS_H
#define BRINK_TESTS_H1_SAYS_H

#include "tests/lib/h1_play.h"

#include <check.h>

/* A literal, with whatever NUL it holds. */
#define BYTES(literal) ((struct span){literal, sizeof(literal) - 1})

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK_LINE "Transfer-Encoding: chunked\r\n\r\n"
#define EMPTY   OK_LINE "Content-Length: 0\r\n\r\n"

static inline void says(const char *methods, struct span bytes, const char *expected)
{
	char words[1024];
	struct play whole = play(bytes, methods, 0, 0);
	play_words(&whole, words, sizeof(words));
	ck_assert_msg(strcmp(words, expected) == 0, "'%s', not '%s', of: %.*s", words, expected,
		      bytes.len < 300 ? (int)bytes.len : 300, bytes.ptr);
	ck_assert_msg(play_is_the_same_however_cut(bytes, methods), "a cut changes: %.*s",
		      bytes.len < 300 ? (int)bytes.len : 300, bytes.ptr);
}

#endif
