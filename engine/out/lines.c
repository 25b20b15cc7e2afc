#include "out/lines.h"

#include <assert.h>

/* How much of the text goes on a line with `room`: up to its last blank, unless it fits whole
 * or has no blank. */
static size_t take(const char *text, size_t room)
{
	size_t len = strlen(text);
	if (len <= room)
		return len;
	size_t end = room;
	while (end && text[end] != ' ')
		end--;
	return end ? end : room;
}

void lines_wrap(struct buf *out, const char *lead, const char *text)
{
	size_t indent = strlen(lead);
	assert(indent < LINES_WIDTH);
	buf_puts(out, lead);
	for (;;) {
		size_t n = take(text, LINES_WIDTH - indent);
		buf_append(out, text, n);
		buf_puts(out, "\n");
		text += n;
		text += strspn(text, " ");
		if (!*text)
			return;
		buf_printf(out, "%*s", (int)indent, "");
	}
}
