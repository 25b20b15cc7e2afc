/* What a hold adds to the summary as JSON: the pace of opening, what a connection costs, and why
 * connections failed or were lost. What could not be had is null. */
#include "out/forms.h"

#include "base/json.h"

static void known(struct json *j, const char *key, double value)
{
	if (value > 0)
		json_real(j, key, value);
	else
		json_null(j, key);
}

static void count(struct json *j, const char *key, uint64_t value)
{
	if (value == SUMMARY_UNKNOWN)
		json_null(j, key);
	else
		json_u64(j, key, value);
}

static void established(struct json *j, const struct summary_hold *h)
{
	json_object(j, "established_rps");
	known(j, "mean", h->opened_rps);
	known(j, "first_tenth", h->first_tenth_rps);
	known(j, "last_tenth", h->last_tenth_rps);
	json_object_end(j);
}

/* The classes that occurred. */
static void causes(struct json *j, const char *key, const uint64_t *by)
{
	json_object(j, key);
	for (int o = OUTCOME_OK + 1; o < OUTCOME_COUNT; o++)
		if (by[o])
			json_u64(j, outcome_name((enum outcome)o), by[o]);
	json_object_end(j);
}

static void memory(struct json *j, const struct summary_hold *h)
{
	json_object(j, "memory");
	known(j, "user_bytes_per_connection", h->user_bytes);
	known(j, "kernel_bytes_per_connection", h->kernel_bytes);
	json_bool(j, "both_ends", h->target_local);
	json_u64(j, "warm_bytes", h->warm_bytes);
	if (h->warm_bytes) /* of memory that was touched, none cold is a finding */
		json_real(j, "cold_share", h->cold_share);
	else
		json_null(j, "cold_share");
	json_object_end(j);
}

void out_json_hold(const struct summary *s, struct json *j)
{
	const struct summary_hold *h = &s->held;
	if (!s->hold) {
		json_null(j, "hold");
		return;
	}
	json_object(j, "hold");
	json_real(j, "opening_s", h->opening_s);
	json_real(j, "held_s", h->held_s);
	json_real(j, "closing_s", h->closing_s);
	established(j, h);
	json_u64(j, "open_at_end", h->open_at_end);
	causes(j, "failed_by", s->total.failed_by);
	causes(j, "lost_by", s->total.lost_by);
	memory(j, h);
	count(j, "tcp_memory_pressures", h->memory_pressures);
	count(j, "time_wait_overflows", h->time_wait_overflows);
	json_bool(j, "reset", h->reset);
	json_object_end(j);
}
