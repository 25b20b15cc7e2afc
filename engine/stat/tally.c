#include "stat/tally.h"

#include <stddef.h>
#include <string.h>

/* Which field is added how. The assertion below holds these lists to the struct. */
#define FIELD(name) offsetof(struct tally, name)

static const size_t counters[] = {
	FIELD(intended),       FIELD(sent),           FIELD(warmup),       FIELD(bytes_sent),
	FIELD(bytes_received), FIELD(opened),         FIELD(failed),       FIELD(lost),
	FIELD(reopened),       FIELD(turns),          FIELD(batch_turns),  FIELD(events),
	FIELD(ring_overflows), FIELD(ring_starved),   FIELD(cpu_ns),       FIELD(spin_ns),
	FIELD(run_delay_ns),   FIELD(tls_full),       FIELD(tls_resumed),  FIELD(retries),
	FIELD(held_back),      FIELD(capture_misses), FIELD(rows_ended),   FIELD(messages),
	FIELD(checked),        FIELD(unchecked),      FIELD(bare_answers),
};

static const size_t gauges[] = {
	FIELD(in_flight), FIELD(open),       FIELD(active),     FIELD(opening),
	FIELD(open_max),  FIELD(active_max), FIELD(slots_left),
};

static const size_t instants[] = {FIELD(last_end_ns), FIELD(issued_until_ns), FIELD(held_from_ns),
				  FIELD(held_until_ns)};

static const size_t histograms[] = {
	FIELD(intended_us),   FIELD(late_us), FIELD(service_us), FIELD(connect_us),
	FIELD(first_byte_us), FIELD(lag_us),  FIELD(tls_us),     FIELD(message_us),
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

/* Rules of their own: from_ns, to_ns, oldest_in_flight_ns, and shed_ok, padded to a word. */
#define OWN_RULES 4

_Static_assert((COUNT(counters) + COUNT(gauges) + COUNT(instants) + OWN_RULES + 4 * OUTCOME_COUNT +
		TALLY_STATUSES + TALLY_TLS_REASONS + TALLY_GRPC + TALLY_WS_CLOSES +
		2 * TALLY_CHECKS) * sizeof(uint64_t) +
			       COUNT(histograms) * sizeof(struct hist) ==
		       sizeof(struct tally),
	       "every field of a tally is in one of the lists");

static uint64_t *value_at(struct tally *t, size_t offset)
{
	return (uint64_t *)((char *)t + offset);
}

static uint64_t value_of(const struct tally *t, size_t offset)
{
	return *(const uint64_t *)((const char *)t + offset);
}

static struct hist *hist_at(struct tally *t, size_t offset)
{
	return (struct hist *)((char *)t + offset);
}

void tally_init(struct tally *t)
{
	memset(t, 0, sizeof *t);
	for (size_t i = 0; i < COUNT(histograms); i++)
		hist_init(hist_at(t, histograms[i]));
}

void tally_start(struct tally *t)
{
	for (size_t i = 0; i < COUNT(histograms); i++)
		hist_start(hist_at(t, histograms[i]));
}

void tally_reset(struct tally *t)
{
	/* All that stands before the histograms is 9 KB; they are 188 KB each. */
	memset(t, 0, offsetof(struct tally, intended_us));
	for (size_t i = 0; i < COUNT(histograms); i++)
		hist_reset(hist_at(t, histograms[i]));
}

/* The window grows to cover the other; one that was never set covers nothing. */
static void widen(struct tally *into, const struct tally *from)
{
	if (from->to_ns == 0)
		return;
	if (into->to_ns == 0 || from->from_ns < into->from_ns)
		into->from_ns = from->from_ns;
	if (from->to_ns > into->to_ns)
		into->to_ns = from->to_ns;
}

/* What adds alike in both ways. */
static void add_common(struct tally *into, const struct tally *from)
{
	for (size_t i = 0; i < COUNT(counters); i++)
		*value_at(into, counters[i]) += value_of(from, counters[i]);
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		into->outcomes[i] += from->outcomes[i];
		into->late[i] += from->late[i];
		into->failed_by[i] += from->failed_by[i];
		into->lost_by[i] += from->lost_by[i];
	}
	for (size_t i = 0; i < TALLY_STATUSES; i++)
		into->status[i] += from->status[i];
	for (int i = 0; i < TALLY_TLS_REASONS; i++)
		into->tls_reasons[i] += from->tls_reasons[i];
	for (int i = 0; i < TALLY_CHECKS; i++) {
		into->checked_by[i] += from->checked_by[i];
		into->check_failed_by[i] += from->check_failed_by[i];
	}
	for (int i = 0; i < TALLY_GRPC; i++)
		into->grpc[i] += from->grpc[i];
	for (int i = 0; i < TALLY_WS_CLOSES; i++)
		into->ws_close[i] += from->ws_close[i];
	for (size_t i = 0; i < COUNT(histograms); i++)
		hist_merge(hist_at(into, histograms[i]),
			   (const struct hist *)((const char *)from + histograms[i]));
	for (size_t i = 0; i < COUNT(instants); i++)
		if (value_of(from, instants[i]) > value_of(into, instants[i]))
			*value_at(into, instants[i]) = value_of(from, instants[i]);
	into->shed_ok |= from->shed_ok;
	widen(into, from);
}

void tally_extend(struct tally *into, const struct tally *later)
{
	add_common(into, later);
	for (size_t i = 0; i < COUNT(gauges); i++)
		*value_at(into, gauges[i]) = value_of(later, gauges[i]);
	into->oldest_in_flight_ns = later->oldest_in_flight_ns;
}

void tally_join(struct tally *into, const struct tally *other)
{
	add_common(into, other);
	for (size_t i = 0; i < COUNT(gauges); i++)
		*value_at(into, gauges[i]) += value_of(other, gauges[i]);
	if (other->oldest_in_flight_ns > into->oldest_in_flight_ns)
		into->oldest_in_flight_ns = other->oldest_in_flight_ns;
}

static uint64_t side_count(const struct tally *t, enum outcome_side side)
{
	uint64_t sum = 0;
	for (unsigned o = 0; o < OUTCOME_COUNT; o++)
		if (outcome_side(o) == side)
			sum += t->outcomes[o];
	return sum;
}

uint64_t tally_failed(const struct tally *t)
{
	return side_count(t, SIDE_TARGET);
}

uint64_t tally_generator_side(const struct tally *t)
{
	return side_count(t, SIDE_GENERATOR);
}

uint64_t tally_answers(const struct tally *t)
{
	uint64_t sum = t->bare_answers;
	for (unsigned status = 100; status < TALLY_STATUSES; status++)
		sum += t->status[status];
	return sum;
}

uint64_t tally_ended(const struct tally *t)
{
	uint64_t sum = 0;
	for (unsigned o = 0; o < OUTCOME_COUNT; o++)
		sum += t->outcomes[o];
	return sum;
}

double tally_error_rate(const struct tally *t)
{
	uint64_t failed = tally_failed(t);
	uint64_t shed = side_count(t, SIDE_SHED);
	uint64_t all = side_count(t, SIDE_OK) + failed + shed;
	uint64_t bad = t->shed_ok ? failed : failed + shed;
	return all ? (double)bad / (double)all : 0;
}
