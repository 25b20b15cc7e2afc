/* curl_case: reads what curl's test cases hold of answers: the <data> sections of <reply>, with
 * their escapes resolved. For tests. */
#ifndef BRINK_TESTS_CURL_CASE_H
#define BRINK_TESTS_CURL_CASE_H

#include "tests/lib/vectors.h"

/* The lines between the next line that begins with `open` and the one that begins with `close`,
 * moving `text` past them; the opening line goes to ret_tag. */
static inline bool curl_section(struct span *text, const char *open, const char *close,
				struct span *ret_tag, struct span *ret_section)
{
	while (text->len) {
		struct span tag = vectors_line(text);
		if (!vectors_begins(tag, open))
			continue;
		const char *begin = text->ptr;
		while (text->len) {
			struct span line = vectors_line(text);
			if (!vectors_begins(line, close))
				continue;
			*ret_tag = tag;
			*ret_section = (struct span){begin, (size_t)(line.ptr - begin)};
			return true;
		}
	}
	return false;
}

/* The first such section; empty where there is none. */
static inline struct span curl_first(struct span text, const char *open, const char *close)
{
	struct span tag, section = {NULL, 0};
	curl_section(&text, open, close, &tag, &section);
	return section;
}

/* "%xx" in what %hex[...]hex% holds; other bytes stand for themselves. */
static inline void curl_add_hex(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.ptr[i];
		if (byte == '%' && i + 2 < text.len) {
			char digits[] = {text.ptr[i + 1], text.ptr[i + 2], '\0'};
			byte = (char)strtoul(digits, NULL, 16);
			i += 2;
		}
		buf_append(out, &byte, 1);
	}
}

/* "N x text" in what %repeat[...]% holds. */
static inline void curl_add_repeat(struct buf *out, struct span text)
{
	char *end;
	unsigned long times = strtoul(text.ptr, &end, 10);
	size_t skip = (size_t)(end - text.ptr) + strlen(" x ");
	if (skip > text.len)
		return;
	span_skip(&text, skip);
	while (times-- && !out->cut)
		curl_add_hex(out, text);
}

struct curl_escape {
	const char *name;
	const char *end; /* NULL: it stands for `text` */
	const char *text;
	void (*add)(struct buf *out, struct span inner);
};

static const struct curl_escape curl_escapes[] = {
	{"%hex[", "]hex%", NULL, curl_add_hex},
	{"%repeat[", "]%", NULL, curl_add_repeat},
	{"%CR", NULL, "\r", NULL},
	{"%SP", NULL, " ", NULL},
	{"%TAB", NULL, "\t", NULL},
	{"%LT", NULL, "<", NULL},
	{"%GT", NULL, ">", NULL},
	{"%HOSTIP", NULL, "127.0.0.1", NULL},
	{"%HTTPPORT", NULL, "8080", NULL},
	{"%TESTNUMBER", NULL, "1234", NULL},
};

/* Takes one escape, or one byte as it is. */
static inline void curl_add_next(struct buf *out, struct span *text)
{
	for (size_t i = 0; i < sizeof(curl_escapes) / sizeof(*curl_escapes); i++) {
		const struct curl_escape *escape = &curl_escapes[i];
		if (!vectors_begins(*text, escape->name))
			continue;
		size_t len = strlen(escape->name);
		if (!escape->end) {
			buf_puts(out, escape->text);
			span_skip(text, len);
			return;
		}
		const char *begin = text->ptr + len;
		const char *end = memmem(begin, text->len - len, escape->end, strlen(escape->end));
		if (!end)
			break;
		escape->add(out, (struct span){begin, (size_t)(end - begin)});
		span_skip(text, (size_t)(end - text->ptr) + strlen(escape->end));
		return;
	}
	buf_append(out, text->ptr, 1);
	span_skip(text, 1);
}

/* "%if feature" to "%else" or "%endif" is taken, the other branch is not: every feature is there.
 */
static inline void curl_skip_conditions(struct span *text)
{
	while (vectors_begins(*text, "%if ") || vectors_begins(*text, "%e")) {
		bool other = vectors_begins(*text, "%else");
		vectors_line(text);
		while (other && text->len && !vectors_begins(*text, "%endif"))
			vectors_line(text);
	}
}

static inline struct buf curl_bytes(struct span section)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	buf_puts(&out, "");
	while (section.len) {
		if (!out.len || out.ptr[out.len - 1] == '\n')
			curl_skip_conditions(&section);
		if (section.len)
			curl_add_next(&out, &section);
	}
	return out;
}

/* Ends lines by CRLF: those of heads, or all. ret_changed: one of them was not. */
static inline struct buf curl_with_crlf(struct span bytes, bool all, bool *ret_changed)
{
	struct buf out;
	bool head = false;
	buf_init(&out, 1 << 20);
	buf_puts(&out, "");
	*ret_changed = false;
	while (bytes.len) {
		struct span line = vectors_line(&bytes);
		bool ends = line.ptr + line.len < bytes.ptr;
		bool bare = ends && (!line.len || line.ptr[line.len - 1] != '\r');
		head |= vectors_begins(line, "HTTP/");
		buf_append(&out, line.ptr, line.len);
		if (bare && (head || all)) {
			buf_puts(&out, "\r");
			*ret_changed = true;
		}
		if (ends)
			buf_puts(&out, "\n");
		head &= line.len > !bare;
	}
	return out;
}

#endif
