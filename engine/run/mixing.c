#include "run/mixing.h"

#include "base/file.h"
#include "proto/request.h"
#include "run/health.h"
#include "run/media_type.h"
#include "run/mixing_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MAX ((size_t)16 << 20)

/* --- a request --------------------------------------------------------------------------- */

static int read_body(struct mixing *m, const struct scenario_request *q, struct buf *out)
{
	struct yaml_reader *r = &m->scenario->reader;
	if (q->body_file)
		return file_read(out, q->body_file, REQUEST_MAX, r->err) ? yaml_blame(r, q->node)
									 : 0;
	buf_init(out, REQUEST_MAX);
	if (q->body)
		buf_puts(out, q->body);
	return 0;
}

struct drafts {
	struct buf path, body, text, headers[SCENARIO_HEADERS_MAX];
	const char *lines[SCENARIO_HEADERS_MAX + RUN_HEADERS_MAX + 3];
	unsigned count;
	char length[64], key[64];
};

static int draft_headers(struct mixing *m, const struct scenario_request *q, struct drafts *d)
{
	for (unsigned i = 0; i < m->config->header_count; i++)
		d->lines[d->count++] = m->config->headers[i];
	for (unsigned i = 0; i < q->header_count; i++) {
		buf_init(&d->headers[i], REQUEST_MAX);
		if (mixing_mark(m, span_of(q->headers[i]), &d->headers[i]))
			return -1;
		d->lines[d->count++] = d->headers[i].ptr;
	}
	const char *type = q->body_file ? media_type_line(q->body_file) : NULL;
	if (type && !media_type_is_given(d->lines, d->count))
		d->lines[d->count++] = type;
	return 0;
}

static void add_own_variable(struct mixing *m, struct drafts *d, char *line, size_t size,
			     const char *name, enum part_kind kind)
{
	char mark[MARK_LEN];
	if (m->variable_count == PARTS_MAX)
		return;
	m->variables[m->variable_count] = (struct part){.kind = kind};
	snprintf(mark, sizeof mark, MARK, m->variable_count++);
	snprintf(line, size, "%s: %s", name, mark);
	d->lines[d->count++] = line;
}

/* What a variable body's length is, is told for each call. */
static int draft(struct mixing *m, const struct scenario_request *q, struct drafts *d)
{
	struct buf raw = {0};
	if (mixing_mark(m, span_of(q->path), &d->path) || draft_headers(m, q, d) ||
	    read_body(m, q, &raw)) {
		buf_fini(&raw);
		return -1;
	}
	unsigned before = m->variable_count;
	int result = mixing_mark(m, (struct span){raw.ptr, raw.len}, &d->body);
	buf_fini(&raw);
	if (result)
		return -1;
	if (m->variable_count > before)
		add_own_variable(m, d, d->length, sizeof d->length, "Content-Length", PART_LENGTH);
	if (m->scenario->idempotency_key && !request_is_safe(q->method))
		add_own_variable(m, d, d->key, sizeof d->key, "Idempotency-Key", PART_KEY);
	return 0;
}

static int render(struct mixing *m, const struct scenario_request *q, struct drafts *d,
		  struct mix_request *r)
{
	char authority[272];
	url_authority(m->url, authority, sizeof authority);
	struct request_spec spec = {
		.method = q->method,
		.path = d->path.ptr,
		.authority = authority,
		.headers = d->lines,
		.header_count = d->count,
		.body = {d->body.ptr, d->body.len},
		.keepalive = m->config->keepalive,
	};
	if (request_render(&d->text, &spec, m->scenario->reader.err))
		return yaml_blame(&m->scenario->reader, q->node);
	struct span head = {d->text.ptr, d->text.len - d->body.len};
	if (mixing_split(m, head, r))
		return -1;
	r->body_at = r->part_count;
	return mixing_split(m, (struct span){d->text.ptr + head.len, d->body.len}, r);
}

static int compile_one(struct mixing *m, const struct scenario_request *q)
{
	struct drafts *d = calloc(1, sizeof *d);
	struct mix_request *r = &m->mix->requests[m->mix->count++];
	if (!d)
		return err_set(m->scenario->reader.err, ERR_RUNTIME, "no memory");
	m->request = q;
	m->variable_count = 0;
	buf_init(&d->path, REQUEST_MAX);
	buf_init(&d->body, REQUEST_MAX);
	buf_init(&d->text, REQUEST_MAX);
	int result = draft(m, q, d) || render(m, q, d, r) ? -1 : 0;
	buf_fini(&d->path);
	buf_fini(&d->body);
	buf_fini(&d->text);
	for (unsigned i = 0; i < q->header_count; i++)
		buf_fini(&d->headers[i]);
	free(d);
	r->weight = q->weight;
	r->head = !strcmp(q->method, "HEAD");
	r->safe = request_is_safe(q->method);
	r->idempotent = q->idempotent || m->scenario->idempotency_key;
	r->checks = q->checks | m->config->checks.common;
	r->expect_status = q->expect_status ? q->expect_status : m->config->expect_status;
	r->think_ns = q->think_ns ? q->think_ns : m->config->think_ns;
	return result;
}

/* --- captures and data ------------------------------------------------------------------- */

