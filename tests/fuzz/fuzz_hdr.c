/* What is read as a histogram is one, and comes back the same when written. The input is taken
 * twice: as a text, and as the uncompressed inside of one, which a fuzzer cannot reach through
 * zlib. */
#include "base/base64.h"
#include "stat/hdr.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define TEXT_MAX 1000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hist first, second;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_counts(const struct hist *h)
{
	uint64_t count = 0;
	for (uint32_t slot = 0; slot < HIST_SLOTS; slot++) {
		require(h->slots[slot] == 0 || (slot >= h->lo && slot < h->hi));
		count += h->slots[slot];
	}
	require(count == h->count);
}

static void decode(struct span text)
{
	static bool ready;
	if (!ready) {
		hist_init(&first);
		hist_init(&second);
		ready = true;
	}
	bool ok = hdr_decode(text, &first);
	check_counts(&first);
	require(ok || first.count == 0);
	if (!ok)
		return;
	struct buf again;
	buf_init(&again, TEXT_MAX);
	require(hdr_encode(&first, &again));
	require(hdr_decode((struct span){again.ptr, again.len}, &second));
	require(memcmp(&first, &second, sizeof first) == 0);
	buf_fini(&again);
}

/* The header is made right, so that all of the input is payload. */
static void decode_payload(const uint8_t *data, size_t size)
{
	unsigned char inner[40 + 4096] = {
		0x1c, 0x84, 0x93, 0x13, [15] = 3, [23] = 1, [28] = 0xd6, 0x93, 0xa4, 0, 0x3f, 0xf0};
	unsigned char outer[8 + 8192] = {0x1c, 0x84, 0x93, 0x14};
	uLongf rest = sizeof outer - 8;
	if (size > sizeof inner - 40)
		return;
	inner[6] = (unsigned char)(size >> 8);
	inner[7] = (unsigned char)size;
	if (size)
		memcpy(inner + 40, data, size);
	require(compress2(outer + 8, &rest, inner, 40 + size, 1) == Z_OK);
	outer[6] = (unsigned char)(rest >> 8);
	outer[7] = (unsigned char)rest;
	struct buf text;
	buf_init(&text, TEXT_MAX);
	base64_append(&text, outer, 8 + rest);
	decode((struct span){text.ptr, text.len});
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode((struct span){(const char *)data, size});
	decode_payload(data, size);
	return 0;
}
