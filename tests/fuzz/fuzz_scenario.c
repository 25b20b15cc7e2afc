/* Scenarios from any bytes: read or refused in one line that names a place, and nothing leaks. */
#include "run/mixing.h"
#include "run/scenario.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compile(const struct run_config *c)
{
	struct url url;
	struct err err = {0};
	struct mix *mix = NULL;
	static struct summary summary;
	if (url_parse(&url, c->url, &err) || c->scenario->data_count)
		return;
	for (unsigned i = 0; i < c->scenario->request_count; i++)
		if (c->scenario->requests[i].body_file)
			return;
	summary.note_count = 0;
	if (!mixing_compile(&mix, c, &url, &summary, &err)) {
		static struct captured captured[MIX_CAPTURES_MAX];
		char *out = malloc(mix->longest + 1), *scratch = malloc(mix->longest + 1);
		for (uint64_t n = 0; n < mix->count; n++) {
			struct call call = {.number = n, .which = (uint16_t)n};
			size_t len = mix_render(mix, &call, 0, 1, captured, out, scratch);
			assert(len <= mix->longest);
		}
		free(out);
		free(scratch);
	}
	mix_free(mix);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run_config config;
	struct scenario *s = NULL;
	struct err err = {0};
	run_defaults(&config);
	struct span text = {(const char *)data, size};
	if (!scenario_parse(&s, "s.yaml", text, false, &config, &err))
		compile(&config);
	else
		assert(err.kind != ERR_NONE && !memchr(err.text, '\n', strlen(err.text)));
	scenario_free(s);
	return 0;
}
