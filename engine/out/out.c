#include "out/out.h"

#include "out/forms.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void out_quiet(const struct summary *s, struct buf *out)
{
	(void)s;
	(void)out;
}

static const struct out_form forms[] = {
	{"text", out_text}, {"json", out_json},   {"csv", out_csv},
	{"hdr", out_hdr},   {"quiet", out_quiet},
};

const struct out_quantile out_quantiles[OUT_QUANTILES] = {
	{0.5, "p50", "p50_us"},  {0.9, "p90", "p90_us"},      {0.95, "p95", "p95_us"},
	{0.99, "p99", "p99_us"}, {0.999, "p99.9", "p999_us"}, {0.9999, "p99.99", "p9999_us"},
};

const struct out_form *out_form_find(const char *name)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (!strcmp(forms[i].name, name))
			return &forms[i];
	return NULL;
}

const char *out_form_names(void)
{
	return "text, json, csv, hdr, quiet";
}

enum outcome out_worst(const uint64_t *by)
{
	int most = OUTCOME_OK;
	for (int o = OUTCOME_OK + 1; o < OUTCOME_COUNT; o++)
		if (by[o] && (most == OUTCOME_OK || by[o] > by[most]))
			most = o;
	return (enum outcome)most;
}

uint64_t out_sum(const uint64_t *by)
{
	uint64_t sum = 0;
	for (int o = OUTCOME_OK + 1; o < OUTCOME_COUNT; o++)
		sum += by[o];
	return sum;
}

char *out_timestamp(char *out, const struct timespec *t)
{
	struct tm utc;
	char seconds[24];
	if (!gmtime_r(&t->tv_sec, &utc) ||
	    !strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc))
		strcpy(seconds, "1970-01-01T00:00:00");
	snprintf(out, OUT_TIMESTAMP, "%s.%03dZ", seconds, (int)(t->tv_nsec / 1000000) % 1000);
	return out;
}

/* A disk may refuse late. Pipes, terminals and memory streams cannot be synced: no error. */
static int settle(FILE *to)
{
	int fd = fileno(to);
	if (fd < 0 || !fsync(fd))
		return 0;
	return errno == EIO || errno == ENOSPC || errno == EDQUOT ? -1 : 0;
}

int out_write(FILE *to, const struct buf *b, struct err *err)
{
	if (b->cut)
		return err_set(err, ERR_RUNTIME, "the report is larger than memory allows");
	if (!b->len && !ferror(to))
		return 0;
	errno = 0;
	if (fwrite(b->ptr, 1, b->len, to) == b->len && !fflush(to) && !ferror(to) && !settle(to))
		return 0;
	err_set(err, ERR_RUNTIME, "the report could not be written: %s",
		errno ? strerror(errno) : "the output failed earlier");
	return err_hint(err, "see that standard output is open, read to its end, and has room");
}
