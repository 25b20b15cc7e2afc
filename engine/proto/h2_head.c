/* Header blocks: a request's, prepared once where nothing in it changes; an answer's. */
#include "proto/h2_impl.h"

#include "base/field.h"
#include "proto/request.h"

#include <ctype.h>
#include <stdlib.h>

#define FIELDS_MAX 128u
#define NAMES_MAX  4096u /* bytes of all names of a request */

/* --- a request --------------------------------------------------------------------------- */

struct fields {
	nghttp2_nv of[FIELDS_MAX];
	unsigned count;
	char names[NAMES_MAX]; /* in lower case */
	size_t names_len;
	const char *authority;
	size_t authority_len;
};

static bool add(struct fields *f, struct span name, struct span value)
{
	if (f->count == FIELDS_MAX || name.len > NAMES_MAX - f->names_len)
		return false;
	char *own = f->names + f->names_len;
	for (size_t i = 0; i < name.len; i++)
		own[i] = (char)tolower((unsigned char)name.ptr[i]);
	f->names_len += name.len;
	f->of[f->count++] = (nghttp2_nv){(uint8_t *)own, (uint8_t *)(uintptr_t)value.ptr, name.len,
					 value.len, NGHTTP2_NV_FLAG_NONE};
	return true;
}

/* Lines that speak of the connection have no place in HTTP/2 (RFC 9113 8.2.2). */
static bool is_of_connection(struct span name)
{
	static const char *const names[] = {"connection",        "keep-alive", "proxy-connection",
					    "transfer-encoding", "upgrade",    "host"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (field_is(name, names[i]))
			return true;
	return false;
}

/* Up to a mark, which is taken too. */
static struct span take_until(struct span *rest, const char *mark)
{
	size_t len = strlen(mark);
	const char *at = memmem(rest->ptr, rest->len, mark, len);
	struct span part = {rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len};
	span_skip(rest, at ? part.len + len : part.len);
	return part;
}

static struct span find_host(struct span lines)
{
	while (lines.len) {
		struct span line = take_until(&lines, "\r\n");
		struct span name = take_until(&line, ":");
		if (!name.len)
			break;
		if (field_is(name, "host")) {
			while (line.len && *line.ptr == ' ')
				span_skip(&line, 1);
			return line;
		}
	}
	return (struct span){0};
}

/* HTTP/1.1's text of a request as fields; what remains of it is the body. */
static bool take_fields(const struct h2_plan *p, struct span *text, struct fields *f)
{
	struct span method = take_until(text, " "), path = take_until(text, " ");
	take_until(text, "\r\n");
	bool good = add(f, span_of(":method"), method) &&
		    add(f, span_of(":scheme"), span_of(p->spec.scheme)) &&
		    add(f, span_of(":authority"), find_host(*text)) &&
		    add(f, span_of(":path"), path);
	while (good && text->len) {
		struct span line = take_until(text, "\r\n"), name = take_until(&line, ":");
		if (!name.len)
			break;
		while (line.len && *line.ptr == ' ')
			span_skip(&line, 1);
		bool dropped = is_of_connection(name) ||
			       (p->spec.grpc && field_is(name, "content-length"));
		good = dropped || add(f, name, line);
	}
	return good;
}

static bool deflate(nghttp2_hd_deflater *d, const struct fields *f, struct buf *out)
{
	size_t bound = nghttp2_hd_deflate_bound(d, f->of, f->count), before = out->len;
	char *to = buf_extend(out, bound);
	ssize_t len = to ? nghttp2_hd_deflate_hd(d, (uint8_t *)to, bound, f->of, f->count) : -1;
	out->len = before + (len > 0 ? (size_t)len : 0);
	return len >= 0;
}

bool h2_deflate(struct h2 *h, struct span text, struct span *ret_body, struct buf *out)
{
	struct fields f = {.count = 0};
	if (!h->deflater && nghttp2_hd_deflate_new(&h->deflater, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE))
		return false;
	if (h->table_small) { /* the smallest must be said too, RFC 7541 4.2 */
		nghttp2_hd_deflate_change_table_size(h->deflater, h->table_least);
		nghttp2_hd_deflate_change_table_size(h->deflater, h->peer_table);
		h->table_least = h->peer_table;
	}
	h->table_small = false; /* it knows now */
	bool good = take_fields(h->plan, &text, &f) && deflate(h->deflater, &f, out);
	*ret_body = text;
	return good;
}

/* --- the plan's request ------------------------------------------------------------------ */

/* What the same fields become on a table that has them: the same each time, or it cannot be
 * counted on, since the table is too small for them. */
static bool prepare(struct h2_plan *p, const struct fields *f, nghttp2_hd_deflater *d, size_t at[4])
{
	for (unsigned i = 0; i < 4; i++) {
		at[i] = p->blocks.len;
		if (!deflate(d, f, &p->blocks))
			return false;
	}
	return true;
}

static bool prepare_bare(struct h2_plan *p, const struct fields *f, size_t *at)
{
	nghttp2_hd_deflater *d;
	*at = p->blocks.len;
	if (nghttp2_hd_deflate_new(&d, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE))
		return false;
	bool good = !nghttp2_hd_deflate_change_table_size(d, 0) && deflate(d, f, &p->blocks);
	nghttp2_hd_deflate_del(d);
	return good;
}

static bool prepare_all(struct h2_plan *p, const struct fields *f)
{
	nghttp2_hd_deflater *d;
	size_t at[4], bare;
	if (nghttp2_hd_deflate_new(&d, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE))
		return false;
	bool good = prepare(p, f, d, at);
	p->table = nghttp2_hd_deflate_get_dynamic_table_size(d);
	nghttp2_hd_deflate_del(d);
	if (!good || !prepare_bare(p, f, &bare))
		return false;
	const char *bytes = p->blocks.ptr;
	p->first = (struct span){bytes + at[0], at[1] - at[0]};
	p->later = (struct span){bytes + at[1], at[2] - at[1]};
	p->bare = (struct span){bytes + bare, p->blocks.len - bare};
	bool steady = at[3] - at[2] == p->later.len && bare - at[3] == p->later.len &&
		      !memcmp(bytes + at[2], p->later.ptr, p->later.len) &&
		      !memcmp(bytes + at[3], p->later.ptr, p->later.len);
	if (!steady)
		p->first = p->later = p->bare;
	return true;
}

int h2_compile_blocks(struct h2_plan *p, struct err *err)
{
	struct fields f = {.count = 0};
	struct buf text;
	const struct request_spec spec = {
		.method = p->spec.method,
		.path = p->spec.path,
		.authority = p->spec.authority,
		.headers = p->spec.headers,
		.header_count = p->spec.header_count,
		.body = p->spec.body,
		.keepalive = true,
	};
	buf_init(&text, ((size_t)1 << 20) + spec.body.len);
	buf_init(&p->blocks, (size_t)1 << 20);
	if (request_render(&text, &spec, err)) {
		buf_fini(&text);
		return -1;
	}
	struct span head = {text.ptr, text.len - spec.body.len};
	bool good = take_fields(p, &head, &f) && prepare_all(p, &f);
	buf_fini(&text);
	if (good && p->first.len <= H2_FRAME_MAX)
		return 0;
	err_set(err, ERR_USAGE, "the request's headers do not fit a frame of %u bytes",
		H2_FRAME_MAX);
	return err_hint(err, "at most %u of them, in fewer bytes", FIELDS_MAX - 4);
}

/* --- an answer --------------------------------------------------------------------------- */

#define WORDS_MAX (3 * GRPC_WORDS_MAX) /* of a grpc-message, percent-encoded */

struct reading {
	struct h2_head head;
	struct proto_heard *heard;
	char *words; /* the start of a grpc-message, of WORDS_MAX bytes at most */
	size_t words_len;
	bool trailers, regular; /* regular: a line that is no pseudo-header has come */
	bool bad;
	uint32_t fields, bytes;
};

static bool number(const nghttp2_nv *nv, uint64_t *ret)
{
	uint64_t n = 0;
	for (size_t i = 0; i < nv->valuelen; i++) {
		if (!isdigit(nv->value[i]) || n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (nv->value[i] - '0');
	}
	*ret = n;
	return nv->valuelen > 0;
}

#define IS(nv, text)                                                                               \
	((nv)->namelen == sizeof(text) - 1 && !memcmp((nv)->name, text, sizeof(text) - 1))

static bool read_status(struct reading *r, const nghttp2_nv *nv)
{
	uint64_t status;
	if (r->trailers || r->regular || r->head.status || !IS(nv, ":status") ||
	    nv->valuelen != 3 || !number(nv, &status) || status < 100)
		return false;
	r->head.status = (uint16_t)status;
	return true;
}

static bool is_forbidden(const nghttp2_nv *nv)
{
	return IS(nv, "connection") || IS(nv, "keep-alive") || IS(nv, "proxy-connection") ||
	       IS(nv, "transfer-encoding") || IS(nv, "upgrade");
}

static bool read_known(struct reading *r, const nghttp2_nv *nv)
{
	uint64_t value;
	if (IS(nv, "content-length")) {
		if (!number(nv, &value) ||
		    (r->head.length != UINT64_MAX && r->head.length != value))
			return false;
		r->head.length = value;
	} else if (IS(nv, "grpc-status")) {
		if (!number(nv, &value) || value > INT16_MAX)
			return false;
		r->head.grpc_status = (int16_t)value;
	} else if (IS(nv, "grpc-message")) {
		r->words_len = nv->valuelen < WORDS_MAX ? nv->valuelen : WORDS_MAX;
		memcpy(r->words, nv->value, r->words_len);
	} else if (IS(nv, "retry-after")) {
		r->head.retry_after = true;
	}
	return !is_forbidden(nv);
}

static bool read_line(struct reading *r, const nghttp2_nv *nv)
{
	if (nv->namelen && nv->name[0] == ':')
		return read_status(r, nv);
	r->regular = true;
	return nghttp2_check_header_name(nv->name, nv->namelen) &&
	       nghttp2_check_header_value_rfc9113(nv->value, nv->valuelen) && read_known(r, nv);
}

static void hear(struct reading *r, const nghttp2_nv *nv)
{
	if (!r->heard)
		return;
	buf_printf(&r->heard->head, "%.*s: %.*s\n", (int)nv->namelen, (const char *)nv->name,
		   (int)nv->valuelen, (const char *)nv->value);
}

static bool is_too_large(struct reading *r, const nghttp2_nv *nv)
{
	r->fields++;
	r->bytes += (uint32_t)(nv->namelen + nv->valuelen) + 32;
	return r->fields > H2_FIELDS_MAX || r->bytes > H2_BLOCK_MAX;
}

static enum h2_block unfold(struct h2 *h, struct span block, struct reading *r)
{
	int flags = 0;
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;
		ssize_t used = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags,
						      (const uint8_t *)block.ptr, block.len, 1);
		if (used < 0)
			return H2_BLOCK_BROKEN;
		span_skip(&block, (size_t)used);
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
			continue;
		if (is_too_large(r, &nv))
			return H2_BLOCK_LARGE;
		r->bad |= !read_line(r, &nv);
		hear(r, &nv);
	}
	nghttp2_hd_inflate_end_headers(h->inflater);
	return r->bad || (!r->trailers && !r->head.status) ? H2_BLOCK_BAD : H2_BLOCK_GOOD;
}

