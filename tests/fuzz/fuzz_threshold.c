/* Any text is a threshold or an error with words; a threshold can be judged. */
#include "run/threshold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct threshold *t)
{
	static struct tally total;
	if (total.intended == 0) {
		tally_init(&total);
		total.intended = total.outcomes[OUTCOME_OK] = 1;
		hist_add(&total.intended_us, 5);
	}
	struct threshold_result result = threshold_judge(t, &total, 1);
	if (result.value != result.value)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	struct threshold t;
	struct err err = {0};
	if (threshold_parse(&t, text, &err) == 0)
		judge(&t);
	else if (err.kind != ERR_USAGE || !err.text[0] || !err.hint[0])
		abort();
	free(text);
	return 0;
}
