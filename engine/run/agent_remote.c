/* An agent over HTTP: its stream of samples, opened again where it broke off, and its clock. */
#include "run/agent_feed.h"

#include "base/mono.h"
#include "base/span.h"
#include "run/agent_clock.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_LENGTH_MAX ((size_t)1 << 20)
#define EXCHANGES       16u /* for one estimate of the clock */
#define ESTIMATE_NS     (10 * NS_PER_S)
#define AGAIN_NS        (200 * NS_PER_MS) /* between tries to reach it */
#define PLACE_NS        (5 * NS_PER_MS)
#define CONNECT_MS      1000L
#define CLOCK_MS        2000L
#define SILENT_NS       (3 * NS_PER_S) /* ten lines a second are due: then it is broken */

struct remote {
	struct agent_feed *feed;
	CURL *stream, *clock;
	char samples[512], clock_url[512];
	struct buf line, answer;
	struct agent_clock offset;
	uint64_t heard_ns, estimated_ns;
	uint64_t last; /* number of the last sample */
	char life[48]; /* of the agent: its id */
};

/* --- the clock --------------------------------------------------------------------------- */

static size_t keep(char *bytes, size_t size, size_t count, void *into)
{
	buf_append(into, bytes, size * count);
	return size * count;
}

static bool exchange(struct remote *r)
{
	r->answer.len = 0;
	r->answer.cut = false;
	uint64_t sent_ns = mono_ns();
	if (curl_easy_perform(r->clock) != CURLE_OK)
		return false;
	uint64_t answered_ns = mono_ns();
	json_t *j = json_loadb(r->answer.ptr ? r->answer.ptr : "", r->answer.len, 0, NULL);
	json_t *received = json_object_get(j, "received_ns"), *sent = json_object_get(j, "sent_ns");
	bool good = json_is_integer(received) && json_is_integer(sent);
	if (good)
		agent_clock_take(&r->offset, sent_ns, (uint64_t)json_integer_value(received),
				 (uint64_t)json_integer_value(sent), answered_ns);
	json_decref(j);
	return good;
}

static bool estimate(struct remote *r)
{
	agent_clock_begin(&r->offset);
	for (unsigned i = 0; i < EXCHANGES; i++)
		if (!exchange(r))
			return false;
	agent_clock_end(&r->offset);
	r->estimated_ns = mono_ns();
	atomic_store(&r->feed->offset_ns, r->offset.offset_ns);
	atomic_store(&r->feed->bound_ns, (long long)r->offset.bound_ns);
	return true;
}

/* --- lines ------------------------------------------------------------------------------- */

static void copy_text(char *to, size_t size, json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	snprintf(to, size, "%s", text ? text : "");
}

/* Another life of the agent numbers anew; what it had between is not known. */
static void take_hello(struct remote *r, json_t *j)
{
	char life[sizeof r->life];
	copy_text(life, sizeof life, j, "agent");
	json_t *lost = json_object_get(j, "lost");
	if (r->life[0] && strcmp(life, r->life) != 0) {
		atomic_fetch_add(&r->feed->missed, 1);
		r->last = 0;
	} else if (json_is_object(lost)) {
		json_int_t from = json_integer_value(json_object_get(lost, "from"));
		json_int_t to = json_integer_value(json_object_get(lost, "to"));
		atomic_fetch_add(&r->feed->missed, (unsigned long long)(to - from + 1));
	}
	memcpy(r->life, life, sizeof life);
	if (atomic_load(&r->feed->told))
		return;
	struct agent_feed *f = r->feed;
	copy_text(f->kernel, sizeof f->kernel, j, "kernel");
	copy_text(f->host, sizeof f->host, j, "host");
	for (unsigned k = 0; k < KERNEL_KEYS; k++) {
		const char *metric = kernel_key_metric((enum kernel_key)k);
		copy_text(f->from[k], sizeof f->from[k], json_object_get(j, "sources"), metric);
		copy_text(f->gap[k], sizeof f->gap[k], json_object_get(j, "gaps"), metric);
	}
	atomic_store(&f->told, true);
}

static void take_values(struct remote *r, struct kernel_view *v, json_t *values)
{
	const char *key;
	json_t *value;
	json_object_foreach(values, key, value)
	{
		char metric[96];
		size_t len = strcspn(key, "{");
		snprintf(metric, sizeof metric, "%.*s", (int)len, key);
		if (json_is_number(value))
			kernel_view_add(v, metric, key + len, json_number_value(value),
					r->feed->source.port);
	}
}

static void take_events(struct remote *r, struct kernel_view *v, json_t *events)
{
	size_t i;
	json_t *event;
	json_array_foreach(events, i, event)
	{
		if (v->event_count == KERNEL_EVENTS)
			break;
		struct kernel_event *e = &v->events[v->event_count++];
		uint64_t theirs = (uint64_t)json_integer_value(json_object_get(event, "at_ns"));
		e->at_ns = agent_clock_ours(&r->offset, theirs);
		copy_text(e->pattern, sizeof e->pattern, event, "pattern");
		copy_text(e->text, sizeof e->text, event, "text");
	}
}

/* What an agent kept for us while we were cut off comes all at once: it keeps the rest a while
 * longer. NULL: the run is over. */
static struct kernel_view *await_place(struct agent_feed *f)
{
	struct kernel_view *v;
	while (!(v = agent_feed_place(f)) && !atomic_load(&f->stop))
		nanosleep(&(struct timespec){.tv_nsec = (long)PLACE_NS}, NULL);
	return v;
}