/* A block of whole indices says the same as long as no other kind of block came between, and
 * changes nothing: RFC 7541 6.1. */
static bool is_pure(struct span block)
{
	for (size_t i = 0; i < block.len; i++)
		if (!(block.ptr[i] & 0x80) || (uint8_t)block.ptr[i] == 0xff)
			return false;
	return block.len && block.len <= H2_MEMO_MAX;
}

enum h2_block h2_inflate(struct h2 *h, struct span block, bool trailers, struct proto_heard *heard,
			 struct h2_head *ret)
{
	if (!trailers && !heard && block.len == h->memo_len && h->memo_len &&
	    !memcmp(block.ptr, h->memo, block.len)) {
		*ret = h->memo_head;
		return H2_BLOCK_GOOD;
	}
	if (!h->inflater && nghttp2_hd_inflate_new(&h->inflater))
		return H2_BLOCK_BROKEN;
	if (heard && !trailers) /* what an interim answer said is not of this one */
		heard->head.len = 0;
	char words[WORDS_MAX];
	struct reading r = {.trailers = trailers, .heard = heard, .words = words};
	r.head.length = UINT64_MAX;
	r.head.grpc_status = PROTO_CODE_NONE;
	enum h2_block result = unfold(h, block, &r);
	const struct grpc_call *call = h->plan->spec.grpc;
	if (call && call->words && r.words_len && r.head.grpc_status > 0)
		grpc_words_take(call->words, r.head.grpc_status, (struct span){words, r.words_len});
	bool pure = is_pure(block);
	if (!pure)
		h->memo_len = 0;
	if (pure && !trailers && result == H2_BLOCK_GOOD) {
		h->memo_len = (uint8_t)block.len;
		memcpy(h->memo, block.ptr, block.len);
		h->memo_head = r.head;
	}
	*ret = r.head;
	return result;
}
