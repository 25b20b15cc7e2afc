#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How much one of a unit is, in the smallest. A table ends with a NULL name; the name "" stands
 * for no unit at all. */
struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit COUNTS[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {NULL, 0}};

static const struct unit DURATIONS_NS[] = {
	{"", UINT64_C(1000000000)},
	{"us", UINT64_C(1000)},
	{"ms", UINT64_C(1000000)},
	{"s", UINT64_C(1000000000)},
	{"m", UINT64_C(60000000000)},
	{"h", UINT64_C(3600000000000)},
	{NULL, 0},
};

static const struct unit SIZES[] = {
	{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
};

static const struct unit PERCENT[] = {{"%", 1}, {NULL, 0}};

/* A decimal number as written: digits / power. */
struct decimal {
	unsigned __int128 digits;
	uint64_t power;
	bool finer; /* digits past FRACTION_DIGITS were left out */
};

/* Of these and of 2^64 before the point, digits times any scale stays below 2^128. */
#define FRACTION_DIGITS 18

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Appends one digit; false where the number no longer fits. */
static bool push_digit(struct decimal *d, char c)
{
	return !__builtin_mul_overflow(d->digits, 10u, &d->digits) &&
	       !__builtin_add_overflow(d->digits, (unsigned)(c - '0'), &d->digits);
}

static bool push_fraction(struct decimal *d, char c, unsigned place)
{
	if (place >= FRACTION_DIGITS) {
		d->finer = d->finer || c != '0';
		return true;
	}
	d->power *= 10;
	return push_digit(d, c);
}

/* Reads "12", "12.5" or ".5"; returns where it ends, NULL where there is no number. */
static const char *read_decimal(const char *text, struct decimal *d)
{
	const char *at = text;
	*d = (struct decimal){.power = 1};
	for (; is_digit(*at); at++)
		if (!push_digit(d, *at))
			return NULL;
	if (*at != '.')
		return at == text ? NULL : at;
	const char *fraction = ++at;
	for (; is_digit(*at); at++)
		if (!push_fraction(d, *at, (unsigned)(at - fraction)))
			return NULL;
	return at == fraction ? NULL : at;
}

/* Reads a number and its unit, which must be all of the text; digits come out scaled. */
static bool read_scaled(const char *text, const struct unit *units, struct decimal *d)
{
	const char *name = read_decimal(text, d);
	if (!name)
		return false;
	for (const struct unit *u = units; u->name; u++)
		if (strcmp(u->name, name) == 0)
			return !__builtin_mul_overflow(d->digits, u->scale, &d->digits);
	return false;
}

static bool read_whole(const char *text, const struct unit *units, uint64_t *ret)
{
	struct decimal d;
	if (!read_scaled(text, units, &d) || d.finer || d.digits % d.power != 0)
		return false;
	unsigned __int128 whole = d.digits / d.power;
	if (whole > UINT64_MAX)
		return false;
	*ret = (uint64_t)whole;
	return true;
}

bool units_count(const char *text, uint64_t *ret)
{
	return read_whole(text, COUNTS, ret);
}

bool units_duration_ns(const char *text, uint64_t *ret)
{
	return read_whole(text, DURATIONS_NS, ret);
}

bool units_size(const char *text, uint64_t *ret)
{
	return read_whole(text, SIZES, ret);
}

/* One division, of two exact numbers up to 15 digits, so that "0.1" and "7%" are the nearest
 * doubles. */
static bool read_real(const char *text, const struct unit *units, double divisor, double *ret)
{
	struct decimal d;
	if (!read_scaled(text, units, &d))
		return false;
	*ret = (double)d.digits / ((double)d.power * divisor);
	return true;
}

bool units_real(const char *text, double *ret)
{
	return read_real(text, COUNTS, 1, ret);
}

bool units_percent(const char *text, double *ret)
{
	return read_real(text, PERCENT, 100, ret);
}

/* Units for reading, ascending; a table ends with a NULL name. */
struct step {
	const char *name;
	double scale;
};

static const struct step STEPS_US[] = {
	{"us", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {NULL, 0},
};

static const struct step STEPS_COUNT[] = {
	{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {NULL, 0},
};

static const struct step STEPS_BYTES[] = {
	{"B", 1},       {"KB", 0x1p10}, {"MB", 0x1p20}, {"GB", 0x1p30},
	{"TB", 0x1p40}, {"PB", 0x1p50}, {NULL, 0},
};

/* Decimals that make three significant digits of a magnitude, rounding allowed for. */
static int decimals(double magnitude)
{
	return magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0;
}

/* The magnitude as its text will show it: 999.7 reads 1000, and so belongs to the next unit. */
static double as_shown(double magnitude)
{
	static const double TENS[] = {1, 10, 100};
	double tens = TENS[decimals(magnitude)];
	return floor(magnitude * tens + 0.5) / tens;
}

static char *write_scaled(char *out, double value, const struct step *step)
{
	if (!isfinite(value))
		return strcpy(out, "n/a");
	double magnitude = fabs(value);
	while (step[1].name && as_shown(magnitude / step->scale) * step->scale >= step[1].scale)
		step++;
	double shown = value / step->scale;
	bool whole = step->scale == 1 && magnitude == floor(magnitude);
	if (magnitude / step->scale >= 1e6) /* past the last unit: what fits in UNITS_TEXT */
		snprintf(out, UNITS_TEXT, "%.2e%s", shown, step->name);
	else
		snprintf(out, UNITS_TEXT, "%.*f%s", whole ? 0 : decimals(fabs(shown)), shown,
			 step->name);
	return out;
}

char *units_text_us(char *out, double us)
{
	return write_scaled(out, us, STEPS_US);
}

char *units_text_count(char *out, double count)
{
	return write_scaled(out, count, STEPS_COUNT);
}

char *units_text_bytes(char *out, double bytes)
{
	return write_scaled(out, bytes, STEPS_BYTES);
}
