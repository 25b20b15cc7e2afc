/* threshold: expectations on a finished run, in k6's grammar. Pure; any thread.
 *
 *   p(99)<250ms   avg<=10ms  max<1s  min<1ms  med<5ms      intended latency
 *   service.p(99)<50ms                                     the other: service, connect, first_byte
 *   p(99)/p(50)<4                                          a ratio of two latencies
 *   errors<5%     errors<0.05     rate>1000                error rate; achieved requests a second
 *   count>=1000   ok>1000   shed==0   timeout==0           counts: all ended, or one outcome
 *
 * Comparisons: < <= > >= == !=. Durations take us, ms, s, m (a bare number is ms, as in k6).
 * Blanks are ignored. k6's own metric names may stand before a colon: `http_req_duration:
 * p(99)<500`, `http_req_failed: rate<0.05` (there, rate is the error rate), `http_reqs: rate>100`.
 */
#ifndef BRINK_RUN_THRESHOLD_H
#define BRINK_RUN_THRESHOLD_H

#include "base/err.h"
#include "stat/tally.h"

#include <stdbool.h>

#define THRESHOLD_TEXT 128
#define THRESHOLD_MAX  64

enum threshold_kind {
	THRESHOLD_LATENCY, /* us */
	THRESHOLD_RATIO,   /* of two latencies */
	THRESHOLD_ERRORS,  /* 0..1 */
	THRESHOLD_RATE,    /* requests per second */
	THRESHOLD_COUNT,
};

struct threshold_term {
	uint8_t series;  /* which histogram of the tally */
	uint8_t measure; /* quantile, mean, min, max */
	double quantile; /* 0..1 */
};

struct threshold {
	char text[THRESHOLD_TEXT]; /* as given */
	enum threshold_kind kind;
	uint8_t comparison;
	int outcome; /* COUNT: an enum outcome, or -1 for all that ended */
	struct threshold_term left, right;
	double bound; /* in the unit of the kind */
};

struct threshold_result {
	bool ok;
	double value; /* in the unit of the kind; latencies in us */
};

int threshold_parse(struct threshold *ret, const char *text, struct err *err);

/* A latency of an empty histogram is no proof: not ok, value 0. */
struct threshold_result threshold_judge(const struct threshold *t, const struct tally *total,
					double achieved_rps);

#endif
