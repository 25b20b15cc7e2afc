#include "proto/h2_frame.h"

uint32_t h2_u32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

struct h2_frame h2_frame_read(const uint8_t head[H2_FRAME_HEAD])
{
	return (struct h2_frame){
		.length = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2],
		.type = head[3],
		.flags = head[4],
		.id = h2_u32(head + 5) & 0x7fffffff, /* the highest bit means nothing */
	};
}

static void put_u32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
}

void h2_frame_head(struct buf *out, uint32_t length, enum h2_type type, unsigned flags, uint32_t id)
{
	uint8_t head[H2_FRAME_HEAD];
	put_u32(head, length << 8 | type);
	head[4] = (uint8_t)flags;
	put_u32(head + 5, id);
	buf_append(out, head, sizeof head);
}

void h2_frame_u32(struct buf *out, enum h2_type type, uint32_t id, uint32_t value)
{
	uint8_t payload[4];
	h2_frame_head(out, sizeof payload, type, 0, id);
	put_u32(payload, value);
	buf_append(out, payload, sizeof payload);
}

void h2_goaway(struct buf *out, uint32_t last_id, enum h2_error code)
{
	uint8_t payload[8];
	h2_frame_head(out, sizeof payload, H2_GOAWAY, 0, 0);
	put_u32(payload, last_id);
	put_u32(payload + 4, code);
	buf_append(out, payload, sizeof payload);
}

void h2_setting(struct buf *out, enum h2_setting setting, uint32_t value)
{
	uint8_t bytes[6] = {0, (uint8_t)setting};
	put_u32(bytes + 2, value);
	buf_append(out, bytes, sizeof bytes);
}
