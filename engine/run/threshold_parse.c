/* Reading a threshold: the grammar stands in threshold.h. */
#include "run/threshold.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* The vocabulary */

/* Longer ones first: the first that fits is taken. */
static const struct {
	const char *sign;
	enum threshold_comparison comparison;
} signs[] = {
	{"<=", COMPARE_LESS_EQUAL}, {">=", COMPARE_MORE_EQUAL}, {"==", COMPARE_EQUAL},
	{"!=", COMPARE_UNEQUAL},    {"<", COMPARE_LESS},        {">", COMPARE_MORE},
};

static const struct {
	const char *name;
	enum threshold_series series;
} series[] = {
	{"intended", SERIES_INTENDED},
	{"service", SERIES_SERVICE},
	{"connect", SERIES_CONNECT},
	{"first_byte", SERIES_FIRST_BYTE},
};

static const struct {
	const char *name;
	enum threshold_measure measure;
	double quantile;
} measures[] = {
	{"avg", MEASURE_MEAN, 0},
	{"min", MEASURE_MIN, 0},
	{"max", MEASURE_MAX, 0},
	{"med", MEASURE_QUANTILE, 0.5},
};

/* Words that stand alone on the left side, beside the outcomes' names. */
static const struct {
	const char *name;
	enum threshold_kind kind;
} words[] = {
	{"errors", THRESHOLD_ERRORS},
	{"rate", THRESHOLD_RATE},
	{"count", THRESHOLD_COUNT},
};

/* k6's metrics; an aggregate of NULL is a latency's. */
static const struct {
	const char *metric;
	const char *aggregate;
	enum threshold_kind kind;
} k6[] = {
	{"http_req_duration", NULL, THRESHOLD_LATENCY},
	{"http_req_failed", "rate", THRESHOLD_ERRORS},
	{"http_reqs", "rate", THRESHOLD_RATE},
	{"http_reqs", "count", THRESHOLD_COUNT},
};

/* What a bound's suffix is worth in the unit of the kind: times / per, so that 35% is 35/100 and
 * not 35 * 0.01, which is more. */
static const struct {
	enum threshold_kind kind;
	const char *suffix;
	double times, per;
} units[] = {
	{THRESHOLD_LATENCY, "", 1e3, 1},   {THRESHOLD_LATENCY, "us", 1, 1},
	{THRESHOLD_LATENCY, "ms", 1e3, 1}, {THRESHOLD_LATENCY, "s", 1e6, 1},
	{THRESHOLD_LATENCY, "m", 6e7, 1},  {THRESHOLD_RATIO, "", 1, 1},
	{THRESHOLD_ERRORS, "", 1, 1},      {THRESHOLD_ERRORS, "%", 1, 100},
	{THRESHOLD_RATE, "", 1, 1},        {THRESHOLD_RATE, "k", 1e3, 1},
	{THRESHOLD_RATE, "M", 1e6, 1},     {THRESHOLD_COUNT, "", 1, 1},
	{THRESHOLD_COUNT, "k", 1e3, 1},    {THRESHOLD_COUNT, "M", 1e6, 1},
};

static const char *const expected_bound[] = {
	[THRESHOLD_LATENCY] = "a duration (250ms; us, ms, s, m; a bare number is ms)",
	[THRESHOLD_RATIO] = "a number",
	[THRESHOLD_ERRORS] = "an error rate from 0 to 1, or from 0% to 100%",
	[THRESHOLD_RATE] = "requests a second (1000, 2.5k, 1M)",
	[THRESHOLD_COUNT] = "a count (1000, 2.5k, 1M)",
};

static const char grammar[] =
	"p(99)<250ms, avg, min, med, max; service.p(99)<50ms, connect., first_byte.; "
	"p(99)/p(50)<4; errors<5%; rate>1000; count>=1000; ok>1000 or another outcome; "
	"< <= > >= == !=; http_req_duration: p(99)<500";

/* Reading. A cursor moves over the text; blanks before a token are skipped. The first thing that
 * was not there is remembered with its place, and everything after it fails. */

struct cursor {
	const char *at;
	const char *expected; /* NULL while all is well */
};

static bool wanted(struct cursor *c, const char *expected)
{
	if (!c->expected)
		c->expected = expected;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c) || c == '_';
}

static void skip_blanks(struct cursor *c)
{
	while (is_blank(*c->at))
		c->at++;
}

