#include "load/calls.h"

#include "base/mem.h"
#include "load/capture.h"
#include "load/check.h"
#include "load/worker_impl.h"

#include <stdlib.h>

/* --- memory ------------------------------------------------------------------------------ */

static bool captures_any(const struct mix *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->requests[i].capture_count)
			return true;
	return false;
}

static size_t flights(const struct worker *w)
{
	return (size_t)w->count * w->plan->pipeline;
}

/* A protocol that writes requests itself takes its bytes at once. */
static size_t bytes_len(const struct worker *w)
{
	return (w->plan->proto->send ? 1 : w->count) * w->calls.mix->longest;
}

bool calls_init(struct worker *w)
{
	struct calls *c = &w->calls;
	c->mix = w->plan->mix;
	c->check_phase = (uint64_t)w->number << 40;
	if (!ears_init(w, w->plan->checks || (c->mix && captures_any(c->mix))))
		return false;
	if (!c->mix)
		return true;
	c->rng.state = c->mix->seed ^ (uint64_t)w->number << 40;
	c->of = mem_pages(flights(w) * sizeof *c->of);
	c->bytes = mem_reserve(bytes_len(w));
	c->scratch = malloc(c->mix->longest);
	c->again = mem_reserve(flights(w) * sizeof *c->again);
	return c->of && c->bytes && c->scratch && c->again;
}

void calls_fini(struct worker *w)
{
	struct calls *c = &w->calls;
	ears_fini(w);
	if (!c->mix)
		return;
	mem_pages_free(c->of, flights(w) * sizeof *c->of);
	mem_pages_free(c->bytes, bytes_len(w));
	mem_pages_free(c->again, flights(w) * sizeof *c->again);
	free(c->scratch);
}

/* --- which ------------------------------------------------------------------------------- */

static bool read_only(const struct worker *w)
{
	return atomic_load_explicit(&w->read_only, memory_order_relaxed);
}

static bool is_open(const struct worker *w, const struct mix_request *r)
{
	return !(r->needs & ~w->calls.have) && (r->safe || !read_only(w));
}

/* By their weights, among those that can be told and are allowed; -1: none is. */
static int draw(struct worker *w)
{
	const struct mix *m = w->calls.mix;
	uint64_t weight = 0;
	for (unsigned i = 0; i < m->count; i++)
		weight += is_open(w, &m->requests[i]) ? m->requests[i].weight : 0;
	if (!weight)
		return -1;
	uint64_t at = m->count > 1 ? rng_below(&w->calls.rng, weight) : 0;
	for (unsigned i = 0; i < m->count; i++) {
		uint64_t own = is_open(w, &m->requests[i]) ? m->requests[i].weight : 0;
		if (at < own)
			return (int)i;
		at -= own;
	}
	return -1;
}

bool calls_may(struct worker *w)
{
	struct calls *c = &w->calls;
	if (!c->mix)
		return w->plan->safe || !read_only(w);
	int which = draw(w);
	c->drawn = (struct call){.number = c->next, .which = (uint16_t)which};
	if (which < 0)
		return false;
	if (mix_has_rows(c->mix, &c->drawn, w->number, w->plan->workers))
		return true;
	w->quota = 0;
	w->tally->rows_ended = 1;
	return false;
}

void calls_take(struct worker *w, size_t at)
{
	struct calls *c = &w->calls;
	if (!c->mix)
		return;
	c->of[at] = c->drawn;
	c->next++;
	c->counted++;
}

bool calls_wait(const struct worker *w)
{
	return w->calls.again_count > 0;
}

uint64_t calls_waiting_ns(const struct worker *w)
{
	return w->calls.again[w->calls.again_at].due_ns;
}

void calls_take_again(struct worker *w, size_t at)
{
	struct calls *c = &w->calls;
	c->of[at] = c->again[c->again_at].call;
	c->again_at = c->again_at + 1 == flights(w) ? 0 : c->again_at + 1;
	c->again_count--;
}

bool calls_first_try(const struct worker *w, size_t at)
{
	return !w->calls.mix || !w->calls.of[at].tries;
}

const struct mix_request *calls_request(const struct worker *w, size_t at)
{
	return w->calls.mix ? &w->calls.mix->requests[w->calls.of[at].which] : NULL;
}

/* --- what they say ----------------------------------------------------------------------- */

struct span calls_bytes(const struct worker *w, uint32_t id)
{
	const struct calls *c = &w->calls;
	return (struct span){c->bytes + id * c->mix->longest, c->mix->longest};
}

