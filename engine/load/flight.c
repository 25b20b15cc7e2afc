#include "load/flight.h"

#include "base/mono.h"

struct flight *flight_at(struct worker *w, uint32_t id, unsigned nth)
{
	const struct conn *c = &w->conns[id];
	uint32_t depth = w->plan->pipeline;
	return &w->flights[(size_t)id * depth + (c->first + nth) % depth];
}

/* `first_ns`: the first byte of the answer, 0 for none. */
static void count_outcome(struct worker *w, const struct flight *f, uint64_t first_ns,
			  enum outcome outcome)
{
	if (f->due_ns < w->measure_ns)
		return;
	struct tally *t = w->tally;
	t->outcomes[outcome]++;
	t->last_end_ns = w->now_ns;
	bool late = f->due_ns < w->mark_ns;
	t->late[outcome] += late;
	hist_add(late ? &t->late_us : &t->intended_us, worker_us_since(w, f->due_ns));
	if (!f->sent_ns || late)
		return;
	hist_add(&t->service_us, worker_us_since(w, f->sent_ns));
	if (first_ns)
		hist_add(&t->first_byte_us, (first_ns - f->sent_ns) / NS_PER_US);
}

void flight_end_oldest(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	struct flight *f = flight_at(w, id, 0);
	if (!f->sent_ns)
		c->to_write--;
	calls_answered(w, id, outcome);
	if (!calls_retry(w, id, f->due_ns, outcome))
		count_outcome(w, f, c->state == CONN_OPEN ? c->mark_ns : 0, outcome);
	if (c->state == CONN_OPEN)
		c->mark_ns = 0;
	c->first = (uint8_t)((c->first + 1) % w->plan->pipeline);
	c->in_flight--;
	w->in_flight--;
}

void flight_end_all(struct worker *w, uint32_t id, enum outcome oldest, enum outcome others)
{
	enum outcome outcome = oldest;
	while (w->conns[id].in_flight) {
		flight_end_oldest(w, id, outcome);
		outcome = others;
	}
}

void flight_give_up(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	for (unsigned i = 0; i < c->in_flight; i++)
		w->given_up += flight_at(w, id, i)->due_ns >= w->measure_ns;
	calls_forget(w, id);
	w->in_flight -= c->in_flight;
	c->in_flight = c->to_write = 0;
}

void flight_take_again(struct worker *w, uint32_t id, uint64_t due_ns)
{
	struct conn *c = &w->conns[id];
	*flight_at(w, id, c->in_flight) = (struct flight){.due_ns = due_ns};
	c->in_flight++;
	c->to_write++;
	w->in_flight++;
}

void flight_take(struct worker *w, uint32_t id, uint64_t due_ns)
{
	flight_take_again(w, id, due_ns);
	if (due_ns >= w->measure_ns)
		w->tally->intended++;
	else
		w->tally->warmup++;
}

enum outcome flight_judge(const struct worker *w, uint32_t id, const struct proto_answer *a)
{
	const struct mix_request *r = calls_request(w, id);
	uint16_t expect_status = r ? r->expect_status : w->plan->expect_status;
	if (expect_status && a->status == expect_status)
		return OUTCOME_OK;
	if (a->status == 429 || (a->status == 503 && a->retry_after))
		return OUTCOME_SHED;
	if (a->status >= 500)
		return OUTCOME_HTTP_5XX;
	if (a->status >= 400)
		return OUTCOME_HTTP_4XX;
	if (a->status < 200) /* 101: a change of protocol that nobody asked for */
		return OUTCOME_MALFORMED;
	return expect_status ? OUTCOME_CHECK_FAILED : OUTCOME_OK;
}

enum outcome flight_outcome_of_fault(enum proto_fault fault)
{
	static const enum outcome outcomes[] = {
		[PROTO_MALFORMED] = OUTCOME_MALFORMED, [PROTO_TOO_LARGE] = OUTCOME_TOO_LARGE,
		[PROTO_DESYNC] = OUTCOME_DESYNC,       [PROTO_TRUNCATED] = OUTCOME_TRUNCATED,
		[PROTO_CLOSED] = OUTCOME_PEER_CLOSED,
	};
	return outcomes[fault];
}
