/* Parts: a rendered request taken apart at its marks. */
#include "run/mixing_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define NUMBER_MAX 20u /* digits */

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
int mixing_split(struct mixing *m, struct span text, struct mix_request *r)
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

size_t mixing_longest(const struct mixing *m, const struct mix_request *r)
{
	size_t sum = 0;
	for (unsigned i = 0; i < r->part_count; i++)
		sum += longest_of(m, &r->parts[i]);
	return sum;
}
