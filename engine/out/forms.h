/* forms: what the files of out/ share: the forms themselves, each the one function of a file,
 * and the quantiles that all of them show. Private to out/. */
#ifndef BRINK_OUT_FORMS_H
#define BRINK_OUT_FORMS_H

#include "base/span.h"
#include "run/summary.h"

void out_text(const struct summary *s, struct buf *out);
void out_json(const struct summary *s, struct buf *out);
void out_csv(const struct summary *s, struct buf *out);
void out_hdr(const struct summary *s, struct buf *out);

struct out_quantile {
	double quantile;
	const char *label; /* for people */
	const char *key;   /* for machines */
};

#define OUT_QUANTILES 6
extern const struct out_quantile out_quantiles[OUT_QUANTILES];

/* "2026-01-01T00:00:00.000Z", in `out` of OUT_TIMESTAMP bytes; returns out. */
#define OUT_TIMESTAMP 40
char *out_timestamp(char *out, const struct timespec *t);

#endif