struct span calls_render(struct worker *w, size_t at, uint32_t id)
{
	struct calls *c = &w->calls;
	char *bytes = c->bytes + (w->plan->proto->send ? 0 : id) * c->mix->longest;
	size_t len = mix_render(c->mix, &c->of[at], w->number, w->plan->workers, c->captured, bytes,
				c->scratch);
	return (struct span){bytes, len};
}

/* --- once more --------------------------------------------------------------------------- */

/* What may pass by itself: not an answer that says no, nor what has had its time. */
static bool may_pass(enum outcome outcome)
{
	return outcome == OUTCOME_HTTP_5XX || outcome == OUTCOME_SHED ||
	       (outcome_side(outcome) == SIDE_TARGET && outcome != OUTCOME_HTTP_4XX &&
		outcome != OUTCOME_TIMEOUT && outcome != OUTCOME_CHECK_FAILED &&
		outcome != OUTCOME_UNSENT);
}

bool calls_retry(struct worker *w, size_t at, uint64_t due_ns, enum outcome outcome)
{
	struct calls *c = &w->calls;
	if (!c->mix || !c->mix->retries || !w->issuing || !may_pass(outcome) ||
	    !calls_request(w, at)->idempotent)
		return false;
	struct call *call = &c->of[at];
	bool allowed = (double)(c->retried + 1) <= c->mix->retry_budget * (double)c->counted;
	if (call->tries >= c->mix->retries || !allowed || c->again_count == flights(w) ||
	    w->now_ns >= due_ns + w->plan->timeout_ns)
		return false;
	struct again *again = &c->again[(c->again_at + c->again_count) % flights(w)];
	*again = (struct again){due_ns, *call};
	again->call.tries++;
	c->again_count++;
	c->retried++;
	w->tally->retries++;
	return true;
}

/* --- what answers say -------------------------------------------------------------------- */

/* The checks that its answer is held to, a bit each. */
static uint32_t checks_of(const struct worker *w, size_t at)
{
	const struct mix_request *r = calls_request(w, at);
	if (!w->plan->checks)
		return 0;
	return r ? r->checks : w->plan->checks->common;
}

struct proto_heard *calls_ear(struct worker *w, size_t at)
{
	if (!w->ears.of)
		return NULL;
	const struct mix_request *r = calls_request(w, at);
	bool checks = checks_of(w, at) && check_is_due(w->plan->checks, &w->calls.check_phase);
	ear_close(w, at);
	if (checks || (r && r->capture_count))
		ear_open(w, at, checks);
	return ear_of(w, at);
}

static void count_checks(struct tally *t, uint32_t looked, enum check_verdict verdict,
			 unsigned failed)
{
	t->checked++;
	t->unchecked += verdict == CHECK_OPEN;
	for (; looked; looked &= looked - 1)
		t->checked_by[__builtin_ctz(looked)]++;
	if (verdict == CHECK_FAILS)
		t->check_failed_by[failed]++;
}

enum outcome calls_check(struct worker *w, size_t at, bool counts)
{
	struct check_answer a;
	enum check_verdict verdict = CHECK_OPEN;
	uint32_t looked = 0;
	unsigned failed = 0;
	if (!ear_checks(w, at))
		return OUTCOME_OK;
	enum ear_told told = ear_tell(w, at, &a.head, &a.body);
	a.cut = told == EAR_CUT;
	if (told != EAR_NOTHING)
		verdict = check_judge(w->plan->checks, checks_of(w, at), &a, &looked, &failed);
	if (counts)
		count_checks(w->tally, looked, verdict, failed);
	return verdict == CHECK_FAILS ? OUTCOME_CHECK_FAILED : OUTCOME_OK;
}

static void take_captures(struct worker *w, const struct mix_request *r, struct span body)
{
	struct calls *c = &w->calls;
	for (unsigned i = 0; i < r->capture_count; i++) {
		uint32_t index = r->captures[i].index;
		if (capture(&c->captured[index], body, r->captures[i].path))
			c->have |= 1u << index;
		else
			w->tally->capture_misses++;
	}
}

void calls_answered(struct worker *w, size_t at, enum outcome outcome)
{
	struct span head, body;
	const struct mix_request *r = calls_request(w, at);
	if (r && r->capture_count && outcome == OUTCOME_OK &&
	    ear_tell(w, at, &head, &body) == EAR_WHOLE)
		take_captures(w, r, body);
	calls_forget(w, at);
}

void calls_forget(struct worker *w, size_t at)
{
	ear_close(w, at);
}
