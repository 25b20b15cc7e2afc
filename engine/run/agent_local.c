/* This host's own kernel, read by a thread of ours as an agent would without programs. */
#include "run/agent_feed.h"

#include "base/mono.h"
#include "host/sampler.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define TICK_NS (SAMPLER_TICK_MS * NS_PER_MS)

static void take(struct agent_feed *f, const struct sampler *s, uint64_t boundary_ns)
{
	struct kernel_view *v = agent_feed_place(f);
	const struct sample *sample;
	if (!v) {
		atomic_fetch_add(&f->missed, 1);
		return;
	}
	v->at_ns = boundary_ns;
	for (unsigned at = 0; (sample = sampler_next(s, true, &at));)
		for (unsigned i = 0; i < sample->count; i++)
			kernel_view_add(v, metrics[sample->points[i].metric].name,
					sample->points[i].labels, sample->points[i].value,
					f->source.port);
	agent_feed_publish(f);
}

/* Where the figure of a key comes from, or why there is none. */
static void tell_key(struct agent_feed *f, const struct sample *sample, enum kernel_key key)
{
	const char *metric = kernel_key_metric(key);
	for (unsigned i = 0; i < sample->count; i++)
		if (!strcmp(metrics[sample->points[i].metric].name, metric))
			snprintf(f->from[key], sizeof f->from[key], "%s",
				 sample_source_name((enum sample_source)sample->points[i].source));
	for (unsigned i = 0; i < sample->gap_count; i++)
		if (!strcmp(metrics[sample->gaps[i].metric].name, metric))
			snprintf(f->gap[key], sizeof f->gap[key], "%.159s", sample->gaps[i].reason);
}

static void tell(struct agent_feed *f, const struct sampler *s)
{
	const struct sample *sample;
	struct utsname host;
	uname(&host);
	snprintf(f->kernel, sizeof f->kernel, "%.63s", host.release);
	snprintf(f->host, sizeof f->host, "%.63s", host.nodename);
	for (unsigned at = 0; (sample = sampler_next(s, false, &at));)
		for (unsigned k = 0; k < KERNEL_KEYS; k++)
			tell_key(f, sample, (enum kernel_key)k);
	atomic_store(&f->told, true);
}

static void sleep_until(uint64_t at_ns)
{
	struct timespec t = {.tv_sec = (time_t)(at_ns / NS_PER_S),
			     .tv_nsec = (long)(at_ns % NS_PER_S)};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

void *agent_feed_local(void *feed)
{
	struct agent_feed *f = feed;
	struct sampler_config config = {
		.root = "", .light = true, .port_count = f->source.port != 0};
	config.ports[0] = (uint16_t)f->source.port;
	struct err err;
	struct sampler *s = sampler_new(&config, &err);
	if (!s) {
		snprintf(f->why, sizeof f->why, "%.150s", err.text);
		atomic_store(&f->refused, true);
		return NULL;
	}
	atomic_store(&f->connected, true);
	for (uint64_t tick = mono_ns() / TICK_NS; !atomic_load(&f->stop);) {
		sampler_tick(s, tick);
		take(f, s, tick * TICK_NS);
		if (!atomic_load(&f->told))
			tell(f, s);
		uint64_t next = mono_ns() / TICK_NS + 1;
		tick = next > tick ? next : tick + 1;
		sleep_until(tick * TICK_NS);
	}
	sampler_free(s);
	return NULL;
}
