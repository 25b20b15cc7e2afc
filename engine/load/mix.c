#include "load/mix.h"

#include "base/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SCRATCH 40u

struct telling {
	const struct mix *mix;
	const struct call *call;
	uint32_t worker, workers;
	const struct captured *captured;
	struct rng rng; /* the same for the same call */
	size_t body_len;
};

/* --- parts ------------------------------------------------------------------------------- */

static uint64_t number_of_all(const struct telling *t)
{
	return t->call->number * t->workers + t->worker;
}

static struct span cell(const struct telling *t, const struct part *p)
{
	const struct feed *f = &t->mix->feeds[p->feed];
	uint64_t row = number_of_all(t) % f->rows;
	return f->cells[row * f->columns + p->index];
}

static struct span say(char *scratch, int len)
{
	return (struct span){scratch, (size_t)len};
}

static struct span uuid(struct rng *rng, char *scratch)
{
	uint64_t a = rng_next(rng), b = rng_next(rng);
	return say(scratch, snprintf(scratch, SCRATCH, "%08x-%04x-4%03x-%04x-%012llx",
				     (unsigned)(a >> 32), (unsigned)(a >> 16) & 0xffff,
				     (unsigned)a & 0xfff, 0x8000 | ((unsigned)(b >> 48) & 0x3fff),
				     (unsigned long long)(b & 0xffffffffffff)));
}

static struct span key(const struct telling *t, char *scratch)
{
	struct rng own = {t->mix->seed ^ (number_of_all(t) << 1 | 1)};
	rng_next(&own);
	return uuid(&own, scratch);
}

static struct span now(char *scratch)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return say(scratch, snprintf(scratch, SCRATCH, "%lld",
				     (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000));
}

static struct span drawn(struct telling *t, const struct part *p, char *scratch)
{
	uint64_t range = (uint64_t)(p->high - p->low) + 1;
	uint64_t above = range ? rng_below(&t->rng, range) : rng_next(&t->rng);
	return say(scratch,
		   snprintf(scratch, SCRATCH, "%lld", (long long)(p->low + (int64_t)above)));
}

static struct span tell(struct telling *t, const struct part *p, char *scratch)
{
	switch (p->kind) {
	case PART_TEXT:
		break;
	case PART_COLUMN:
		return cell(t, p);
	case PART_CAPTURE:
		return (struct span){t->captured[p->index].text, t->captured[p->index].len};
	case PART_SEQ:
		return say(scratch, snprintf(scratch, SCRATCH, "%llu",
					     (unsigned long long)number_of_all(t)));
	case PART_UUID:
		return uuid(&t->rng, scratch);
	case PART_RAND:
		return drawn(t, p, scratch);
	case PART_NOW:
		return now(scratch);
	case PART_KEY:
		return key(t, scratch);
	case PART_LENGTH:
		return say(scratch, snprintf(scratch, SCRATCH, "%zu", t->body_len));
	}
	return p->text;
}

static size_t put(struct telling *t, const struct part *parts, unsigned count, char *out)
{
	char scratch[SCRATCH], *at = out;
	for (unsigned i = 0; i < count; i++) {
		struct span s = tell(t, &parts[i], scratch);
		memcpy(at, s.ptr, s.len);
		at += s.len;
	}
	return (size_t)(at - out);
}

/* --- requests ---------------------------------------------------------------------------- */

bool mix_has_rows(const struct mix *m, const struct call *call, uint32_t worker, uint32_t workers)
{
	uint32_t feeds = m->requests[call->which].feeds;
	uint64_t row = call->number * workers + worker;
	for (unsigned i = 0; i < m->feed_count; i++)
		if ((feeds >> i & 1) && m->feeds[i].unique && row >= m->feeds[i].rows)
			return false;
	return true;
}

/* The body comes first, as the head tells its length; then it follows the head. */
size_t mix_render(const struct mix *m, const struct call *call, uint32_t worker, uint32_t workers,
		  const struct captured *captured, char *out, char *scratch)
{
	const struct mix_request *r = &m->requests[call->which];
	struct telling t = {
		.mix = m,
		.call = call,
		.worker = worker,
		.workers = workers,
		.captured = captured,
	};
	t.rng.state = m->seed + number_of_all(&t) * UINT64_C(0xd1342543de82ef95);
	unsigned body_count = r->part_count - r->body_at;
	t.body_len = put(&t, r->parts + r->body_at, body_count, scratch);
	size_t head_len = put(&t, r->parts, r->body_at, out);
	memcpy(out + head_len, scratch, t.body_len);
	return head_len + t.body_len;
}

void mix_free(struct mix *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < m->count; i++) {
		for (unsigned k = 0; k < m->requests[i].part_count; k++)
			if (m->requests[i].parts[k].kind == PART_TEXT)
				free((void *)(uintptr_t)m->requests[i].parts[k].text.ptr);
		free(m->requests[i].parts);
	}
	for (unsigned i = 0; i < m->feed_count; i++) {
		free(m->feeds[i].cells);
		free(m->feeds[i].block);
	}
	free(m);
}
