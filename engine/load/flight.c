#include "load/flight.h"

#include "base/mono.h"

#include <assert.h>

#define FLIGHT_AGAIN_MAX 15 /* a peer that leaves everything untouched is not asked for ever */
#define REFUSED_STREAM   7  /* RFC 9113 7; else it is GOAWAY's code */

/* --- where they are ---------------------------------------------------------------------- */

size_t flight_index(const struct worker *w, uint32_t id, uint32_t tag)
{
	return (size_t)id * w->plan->pipeline + tag;
}

struct flight *flight_of(struct worker *w, uint32_t id, uint32_t tag)
{
	return &w->flights[flight_index(w, id, tag)];
}

uint32_t flight_nth(const struct worker *w, uint32_t id, unsigned nth)
{
	return (w->conns[id].first + nth) % w->plan->pipeline;
}

bool flight_next(const struct worker *w, uint32_t id, uint32_t *at, uint32_t *ret_tag)
{
	const struct conn *c = &w->conns[id];
	if (!worker_multiplexes(w)) {
		*ret_tag = flight_nth(w, id, *at);
		return (*at)++ < c->in_flight;
	}
	while (*at < c->streams.used) {
		*ret_tag = (*at)++;
		if (w->flights[flight_index(w, id, *ret_tag)].due_ns)
			return true;
	}
	return false;
}

/* --- tags that come and go in any order: a list of free ones, and one of those that wait ---- */

static uint16_t *link_of(const struct worker *w, uint32_t id, uint32_t tag)
{
	return &w->links[flight_index(w, id, tag)];
}

static uint32_t take_tag(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	if (!c->streams.free)
		return c->streams.used++;
	uint32_t tag = c->streams.free - 1u;
	c->streams.free = *link_of(w, id, tag);
	return tag;
}

static void give_tag(struct worker *w, uint32_t id, uint32_t tag)
{
	struct conn *c = &w->conns[id];
	flight_of(w, id, tag)->due_ns = 0;
	*link_of(w, id, tag) = c->streams.free;
	c->streams.free = (uint16_t)(tag + 1);
}

static void begin_waiting(struct worker *w, uint32_t id, uint32_t tag)
{
	struct conn *c = &w->conns[id];
	*link_of(w, id, tag) = 0;
	if (c->streams.waits_last)
		*link_of(w, id, c->streams.waits_last - 1u) = (uint16_t)(tag + 1);
	else
		c->streams.waits = (uint16_t)(tag + 1);
	c->streams.waits_last = (uint16_t)(tag + 1);
}

static void end_waiting(struct worker *w, uint32_t id, uint32_t tag)
{
	struct conn *c = &w->conns[id];
	uint16_t *from = &c->streams.waits, before = 0;
	while (*from != tag + 1) {
		before = *from;
		from = link_of(w, id, *from - 1u);
	}
	*from = *link_of(w, id, tag);
	if (c->streams.waits_last == tag + 1)
		c->streams.waits_last = before;
}

uint32_t flight_waiting(const struct worker *w, uint32_t id)
{
	const struct conn *c = &w->conns[id];
	assert(c->to_write);
	if (worker_multiplexes(w))
		return c->streams.waits - 1u;
	return flight_nth(w, id, (unsigned)(c->in_flight - c->to_write));
}

void flight_sent(struct worker *w, uint32_t id, uint32_t tag)
{
	struct flight *f = flight_of(w, id, tag);
	if (worker_multiplexes(w))
		end_waiting(w, id, tag);
	w->conns[id].to_write--;
	f->sent_ns = w->now_ns;
	bool first = !f->again && calls_first_try(w, flight_index(w, id, tag));
	if (f->due_ns >= w->measure_ns && first)
		w->tally->sent++;
}

bool flight_unsend(struct worker *w, uint32_t id, uint32_t tag)
{
	struct flight *f = flight_of(w, id, tag);
	if (f->again == FLIGHT_AGAIN_MAX)
		return false;
	f->sent_ns = 0;
	f->again++;
	w->conns[id].to_write++;
	w->tally->retries += f->due_ns >= w->measure_ns;
	begin_waiting(w, id, tag);
	return true;
}

/* --- their beginning --------------------------------------------------------------------- */

uint32_t flight_take_again(struct worker *w, uint32_t id, uint64_t due_ns)
{
	struct conn *c = &w->conns[id];
	uint32_t tag = worker_multiplexes(w) ? take_tag(w, id) : flight_nth(w, id, c->in_flight);
	*flight_of(w, id, tag) = (struct flight){.due_ns = due_ns};
	if (worker_multiplexes(w))
		begin_waiting(w, id, tag);
	c->in_flight++;
	c->to_write++;
	w->in_flight++;
	return tag;
}

uint32_t flight_take(struct worker *w, uint32_t id, uint64_t due_ns)
{
	if (due_ns >= w->measure_ns)
		w->tally->intended++;
	else
		w->tally->warmup++;
	return flight_take_again(w, id, due_ns);
}

/* --- their end --------------------------------------------------------------------------- */

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

