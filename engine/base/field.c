#include "base/field.h"

#include <strings.h>

#define TOKEN                                                                                      \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"                           \
	"!#$%&'*+-.^_`|~"

bool field_is_token(struct span s)
{
	return s.len > 0 && strspn(s.ptr, TOKEN) >= s.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct span field_trim(struct span s)
{
	while (s.len && is_blank(s.ptr[0]))
		span_skip(&s, 1);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool field_is(struct span s, const char *known)
{
	return s.len == strlen(known) && !strncasecmp(s.ptr, known, s.len);
}

bool field_is_given(const char *const *lines, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (field_is((struct span){lines[i], strcspn(lines[i], ":")}, name))
			return true;
	return false;
}