static void take_sample(struct remote *r, json_t *j)
{
	uint64_t number = (uint64_t)json_integer_value(json_object_get(j, "seq"));
	if (number <= r->last)
		return;
	if (r->last && number > r->last + 1)
		atomic_fetch_add(&r->feed->missed, number - r->last - 1);
	r->last = number;
	if (json_is_true(json_object_get(j, "cut"))) { /* too long to be told */
		atomic_fetch_add(&r->feed->missed, 1);
		return;
	}
	struct kernel_view *v = await_place(r->feed);
	if (!v)
		return;
	uint64_t theirs = (uint64_t)json_integer_value(json_object_get(j, "boundary_ns"));
	v->at_ns = agent_clock_ours(&r->offset, theirs);
	take_values(r, v, json_object_get(j, "values"));
	take_events(r, v, json_object_get(j, "events"));
	agent_feed_publish(r->feed);
}

static void take_line(struct remote *r)
{
	json_t *j = json_loadb(r->line.ptr, r->line.len, 0, NULL);
	if (json_object_get(j, "seq"))
		take_sample(r, j);
	else if (json_object_get(j, "agent"))
		take_hello(r, j);
	json_decref(j);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
	struct remote *r = ctx;
	size_t len = size * count;
	r->heard_ns = mono_ns();
	for (size_t at = 0; at < len;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t part = end ? (size_t)(end - bytes) - at : len - at;
		buf_append(&r->line, bytes + at, part);
		at += part + (end != NULL);
		if (!end)
			break;
		if (!r->line.cut)
			take_line(r);
		r->line.len = 0;
		r->line.cut = false;
	}
	if (r->heard_ns - r->estimated_ns > ESTIMATE_NS) {
		estimate(r);
		r->heard_ns = mono_ns();
	}
	return atomic_load(&r->feed->stop) ? 0 : len;
}

/* --- connecting -------------------------------------------------------------------------- */

static int ask_whether_to_end(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct remote *r = ctx;
	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(&r->feed->stop) || mono_ns() - r->heard_ns > SILENT_NS;
}

static void set_up(struct remote *r, CURL *handle)
{
	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROXY, "");
	curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, ask_whether_to_end);
	curl_easy_setopt(handle, CURLOPT_XFERINFODATA, r);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	const struct agent_source *source = &r->feed->source;
	if (source->cacert)
		curl_easy_setopt(handle, CURLOPT_CAINFO, source->cacert);
	if (source->cert)
		curl_easy_setopt(handle, CURLOPT_SSLCERT, source->cert);
	if (source->key)
		curl_easy_setopt(handle, CURLOPT_SSLKEY, source->key);
}

/* Until it breaks off. */
static CURLcode follow(struct remote *r)
{
	char url[600];
	r->heard_ns = mono_ns();
	if (!estimate(r))
		return CURLE_COULDNT_CONNECT;
	if (r->life[0])
		snprintf(url, sizeof url, "%s?since=%llu&agent=%s", r->samples,
			 (unsigned long long)r->last, r->life);
	else
		snprintf(url, sizeof url, "%s", r->samples);
	curl_easy_setopt(r->stream, CURLOPT_URL, url);
	r->line.len = 0;
	atomic_store(&r->feed->connected, true);
	CURLcode code = curl_easy_perform(r->stream);
	atomic_store(&r->feed->connected, false);
	return code;
}

static bool open_remote(struct remote *r)
{
	r->stream = curl_easy_init();
	r->clock = curl_easy_init();
	if (!r->stream || !r->clock)
		return false;
	snprintf(r->samples, sizeof r->samples, "%.480s/v1/samples", r->feed->source.url);
	snprintf(r->clock_url, sizeof r->clock_url, "%.480s/v1/clock", r->feed->source.url);
	set_up(r, r->stream);
	set_up(r, r->clock);
	curl_easy_setopt(r->stream, CURLOPT_WRITEFUNCTION, take_bytes);
	curl_easy_setopt(r->stream, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(r->clock, CURLOPT_TIMEOUT_MS, CLOCK_MS);
	curl_easy_setopt(r->clock, CURLOPT_URL, r->clock_url);
	curl_easy_setopt(r->clock, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(r->clock, CURLOPT_WRITEDATA, &r->answer);
	return true;
}

/* Never reached, it is refused: said before the start. Later it is tried for as long as it takes.
 */
static bool goes_on(struct remote *r, CURLcode code)
{
	struct agent_feed *f = r->feed;
	if (atomic_load(&f->stop))
		return false;
	atomic_fetch_add(&f->cuts, 1);
	if (!f->why[0])
		snprintf(f->why, sizeof f->why, "%s", curl_easy_strerror(code));
	if (!r->life[0])
		atomic_store(&f->refused, true);
	return r->life[0];
}

void *agent_feed_remote(void *feed)
{
	struct remote r = {.feed = feed};
	buf_init(&r.line, LINE_LENGTH_MAX);
	buf_init(&r.answer, LINE_LENGTH_MAX);
	if (open_remote(&r))
		while (goes_on(&r, follow(&r)))
			nanosleep(&(struct timespec){.tv_nsec = (long)AGAIN_NS}, NULL);
	curl_easy_cleanup(r.stream);
	curl_easy_cleanup(r.clock);
	buf_fini(&r.line);
	buf_fini(&r.answer);
	return NULL;
}