void flight_end(struct worker *w, uint32_t id, uint32_t tag, enum outcome outcome)
{
	struct conn *c = &w->conns[id];
	struct flight *f = flight_of(w, id, tag);
	size_t at = flight_index(w, id, tag);
	bool ordered = !worker_multiplexes(w);
	if (!f->sent_ns) {
		c->to_write--;
		if (!ordered)
			end_waiting(w, id, tag);
	}
	calls_answered(w, at, outcome);
	if (!calls_retry(w, at, f->due_ns, outcome))
		count_outcome(w, f, c->state == CONN_OPEN && ordered ? c->mark_ns : 0, outcome);
	if (ordered) {
		assert(tag == c->first);
		if (c->state == CONN_OPEN)
			c->mark_ns = 0;
		c->first = (uint8_t)((c->first + 1u) % w->plan->pipeline);
	} else {
		give_tag(w, id, tag);
	}
	c->in_flight--;
	w->in_flight--;
}

void flight_end_all(struct worker *w, uint32_t id, enum outcome oldest, enum outcome others)
{
	enum outcome outcome = oldest;
	uint32_t at = 0, tag;
	while (w->conns[id].in_flight && flight_next(w, id, &at, &tag)) {
		flight_end(w, id, tag, outcome);
		if (!worker_multiplexes(w)) {
			outcome = others;
			at = 0;
		}
	}
}

void flight_end_sent(struct worker *w, uint32_t id, enum outcome outcome)
{
	uint32_t at = 0, tag;
	while (flight_next(w, id, &at, &tag))
		if (flight_of(w, id, tag)->sent_ns)
			flight_end(w, id, tag, outcome);
}

void flight_give_up(struct worker *w, uint32_t id)
{
	struct conn *c = &w->conns[id];
	uint32_t at = 0, tag;
	while (flight_next(w, id, &at, &tag)) {
		w->given_up += flight_of(w, id, tag)->due_ns >= w->measure_ns;
		calls_forget(w, flight_index(w, id, tag));
		flight_of(w, id, tag)->due_ns = 0;
	}
	w->in_flight -= c->in_flight;
	c->in_flight = c->to_write = 0;
	if (worker_multiplexes(w))
		c->streams = (struct conn_streams){.talk = c->streams.talk};
}

/* --- what they come to ------------------------------------------------------------------- */

static enum outcome judge_status(uint16_t status, bool retry_after)
{
	if (status == 429 || (status == 503 && retry_after))
		return OUTCOME_SHED;
	if (status >= 500)
		return OUTCOME_HTTP_5XX;
	if (status >= 400)
		return OUTCOME_HTTP_4XX;
	if (status < 200) /* 101: a change of protocol that nobody asked for */
		return OUTCOME_MALFORMED;
	return OUTCOME_OK;
}

/* Over HTTP/2 an answer without a grpc-status is a proxy's, and its own status says more. */
static enum outcome judge_grpc(const struct proto_answer *a)
{
	if (a->code == PROTO_CODE_NONE && a->status == 200)
		return OUTCOME_MALFORMED;
	if (a->code == PROTO_CODE_NONE)
		return judge_status(a->status, a->retry_after);
	return a->code ? OUTCOME_GRPC_STATUS : OUTCOME_OK;
}

enum outcome flight_judge(const struct worker *w, size_t at, const struct proto_answer *a)
{
	const struct mix_request *r = calls_request(w, at);
	uint16_t expect_status = r ? r->expect_status : w->plan->expect_status;
	if (a->end == PROTO_RESET)
		return OUTCOME_STREAM_RESET;
	if (a->end == PROTO_UNTOUCHED)
		return a->code == REFUSED_STREAM ? OUTCOME_STREAM_RESET : OUTCOME_GOAWAY;
	if (a->end == PROTO_BAD)
		return flight_outcome_of_fault(w, a);
	if (w->plan->proto == &proto_grpc && !w->plan->hold)
		return judge_grpc(a);
	if (!a->status)
		return a->differs ? OUTCOME_CHECK_FAILED : OUTCOME_OK;
	if (expect_status && a->status == expect_status)
		return OUTCOME_OK;
	enum outcome outcome = judge_status(a->status, a->retry_after);
	return expect_status && outcome == OUTCOME_OK ? OUTCOME_CHECK_FAILED : outcome;
}

enum outcome flight_outcome_of_fault(const struct worker *w, const struct proto_answer *a)
{
	static const enum outcome outcomes[] = {
		[PROTO_OK] = OUTCOME_MALFORMED,        [PROTO_MALFORMED] = OUTCOME_MALFORMED,
		[PROTO_TOO_LARGE] = OUTCOME_TOO_LARGE, [PROTO_DESYNC] = OUTCOME_DESYNC,
		[PROTO_TRUNCATED] = OUTCOME_TRUNCATED, [PROTO_CLOSED] = OUTCOME_PEER_CLOSED,
		[PROTO_LEFT] = OUTCOME_GOAWAY,         [PROTO_DECLINED] = OUTCOME_MALFORMED,
	};
	if (a->fault == PROTO_LEFT && w->plan->proto == &proto_ws)
		return OUTCOME_WS_CLOSE;
	if (a->fault == PROTO_DECLINED && a->status >= 400)
		return judge_status(a->status, a->retry_after);
	return outcomes[a->fault];
}
