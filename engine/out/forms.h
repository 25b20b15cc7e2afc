/* forms: what the files of out/ share: the forms themselves, each the one function of a file,
 * the quantiles that all of them show, and counts by cause. Private to out/. */
#ifndef BRINK_OUT_FORMS_H
#define BRINK_OUT_FORMS_H

#include "base/span.h"
#include "run/summary.h"

struct json;

void out_text(const struct summary *s, struct buf *out);
void out_json(const struct summary *s, struct buf *out);
void out_csv(const struct summary *s, struct buf *out);
void out_hdr(const struct summary *s, struct buf *out);

/* The member "hold" of the summary in JSON: null in a run. json_hold.c */
void out_json_hold(const struct summary *s, struct json *j);

/* The member "find": null in anything but a search. json_find.c */
void out_json_find(const struct summary *s, struct json *j);
void out_json_stages(const struct summary *s, struct json *j); /* and "aftermath" */

/* The members "agents", "timeline", "gaps". json_kernel.c */
void out_json_agents(const struct summary *s, struct json *j);
void out_json_timeline(const struct summary *s, struct json *j);
void out_json_gaps(const struct summary *s, struct json *j);
void out_json_span(const struct kernel_span *k, const char *name, struct json *j);

struct out_quantile {
	double quantile;
	const char *label; /* for people */
	const char *key;   /* for machines */
};

#define OUT_QUANTILES 6
extern const struct out_quantile out_quantiles[OUT_QUANTILES];

/* Of counts by outcome, OUTCOME_COUNT of them: the most frequent but ok, the first of equals;
 * OUTCOME_OK where none occurred. And the sum of all but ok. */
enum outcome out_worst(const uint64_t *by);
uint64_t out_sum(const uint64_t *by);

/* "2026-01-01T00:00:00.000Z", in `out` of OUT_TIMESTAMP bytes; returns out. */
#define OUT_TIMESTAMP 40
char *out_timestamp(char *out, const struct timespec *t);

#endif
