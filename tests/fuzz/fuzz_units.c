/* Numbers with units: any text is one or is not, and leaves the result alone where it is not; any
 * number has a readable form that fits. */
#include "base/units.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_whole(const char *text)
{
	bool (*const parsers[])(const char *, uint64_t *) = {units_count, units_duration_ns,
							     units_size};
	for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
		uint64_t first = 1, second = 2;
		bool is = parsers[i](text, &first);
		require(parsers[i](text, &second) == is);
		require(is ? first == second : first == 1 && second == 2);
	}
}

static void check_real(const char *text)
{
	bool (*const parsers[])(const char *, double *) = {units_real, units_percent};
	for (size_t i = 0; i < sizeof parsers / sizeof *parsers; i++) {
		double value = -1;
		require(parsers[i](text, &value) ? isfinite(value) && value >= 0 : value == -1);
	}
}

static void check_texts(double value)
{
	char *(*const writers[])(char *, double) = {units_text_us, units_text_count,
						    units_text_bytes};
	for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
		char *out = malloc(UNITS_TEXT);
		if (!out)
			return;
		require(writers[i](out, value) == out);
		require(out[0] && strlen(out) < UNITS_TEXT);
		free(out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double value = 0;
	memcpy(&value, data, size < sizeof value ? size : sizeof value);
	check_texts(value);
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_whole(text);
	check_real(text);
	free(text);
	return 0;
}
