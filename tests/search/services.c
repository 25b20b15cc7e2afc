#include "tests/search/services.h"

#include <math.h>
#include <string.h>

#define WINDOW_S  0.1
#define REFUSAL_S 0.0003

/* --- what they do ----------------------------------------------------------------------- */

static struct met refuse(double now_s)
{
	return (struct met){.end_s = now_s + REFUSAL_S, .answered = true, .refused = true};
}

static double exponential(struct service *s, double mean)
{
	return -log(rng_unit(&s->rng)) * mean;
}

/* c servers and a queue before them. */
static struct met serve_queue(struct service *s, double now_s)
{
	unsigned first = 0;
	for (unsigned i = 1; i < s->servers; i++)
		if (s->free_s[i] < s->free_s[first])
			first = i;
	double start_s = fmax(now_s, s->free_s[first]);
	if (s->queue_s > 0 && start_s - now_s > s->queue_s)
		return refuse(now_s);
	double takes_s = s->exponential ? exponential(s, s->service_s) : s->service_s;
	s->free_s[first] = start_s + takes_s * (1 + s->leak_per_s * now_s);
	double jitter_s = exponential(s, 0.00003);
	return (struct met){.end_s = s->free_s[first] + jitter_s, .answered = true, .ok = true};
}

/* Now and then all of it stands still: a pause of the collector, a neighbour. */
static struct met serve_noisy(struct service *s, double now_s)
{
	for (; s->stalled_s <= now_s; s->stalled_s += WINDOW_S) {
		if (rng_unit(&s->rng) > s->stall_chance)
			continue;
		double until_s = s->stalled_s + 0.010 + 0.050 * rng_unit(&s->rng);
		for (unsigned i = 0; i < s->servers; i++)
			s->free_s[i] = fmax(s->free_s[i], until_s);
	}
	return serve_queue(s, now_s);
}

/* Requests a second, of the tenth that is over and as far as the current one has come. */
static double arrivals_rps(struct service *s, double now_s)
{
	while (now_s >= s->counted_s + WINDOW_S) {
		s->before = s->counted;
		s->counted = 0;
		s->counted_s += WINDOW_S;
	}
	s->counted++;
	return fmax(s->before, s->counted) / WINDOW_S;
}

static struct met serve_cliff(struct service *s, double now_s)
{
	bool over = arrivals_rps(s, now_s) > s->capacity;
	return (struct met){
		.end_s = now_s + 0.002 + exponential(s, 0.0002), .answered = true, .ok = !over};
}

/* Once more comes than it takes, it sheds everything for three seconds. */
static struct met serve_breaker(struct service *s, double now_s)
{
	if (arrivals_rps(s, now_s) > s->capacity && now_s >= s->open_until_s)
		s->open_until_s = now_s + 3;
	if (now_s < s->open_until_s)
		return refuse(now_s);
	return (struct met){
		.end_s = now_s + 0.002 + exponential(s, 0.0002), .answered = true, .ok = true};
}

/* --- what they are ---------------------------------------------------------------------- */

static void init_mdc(struct service *s)
{
	s->servers = 4;
	s->service_s = 0.001;
	s->queue_s = 0.016;
}

static void init_mm1(struct service *s)
{
	s->servers = 1;
	s->service_s = 0.0005;
	s->exponential = true;
}

static void init_cliff(struct service *s)
{
	s->capacity = 2500;
}

static void init_leak(struct service *s)
{
	init_mdc(s);
	s->leak_per_s = 0.002;
}

static void init_noisy(struct service *s)
{
	init_mdc(s);
	s->queue_s = 0.1;
	s->stall_chance = 0.03;
}

static void init_fast(struct service *s)
{
	s->servers = 32;
	s->service_s = 0.001;
}

static void init_closed(struct service *s)
{
	s->servers = 64;
	s->service_s = 0.010;
}

/* --- what is right ---------------------------------------------------------------------- */

static const char *not_near(const struct search *s, double least, double most)
{
	const struct search_point *b = &s->found.breaking;
	double off = s->config.resolution;
	if (s->found.generator_limited || !b->found)
		return "no breaking point";
	if (b->value < least * (1 - off) || b->value > most * (1 + off))
		return "the breaking point is off by more than the resolution";
	if (b->low > b->value || b->high < b->value)
		return "the breaking point lies outside of its interval";
	if (s->found.knee.found && s->found.knee.value >= b->value)
		return "a knee that is not below the breaking point";
	return !s->found.recovered ? "it did not recover" : NULL;
}

static const char *wrong_4000(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	return not_near(s, 4000, 4000);
}

static const char *wrong_mdc(const struct search *s, double elapsed_s)
{
	if (!s->found.knee.found)
		return "no knee";
	return s->found.graceful ? wrong_4000(s, elapsed_s) : "the shedding was not recognised";
}

static const char *wrong_mm1(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	return s->found.knee.found ? not_near(s, 2000, 2000) : "no knee";
}

static const char *wrong_2500(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	return s->found.graceful ? "it collapsed, and is said to shed" : not_near(s, 2500, 2500);
}

static const char *wrong_breaker(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	if (s->found.recovery_s < 0.5 || s->found.recovery_s > 3.1)
		return "the breaker closes within three seconds, and that was not seen";
	return not_near(s, 2500, 2500);
}

static const char *wrong_leak(const struct search *s, double elapsed_s)
{
	return not_near(s, 4000 / (1 + 0.002 * elapsed_s), 4000);
}

static const char *wrong_unbroken(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	if (s->found.breaking.found || s->high > 0)
		return "a breaking point of what never breaks";
	return s->low < s->config.to ? "the search ended early" : NULL;
}

static const char *wrong_limited(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	return s->found.breaking.found       ? "a verdict on the target"
	       : !s->found.generator_limited ? "the generator's limit was not seen"
					     : NULL;
}

static const char *wrong_64(const struct search *s, double elapsed_s)
{
	(void)elapsed_s;
	return not_near(s, 64, 64);
}

const struct scenario scenarios[] = {
	{"M/D/c with a queue limit", init_mdc, serve_queue, false, true, 100, 1e6, 0, wrong_mdc},
	{"M/M/1", init_mm1, serve_queue, false, true, 50, 1e6, 0, wrong_mm1},
	{"a cliff", init_cliff, serve_cliff, false, false, 100, 1e6, 0, wrong_2500},
	{"a leak", init_leak, serve_queue, false, false, 100, 1e6, 0, wrong_leak},
	{"a breaker that sheds", init_cliff, serve_breaker, false, false, 100, 1e6, 0,
	 wrong_breaker},
	{"a noisy service", init_noisy, serve_noisy, false, false, 100, 1e6, 0, wrong_4000},
	{"one that never breaks", init_fast, serve_queue, false, false, 100, 10000, 0,
	 wrong_unbroken},
	{"a generator that breaks first", init_fast, serve_queue, false, false, 100, 1e6, 3000,
	 wrong_limited},
	{"a closed loop", init_closed, serve_queue, true, false, 4, 10000, 0, wrong_64},
};
const unsigned scenario_count = sizeof scenarios / sizeof *scenarios;
