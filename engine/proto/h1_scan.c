/* Characters: their classes, and the wide scan over values that nobody needs to read. */
#include "proto/h1_internal.h"

#include <endian.h>

const uint8_t h1_class[256] = {
	['\r'] = H1_C_CR,           ['\t'] = H1_C_SPACE,        [' '] = H1_C_SPACE,
	['!'] = H1_C_TOKEN,         ['"'] = H1_C_QUOTE,         ['#' ... '\''] = H1_C_TOKEN,
	['(' ... ')'] = H1_C_TEXT,  ['*' ... '+'] = H1_C_TOKEN, [','] = H1_C_COMMA,
	['-' ... '.'] = H1_C_TOKEN, ['/'] = H1_C_TEXT,          ['0' ... '9'] = H1_C_TOKEN,
	[':'] = H1_C_TEXT,          [';'] = H1_C_SEMICOLON,     ['<'] = H1_C_TEXT,
	['='] = H1_C_EQUALS,        ['>' ... '@'] = H1_C_TEXT,  ['A' ... 'Z'] = H1_C_TOKEN,
	['['] = H1_C_TEXT,          ['\\'] = H1_C_BACKSLASH,    [']'] = H1_C_TEXT,
	['^' ... 'z'] = H1_C_TOKEN, ['{'] = H1_C_TEXT,          ['|'] = H1_C_TOKEN,
	['}'] = H1_C_TEXT,          ['~'] = H1_C_TOKEN,         [0x80 ... 0xff] = H1_C_TEXT,
};

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))
#define TOP_BITS     EACH_BYTE(0x80)

/* Eight bytes, the first of them lowest. */
static uint64_t load(const char *ptr)
{
	uint64_t word;
	memcpy(&word, ptr, sizeof(word));
	return le64toh(word);
}

/* The top bit of each byte that is below 0x20 or is 0x7f. Subtracting borrows, so that a byte
 * above a marked one may be marked in error: only the lowest mark is to be believed. */
static uint64_t mark_controls(uint64_t word)
{
	uint64_t below_space = word - EACH_BYTE(0x20);
	uint64_t is_delete = (word ^ EACH_BYTE(0x7f)) - EACH_BYTE(1);
	return (below_space | is_delete) & ~word & TOP_BITS;
}

size_t h1_text_length(const char *ptr, size_t len)
{
	size_t n = 0;
	while (len - n >= sizeof(uint64_t)) {
		uint64_t marks = mark_controls(load(ptr + n));
		if (!marks) {
			n += sizeof(uint64_t);
			continue;
		}
		n += (size_t)__builtin_ctzll(marks) / 8;
		if (ptr[n] != '\t')
			return n;
		n++;
	}
	while (n < len && h1_class_of(ptr[n]) > H1_C_CR)
		n++;
	return n;
}

size_t h1_token_length(const char *ptr, size_t len)
{
	size_t n = 0;
	while (n < len && h1_class_of(ptr[n]) == H1_C_TOKEN)
		n++;
	return n;
}
