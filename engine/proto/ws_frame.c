#include "proto/ws_impl.h"

#define MASKED 0x80
#define FIN    0x80

/* Eight bytes at a time: the compiler makes wider steps of it. */
void ws_mask(char *to, const char *from, size_t len, uint32_t key)
{
	uint64_t wide = (uint64_t)key << 32 | key;
	size_t i = 0;
	for (; i + 8 <= len; i += 8) {
		uint64_t eight;
		memcpy(&eight, from + i, 8);
		eight ^= wide;
		memcpy(to + i, &eight, 8);
	}
	const char *bytes = (const char *)&key;
	for (; i < len; i++)
		to[i] = (char)(from[i] ^ bytes[i % 4]);
}

static size_t head_len(size_t len)
{
	return 2 + (len > 0xffff ? 8u : len > 125 ? 2u : 0u) + 4;
}

/* RFC 6455 5.2; without the mask. */
static char *put_head(char *to, enum wslay_opcode opcode, uint64_t len)
{
	unsigned more = len > 0xffff ? 8 : len > 125 ? 2 : 0;
	*to++ = (char)(FIN | opcode);
	*to++ = (char)(MASKED | (more == 8 ? 127 : more ? 126 : len));
	while (more--)
		*to++ = (char)(len >> 8 * more);
	return to;
}

bool ws_frame(struct buf *out, struct rng *rng, enum wslay_opcode opcode, struct span payload)
{
	char *to = buf_extend(out, head_len(payload.len) + payload.len);
	if (!to)
		return false;
	/* RFC 6455 5.3 wants masks that nobody can foresee, for the sake of proxies that a script
	 * in a browser might fool. A load of our own messages needs them to differ only. */
	uint32_t key = (uint32_t)rng_next(rng);
	to = put_head(to, opcode, payload.len);
	memcpy(to, &key, sizeof key);
	ws_mask(to + sizeof key, payload.ptr, payload.len, key);
	return true;
}

bool ws_frame_close(struct buf *out, struct rng *rng, unsigned code)
{
	char payload[2] = {(char)(code >> 8), (char)code};
	return ws_frame(out, rng, WSLAY_CONNECTION_CLOSE,
			(struct span){payload, code == WS_NO_CODE ? 0 : sizeof payload});
}
