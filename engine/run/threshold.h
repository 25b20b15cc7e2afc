/* threshold: expectations on a finished run, in k6's grammar. Pure; any thread.
 *
 *   p(99)<250ms   avg<=10ms  max<1s  min<1ms  med<5ms      intended latency
 *   service.p(99)<50ms                                     the other: service, connect, first_byte
 *   p(99)/p(50)<4                                          a ratio of two latencies (*)
 *   errors<5%     errors<0.05     rate>1000                error rate; achieved requests a second
 *   count>=1000   ok>1000   shed==0   timeout==0           counts: all ended, or one outcome
 *
 * Comparisons: < <= > >= == !=. Durations take us, ms, s, m (a bare number is ms, as in k6).
 * Blanks are ignored. k6's own metric names may stand before a colon: `http_req_duration:
 * p(99)<500`, `http_req_failed: rate<0.05` (there, rate is the error rate), `http_reqs: rate>100`.
 *
 * (*) A divisor below the histogram's resolution counts as 1 us. */
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

enum threshold_series { SERIES_INTENDED, SERIES_SERVICE, SERIES_CONNECT, SERIES_FIRST_BYTE };
enum threshold_measure { MEASURE_QUANTILE, MEASURE_MEAN, MEASURE_MIN, MEASURE_MAX };
enum threshold_comparison {
	COMPARE_LESS,
	COMPARE_LESS_EQUAL,
	COMPARE_MORE,
	COMPARE_MORE_EQUAL,
	COMPARE_EQUAL,
	COMPARE_UNEQUAL
};

struct threshold_term {
	enum threshold_series series;
	enum threshold_measure measure;
	double quantile; /* 0..1 */
};

struct threshold {
	char text[THRESHOLD_TEXT]; /* as given */
	enum threshold_kind kind;
	enum threshold_comparison comparison;
	int outcome; /* COUNT: an enum outcome, or -1 for all that ended */
	struct threshold_term left, right;
	double bound; /* in the unit of the kind */
};

struct threshold_result {
	bool ok;
	double value; /* in the unit of the kind; latencies in us */
};

/* 0, or -1 with an ERR_USAGE that names the text and the column, and the grammar as its hint; *ret
 * is then untouched. */
int threshold_parse(struct threshold *ret, const char *text, struct err *err);

/* A latency of an empty histogram is no proof: not ok, value 0. Nor is the error rate where nothing
 * ended on the target's side. */
struct threshold_result threshold_judge(const struct threshold *t, const struct tally *total,
					double achieved_rps);

#endif
