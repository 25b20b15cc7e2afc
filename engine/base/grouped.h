/* grouped: whole numbers for people, "1,000,000"; no locale. Pure; any thread.
 *
 * The text comes by value, so that one line may print several: printf("%s", grouped(n).text).
 * It lives until the end of that full expression. */
#ifndef BRINK_BASE_GROUPED_H
#define BRINK_BASE_GROUPED_H

#include <stdint.h>
#include <string.h>

struct grouped {
	char text[27]; /* 20 digits, 6 commas, NUL */
};

static inline struct grouped grouped(uint64_t n)
{
	struct grouped g = {""};
	char *at = g.text + sizeof g.text - 1;
	unsigned digits = 0;
	do {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + n % 10);
		digits++;
	} while (n /= 10);
	memmove(g.text, at, (size_t)(g.text + sizeof g.text - at));
	return g;
}

#endif
