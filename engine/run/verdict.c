#include "run/verdict.h"

bool verdict_balances(const struct tally *total)
{
	return total->intended == tally_ended(total) + total->in_flight;
}

/* Broken off before anything was asked, a run says nothing of its target. */
static bool nothing_succeeded(const struct summary *s)
{
	if (s->hold && !s->total.intended)
		return s->total.opened == 0;
	bool judged = s->total.intended > 0 || s->signal == 0;
	return judged && s->total.outcomes[OUTCOME_OK] == 0;
}

static bool thresholds_held(const struct summary *s)
{
	for (unsigned i = 0; i < s->threshold_count; i++)
		if (!s->results[i].ok)
			return false;
	return true;
}

static bool an_agent_was_lost(const struct summary *s)
{
	for (unsigned i = 0; i < s->agent_count; i++)
		if (s->agents[i].lost)
			return true;
	return false;
}

int verdict_exit_code(const struct summary *s, bool accept_saturated)
{
	if (!verdict_balances(&s->total))
		return EXIT_INTERNAL;
	if (nothing_succeeded(s))
		return EXIT_NO_SUCCESS;
	if (s->stopped_by_guard)
		return EXIT_GUARD;
	if (an_agent_was_lost(s))
		return EXIT_LOST;
	if (s->saturated && !accept_saturated)
		return EXIT_GENERATOR;
	if (!thresholds_held(s))
		return EXIT_THRESHOLDS;
	return s->signal ? 128 + s->signal : EXIT_OK;
}
