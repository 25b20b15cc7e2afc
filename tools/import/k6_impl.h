/* k6_impl: the parts of the import of a k6 script. Nobody else includes it. */
#ifndef BRINK_TOOLS_IMPORT_K6_IMPL_H
#define BRINK_TOOLS_IMPORT_K6_IMPL_H

#include "tools/import/js.h"

#define REQUESTS_MAX   64u
#define STAGES_MAX     64u
#define CONSTANTS_MAX  32u
#define THRESHOLDS_MAX 32u
#define TEXT_MAX       ((size_t)1 << 20)

struct request {
	const char *method;
	struct buf url, body, headers; /* headers: lines of YAML */
	struct span result;            /* the variable that its answer went into */
	unsigned status;               /* expected; 0: nothing was said */
	double think_s;
};

struct k6 {
	struct js js;
	unsigned constant_count;
	struct {
		struct span name;
		struct buf value;
	} constants[CONSTANTS_MAX];
	struct buf stages;     /* lines of YAML */
	struct buf thresholds; /* the same */
	double vus, duration_s;
	unsigned request_count;
	struct request requests[REQUESTS_MAX];
};

static inline bool k6_same(struct span a, struct span b)
{
	return a.len == b.len && !memcmp(a.ptr, b.ptr, a.len);
}

static inline bool k6_is(struct span name, const char *text)
{
	return k6_same(name, span_of(text));
}

/* const, let or var */
static inline bool k6_declares(const struct js *j)
{
	return js_is(j, "const") || js_is(j, "let") || js_is(j, "var");
}

/* The token that is looked at has no place here; returns -1. */
int k6_not_understood(struct k6 *k, const char *allowed);

/* k6_value.c: static text (pieces joined by +), numbers, durations, flags. */
int k6_text(struct k6 *k, struct buf *out);
int k6_number(struct k6 *k, double *ret);
int k6_duration(struct k6 *k, double *ret_s);
int k6_flag(struct k6 *k, bool *ret);

/* { key: value, ... }: `read` is called at each value; [ value, ... ] likewise. */
typedef int k6_member_reader(struct k6 *k, struct span key, void *into);
int k6_object(struct k6 *k, k6_member_reader *read, void *into);
int k6_array(struct k6 *k, int (*read)(struct k6 *k, void *into), void *into);

/* A double-quoted scalar, which YAML and JSON read alike. */
void k6_put_quoted(struct buf *out, struct span text);

int k6_options(struct k6 *k);  /* k6_options.c: the object behind `options =` */
int k6_function(struct k6 *k); /* k6_calls.c: the function behind `export default` */

#endif
