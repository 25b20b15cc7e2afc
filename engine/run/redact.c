#include "run/redact.h"

#include <stdbool.h>
#include <string.h>

static const char *const secret_words[] = {
	"token", "key", "secret", "pass", "auth", "sig", "session", "code",
};

static bool speaks_of_secret(const char *name, size_t len)
{
	char copy[64];
	if (len >= sizeof copy)
		return true; /* too long to tell: better silent */
	memcpy(copy, name, len);
	copy[len] = '\0';
	for (size_t i = 0; i < sizeof secret_words / sizeof *secret_words; i++)
		if (strcasestr(copy, secret_words[i]))
			return true;
	return false;
}

static size_t put(char *out, size_t size, size_t used, const char *text, size_t len)
{
	if (len > size - 1 - used)
		len = size - 1 - used;
	memcpy(out + used, text, len);
	out[used + len] = '\0';
	return used + len;
}

void redact_query(char *out, size_t size, const char *path)
{
	const char *at = path + strcspn(path, "?");
	size_t used = put(out, size, 0, path, (size_t)(at - path));
	while (*at) { /* at a separator: one parameter with the separator before it */
		size_t whole = 1 + strcspn(at + 1, "&");
		size_t name = 1 + strcspn(at + 1, "=&");
		bool hide = name < whole && speaks_of_secret(at + 1, name - 1);
		used = put(out, size, used, at, hide ? name + 1 : whole);
		if (hide)
			used = put(out, size, used, "***", 3);
		at += whole;
	}
}
