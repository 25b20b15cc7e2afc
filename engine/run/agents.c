#include "run/agents.h"

#include "base/mono.h"
#include "base/url.h"
#include "run/agent_feed.h"
#include "run/health.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAST_SAMPLE_NS (250 * NS_PER_MS) /* how long the last samples are awaited */
#define LOOK_NS        (5 * NS_PER_MS)

/* One agent. */
struct one {
	struct agent_feed feed;
	struct kernel_track track;
	uint64_t at_ns; /* of the latest sample */
};

struct agents {
	unsigned count;
	struct one *of[SUMMARY_AGENTS_MAX];
	struct kernel_span second, told, step;
};

/* --- which ------------------------------------------------------------------------------- */

int agents_check(const char *text, struct err *err)
{
	struct url url;
	if (!strcmp(text, "local") || !strcmp(text, "none"))
		return 0;
	if (url_parse(&url, text, err))
		return err_hint(err, "local, none, or a URL like http://127.0.0.1:9464");
	if (!strcmp(url.path, "/"))
		return 0;
	err_set(err, ERR_USAGE, "'%s' has a path: an agent's URL ends with its port", text);
	return err_hint(err, "like http://127.0.0.1:9464");
}

/* The agents that are asked for, or the usual one. */
static unsigned choose(const struct run_config *c, const struct plan *plan,
		       const char *ret[SUMMARY_AGENTS_MAX])
{
	unsigned count = 0;
	for (unsigned i = 0; i < c->agent_count; i++)
		if (strcmp(c->agents[i], "none") != 0)
			ret[count++] = c->agents[i];
	if (!c->agent_count && addr_is_loopback(&plan->tuples.to[0]))
		ret[count++] = "local";
	return count;
}

static int add(struct agents *a, const struct agent_source *source, struct err *err)
{
	struct one *one = calloc(1, sizeof *one);
	if (!one)
		return err_set(err, ERR_RUNTIME, "no memory for the samples of an agent");
	a->of[a->count++] = one;
	return agent_feed_start(&one->feed, source, err);
}

int agents_open(struct agents **ret, const struct run_config *c, const struct plan *plan,
		struct summary *s, struct err *err)
{
	const char *urls[SUMMARY_AGENTS_MAX];
	unsigned count = choose(c, plan, urls);
	if (!count)
		return 0;
	struct agents *a = *ret = calloc(1, sizeof *a);
	if (!a)
		return err_set(err, ERR_RUNTIME, "no memory for the samples of agents");
	for (unsigned i = 0; i < count; i++) {
		const struct agent_source source = {
			.url = urls[i],
			.port = addr_port(&plan->tuples.to[0]),
			.cacert = c->agent_tls.cacert,
			.cert = c->agent_tls.cert,
			.key = c->agent_tls.key,
		};
		if (strcmp(urls[i], "local") != 0) /* which needs half a megabyte */
			curl_global_init(CURL_GLOBAL_DEFAULT);
		if (add(a, &source, err))
			return -1;
		snprintf(s->agents[i].name, sizeof s->agents[i].name, "%s", urls[i]);
	}
	s->agent_count = count;
	return 0;
}

void agents_close(struct agents *a)
{
	for (unsigned i = 0; a && i < a->count; i++) {
		agent_feed_stop(&a->of[i]->feed);
		free(a->of[i]);
	}
	free(a);
}

/* --- while it runs ----------------------------------------------------------------------- */

static void take_events(const struct kernel_view *v, const struct summary *s,
			struct summary_agent *told)
{
	for (unsigned i = 0; i < v->event_count; i++) {
		told->event_seen++;
		if (told->event_count < SUMMARY_EVENTS_MAX && v->events[i].at_ns)
			told->events[told->event_count++] = (struct summary_event){
				.at_s = ((double)v->events[i].at_ns -
					 (double)s->timeline.start_ns) /
					(double)NS_PER_S,
				.line = v->events[i],
			};
	}
}