static bool take(struct cursor *c, const char *token)
{
	skip_blanks(c);
	size_t len = strlen(token);
	if (strncmp(c->at, token, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* Takes a name where it stands whole: `connect` is not the start of `connect_reset`. */
static bool take_name(struct cursor *c, const char *name)
{
	skip_blanks(c);
	size_t len = strlen(name);
	if (strncmp(c->at, name, len) != 0 || is_word(c->at[len]))
		return false;
	c->at += len;
	return true;
}

/* A decimal number, digits / scale: still whole, so that a percentage is rounded only once and
 * p(99.9) is 0.999 to the last bit. */
struct decimal {
	double digits, scale;
};

/* Digits with at most one point; no sign, no exponent. Not strtod, which asks the locale. */
static bool take_number(struct cursor *c, struct decimal *ret)
{
	struct decimal number = {0, 1};
	bool any = false, point = false;
	skip_blanks(c);
	const char *at = c->at;
	for (; is_digit(*at) || (*at == '.' && !point); at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		any = true;
		number.digits = number.digits * 10 + (*at - '0');
		number.scale *= point ? 10 : 1;
	}
	if (!any)
		return false;
	*ret = number;
	c->at = at;
	return true;
}

/* The left side */

static bool take_quantile(struct cursor *c, struct threshold_term *ret)
{
	struct decimal percent;
	if (!take(c, "("))
		return wanted(c, "(");
	skip_blanks(c);
	const char *start = c->at;
	if (!take_number(c, &percent) || percent.digits > 100 * percent.scale) {
		c->at = start;
		return wanted(c, "a percentile from 0 to 100");
	}
	if (!take(c, ")"))
		return wanted(c, ")");
	ret->measure = MEASURE_QUANTILE;
	ret->quantile = percent.digits / (percent.scale * 100);
	return true;
}

static bool take_measure(struct cursor *c, struct threshold_term *ret)
{
	for (size_t i = 0; i < COUNT(measures); i++) {
		if (take_name(c, measures[i].name)) {
			ret->measure = measures[i].measure;
			ret->quantile = measures[i].quantile;
			return true;
		}
	}
	if (take_name(c, "p"))
		return take_quantile(c, ret);
	return wanted(c, "p(N), avg, min, med or max");
}

/* A series is one only before a point: `connect` alone is no term. */
static void take_series(struct cursor *c, struct threshold_term *ret)
{
	const char *start = c->at;
	ret->series = SERIES_INTENDED;
	for (size_t i = 0; i < COUNT(series); i++) {
		if (take_name(c, series[i].name) && take(c, ".")) {
			ret->series = series[i].series;
			return;
		}
		c->at = start;
	}
}

/* A latency, or two with a stroke between them. */
static bool take_latency(struct cursor *c, struct threshold *ret)
{
	ret->kind = THRESHOLD_LATENCY;
	take_series(c, &ret->left);
	if (!take_measure(c, &ret->left))
		return false;
	if (!take(c, "/"))
		return true;
	ret->kind = THRESHOLD_RATIO;
	take_series(c, &ret->right);
	return take_measure(c, &ret->right);
}

static bool take_word(struct cursor *c, struct threshold *ret)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		if (take_name(c, words[i].name)) {
			ret->kind = words[i].kind;
			return true;
		}
	}
	for (int o = 0; o < OUTCOME_COUNT; o++) {
		if (take_name(c, outcome_name((enum outcome)o))) {
			ret->kind = THRESHOLD_COUNT;
			ret->outcome = o;
			return true;
		}
	}
	return false;
}

static bool take_own_left(struct cursor *c, struct threshold *ret)
{
	const char *start = c->at;
	if (take_word(c, ret) || take_latency(c, ret))
		return true;
	if (c->at == start)
		c->expected = "a latency, errors, rate, count or the name of an outcome";
	return false;
}

static bool take_left(struct cursor *c, struct threshold *ret)
{
	skip_blanks(c);
	if (!strchr(c->at, ':'))
		return take_own_left(c, ret);
	const char *start = c->at;
	const char *after_colon = NULL;
	for (size_t i = 0; i < COUNT(k6); i++) {
		c->at = start;
		if (!take_name(c, k6[i].metric) || !take(c, ":"))
			continue;
		if (!k6[i].aggregate)
			return take_latency(c, ret);
		skip_blanks(c);
		after_colon = c->at;
		if (take_name(c, k6[i].aggregate)) {
			ret->kind = k6[i].kind;
			return true;
		}
	}
	c->at = after_colon ? after_colon : start;
	return wanted(c, after_colon ? "rate (http_reqs: count as well)"
				     : "http_req_duration, http_req_failed or http_reqs");
}

/* The rest */

static bool take_comparison(struct cursor *c, struct threshold *ret)
{
	for (size_t i = 0; i < COUNT(signs); i++) {
		if (take(c, signs[i].sign)) {
			ret->comparison = signs[i].comparison;
			return true;
		}
	}
	return wanted(c, "<, <=, >, >=, == or !=");
}

static bool take_unit(struct cursor *c, struct threshold *ret, struct decimal number)
{
	for (size_t i = 0; i < COUNT(units); i++) {
		if (units[i].kind != ret->kind)
			continue;
		struct cursor after = *c;
		if (take(&after, units[i].suffix) && !is_letter(*after.at) && *after.at != '%') {
			ret->bound = number.digits * units[i].times / (number.scale * units[i].per);
			*c = after;
			return true;
		}
	}
	return false;
}

static bool take_bound(struct cursor *c, struct threshold *ret)
{
	struct decimal number;
	skip_blanks(c);
	const char *start = c->at;
	if (take_number(c, &number) && take_unit(c, ret, number) &&
	    !(ret->kind == THRESHOLD_ERRORS && ret->bound > 1))
		return true;
	c->at = start;
	return wanted(c, expected_bound[ret->kind]);
}

static bool take_end(struct cursor *c)
{
	skip_blanks(c);
	return *c->at == '\0' || wanted(c, "the end");
}

int threshold_parse(struct threshold *ret, const char *text, struct err *err)
{
	struct threshold parsed = {.outcome = -1};
	struct cursor c = {.at = text};
	size_t len = strlen(text);
	if (len >= sizeof parsed.text) {
		err_set(err, ERR_USAGE, "threshold \"%.60s...\": over %zu characters at column %zu",
			text, sizeof parsed.text - 1, sizeof parsed.text);
		return err_hint(err, "%s", grammar);
	}
	memcpy(parsed.text, text, len + 1);
	if (take_left(&c, &parsed) && take_comparison(&c, &parsed) && take_bound(&c, &parsed) &&
	    take_end(&c)) {
		*ret = parsed;
		return 0;
	}
	err_set(err, ERR_USAGE, "threshold \"%s\": expected %s at column %zu", text, c.expected,
		(size_t)(c.at - text) + 1);
	return err_hint(err, "%s", grammar);
}
