#include "proto/pb_wire.h"

#define VARINT_MAX 10u /* bytes */

/* --- writing ----------------------------------------------------------------------------- */

void pb_put_varint(struct buf *out, uint64_t value)
{
	uint8_t bytes[VARINT_MAX];
	unsigned len = 0;
	for (; value > 0x7f; value >>= 7)
		bytes[len++] = (uint8_t)(value | 0x80);
	bytes[len++] = (uint8_t)value;
	buf_append(out, bytes, len);
}

void pb_put_tag(struct buf *out, uint32_t field, enum pb_wire wire)
{
	pb_put_varint(out, (uint64_t)field << 3 | wire);
}

void pb_put_fixed(struct buf *out, uint64_t value, unsigned bytes)
{
	uint8_t little[8];
	for (unsigned i = 0; i < bytes; i++)
		little[i] = (uint8_t)(value >> 8 * i);
	buf_append(out, little, bytes);
}

void pb_put_bytes(struct buf *out, uint32_t field, struct span bytes)
{
	pb_put_tag(out, field, PB_LEN);
	pb_put_varint(out, bytes.len);
	buf_append(out, bytes.ptr, bytes.len);
}

/* --- reading ----------------------------------------------------------------------------- */

static bool take_varint(struct span *in, uint64_t *ret)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < VARINT_MAX && i < in->len; i++) {
		uint8_t byte = (uint8_t)in->ptr[i];
		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte & 0x80)
			continue;
		span_skip(in, i + 1);
		*ret = value;
		return true;
	}
	return false;
}

static bool take_fixed(struct span *in, unsigned bytes, uint64_t *ret)
{
	uint64_t value = 0;
	if (in->len < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)(uint8_t)in->ptr[i] << 8 * i;
	span_skip(in, bytes);
	*ret = value;
	return true;
}

static bool take_bytes(struct span *in, struct span *ret)
{
	uint64_t len;
	if (!take_varint(in, &len) || len > in->len)
		return false;
	*ret = (struct span){in->ptr, (size_t)len};
	span_skip(in, (size_t)len);
	return true;
}

enum pb_taken pb_take(struct span *message, struct pb_field *ret)
{
	uint64_t tag;
	bool good;
	if (!message->len)
		return PB_END;
	if (!take_varint(message, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return PB_BROKEN;
	*ret = (struct pb_field){.number = (uint32_t)(tag >> 3), .wire = (enum pb_wire)(tag & 7)};
	switch (ret->wire) {
	case PB_VARINT:
		good = take_varint(message, &ret->value);
		break;
	case PB_I64:
		good = take_fixed(message, 8, &ret->value);
		break;
	case PB_I32:
		good = take_fixed(message, 4, &ret->value);
		break;
	case PB_LEN:
		good = take_bytes(message, &ret->bytes);
		break;
	default:
		good = false;
	}
	return good ? PB_FIELD : PB_BROKEN;
}
