/* Any text is a list of CPUs that are ours, or a usage error with words and an untouched set. */
#include "host/limits.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* All but every seventh, so that ranges come upon one that is not. */
static void allow(struct limits *l)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (cpu % 7 != 6)
			CPU_SET(cpu, &l->cpus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = {0};
	struct err err = {0};
	cpu_set_t set, both, before;
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	allow(&limits);
	memset(&set, 0x5a, sizeof set);
	before = set;
	if (limits_parse_cpus(&set, text, &limits, &err) == 0) {
		CPU_AND(&both, &set, &limits.cpus);
		require(CPU_COUNT(&set) > 0 && CPU_EQUAL(&both, &set));
	} else {
		require(err.kind == ERR_USAGE && err.text[0] && CPU_EQUAL(&set, &before));
	}
	free(text);
	return 0;
}
