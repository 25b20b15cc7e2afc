/* Third-party vectors: HPACK blocks as nghttp2 wrote them, unfolded as a connection unfolds what it
 * gets, table and all; and frames, fed to a connection that stands. */
#include "h2_rows.h"
#include "tests/lib/vectors.h"
#include "tests/lib/suite.h"

#include <jansson.h>

enum { BLOCKS_MIN = 500 };

static glob_t blocks, files;

static const char *text_of(const json_t *from, const char *key)
{
	return json_string_value(json_object_get(from, key));
}

static struct buf bytes_of(const json_t *from)
{
	char lower[1 << 16];
	struct buf bytes;
	snprintf(lower, sizeof lower, "%s", text_of(from, "wire"));
	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'F' ? *c - 'A' + 'a' : *c);
	row_bytes(lower, &bytes);
	return bytes;
}

static json_t *read_json(const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(path, 0, &error);
	ck_assert_msg(root != NULL, "%s: %s", path, error.text);
	return root;
}

/* --- HPACK ------------------------------------------------------------------------------- */

/* The lines as a connection tells them. */
static struct buf lines_of(const json_t *headers)
{
	struct buf lines;
	size_t i;
	json_t *header, *value;
	const char *name;
	buf_init(&lines, 1 << 20);
	buf_puts(&lines, "");
	json_array_foreach(headers, i, header) json_object_foreach(header, name, value)
		buf_printf(&lines, "%s: %s\n", name, json_string_value(value));
	return lines;
}

/* They are requests, for the most part: without a status they are no answers, yet unfolded. */
static void unfold_one(struct h2 *h, const json_t *one, const char *path)
{
	struct proto_heard heard;
	struct h2_head head;
	struct buf block = bytes_of(one), want = lines_of(json_object_get(one, "headers"));
	buf_init(&heard.head, 1 << 20);
	buf_init(&heard.body, 1);
	enum h2_block result =
		h2_inflate(h, (struct span){block.ptr, block.len}, false, &heard, &head);
	ck_assert_msg(result == H2_BLOCK_GOOD || result == H2_BLOCK_BAD, "%s: %d", path, result);
	ck_assert_msg(heard.head.len == want.len && !memcmp(heard.head.ptr, want.ptr, want.len),
		      "%s: %.*s, not %.*s", path, (int)heard.head.len, heard.head.ptr,
		      (int)want.len, want.ptr);
	buf_fini(&block);
	buf_fini(&want);
	buf_fini(&heard.head);
	buf_fini(&heard.body);
}

START_TEST(blocks_unfold_to_the_lines_that_they_were_made_of)
{
	static struct h2_case c;
	unsigned count = 0;
	for (size_t i = 0; i < blocks.gl_pathc; i++) {
		json_t *root = read_json(blocks.gl_pathv[i]), *one;
		size_t n;
		memset(&c, 0, sizeof c);
		case_open(&c, (struct proto_spec){.streams = 1});
		json_array_foreach(json_object_get(root, "cases"), n, one)
		{
			unfold_one(&c.h, one, blocks.gl_pathv[i]);
			count++;
		}
		case_close(&c);
		json_decref(root);
	}
	ck_assert_uint_ge(count, BLOCKS_MIN);
}
END_TEST

/* --- frames ------------------------------------------------------------------------------ */

/* What each comes to, on a connection with requests on streams 1 and 3. */
static const struct {
	const char *file;
	int goaway; /* -1: taken */
} frames[] = {
	{"continuation/header", H2_PROTOCOL_ERROR}, /* of nothing */
	{"continuation/normal", H2_PROTOCOL_ERROR},
	{"data/normal", H2_PROTOCOL_ERROR}, /* of an even stream */
	{"goaway/normal", -1},
	{"headers/normal", H2_COMPRESSION_ERROR}, /* the block is plain text */
	{"headers/priority", H2_COMPRESSION_ERROR},
	{"ping/normal", -1},
	{"priority/normal", -1},
	{"push_promise/normal", H2_PROTOCOL_ERROR},
	{"rst_stream/normal", H2_PROTOCOL_ERROR}, /* of an idle stream */
	{"settings/normal", -1},
	{"window_update/normal", H2_PROTOCOL_ERROR},
};
enum { FRAMES = sizeof frames / sizeof *frames };

static void feed_one(const char *path, int goaway)
{
	static struct h2_case c;
	json_t *root = read_json(path);
	const json_t *want = json_object_get(root, "frame");
	struct buf bytes = bytes_of(root);
	struct h2_frame f = h2_frame_read((const uint8_t *)bytes.ptr);
	ck_assert_uint_eq(f.length, (unsigned)json_integer_value(json_object_get(want, "length")));
	ck_assert_uint_eq(f.type, (unsigned)json_integer_value(json_object_get(want, "type")));
	ck_assert_uint_eq(f.flags, (unsigned)json_integer_value(json_object_get(want, "flags")));
	ck_assert_uint_eq(f.id,
			  (unsigned)json_integer_value(json_object_get(want, "stream_identifier")));
	for (size_t split = 0; split <= bytes.len; split++) {
		struct buf settings;
		row_bytes("%", &settings);
		row_open(&c, &(struct proto_spec){.streams = 4});
		case_feed(&c, settings.ptr, settings.len);
		case_feed(&c, bytes.ptr, split);
		case_feed(&c, bytes.ptr + split, bytes.len - split);
		ck_assert_msg(row_written(&c.out, H2_GOAWAY) == goaway, "%s: %d", path,
			      row_written(&c.out, H2_GOAWAY));
		ck_assert_int_eq(c.step == PROTO_FAULT, goaway != -1);
		case_close(&c);
		buf_fini(&settings);
	}
	buf_fini(&bytes);
	json_decref(root);
}

START_TEST(frames_are_read_and_end_the_connection_where_they_have_no_place)
{
	unsigned known = 0;
	for (size_t i = 0; i < files.gl_pathc; i++)
		for (unsigned f = 0; f < FRAMES; f++) {
			if (!strstr(files.gl_pathv[i], frames[f].file))
				continue;
			feed_one(files.gl_pathv[i], frames[f].goaway);
			known++;
		}
	ck_assert_uint_eq(known, files.gl_pathc);
}
END_TEST

int main(void)
{
	blocks = vectors_find("hpack-nghttp2/*.json");
	files = vectors_find("http2-frame/*/*.json");
	if (!blocks.gl_pathc || !files.gl_pathc) {
		puts("SKIP: no hpack-nghttp2/*.json and http2-frame/*/*.json under ../shared/data "
		     "or "
		     "$BRINK_TEST_DATA");
		return EXIT_SKIPPED;
	}
	TCase *all = tcase_create("h2 vectors");
	tcase_add_test(all, blocks_unfold_to_the_lines_that_they_were_made_of);
	tcase_add_test(all, frames_are_read_and_end_the_connection_where_they_have_no_place);
	Suite *suite = suite_create("h2_vectors");
	suite_add_tcase(suite, all);
	int code = suite_run(suite);
	globfree(&blocks);
	globfree(&files);
	return code;
}
