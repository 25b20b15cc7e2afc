/* mixing_impl: the parts of compiling a mix. Nobody else includes it. */
#ifndef BRINK_RUN_MIXING_IMPL_H
#define BRINK_RUN_MIXING_IMPL_H

#include "run/data_file.h"
#include "run/mixing.h"

#define PARTS_MAX 64u
#define MARK      "~brink%u~" /* stands for a variable while a request is rendered */
#define MARK_LEN  16u

struct mixing {
	const struct run_config *config;
	struct scenario *scenario; /* its reader tells where things stand */
	const struct url *url;
	struct mix *mix;
	struct data_file data[SCENARIO_DATA_MAX];
	bool used[SCENARIO_DATA_MAX][DATA_COLUMNS_MAX];
	const char *captures[MIX_CAPTURES_MAX]; /* names, by index */
	struct part variables[PARTS_MAX];       /* of the request being rendered */
	unsigned variable_count;
	const struct scenario_request *request;
};

/* About the request that is being compiled; gives -1. */
#define mixing_fail(m, ...) yaml_fail(&(m)->scenario->reader, (m)->request->node, __VA_ARGS__)

/* mixing_variables.c: puts a mark for each ${...}, and notes which is which. */
int mixing_mark(struct mixing *m, struct span text, struct buf *out);
bool mixing_find_capture(struct mixing *m, struct span name, struct part *p);

/* mixing_parts.c: adds the text's parts, marks told apart; how long a request can become. */
int mixing_split(struct mixing *m, struct span text, struct mix_request *r);
size_t mixing_longest(const struct mixing *m, const struct mix_request *r);

#endif
