#include "run/mixing.h"

#include "proto/request.h"
#include "run/data_file.h"
#include "run/health.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MAX ((size_t)16 << 20)
#define PARTS_MAX   64u
#define MARK        "~brink%u~" /* stands for a variable while a request is rendered */
#define MARK_LEN    16u
#define NUMBER_MAX  20u /* digits */

struct mixing {
	const struct run_config *config;
	struct scenario *scenario; /* its reader tells where things stand */
	const struct url *url;
	struct mix *mix;
	struct data_file data[SCENARIO_DATA_MAX];
	bool used[SCENARIO_DATA_MAX][DATA_COLUMNS_MAX];
	const char *captures[MIX_CAPTURES_MAX]; /* names, by index */
	struct part variables[PARTS_MAX];       /* of the request being rendered */
	unsigned variable_count;
	const struct scenario_request *request;
};

/* --- variables --------------------------------------------------------------------------- */

static int fail(struct mixing *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct mixing *m, const char *format, ...)
{
	char text[300];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return yaml_fail(&m->scenario->reader, m->request->node, "%s", text);
}

static bool is_word(struct span name, const char *word)
{
	return name.len == strlen(word) && !memcmp(name.ptr, word, name.len);
}

static bool read_rand(struct span name, struct part *p)
{
	char text[64];
	int end = 0;
	long long low, high;
	if (name.len >= sizeof text)
		return false;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	if (sscanf(text, "rand %lld %lld%n", &low, &high, &end) != 2 || text[end] || low > high)
		return false;
	*p = (struct part){.kind = PART_RAND, .low = low, .high = high};
	return true;
}

static bool find_column(struct mixing *m, struct span name, struct part *p)
{
	const char *dot = memchr(name.ptr, '.', name.len);
	if (!dot)
		return false;
	struct span table = {name.ptr, (size_t)(dot - name.ptr)};
	struct span column = {dot + 1, name.len - table.len - 1};
	for (unsigned i = 0; i < m->scenario->data_count; i++) {
		int index = is_word(table, m->scenario->data[i].name)
				    ? data_file_column(&m->data[i], column)
				    : -1;
		if (index < 0)
			continue;
		m->used[i][index] = true;
		*p = (struct part){.kind = PART_COLUMN, .feed = i, .index = (uint32_t)index};
		return true;
	}
	return false;
}

static bool find_capture(struct mixing *m, struct span name, struct part *p)
{
	for (unsigned i = 0; i < m->mix->capture_count; i++) {
		if (!is_word(name, m->captures[i]))
			continue;
		*p = (struct part){.kind = PART_CAPTURE, .index = i};
		return true;
	}
	return false;
}

static int find_variable(struct mixing *m, struct span name, struct part *p)
{
	static const struct {
		const char *word;
		enum part_kind kind;
	} words[] = {{"seq", PART_SEQ}, {"uuid", PART_UUID}, {"now", PART_NOW}};
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (is_word(name, words[i].word)) {
			*p = (struct part){.kind = words[i].kind};
			return 0;
		}
	}
	if (read_rand(name, p) || find_column(m, name, p) || find_capture(m, name, p))
		return 0;
	return fail(
		m,
		"${%.*s} is unknown: a data column (users.id), a captured value, seq, uuid, now, "
		"or rand LOW HIGH",
		(int)name.len, name.ptr);
}

/* Puts a mark for each ${...}, and notes which is which. */
static int mark_variables(struct mixing *m, struct span text, struct buf *out)
{
	while (text.len) {
		const char *at = memmem(text.ptr, text.len, "${", 2);
		size_t before = at ? (size_t)(at - text.ptr) : text.len;
		buf_append(out, text.ptr, before);
		span_skip(&text, before);
		if (!text.len)
			break;
		const char *end = memchr(text.ptr, '}', text.len);
		if (!end)
			return fail(m, "\"%.*s\": a ${ without its }",
				    (int)(text.len < 40 ? text.len : 40), text.ptr);
		if (m->variable_count == PARTS_MAX)
			return fail(m, "more than %u variables in a request", PARTS_MAX);
		struct span name = {text.ptr + 2, (size_t)(end - text.ptr) - 2};
		if (find_variable(m, name, &m->variables[m->variable_count]))
			return -1;
		buf_printf(out, MARK, m->variable_count++);
		span_skip(&text, (size_t)(end - text.ptr) + 1);
	}
	return 0;
}

/* --- parts ------------------------------------------------------------------------------- */

static size_t longest_of(const struct mixing *m, const struct part *p)
{
	size_t longest = NUMBER_MAX;
	if (p->kind == PART_TEXT)
		return p->text.len;
	if (p->kind == PART_CAPTURE)
		return MIX_CAPTURE_LEN;
	if (p->kind == PART_UUID || p->kind == PART_KEY)
		return MIX_UUID_LEN;
	const struct feed *f = &m->mix->feeds[p->feed];
	for (uint32_t row = 0; p->kind == PART_COLUMN && row < f->rows; row++)
		if (f->cells[(size_t)row * f->columns + p->index].len > longest)
			longest = f->cells[(size_t)row * f->columns + p->index].len;
	return longest;
}

