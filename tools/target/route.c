#include "tools/target/route.h"

#include "base/units.h"
#include "host/self.h"
#include "tools/target/server.h"

#define ARGUMENT_MAX 32

/* --- the special paths ------------------------------------------------------------------ */

/* Renders an answer for this request alone; out of memory it is shed like any other. */
static const struct answer *render(struct server *s, const struct request *q,
				   struct answer_spec spec)
{
	spec.wire = q->wire;
	const struct answer *once = answer_once(&spec);
	return once ? once : &s->target->shed[q->wire];
}

static bool answer_status(struct server *s, const struct request *q, const char *text,
			  struct pending *ret)
{
	uint64_t status;
	if (!units_count(text, &status) || status < 200 || status > 599)
		return false;
	struct answer_spec spec = s->target->spec;
	spec.status = (unsigned)status;
	spec.body_bytes = s->target->settings->body_bytes;
	ret->answer = render(s, q, spec);
	return true;
}

static bool answer_body(struct server *s, const struct request *q, const char *text,
			struct pending *ret)
{
	struct answer_spec spec = s->target->spec;
	spec.status = 200;
	if (!units_size(text, &spec.body_bytes))
		return false;
	ret->answer = render(s, q, spec);
	return true;
}

static bool answer_delay(struct server *s, const struct request *q, const char *text,
			 struct pending *ret)
{
	uint64_t delay_ns;
	if (!units_duration_ns(text, &delay_ns) || delay_ns > UINT64_MAX - s->now_ns)
		return false;
	ret->answer = &s->target->plain[q->wire];
	ret->due_ns = s->now_ns + delay_ns;
	return true;
}

static enum fault_place place_of(const struct request *q)
{
	return q->http2 ? FAULT_HTTP2 : FAULT_HTTP1;
}

/* On request those at accept are met by requests, too. */
static bool is_met(const struct fault *f, const struct request *q)
{
	return fault_is_met(f, place_of(q)) || (!q->http2 && fault_is_met(f, FAULT_ACCEPT));
}

static bool answer_fault(struct server *s, const struct request *q, const char *text,
			 struct pending *ret)
{
	const struct fault *f = fault_find(span_of(text));
	if (!f || !is_met(f, q))
		return false;
	count_add(&s->counts, COUNT_FAULTS, 1);
	ret->answer = &s->target->faults[f - fault_table];
	return true;
}

static bool answer_stats(struct server *s, const struct request *q, const char *text,
			 struct pending *ret)
{
	struct buf json;
	if (text[0])
		return false;
	buf_init(&json, ANSWER_TEXT);
	target_stats(s->target, self_rss_bytes(), &json);
	struct answer_spec spec = s->target->spec;
	spec.status = 200;
	spec.text = (struct span){json.ptr, json.len};
	spec.headers = span_of("Content-Type: application/json\r\n");
	ret->answer = render(s, q, spec);
	ret->silent = true;
	buf_fini(&json);
	return true;
}

struct route {
	const char *prefix;
	bool (*answer)(struct server *s, const struct request *q, const char *rest,
		       struct pending *ret);
	bool aside; /* does not go through the queue */
};

static const struct route routes[] = {
	{"/status/", answer_status, false}, {"/body/", answer_body, false},
	{"/delay/", answer_delay, true},    {"/fault/", answer_fault, false},
	{"/stats", answer_stats, true},
};

static const struct route *find_route(struct span path)
{
	if (path.len <= 1)
		return NULL;
	for (unsigned i = 0; i < sizeof routes / sizeof *routes; i++) {
		size_t len = strlen(routes[i].prefix);
		if (path.len >= len && memcmp(path.ptr, routes[i].prefix, len) == 0)
			return &routes[i];
	}
	return NULL;
}

/* The part of the path behind the prefix, as text; false where there is no such thing. */
static bool take_route(struct server *s, const struct route *route, const struct request *q,
		       struct pending *ret)
{
	char rest[ARGUMENT_MAX];
	size_t len = strlen(route->prefix);
	if (q->path.len - len >= sizeof rest)
		return false;
	memcpy(rest, q->path.ptr + len, q->path.len - len);
	rest[q->path.len - len] = '\0';
	return route->answer(s, q, rest, ret);
}

/* --- the story -------------------------------------------------------------------------- */

/* Lets the request into the queue; false: it is turned away. */
static bool admit(struct server *s, struct pending *ret)
{
	const struct settings *settings = s->target->settings;
	if (settings->servers)
		return queue_admit(&s->target->queue, s->now_ns, &ret->due_ns);
	if (settings->service_ns)
		ret->due_ns = s->now_ns + settings->service_ns;
	return true;
}

static bool admit_in_mood(struct server *s, struct pending *ret)
{
	const struct settings *settings = s->target->settings;
	struct mood *mood = &s->target->mood;
	if (!settings->freeze_ns && !settings->sulk_ns)
		return admit(s, ret);
	uint64_t due_ns = 0;
	if (!mood_meet(mood, s->now_ns, &due_ns))
		return false;
	bool admitted = admit(s, ret);
	if (!admitted && settings->sulk_ns)
		mood_overrun(mood, s->now_ns);
	if (due_ns > ret->due_ns)
		ret->due_ns = due_ns;
	return admitted;
}

static const struct answer *plain_or_fault(struct server *s, const struct request *q)
{
	const struct settings *settings = s->target->settings;
	const struct fault *f = NULL;
	if (settings->fault_count)
		f = fault_draw(settings->faults, settings->fault_count, place_of(q), &s->rng);
	if (!f)
		return &s->target->plain[q->wire];
	count_add(&s->counts, COUNT_FAULTS, 1);
	return &s->target->faults[f - fault_table];
}

static const struct answer *refuse_connect(struct server *s, const struct request *q)
{
	struct answer_spec spec = s->target->spec;
	spec.status = 405;
	return render(s, q, spec);
}

void route_request(struct server *s, const struct request *q, struct pending *ret)
{
	const struct route *route = find_route(q->path);
	*ret = (struct pending){0};
	if ((!route || !route->aside) && !admit_in_mood(s, ret)) {
		count_add(&s->counts, COUNT_ANSWERS_503, 1);
		ret->answer = &s->target->shed[q->wire];
	} else if (route) {
		if (!take_route(s, route, q, ret))
			ret->answer = &s->target->missing[q->wire];
	} else if (q->connect) {
		ret->answer = refuse_connect(s, q);
	} else {
		ret->answer = plain_or_fault(s, q);
	}
	ret->head = q->head && (q->http2 || ret->answer->head_len);
	if (!ret->silent)
		count_add(&s->counts, COUNT_REQUESTS, 1);
}
