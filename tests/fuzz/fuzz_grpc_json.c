/* Any text is messages or an error with words; what is encoded can be taken apart again. */
#include "proto/grpc_json.h"

#include "tests/lib/schema_case.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_apart(void *ctx, struct span message, struct err *err)
{
	struct pb_field f;
	enum pb_taken taken;
	(void)ctx, (void)err;
	while ((taken = pb_take(&message, &f)) == PB_FIELD)
		if (f.number > 202)
			abort();
	if (taken == PB_BROKEN)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct grpc_schema *schema;
	struct err err = {0};
	if (!schema)
		schema = schema_case_new();
	if (!size)
		return 0;
	struct span text = {(const char *)data + 1, size - 1};
	const struct schema_message *m = grpc_schema_message(schema, "t.M");
	if (grpc_json_read(m, text, data[0] & 1, take_apart, NULL, &err) && !err.text[0])
		abort();
	return 0;
}
