/* The HTTP/1.1 parser: any bytes, however cut, must end in the same answers or the same fault,
 * with nothing read outside them and no byte taken twice.
 *
 * Three bytes come first: how many requests were sent and which were HEAD; how long the first
 * piece is; how long each further one. The rest is what the peer sends. */
#include "tests/lib/h1_play.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX = 3, REQUESTS_MAX = 4, PIECE_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < PREFIX)
		return 0;
	char methods[REQUESTS_MAX + 1] = "";
	for (int i = 0; i <= data[0] % REQUESTS_MAX; i++)
		methods[i] = data[0] >> (2 + i) & 1 ? 'H' : 'G';
	struct span bytes = {(const char *)data + PREFIX, size - PREFIX};
	struct play whole = play(bytes, methods, 0, 0);
	struct play pieces = play(bytes, methods, data[1], data[2] % PIECE_MAX);
	if (!play_same(&whole, &pieces))
		__builtin_trap();
	return 0;
}