/* What came before the start is what counters begin from. */
static void take(struct agents *a, struct one *one, const struct kernel_view *v, struct summary *s,
		 struct summary_agent *told)
{
	struct kernel_span span;
	uint64_t before_ns = one->at_ns;
	kernel_track_take(&one->track, v, &span);
	one->at_ns = v->at_ns;
	if (!s || v->at_ns < s->timeline.start_ns)
		return;
	uint64_t middle_ns = before_ns ? before_ns + (v->at_ns - before_ns) / 2 : v->at_ns;
	timeline_kernel(&s->timeline, middle_ns, &span);
	kernel_span_add(&told->kernel, &span);
	kernel_span_add(&a->second, &span);
	kernel_span_add(&a->step, &span);
	take_events(v, s, told);
}

static void take_all(struct agents *a, struct summary *s)
{
	const struct kernel_view *v;
	for (unsigned i = 0; a && i < a->count; i++)
		while ((v = agent_feed_take(&a->of[i]->feed)))
			take(a, a->of[i], v, s, s ? &s->agents[i] : NULL);
}

void agents_begin(struct agents *a, struct summary *s)
{
	if (!a)
		return;
	take_all(a, NULL);
	for (unsigned i = 0; i < a->count; i++)
		kernel_span_clear(&s->agents[i].kernel);
	kernel_span_clear(&a->second);
	kernel_span_clear(&a->step);
}

void agents_tick(struct agents *a, struct summary *s)
{
	take_all(a, s);
}

const struct kernel_span *agents_second(struct agents *a)
{
	if (!a)
		return NULL;
	a->told = a->second;
	kernel_span_clear(&a->second);
	return &a->told;
}

void agents_step(struct agents *a, struct kernel_span *ret)
{
	kernel_span_clear(ret);
	if (!a)
		return;
	*ret = a->step;
	kernel_span_clear(&a->step);
}

/* --- the end ----------------------------------------------------------------------------- */

static bool all_have(const struct agents *a, uint64_t until_ns)
{
	for (unsigned i = 0; i < a->count; i++)
		if (atomic_load(&a->of[i]->feed.connected) && a->of[i]->at_ns < until_ns)
			return false;
	return true;
}

static void tell(const struct agent_feed *f, struct summary_agent *told)
{
	long long bound_ns = atomic_load(&f->bound_ns);
	told->clock_known = bound_ns >= 0;
	told->offset_us = (double)atomic_load(&f->offset_ns) / (double)NS_PER_US;
	told->bound_us = (double)bound_ns / (double)NS_PER_US;
	told->missed = atomic_load(&f->missed);
	told->cuts = atomic_load(&f->cuts);
	snprintf(told->host, sizeof told->host, "%s", f->host);
	snprintf(told->release, sizeof told->release, "%s", f->kernel);
	snprintf(told->why, sizeof told->why, "%s", f->why);
	memcpy(told->from, f->from, sizeof told->from);
	memcpy(told->gap, f->gap, sizeof told->gap);
}

void agents_end(struct agents *a, uint64_t ended_ns, struct summary *s)
{
	if (!a)
		return;
	for (uint64_t end_ns = mono_ns() + LAST_SAMPLE_NS;; take_all(a, s)) {
		if (all_have(a, ended_ns) || mono_ns() >= end_ns)
			break;
		nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
	}
	for (unsigned i = 0; i < a->count; i++) {
		struct summary_agent *told = &s->agents[i];
		told->lost = !atomic_load(&a->of[i]->feed.connected);
		agent_feed_stop(&a->of[i]->feed);
		tell(&a->of[i]->feed, told);
		if (told->lost)
			summary_note(
				s, "incomplete: the agent %s was lost, %.1f s before the end: %s",
				told->name,
				((double)ended_ns - (double)a->of[i]->at_ns) / (double)NS_PER_S,
				told->why);
		else if (told->missed)
			summary_note(s, "incomplete: %llu samples of the agent %s are missing",
				     (unsigned long long)told->missed, told->name);
	}
}
