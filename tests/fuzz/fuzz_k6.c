/* Scripts of k6 from any bytes: what is taken becomes a scenario that can be read. */
#include "run/scenario.h"
#include "tools/import/k6.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run_config config;
	struct err err = {0};
	struct buf out;
	buf_init(&out, (size_t)4 << 20);
	if (k6_import("k6.js", (struct span){(const char *)data, size}, &out, &err))
		assert(err.kind != ERR_NONE);
	else {
		struct scenario *s = NULL;
		run_defaults(&config);
		(void)scenario_parse(&s, "s.yaml", (struct span){out.ptr, out.len}, false, &config,
				     &err);
		scenario_free(s);
	}
	buf_fini(&out);
	return 0;
}