static int number_captures(struct mixing *m)
{
	for (unsigned i = 0; i < m->scenario->request_count; i++) {
		const struct scenario_request *q = &m->scenario->requests[i];
		struct mix_request *r = &m->mix->requests[i];
		m->request = q;
		for (unsigned k = 0; k < q->capture_count; k++) {
			struct part known;
			if (!mixing_find_capture(m, span_of(q->captures[k].name), &known)) {
				if (m->mix->capture_count == MIX_CAPTURES_MAX)
					return mixing_fail(m, "more than %u captured values",
							   MIX_CAPTURES_MAX);
				known.index = m->mix->capture_count;
				m->captures[m->mix->capture_count++] = q->captures[k].name;
			}
			r->captures[k].index = known.index;
			snprintf(r->captures[k].path, sizeof r->captures[k].path, "%s",
				 q->captures[k].path);
		}
		r->capture_count = q->capture_count;
	}
	return 0;
}

static int read_data(struct mixing *m)
{
	struct yaml_reader *r = &m->scenario->reader;
	for (unsigned i = 0; i < m->scenario->data_count; i++) {
		const struct scenario_data *d = &m->scenario->data[i];
		if (data_file_read(&m->data[i], d->file, r->err))
			return yaml_blame(r, d->node);
		m->mix->feeds[i] = m->data[i].feed;
		m->data[i].feed = (struct feed){0};
		m->mix->feed_count = i + 1;
		m->mix->feeds[i].unique = d->order == ORDER_UNIQUE;
		if (d->order == ORDER_SHUFFLE)
			feed_shuffle(&m->mix->feeds[i], m->config->seed);
	}
	return 0;
}

static bool fits_head(struct span cell, bool path)
{
	for (size_t i = 0; i < cell.len; i++) {
		unsigned char c = (unsigned char)cell.ptr[i];
		if (c < ' ' || c == 0x7f || (path && (c == ' ' || c > 0x7f)))
			return false;
	}
	return true;
}

/* What stands in a head must not break it. Blanks are taken within headers, not within a path. */
static int check_cells(struct mixing *m, const struct mix_request *r)
{
	bool path = true;
	for (unsigned i = 0; i < r->body_at; i++) {
		const struct part *p = &r->parts[i];
		path &= p->kind != PART_TEXT || !memmem(p->text.ptr, p->text.len, "\r\n", 2);
		if (p->kind != PART_COLUMN)
			continue;
		const struct feed *f = &m->mix->feeds[p->feed];
		for (uint32_t row = 0; row < f->rows; row++)
			if (!fits_head(f->cells[(size_t)row * f->columns + p->index], path))
				return mixing_fail(
					m,
					"%s: row %u: column %s has a character that cannot "
					"stand in a %s",
					m->scenario->data[p->feed].file, row + 2,
					m->data[p->feed].columns[p->index],
					path ? "path" : "header");
	}
	return 0;
}

static void note_unused(const struct mixing *m, struct summary *s)
{
	for (unsigned i = 0; i < m->scenario->data_count; i++)
		for (unsigned k = 0; k < m->data[i].column_count; k++)
			if (!m->used[i][k])
				summary_note(s, "data %s: no request uses its column %s",
					     m->scenario->data[i].name, m->data[i].columns[k]);
}

/* --- the story --------------------------------------------------------------------------- */

static int compile_all(struct mixing *m)
{
	static const struct scenario_request plain = {.method = "GET", .path = "/", .weight = 1};
	const struct scenario *s = m->scenario;
	if (read_data(m) || number_captures(m))
		return -1;
	if (!s->request_count) {
		struct scenario_request whole = plain;
		whole.path = m->url->path;
		whole.idempotent = true;
		whole.node = yaml_top(&m->scenario->reader);
		return compile_one(m, &whole);
	}
	for (unsigned i = 0; i < s->request_count; i++)
		if (compile_one(m, &s->requests[i]) || check_cells(m, &m->mix->requests[i]))
			return -1;
	return 0;
}

static void measure(struct mixing *m)
{
	for (unsigned i = 0; i < m->mix->count; i++) {
		size_t longest = mixing_longest(m, &m->mix->requests[i]);
		if (longest > m->mix->longest)
			m->mix->longest = longest;
	}
	m->mix->longest = (m->mix->longest + 63) / 64 * 64;
}

int mixing_compile(struct mix **ret, const struct run_config *c, const struct url *url,
		   struct summary *s, struct err *err)
{
	struct mixing *m = calloc(1, sizeof *m);
	struct mix *mix = *ret = calloc(1, sizeof *mix);
	if (!m || !mix) {
		free(m);
		return err_set(err, ERR_RUNTIME, "no memory for the requests");
	}
	m->config = c;
	m->scenario = c->scenario;
	m->scenario->reader.err = err;
	m->url = url;
	m->mix = mix;
	mix->retries = m->scenario->retries;
	mix->retry_budget = m->scenario->retry_budget;
	mix->seed = c->seed;
	int result = compile_all(m);
	if (!result) {
		measure(m);
		note_unused(m, s);
	}
	for (unsigned i = 0; i < m->scenario->data_count; i++)
		data_file_fini(&m->data[i]);
	free(m);
	return result;
}
