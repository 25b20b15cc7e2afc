#include "base/nearest.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: the edits that turn a into b, row by row, two rows remembered. */
static unsigned edits(const char *a, const char *b)
{
	unsigned rows[3][NEAREST_NAME_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	unsigned len = (unsigned)strlen(b);
	for (unsigned j = 0; j <= len; j++)
		above[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		row[0] = i;
		for (unsigned j = 1; j <= len; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		unsigned *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[len];
}

void nearest_offer(struct nearest *n, const char *candidate)
{
	size_t len = strlen(n->wanted);
	if (len < 2 || len > NEAREST_NAME_MAX || strlen(candidate) > NEAREST_NAME_MAX)
		return;
	unsigned distance = strncmp(candidate, n->wanted, len) ? edits(n->wanted, candidate) : 0;
	if (distance > (len + 2) / 3 || (n->found && distance >= n->distance))
		return;
	n->found = candidate;
	n->distance = distance;
}
