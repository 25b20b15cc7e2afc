/* pb_wire: the wire format of Protocol Buffers, a field at a time: what the messages of gRPC's
 * reflection are written and read with, and what messages from JSON are put together of. Pure; any
 * thread. protobuf.dev/programming-guides/encoding */
#ifndef BRINK_PROTO_PB_WIRE_H
#define BRINK_PROTO_PB_WIRE_H

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum pb_wire {
	PB_VARINT = 0,
	PB_I64 = 1,
	PB_LEN = 2,
	PB_I32 = 5, /* groups, 3 and 4, are not read */
};

/* Appends; what does not fit is seen in the buf's `cut`. */
void pb_put_varint(struct buf *out, uint64_t value);
void pb_put_tag(struct buf *out, uint32_t field, enum pb_wire wire);
void pb_put_fixed(struct buf *out, uint64_t value, unsigned bytes); /* little-endian */
void pb_put_bytes(struct buf *out, uint32_t field, struct span bytes);

struct pb_field {
	uint32_t number;
	enum pb_wire wire;
	uint64_t value;    /* of a number */
	struct span bytes; /* PB_LEN: within the message */
};

enum pb_taken { PB_FIELD, PB_END, PB_BROKEN };

/* Takes the field that the message begins with. */
enum pb_taken pb_take(struct span *message, struct pb_field *ret);

#endif
