/* Variables: what ${...} stands for. */
#include "run/mixing_impl.h"

#include <stdio.h>

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

bool mixing_find_capture(struct mixing *m, struct span name, struct part *p)
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
	if (read_rand(name, p) || find_column(m, name, p) || mixing_find_capture(m, name, p))
		return 0;
	return mixing_fail(
		m,
		"${%.*s} is unknown: a data column (users.id), a captured value, seq, uuid, now, "
		"or rand LOW HIGH",
		(int)name.len, name.ptr);
}

/* Puts a mark for each ${...}, and notes which is which. */
int mixing_mark(struct mixing *m, struct span text, struct buf *out)
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
			return mixing_fail(m, "\"%.*s\": a ${ without its }",
					   (int)(text.len < 40 ? text.len : 40), text.ptr);
		if (m->variable_count == PARTS_MAX)
			return mixing_fail(m, "more than %u variables in a request", PARTS_MAX);
		struct span name = {text.ptr + 2, (size_t)(end - text.ptr) - 2};
		if (find_variable(m, name, &m->variables[m->variable_count]))
			return -1;
		buf_printf(out, MARK, m->variable_count++);
		span_skip(&text, (size_t)(end - text.ptr) + 1);
	}
	return 0;
}
