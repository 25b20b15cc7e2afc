#include "run/remark.h"

#include "load/ear.h"
#include "run/health.h"

/* Of a load whose number of connections is what it was from the beginning. */
static void remark_connections(struct summary *s)
{
	const struct tally *t = &s->total;
	if (t->open_max < s->connections_asked)
		summary_note(s, "%llu connections were asked for, %llu were open at most",
			     (unsigned long long)s->connections_asked,
			     (unsigned long long)t->open_max);
	if (t->active_max < t->open_max && t->intended >= s->connections_asked)
		summary_note(
			s,
			"%llu connections were open, but only %llu of them got an answer at a time",
			(unsigned long long)t->open_max, (unsigned long long)t->active_max);
}

void remark(struct summary *s)
{
	const struct tally *t = &s->total;
	bool moves = s->find || (s->staged && !s->open_loop);
	if (!moves)
		remark_connections(s);
	if (t->outcomes[OUTCOME_UNSENT])
		summary_note(s,
			     "%llu requests were due while every connection waited for the target; "
			     "with a higher -c they would have been sent",
			     (unsigned long long)t->outcomes[OUTCOME_UNSENT]);
	if (t->retries && t->intended)
		summary_note(s, "%llu retries: the target was asked %.2f times for each request",
			     (unsigned long long)t->retries,
			     1 + (double)t->retries / (double)t->intended);
	if (t->held_back)
		summary_note(
			s, "%llu requests were due and held back: only safe methods were to go on",
			(unsigned long long)t->held_back);
	if (t->capture_misses)
		summary_note(s, "%llu answers lacked the value that was to be captured",
			     (unsigned long long)t->capture_misses);
	if (t->unchecked)
		summary_note(s,
			     "%llu of %llu answers could not be checked: they were longer than "
			     "the %u KiB that are kept of one",
			     (unsigned long long)t->unchecked, (unsigned long long)t->checked,
			     EAR_MAX >> 10);
	if (t->checked && s->check_share < CHECK_ALL)
		summary_note(s,
			     "%llu answers were checked, about %.4g%% of them; the others are "
			     "judged by their status alone",
			     (unsigned long long)t->checked, s->check_share * 100);
	if (t->rows_ended)
		summary_note(s, "it ended early: every row of the data was used once");
	if (t->slots_left)
		summary_note(s, "%llu connections were not closed when the run ended",
			     (unsigned long long)t->slots_left);
}
