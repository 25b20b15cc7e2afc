/* Frames written by hand, a row each, and what must come of them: fed whole, and split at every
 * byte. Two requests are in flight, on streams 1 and 3 (tags 0 and 1). Bytes stand in hex; "%" is
 * the peer's first SETTINGS, empty. 88 is ":status: 200", 0f0d is "content-length". */
#ifndef BRINK_TESTS_H2_ROWS_H
#define BRINK_TESTS_H2_ROWS_H

#include "h2_case.h"
#include "tests/lib/suite.h"

enum row_end {
	ROW_FAULT, /* the connection ends: GOAWAY with `code`, and `fault` */
	ROW_BAD,   /* stream 1 alone ends: RST_STREAM with `code`, and `fault` */
	ROW_WHOLE, /* stream 1 is answered, with `code` as its status */
	ROW_RESET, /* stream 1 was given up by the peer, with `code` */
	ROW_UNTOUCHED,
	ROW_NOTHING /* both go on */
};

struct row {
	const char *says;
	const char *bytes;
	enum row_end end;
	int code;
	enum proto_fault fault;
	const char *method; /* NULL: GET */
};

static inline unsigned hex_of(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static inline void row_bytes(const char *text, struct buf *out)
{
	static const uint8_t settings[H2_FRAME_HEAD] = {0, 0, 0, H2_SETTINGS};
	buf_init(out, 1 << 20);
	while (*text) {
		if (*text == ' ') {
			text++;
		} else if (*text == '%') {
			buf_append(out, settings, sizeof settings);
			text++;
		} else {
			uint8_t byte = (uint8_t)(hex_of(text[0]) << 4 | hex_of(text[1]));
			buf_append(out, &byte, 1);
			text += 2;
		}
	}
}

/* The code of the latest frame of that kind that we wrote; -1: there is none. */
static inline int row_written(const struct buf *out, enum h2_type type)
{
	int code = -1;
	for (size_t at = 0; at + H2_FRAME_HEAD <= out->len;) {
		const uint8_t *bytes = (const uint8_t *)out->ptr + at;
		struct h2_frame f = h2_frame_read(bytes);
		if (f.type == type)
			code = (int)h2_u32(bytes + H2_FRAME_HEAD + (type == H2_GOAWAY ? 4 : 0));
		at += H2_FRAME_HEAD + f.length;
		ck_assert_uint_le(at, out->len);
	}
	return code;
}

static inline void row_check(const struct row *row, const struct h2_case *c)
{
	static const enum proto_end ends[] = {[ROW_BAD] = PROTO_BAD,
					      [ROW_WHOLE] = PROTO_WHOLE,
					      [ROW_RESET] = PROTO_RESET,
					      [ROW_UNTOUCHED] = PROTO_UNTOUCHED};
	const struct proto_answer *a = &c->answers[0];
	bool faulty = row->end == ROW_FAULT;
	ck_assert_msg((c->step == PROTO_FAULT) == faulty, "%s: %s", row->says, a->detail);
	ck_assert_msg(row_written(&c->out, H2_GOAWAY) == (faulty ? row->code : -1), "%s: %d, %s",
		      row->says, row_written(&c->out, H2_GOAWAY), a->detail);
	ck_assert_msg(c->answer_count == (row->end != ROW_NOTHING), "%s: %u answers", row->says,
		      c->answer_count);
	if (row->end == ROW_NOTHING)
		return;
	if (!faulty)
		ck_assert_msg(a->end == ends[row->end] && a->tag == 0, "%s: %d", row->says, a->end);
	ck_assert_msg(a->fault == row->fault, "%s: fault %d", row->says, a->fault);
	if (row->end == ROW_WHOLE)
		ck_assert_int_eq(a->status, row->code);
	else
		ck_assert_msg(a->code == row->code, "%s: code %d", row->says, a->code);
	if (row->end == ROW_BAD)
		ck_assert_msg(row_written(&c->out, H2_RST_STREAM) == row->code, "%s", row->says);
	if (faulty || row->end == ROW_BAD)
		ck_assert_ptr_nonnull(a->detail);
}

static inline void row_open(struct h2_case *c, const struct proto_spec *spec)
{
	memset(c, 0, sizeof *c);
	case_open(c, *spec);
	case_send(c, 0);
	case_send(c, 1);
	c->out.len = 0;
}

static inline void row_run(const struct row *row)
{
	static struct h2_case c;
	struct buf bytes;
	row_bytes(row->bytes, &bytes);
	for (size_t split = 0; split <= bytes.len; split++) {
		row_open(&c, &(struct proto_spec){.streams = 4, .method = row->method});
		c.piece = split == bytes.len; /* at last byte for byte */
		case_feed(&c, bytes.ptr, split);
		case_feed(&c, bytes.ptr + split, bytes.len - split);
		row_check(row, &c);
		case_close(&c);
	}
	buf_fini(&bytes);
}

static inline int rows_main(const char *name, TCase *t)
{
	Suite *suite = suite_create(name);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}

#endif
