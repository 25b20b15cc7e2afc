/* Whatever method, path, host and headers are asked for: a request comes out as one, with every
 * header line where it should be, or an error with words. Nothing smuggles in a line of its own.
 *
 * The input is texts that end in a zero byte: method, path, authority, then header lines. What
 * stands behind a byte 1 at the start of a text is the body. */
#include "proto/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADERS_MAX = 8, REQUEST_MAX = 4096 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_one_of_ours(const char *line, size_t len)
{
	static const char *const ours[] = {
		"Host: ", "User-Agent: ", "Connection: ", "Content-Length: "};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (len > strlen(ours[i]) && strncmp(line, ours[i], strlen(ours[i])) == 0)
			return true;
	return false;
}

/* Lines up to the empty one: as many as were asked for, and ours; the body is all that follows. */
static void check(const struct buf *out, const struct request_spec *spec)
{
	const char *at = out->ptr, *end = out->ptr + out->len, *lf;
	unsigned lines = 0, ours = 0;
	for (;;) {
		lf = memchr(at, '\n', (size_t)(end - at));
		require(lf && lf > out->ptr && lf[-1] == '\r');
		size_t len = (size_t)(lf - 1 - at);
		require(!memchr(at, '\r', len) && !memchr(at, '\0', len));
		if (len == 0)
			break;
		ours += lines > 0 && is_one_of_ours(at, len);
		lines++;
		at = lf + 1;
	}
	require(lines >= 1 + spec->header_count && lines <= 1 + spec->header_count + ours);
	require((size_t)(end - lf - 1) == spec->body.len);
	require(!spec->body.len || memcmp(lf + 1, spec->body.ptr, spec->body.len) == 0);
	size_t method = strlen(spec->method);
	require(memcmp(out->ptr, spec->method, method) == 0 && out->ptr[method] == ' ');
}

/* The next text, and what stands behind it. */
static const char *next(char **at, const char *end)
{
	const char *text = *at;
	*at += strlen(text) + (*at + strlen(text) < end);
	return text;
}

static void run(char *text, size_t size)
{
	char *at = text;
	const char *end = text + size;
	const char *headers[HEADERS_MAX];
	struct request_spec spec = {.headers = headers, .keepalive = size % 2};
	spec.method = next(&at, end);
	spec.path = next(&at, end);
	spec.authority = next(&at, end);
	while (at < end && *at != 1 && spec.header_count < HEADERS_MAX)
		headers[spec.header_count++] = next(&at, end);
	if (at < end && *at == 1)
		spec.body = (struct span){at + 1, (size_t)(end - at - 1)};
	struct buf out;
	struct err err = {0};
	buf_init(&out, REQUEST_MAX);
	if (request_render(&out, &spec, &err) == 0)
		check(&out, &spec);
	else
		require(err.kind == ERR_USAGE && err.text[0]);
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	run(text, size);
	free(text);
	return 0;
}
