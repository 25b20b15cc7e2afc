/* The HTTP/1.1 parser against http_parser: see h1_oracle.h for what must agree. The same three
 * bytes come first as in fuzz_h1, so that they share a corpus. */
#include "tests/lib/h1_oracle.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < PREFIX)
		return 0;
	struct span bytes = {(const char *)data + PREFIX, size - PREFIX};
	struct oracle_ruling ruling = oracle_compare(bytes, data[0] >> 2 & 1);
	if (!ruling.sound)
		__builtin_trap();
	return 0;
}
