/* h1_generate: answers, valid or nearly so, from a seed. For tests. */
#ifndef BRINK_TESTS_H1_GENERATE_H
#define BRINK_TESTS_H1_GENERATE_H

#include "base/rng.h"
#include "base/span.h"

#define PICK(rng, table) (table)[rng_below(rng, sizeof(table) / sizeof(*(table)))]

static inline bool generate_chance(struct rng *rng, unsigned percent)
{
	return rng_below(rng, 100) < percent;
}

static inline void generate_status_line(struct rng *rng, struct buf *out)
{
	static const char *const versions[] = {"1.1", "1.1", "1.1", "1.0"};
	static const char *const statuses[] = {"200", "200", "200", "204",
					       "304", "404", "503", "101"};
	static const char *const reasons[] = {" OK", " Not Found", " ", "", " \xc3\xa9t\xc3\xa9 "};
	buf_printf(out, "HTTP/%s %s%s\r\n", PICK(rng, versions), PICK(rng, statuses),
		   PICK(rng, reasons));
}

static inline void generate_field(struct rng *rng, struct buf *out)
{
	static const char *const fields[] = {
		"Server: nginx/1.22.1",   "Date: Sun, 23 Nov 2025 19:32:07 GMT",
		"ETag: \"67\"",           "Content-Type: text/html",
		"Connection: close",      "Connection: keep-alive",
		"CONNECTION: Keep-Alive", "connection: x, close ,y",
		"Connection: upgrade",    "Upgrade: h2c",
		"Retry-After: 120",       "X-Empty:",
		"X: \t white space \t",   "Content-Length-X: 7",
		"Connectio: close",       "Proxy-Connection: close",
		"!#$%&'*+-.^_`|~: token", "Trailer: A",
	};
	buf_printf(out, "%s\r\n", PICK(rng, fields));
}

static inline void generate_fields(struct rng *rng, struct buf *out)
{
	for (uint64_t n = rng_below(rng, 6); n; n--)
		generate_field(rng, out);
}

static inline void generate_bytes(struct rng *rng, struct buf *out, uint64_t len)
{
	static const char alphabet[] = "abc \r\n0HTTP/1.1;:";
	for (; len; len--)
		buf_append(out, &alphabet[rng_below(rng, sizeof(alphabet) - 1)], 1);
}

static inline void generate_chunk_line(struct rng *rng, struct buf *out, unsigned size)
{
	static const char *const sizes[] = {"%x", "%X", "%04x", "00%x"};
	static const char *const extensions[] = {
		"", "", "", ";a", ";a=b", " ; a = \"b;\\\" c\"", ";a;b=c", ";a=\"\"",
	};
	buf_printf(out, PICK(rng, sizes), size);
	buf_printf(out, "%s\r\n", PICK(rng, extensions));
}

static inline void generate_chunks(struct rng *rng, struct buf *out)
{
	for (uint64_t n = rng_below(rng, 4); n; n--) {
		unsigned size = 1 + (unsigned)rng_below(rng, 40);
		generate_chunk_line(rng, out, size);
		generate_bytes(rng, out, size);
		buf_puts(out, "\r\n");
	}
	generate_chunk_line(rng, out, 0);
	generate_fields(rng, out);
	buf_puts(out, "\r\n");
}

static inline void generate_length(struct rng *rng, struct buf *out)
{
	static const char *const forms[] = {
		"Content-Length: %u\r\n",
		"content-length:%u\r\n",
		"Content-Length: \t0%u \r\n",
		"Content-Length: %u\r\nContent-Length: %u\r\n",
	};
	unsigned len = (unsigned)rng_below(rng, 80);
	buf_printf(out, PICK(rng, forms), len, len);
	generate_fields(rng, out);
	buf_puts(out, "\r\n");
	generate_bytes(rng, out, len);
}

static inline void generate_coded(struct rng *rng, struct buf *out)
{
	static const char *const codings[] = {
		"chunked",
		"Chunked",
		"gzip, chunked",
		" , chunked",
		"gzip\r\nTransfer-Encoding: chunked",
		"chunked ",
		"gzip",
		"identity",
		"x;p=1, chunked",
		"xchunked",
		"chunkedx",
	};
	buf_printf(out, "Transfer-Encoding: %s\r\n", PICK(rng, codings));
	generate_fields(rng, out);
	buf_puts(out, "\r\n");
	generate_chunks(rng, out);
}

static inline void generate_to_close(struct rng *rng, struct buf *out)
{
	buf_puts(out, "\r\n");
	generate_bytes(rng, out, rng_below(rng, 60));
}

/* One answer with, at times, interim ones before it and bytes behind it. */
static inline void generate_answer(struct rng *rng, struct buf *out)
{
	static void (*const bodies[])(struct rng * rng, struct buf * out) = {
		generate_length, generate_length, generate_coded, generate_coded, generate_to_close,
	};
	while (generate_chance(rng, 10)) {
		buf_puts(out, "HTTP/1.1 100 Continue\r\n");
		generate_fields(rng, out);
		buf_puts(out, "\r\n");
	}
	generate_status_line(rng, out);
	generate_fields(rng, out);
	PICK(rng, bodies)(rng, out);
	if (generate_chance(rng, 20))
		buf_puts(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

/* Damages one place: a byte changed, put in, taken out, or some bytes doubled, or the end cut. */
static inline void generate_damage(struct rng *rng, struct buf *out)
{
	static const char bytes[] = "\0\t\n\r \"(),/0159;:=AZ\\az\x7f\x80\xff";
	size_t at = (size_t)rng_below(rng, out->len);
	char byte = bytes[rng_below(rng, sizeof(bytes) - 1)];
	size_t behind = out->len - at;
	size_t some = 1 + (size_t)rng_below(rng, behind);
	switch (rng_below(rng, 8)) {
	case 0:
		out->len = at + 1;
		break;
	case 1:
		memmove(out->ptr + at, out->ptr + at + 1, behind - 1);
		out->len -= behind > 1;
		break;
	case 2:
	case 3:
		buf_append(out, "", 1);
		memmove(out->ptr + at + 1, out->ptr + at, behind);
		out->ptr[at] = byte;
		break;
	case 4:
		for (size_t i = 0; i < some; i++)
			buf_append(out, &(char){out->ptr[at + i]}, 1);
		break;
	default:
		out->ptr[at] = byte;
	}
}

#endif
