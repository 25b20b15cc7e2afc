/* Any text is a rule for answers or an error with words; a rule comes to the same verdict of the
 * same answer, and of a part of one never to a failure that the whole would not have been. Input:
 * the kind, the rule, a line's end, then the answer: head, an empty line, body. */
#include "load/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct checks checks;

static enum check_verdict judge(const struct check_answer *a)
{
	uint32_t looked;
	unsigned failed = CHECKS_MAX;
	enum check_verdict v = check_judge(&checks, 1, a, &looked, &failed);
	if ((v == CHECK_FAILS) != (failed == 0) || (v != CHECK_OPEN) != (looked == 1))
		abort();
	return v;
}

static void hold_to(struct span answer)
{
	const char *end = memmem(answer.ptr, answer.len, "\n\n", 2);
	size_t len = end ? (size_t)(end - answer.ptr) : answer.len;
	struct check_answer whole = {.head = {answer.ptr, len}, .body = answer};
	span_skip(&whole.body, end ? len + 2 : len);
	struct check_answer part = whole;
	part.body.len /= 2;
	part.cut = true;
	enum check_verdict v = judge(&whole), of_part = judge(&part);
	if (v == CHECK_OPEN || judge(&whole) != v || (of_part != CHECK_OPEN && of_part != v))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	uint32_t bit;
	if (!size)
		return 0;
	char *text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	size_t len = strcspn(text, "\n");
	struct span answer = {text + len, size - 1 - len};
	if (answer.len)
		span_skip(&answer, 1);
	text[len] = '\0';
	checks = (struct checks){0};
	if (!check_add(&checks, (enum check_kind)(data[0] % 3), text, &bit, &err))
		hold_to(answer);
	else if (err.kind != ERR_USAGE || !err.text[0] || !err.hint[0])
		abort();
	free(text);
	return 0;
}
