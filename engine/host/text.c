#include "host/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *text_next_line(const char *at)
{
	at = strchr(at, '\n');
	return at && at[1] ? at + 1 : NULL;
}

const char *text_after(const char *text, const char *label)
{
	size_t len = strlen(label);
	while (text && strncmp(text, label, len) != 0)
		text = text_next_line(text);
	return text ? text + len : NULL;
}

const char *text_word(const char *at, unsigned n)
{
	for (;;) {
		at += strspn(at, " \t");
		if (*at == '\0' || *at == '\n')
			return NULL;
		if (n-- == 0)
			return at;
		at += strcspn(at, " \t\n");
	}
}

bool text_is_word(const char *at, const char *word)
{
	size_t len = strlen(word);
	return strcspn(at, " \t\n") == len && strncmp(at, word, len) == 0;
}

int text_place(const char *line, const char *word)
{
	int place = 0;
	for (const char *at = text_word(line, 0); at; at = text_word(at, 1), place++)
		if (text_is_word(at, word))
			return place;
	return -1;
}

bool text_number(const char *at, int base, uint64_t *ret)
{
	if (!at)
		return false;
	if (text_is_word(at, "unlimited")) {
		*ret = UINT64_MAX;
		return true;
	}
	if (!(base == 16 ? isxdigit((unsigned char)*at) : isdigit((unsigned char)*at)))
		return false;
	*ret = strtoull(at, NULL, base);
	return true;
}

bool text_column(const char *text, const char *label, const char *name, uint64_t *ret)
{
	const char *names = text_after(text, label);
	const char *values = names ? text_after(names, label) : NULL;
	int place = values ? text_place(names, name) : -1;
	return place >= 0 && text_number(text_word(values, (unsigned)place), 10, ret);
}

bool text_pair(const char *text, const char *label, const char *name, uint64_t *ret)
{
	const char *line = text_after(text, label);
	int place = line ? text_place(line, name) : -1;
	return place >= 0 && text_number(text_word(line, (unsigned)place + 1), 10, ret);
}

void text_label(char *out, size_t size, const char *name, size_t len)
{
	size_t at = 0;
	for (size_t i = 0; i < len && name[i] && at + 3 <= size; i++) {
		char c = name[i];
		if (c == '"' || c == '\\' || c == '\n')
			out[at++] = '\\';
		if (c == '\n')
			c = 'n';
		out[at++] = isprint((unsigned char)c) && (unsigned char)c < 0x80 ? c : '_';
	}
	out[at] = '\0';
}
