#include "tools/target/target.h"

#include "base/json.h"
#include "base/mono.h"
#include "tools/target/server.h"

#include <stdlib.h>
#include <sys/resource.h>

static bool render_wires(struct target *t, struct answer *ret, unsigned status, uint64_t body_bytes,
			 struct span headers)
{
	struct answer_spec spec = t->spec;
	spec.status = status;
	spec.body_bytes = body_bytes;
	spec.headers = headers;
	spec.repeated = true;
	for (spec.wire = 0; spec.wire < WIRE_COUNT; spec.wire++)
		if (!answer_render(&ret[spec.wire], &spec))
			return false;
	return true;
}

static bool render_shed(struct target *t)
{
	struct buf headers;
	buf_init(&headers, SETTINGS_HEADERS_MAX + 64);
	buf_append(&headers, t->spec.headers.ptr, t->spec.headers.len);
	uint64_t seconds = (t->settings->retry_after_ns + NS_PER_S - 1) / NS_PER_S;
	if (seconds)
		buf_printf(&headers, "Retry-After: %llu\r\n", (unsigned long long)seconds);
	bool done = !headers.cut &&
		    render_wires(t, t->shed, 503, 0, (struct span){headers.ptr, headers.len});
	buf_fini(&headers);
	return done;
}

static bool render_closing(struct target *t, struct answer *ret, unsigned status)
{
	struct answer_spec spec = t->spec;
	spec.status = status;
	spec.wire = WIRE_CLOSE;
	if (!answer_render(ret, &spec))
		return false;
	ret->end = ANSWER_CLOSE;
	return true;
}

static bool render_faults(struct target *t)
{
	t->faults = calloc(fault_count, sizeof *t->faults);
	for (unsigned i = 0; t->faults && i < fault_count; i++)
		if (!fault_render(&t->faults[i], &fault_table[i]))
			return false;
	return t->faults != NULL;
}

static bool render_all(struct target *t)
{
	static const struct span interim = {"HTTP/1.1 100 Continue\r\n\r\n", 25};
	const struct settings *s = t->settings;
	t->filler = malloc(ANSWER_FILLER);
	if (!t->filler)
		return false;
	memset(t->filler, 'x', ANSWER_FILLER);
	t->spec.filler = (struct span){t->filler, ANSWER_FILLER};
	t->spec.headers = (struct span){s->headers, s->headers_len};
	t->interim = (struct answer){.parts = {{interim, interim.len}}, .status = 100};
	return render_wires(t, t->plain, (unsigned)s->status, s->body_bytes, t->spec.headers) &&
	       render_shed(t) && render_wires(t, t->missing, 404, 0, t->spec.headers) &&
	       render_closing(t, &t->bad, 400) && render_closing(t, &t->large, 431) &&
	       render_faults(t);
}

static int open_tls(struct target *t, struct err *err)
{
	const struct settings *s = t->settings;
	struct tls_config config = {
		.server = true,
		.cert = s->tls_cert,
		.key = s->tls_key,
		.client_ca = s->client_ca,
		.max = s->tls_max,
		.alpn = "h2,http/1.1",
	};
	char note[256];
	if (!s->tls_cert)
		return 0;
	if (channels_choose_ktls(&t->ktls, s->ktls, note, sizeof note, err))
		return -1;
	return tls_context_new(&t->tls, &config, err);
}

int target_init(struct target *t, const struct settings *settings, struct err *err)
{
	*t = (struct target){.settings = settings};
	t->servers = calloc(settings->threads, sizeof *t->servers);
	if (open_tls(t, err))
		return -1;
	mood_init(&t->mood, settings->freeze_ns, settings->sulk_ns);
	bool done = t->servers && render_all(t);
	if (done && settings->servers)
		done = queue_init(&t->queue, (uint32_t)settings->servers, settings->waiting,
				  settings->service_ns);
	if (done)
		return 0;
	target_fini(t);
	return err_set(err, ERR_RUNTIME, "no memory for the target's answers");
}

void target_fini(struct target *t)
{
	for (unsigned i = 0; i < WIRE_COUNT; i++) {
		answer_fini(&t->plain[i]);
		answer_fini(&t->shed[i]);
		answer_fini(&t->missing[i]);
	}
	answer_fini(&t->bad);
	answer_fini(&t->large);
	for (unsigned i = 0; t->faults && i < fault_count; i++)
		answer_fini(&t->faults[i]);
	free(t->faults);
	free(t->filler);
	free(t->servers);
	tls_context_free(t->tls);
	if (t->queue.done_ns)
		queue_fini(&t->queue);
	mood_fini(&t->mood);
}

void target_opened(struct target *t, uint64_t open)
{
	uint64_t most = atomic_load(&t->open_max);
	while (open > most && !atomic_compare_exchange_weak(&t->open_max, &most, open))
		;
}

static double cpu_s(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

void target_stats(struct target *t, uint64_t rss_bytes, struct buf *out)
{
	uint64_t open = atomic_load(&t->open);
	struct json j;
	json_init(&j, out);
	json_object(&j, NULL);
	for (enum count kind = 0; kind < COUNT_KINDS; kind++) {
		uint64_t sum = 0;
		for (unsigned i = 0; i < t->settings->threads; i++)
			sum += count_get(&t->servers[i].counts, kind);
		json_u64(&j, count_name(kind), sum);
	}
	json_u64(&j, "connections_open", open);
	json_u64(&j, "max_open", atomic_load(&t->open_max));
	json_real(&j, "cpu_s", cpu_s());
	json_u64(&j, "rss_bytes", rss_bytes);
	json_u64(&j, "bytes_per_connection", open ? rss_bytes / open : 0);
	json_object_end(&j);
}
