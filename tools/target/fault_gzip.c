#include "tools/target/fault_gzip.h"

#include <stdlib.h>
#include <zlib.h>

#define PLAIN_BYTES (1u << 20) /* zeros in one deflated block */
#define TIMES       1024u      /* the same block again: 1 GiB in all */
#define BLOCK_MAX   8192u
#define MEMORY_MAX  16384u

static const char GZIP_HEAD[10] = {0x1f, (char)0x8b, 8, 0, 0, 0, 0, 0, 0, 3}; /* RFC 1952 2.3 */
static const char LAST_BLOCK[2] = {3, 0}; /* an empty one, marked as the last (RFC 1951 3.2.3) */

/* Deflates PLAIN_BYTES of `zeros` to a block that ends on a byte and refers to nothing before
 * itself, so that it may be repeated; returns its length, or 0. */
static size_t deflate_block(char *out, char *zeros)
{
	z_stream z = {
		.next_in = (Bytef *)zeros,
		.avail_in = PLAIN_BYTES,
		.next_out = (Bytef *)out,
		.avail_out = BLOCK_MAX,
	};
	if (deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	int result = deflate(&z, Z_FULL_FLUSH);
	bool whole = result == Z_OK && z.avail_in == 0 && z.avail_out > 0;
	deflateEnd(&z);
	return whole ? BLOCK_MAX - z.avail_out : 0;
}

static unsigned long crc_of_all(const char *zeros)
{
	unsigned long one = crc32(0, (const Bytef *)zeros, PLAIN_BYTES);
	unsigned long crc = one;
	for (unsigned i = 1; i < TIMES; i++)
		crc = crc32_combine(crc, one, PLAIN_BYTES);
	return crc;
}

static void append_le32(struct buf *out, unsigned long value)
{
	const unsigned char bytes[4] = {value & 255, value >> 8 & 255, value >> 16 & 255,
					value >> 24 & 255};
	buf_append(out, bytes, sizeof bytes);
}

/* Head, block and end lie in one piece of memory, which the answer then owns. */
static bool assemble(struct answer *ret, struct span block, unsigned long crc)
{
	struct buf out;
	buf_init(&out, MEMORY_MAX);
	size_t end_len = sizeof LAST_BLOCK + 8;
	buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		   sizeof GZIP_HEAD + TIMES * block.len + end_len);
	buf_append(&out, GZIP_HEAD, sizeof GZIP_HEAD);
	size_t first_len = out.len;
	buf_append(&out, block.ptr, block.len);
	buf_append(&out, LAST_BLOCK, sizeof LAST_BLOCK);
	append_le32(&out, crc);
	append_le32(&out, (unsigned long)PLAIN_BYTES * TIMES);
	if (out.cut) {
		buf_fini(&out);
		return false;
	}
	const char *at = out.ptr;
	*ret = (struct answer){
		.parts = {{{at, first_len}, first_len},
			  {{at + first_len, block.len}, TIMES * block.len},
			  {{at + first_len + block.len, end_len}, end_len}},
		.status = 200,
		.memory = at,
	};
	return true;
}

bool fault_gzip_render(struct answer *ret)
{
	char block[BLOCK_MAX];
	char *zeros = calloc(1, PLAIN_BYTES);
	if (!zeros)
		return false;
	size_t block_len = deflate_block(block, zeros);
	unsigned long crc = block_len ? crc_of_all(zeros) : 0;
	free(zeros);
	return block_len && assemble(ret, (struct span){block, block_len}, crc);
}
