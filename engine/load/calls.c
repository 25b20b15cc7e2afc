#include "load/calls.h"

#include "base/mem.h"
#include "load/capture.h"
#include "load/worker_impl.h"

#include <stdlib.h>

#define ANSWER_MAX (64u << 10) /* of an answer in which a capture is looked for */

/* --- memory ------------------------------------------------------------------------------ */

static bool captures_any(const struct mix *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->requests[i].capture_count)
			return true;
	return false;
}

bool calls_init(struct worker *w)
{
	struct calls *c = &w->calls;
	c->mix = w->plan->mix;
	if (!c->mix)
		return true;
	c->rng.state = c->mix->seed ^ (uint64_t)w->number << 40;
	c->of = mem_pages(w->count * sizeof *c->of);
	c->bytes = mem_reserve(w->count * c->mix->longest);
	c->scratch = malloc(c->mix->longest);
	c->again = mem_reserve(w->count * sizeof *c->again);
	if (captures_any(c->mix))
		c->answers = mem_reserve(w->count * sizeof *c->answers);
	return c->of && c->bytes && c->scratch && c->again && (c->answers || !captures_any(c->mix));
}

void calls_fini(struct worker *w)
{
	struct calls *c = &w->calls;
	if (!c->mix)
		return;
	for (uint32_t id = 0; c->answers && id < w->count; id++)
		buf_fini(&c->answers[id]);
	mem_pages_free(c->answers, w->count * sizeof *c->answers);
	mem_pages_free(c->of, w->count * sizeof *c->of);
	mem_pages_free(c->bytes, w->count * c->mix->longest);
	mem_pages_free(c->again, w->count * sizeof *c->again);
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

void calls_take(struct worker *w, uint32_t id)
{
	struct calls *c = &w->calls;
	if (!c->mix)
		return;
	c->of[id] = c->drawn;
	c->next++;
	c->counted++;
}

bool calls_wait(const struct worker *w)
{
	return w->calls.again_count > 0;
}

bool calls_take_again(struct worker *w, uint32_t id, uint64_t *ret_due_ns)
{
	struct calls *c = &w->calls;
	if (!c->again_count)
		return false;
	*ret_due_ns = c->again[c->again_at].due_ns;
	c->of[id] = c->again[c->again_at].call;
	c->again_at = c->again_at + 1 == w->count ? 0 : c->again_at + 1;
	c->again_count--;
	return true;
}

bool calls_first_try(const struct worker *w, uint32_t id)
{
	return !w->calls.mix || !w->calls.of[id].tries;
}

const struct mix_request *calls_request(const struct worker *w, uint32_t id)
{
	return w->calls.mix ? &w->calls.mix->requests[w->calls.of[id].which] : NULL;
}

/* --- what they say ----------------------------------------------------------------------- */

struct span calls_bytes(const struct worker *w, uint32_t id)
{
	const struct calls *c = &w->calls;
	return (struct span){c->bytes + id * c->mix->longest, c->mix->longest};
}

struct span calls_render(struct worker *w, uint32_t id)
{
	struct calls *c = &w->calls;
	char *bytes = c->bytes + id * c->mix->longest;
	size_t len = mix_render(c->mix, &c->of[id], w->number, w->plan->workers, c->captured, bytes,
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

bool calls_retry(struct worker *w, uint32_t id, uint64_t due_ns, enum outcome outcome)
{
	struct calls *c = &w->calls;
	if (!c->mix || !c->mix->retries || !w->issuing || !may_pass(outcome) ||
	    !calls_request(w, id)->idempotent)
		return false;
	struct call *call = &c->of[id];
	bool allowed = (double)(c->retried + 1) <= c->mix->retry_budget * (double)c->counted;
	if (call->tries >= c->mix->retries || !allowed || c->again_count == w->count ||
	    w->now_ns >= due_ns + w->plan->timeout_ns)
		return false;
	uint32_t at = (uint32_t)(((uint64_t)c->again_at + c->again_count) % w->count);
	c->again[at] = (struct again){due_ns, *call};
	c->again[at].call.tries++;
	c->again_count++;
	c->retried++;
	w->tally->retries++;
	return true;
}

/* --- captures ---------------------------------------------------------------------------- */

static bool listens(const struct worker *w, uint32_t id)
{
	return w->calls.answers && w->conns[id].in_flight && calls_request(w, id)->capture_count;
}

void calls_heard(struct worker *w, uint32_t id, struct span in)
{
	if (!listens(w, id))
		return;
	struct buf *b = &w->calls.answers[id];
	if (!b->max)
		buf_init(b, ANSWER_MAX);
	buf_append(b, in.ptr, in.len);
}

void calls_answered(struct worker *w, uint32_t id, enum outcome outcome)
{
	struct calls *c = &w->calls;
	if (!listens(w, id))
		return;
	const struct mix_request *r = calls_request(w, id);
	const struct buf *b = &c->answers[id];
	for (unsigned i = 0; outcome == OUTCOME_OK && !b->cut && i < r->capture_count; i++) {
		uint32_t index = r->captures[i].index;
		if (capture(&c->captured[index], (struct span){b->ptr, b->len},
			    r->captures[i].path))
			c->have |= 1u << index;
		else
			w->tally->capture_misses++;
	}
	calls_forget(w, id);
}

void calls_forget(struct worker *w, uint32_t id)
{
	if (!w->calls.answers)
		return;
	w->calls.answers[id].len = 0;
	w->calls.answers[id].cut = false;
}
