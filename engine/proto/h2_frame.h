/* h2_frame: HTTP/2's frames as they lie on the wire (RFC 9113, section 4). Pure; any thread. */
#ifndef BRINK_PROTO_H2_FRAME_H
#define BRINK_PROTO_H2_FRAME_H

#include "base/span.h"

#include <stdint.h>

#define H2_MAGIC        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_FRAME_HEAD   9u
#define H2_FRAME_MAX    16384u /* of a payload, until it is agreed otherwise; we never do */
#define H2_WINDOW_FIRST 65535u
#define H2_WINDOW_MAX   0x7fffffffu

enum h2_type {
	H2_DATA,
	H2_HEADERS,
	H2_PRIORITY,
	H2_RST_STREAM,
	H2_SETTINGS,
	H2_PUSH_PROMISE,
	H2_PING,
	H2_GOAWAY,
	H2_WINDOW_UPDATE,
	H2_CONTINUATION,
};

enum {
	H2_END_STREAM = 0x1,
	H2_ACK = 0x1,
	H2_END_HEADERS = 0x4,
	H2_PADDED = 0x8,
	H2_PRIORITIZED = 0x20,
};

enum h2_setting {
	H2_HEADER_TABLE_SIZE = 1,
	H2_ENABLE_PUSH,
	H2_MAX_CONCURRENT_STREAMS,
	H2_INITIAL_WINDOW_SIZE,
	H2_MAX_FRAME_SIZE,
};

enum h2_error {
	H2_NO_ERROR,
	H2_PROTOCOL_ERROR,
	H2_INTERNAL_ERROR,
	H2_FLOW_CONTROL_ERROR,
	H2_SETTINGS_TIMEOUT,
	H2_STREAM_CLOSED,
	H2_FRAME_SIZE_ERROR,
	H2_REFUSED_STREAM,
	H2_CANCEL,
	H2_COMPRESSION_ERROR,
	H2_CONNECT_ERROR,
	H2_ENHANCE_YOUR_CALM,
};

struct h2_frame {
	uint32_t length;
	uint8_t type, flags;
	uint32_t id;
};

struct h2_frame h2_frame_read(const uint8_t head[H2_FRAME_HEAD]);
uint32_t h2_u32(const uint8_t *bytes);

/* Append a head, whose payload the caller appends; or a whole frame. */
void h2_frame_head(struct buf *out, uint32_t length, enum h2_type type, unsigned flags,
		   uint32_t id);
void h2_frame_u32(struct buf *out, enum h2_type type, uint32_t id, uint32_t value);
void h2_goaway(struct buf *out, uint32_t last_id, enum h2_error code);
void h2_setting(struct buf *out, enum h2_setting setting, uint32_t value); /* six bytes */

#endif