static bool add_part(struct mix_request *r, struct part part)
{
	if (part.kind == PART_TEXT) {
		if (!part.text.len)
			return true;
		char *copy = malloc(part.text.len);
		if (!copy)
			return false;
		memcpy(copy, part.text.ptr, part.text.len);
		part.text.ptr = copy;
	}
	struct part *parts = realloc(r->parts, (r->part_count + 1) * sizeof *parts);
	if (!parts)
		return false;
	r->parts = parts;
	parts[r->part_count++] = part;
	return true;
}

static void note_needs(struct mix_request *r, const struct part *p)
{
	if (p->kind == PART_CAPTURE)
		r->needs |= 1u << p->index;
	if (p->kind == PART_COLUMN)
		r->feeds |= 1u << p->feed;
}

/* Text and marks, in turn. */
static int split(struct mixing *m, struct span text, struct mix_request *r)
{
	while (text.len) {
		unsigned number;
		int len = 0;
		const char *at = memmem(text.ptr, text.len, "~brink", 6);
		size_t before = at ? (size_t)(at - text.ptr) : text.len;
		char mark[MARK_LEN] = "";
		if (at)
			memcpy(mark, at,
			       text.len - before < sizeof mark - 1 ? text.len - before
								   : sizeof mark - 1);
		bool known = sscanf(mark, "~brink%u~%n", &number, &len) == 1 && len > 0 &&
			     number < m->variable_count;
		before += known || !at ? 0 : 6;
		if (!add_part(r, (struct part){.kind = PART_TEXT, .text = {text.ptr, before}}) ||
		    (known && !add_part(r, m->variables[number])))
			return err_set(m->scenario->reader.err, ERR_RUNTIME, "no memory");
		if (known)
			note_needs(r, &m->variables[number]);
		span_skip(&text, before + (known ? (size_t)len : 0));
	}
	return 0;
}

/* --- a request --------------------------------------------------------------------------- */

static int read_body(struct mixing *m, const struct scenario_request *q, struct buf *out)
{
	char chunk[16384];
	size_t n;
	if (q->body)
		buf_puts(out, q->body);
	FILE *file = q->body_file ? fopen(q->body_file, "re") : NULL;
	if (q->body_file && !file)
		return fail(m, "body_file %s: %s", q->body_file, strerror(errno));
	while (file && (n = fread(chunk, 1, sizeof chunk, file)) > 0)
		buf_append(out, chunk, n);
	if (file)
		fclose(file);
	return out->cut ? fail(m, "a body over %zu MiB", REQUEST_MAX >> 20) : 0;
}

struct drafts {
	struct buf path, body, text, headers[SCENARIO_HEADERS_MAX];
	const char *lines[SCENARIO_HEADERS_MAX + RUN_HEADERS_MAX + 2];
	unsigned count;
	char length[64], key[64];
};

static int draft_headers(struct mixing *m, const struct scenario_request *q, struct drafts *d)
{
	for (unsigned i = 0; i < m->config->header_count; i++)
		d->lines[d->count++] = m->config->headers[i];
	for (unsigned i = 0; i < q->header_count; i++) {
		buf_init(&d->headers[i], REQUEST_MAX);
		if (mark_variables(m, span_of(q->headers[i]), &d->headers[i]))
			return -1;
		d->lines[d->count++] = d->headers[i].ptr;
	}
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
	struct buf raw;
	buf_init(&raw, REQUEST_MAX);
	if (mark_variables(m, span_of(q->path), &d->path) || draft_headers(m, q, d) ||
	    read_body(m, q, &raw)) {
		buf_fini(&raw);
		return -1;
	}
	unsigned before = m->variable_count;
	int result = mark_variables(m, (struct span){raw.ptr, raw.len}, &d->body);
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
	if (split(m, head, r))
		return -1;
	r->body_at = r->part_count;
	return split(m, (struct span){d->text.ptr + head.len, d->body.len}, r);
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
			if (!find_capture(m, span_of(q->captures[k].name), &known)) {
				if (m->mix->capture_count == MIX_CAPTURES_MAX)
					return fail(m, "more than %u captured values",
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
				return fail(m,
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
		const struct mix_request *r = &m->mix->requests[i];
		size_t sum = 0;
		for (unsigned k = 0; k < r->part_count; k++)
			sum += longest_of(m, &r->parts[k]);
		if (sum > m->mix->longest)
			m->mix->longest = sum;
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
	m->scenario = (struct scenario *)(uintptr_t)c->scenario;
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
