#include "tools/agent/serve.h"

#include "base/file.h"
#include "base/mono.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAMS_MAX     32
#define CONNECTIONS_MAX 64
#define BLOCK_BYTES     SPOOL_LINE_MAX     /* of a stream, at once */
#define PART_BYTES      ((size_t)64 << 10) /* of that, handed on at once */
#define FIRST_MAX       ((size_t)256 << 10)
#define PEM_MAX         ((size_t)1 << 20)
#define SILENT_S        30u /* a connection that moves nothing for so long is closed */

/* One reader of /v1/samples. */
struct stream {
	struct serve *serve;
	struct MHD_Connection *connection;
	char *first; /* the line that begins it, until it is sent */
	size_t first_len, first_at;
	uint64_t next, left; /* number of the next line; lines until it ends: under the lock */
	char *block;         /* lines copied from the spool */
	size_t block_len, block_at;
	bool waits;
};

struct serve {
	struct MHD_Daemon *daemon; /* NULL: not started; then the listener is ours to close */
	int listener;
	struct spool *spool;
	const char *id;
	bool tls;
	struct buf cert, key, client_ca;
	pthread_mutex_t lock; /* of what is below */
	struct buf metrics, hello;
	struct stream *streams[STREAMS_MAX];
};

/* --- answers ----------------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
			      const char *body, size_t len)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
								 MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	enum MHD_Result result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return answer(c, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result answer_metrics(struct serve *s, struct MHD_Connection *c)
{
	pthread_mutex_lock(&s->lock);
	enum MHD_Result result = answer(c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8",
					s->metrics.ptr ? s->metrics.ptr : "", s->metrics.len);
	pthread_mutex_unlock(&s->lock);
	return result;
}

/* When the request was seen, and when the answer was made: the middle two of four instants. */
static enum MHD_Result answer_clock(struct serve *s, struct MHD_Connection *c, uint64_t seen_ns)
{
	char text[160];
	int len = snprintf(text, sizeof text,
			   "{\"agent\":\"%s\",\"received_ns\":%llu,\"sent_ns\":%llu}\n", s->id,
			   (unsigned long long)seen_ns, (unsigned long long)mono_ns());
	return answer(c, MHD_HTTP_OK, "application/json", text, (size_t)len);
}

/* --- the stream -------------------------------------------------------------------------- */

/* True: there is something to send. At the spool's end the reader waits; it is woken under the
 * same lock, so that no wake is missed. A reader so slow that the spool has overtaken it is at its
 * end (left is 0): when it comes again it is told what is lost. */
static bool fill(struct stream *st)
{
	uint64_t first, next;
	unsigned count =
		spool_copy(st->serve->spool, st->next, st->block, BLOCK_BYTES, &st->block_len);
	spool_bounds(st->serve->spool, &first, &next);
	if (!count && st->next < first)
		st->left = 0;
	if (count > st->left) { /* fewer were asked for: as many lines as those */
		char *end = st->block;
		for (uint64_t i = 0; i < st->left; i++)
			end = (char *)memchr(end, '\n', st->block_len - (size_t)(end - st->block)) +
			      1;
		st->block_len = (size_t)(end - st->block);
		count = (unsigned)st->left;
	}
	st->block_at = 0;
	st->next += count;
	st->left -= count;
	return count > 0;
}

static ssize_t copy_out(const char *from, size_t len, size_t *at, char *to, size_t max)
{
	size_t n = len - *at < max ? len - *at : max;
	memcpy(to, from + *at, n);
	*at += n;
	return (ssize_t)n;
}

static ssize_t stream_read(void *ctx, uint64_t position, char *to, size_t max)
{
	struct stream *st = ctx;
	(void)position;
	if (st->first_at < st->first_len)
		return copy_out(st->first, st->first_len, &st->first_at, to, max);
	if (st->block_at == st->block_len) {
		pthread_mutex_lock(&st->serve->lock);
		bool more = st->left && fill(st), ends = !more && !st->left;
		if (!more && !ends) {
			st->waits = true;
			MHD_suspend_connection(st->connection);
		}
		pthread_mutex_unlock(&st->serve->lock);
		if (!more)
			return ends ? MHD_CONTENT_READER_END_OF_STREAM : 0;
	}
	return copy_out(st->block, st->block_len, &st->block_at, to, max);
}

static void stream_free(void *ctx)
{
	struct stream *st = ctx;
	pthread_mutex_lock(&st->serve->lock);
	for (unsigned i = 0; i < STREAMS_MAX; i++)
		if (st->serve->streams[i] == st)
			st->serve->streams[i] = NULL;
	pthread_mutex_unlock(&st->serve->lock);
	free(st->first);
	free(st->block);
	free(st);
}

static bool enlist(struct serve *s, struct stream *st)
{
	for (unsigned i = 0; i < STREAMS_MAX; i++)
		if (!s->streams[i]) {
			s->streams[i] = st;
			return true;
		}
	return false;
}

/* The first line: who speaks, which lines there are, which of those asked for are lost. */
static void begin(struct stream *st, uint64_t since, bool other_life)
{
	uint64_t first, next;
	spool_bounds(st->serve->spool, &first, &next);
	st->next = since == UINT64_MAX ? next : since + 1;
	char lost[96] = "null";
	if (other_life || st->next > next) /* those numbers were another life's: all of ours */
		st->next = 1;
	if (st->next < first) {
		snprintf(lost, sizeof lost, "{\"from\":%llu,\"to\":%llu}",
			 (unsigned long long)st->next, (unsigned long long)first - 1);
		st->next = first;
	}
	struct buf line;
	buf_init(&line, FIRST_MAX);
	buf_printf(&line, "{\"agent\":\"%s\",\"first\":%llu,\"next\":%llu,\"lost\":%s%s%s}\n",
		   st->serve->id, (unsigned long long)first, (unsigned long long)next, lost,
		   st->serve->hello.len ? "," : "",
		   st->serve->hello.len ? st->serve->hello.ptr : "");
	st->first = line.ptr;
	st->first_len = line.len;
}

/* A number of the query; `otherwise` where there is none. False: it is no number. */
static bool query_number(struct MHD_Connection *c, const char *name, uint64_t otherwise,
			 uint64_t *ret)
{
	const char *text = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
	char *end;
	*ret = otherwise;
	if (!text)
		return true;
	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, &end, 10);
	return *end == '\0' && *ret < UINT64_MAX / 2;
}

static struct stream *stream_new(struct serve *s, struct MHD_Connection *c, uint64_t since,
				 uint64_t lines, bool other_life)
{
	struct stream *st = calloc(1, sizeof *st);
	if (st)
		st->block = malloc(BLOCK_BYTES);
	if (!st || !st->block) {
		free(st);
		return NULL;
	}
	st->serve = s;
	st->connection = c;
	st->left = lines;
	pthread_mutex_lock(&s->lock);
	bool room = enlist(s, st);
	if (room)
		begin(st, since, other_life);
	pthread_mutex_unlock(&s->lock);
	if (room)
		return st;
	free(st->block);
	free(st);
	return NULL;
}

static enum MHD_Result answer_samples(struct serve *s, struct MHD_Connection *c)
{
	uint64_t since, lines;
	if (!query_number(c, "since", UINT64_MAX, &since) ||
	    !query_number(c, "lines", UINT64_MAX, &lines))
		return answer_text(c, MHD_HTTP_BAD_REQUEST, "since and lines are numbers\n");
	const char *life = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "agent");
	struct stream *st = stream_new(s, c, since, lines, life && strcmp(life, s->id) != 0);
	if (!st)
		return answer_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many readers\n");
	struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PART_BYTES,
								   stream_read, st, stream_free);
	if (!r) {
		stream_free(st);
		return MHD_NO;
	}
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-ndjson");
	enum MHD_Result result = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return result;
}

/* --- requests ---------------------------------------------------------------------------- */

/* With TLS, a certificate of the client's that one of --client-ca has signed. */
static bool may_ask(const struct serve *s, struct MHD_Connection *c)
{
	unsigned status = 1;
	if (!s->tls)
		return true;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info && !gnutls_certificate_verify_peers2(info->tls_session, &status) && !status;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_len, void **state)
{
	static int seen;
	uint64_t now_ns = mono_ns();
	(void)version, (void)data, (void)data_len;
	if (!*state) { /* the head alone: the call that may answer comes next */
		*state = &seen;
		return MHD_YES;
	}
	if (!may_ask(ctx, c))
		return answer_text(c, MHD_HTTP_FORBIDDEN, "a client certificate is needed\n");
	if (strcmp(method, "GET") != 0)
		return answer_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET is all there is\n");
	if (!strcmp(url, "/v1/clock"))
		return answer_clock(ctx, c, now_ns);
	if (!strcmp(url, "/v1/samples"))
		return answer_samples(ctx, c);
	if (!strcmp(url, "/metrics"))
		return answer_metrics(ctx, c);
	return answer_text(c, MHD_HTTP_NOT_FOUND, "/metrics, /v1/samples?since=N, /v1/clock\n");
}

/* --- life -------------------------------------------------------------------------------- */

void serve_publish(struct serve *s, struct span metrics_text, struct span hello)
{
	pthread_mutex_lock(&s->lock);
	s->metrics.len = s->hello.len = 0;
	buf_append(&s->metrics, metrics_text.ptr, metrics_text.len);
	buf_append(&s->hello, hello.ptr, hello.len);
	pthread_mutex_unlock(&s->lock);
}

void serve_wake(struct serve *s)
{
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < STREAMS_MAX; i++)
		if (s->streams[i] && s->streams[i]->waits) {
			s->streams[i]->waits = false;
			MHD_resume_connection(s->streams[i]->connection);
		}
	pthread_mutex_unlock(&s->lock);
}

static int read_pems(struct serve *s, const struct agent_settings *a, struct err *err)
{
	s->tls = a->cert != NULL;
	if (!s->tls)
		return 0;
	return file_read(&s->cert, a->cert, PEM_MAX, err) ||
			       file_read(&s->key, a->key, PEM_MAX, err) ||
			       file_read(&s->client_ca, a->client_ca, PEM_MAX, err)
		       ? -1
		       : 0;
}

static int open_listener(struct serve *s, struct agent_settings *a, struct err *err)
{
	char text[ADDR_TEXT];
	struct sockaddr *at = (struct sockaddr *)&a->listen.sa;
	socklen_t len = sizeof a->listen.sa;
	int on = 1;
	s->listener = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener >= 0 &&
	    !setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
	    !bind(s->listener, at, a->listen.len) && !listen(s->listener, CONNECTIONS_MAX) &&
	    !getsockname(s->listener, at, &len))
		return 0;
	err_set(err, ERR_RUNTIME, "--listen: %s: %s", addr_text(text, &a->listen), strerror(errno));
	return err_hint(err, "is another agent there? --listen 127.0.0.1:PORT");
}

int serve_open(struct serve **ret, struct agent_settings *a, struct spool *spool, const char *id,
	       struct err *err)
{
	struct serve *s = *ret = calloc(1, sizeof *s);
	if (!s)
		return err_set(err, ERR_RUNTIME, "no memory for the server");
	s->spool = spool;
	s->id = id;
	buf_init(&s->metrics, (size_t)8 << 20);
	buf_init(&s->hello, FIRST_MAX - 1024);
	pthread_mutex_init(&s->lock, NULL);
	return open_listener(s, a, err) || read_pems(s, a, err) ? -1 : 0;
}

int serve_start(struct serve *s, struct err *err)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem secrets[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert.ptr},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.ptr},
		{MHD_OPTION_HTTPS_MEM_TRUST, 0, s->client_ca.ptr},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	s->daemon =
		MHD_start_daemon(flags | (s->tls ? MHD_USE_TLS : 0), 0, NULL, NULL, handle, s,
				 MHD_OPTION_LISTEN_SOCKET, s->listener, MHD_OPTION_CONNECTION_LIMIT,
				 CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, SILENT_S,
				 MHD_OPTION_ARRAY, s->tls ? secrets : none, MHD_OPTION_END);
	if (s->daemon)
		return 0;
	err_set(err, ERR_RUNTIME, "the server does not start: %s", strerror(errno));
	return s->tls ? err_hint(err, "do --tls-cert and --tls-key belong together?") : -1;
}

/* Readers that wait must go on once more, or stopping would wait for them. */
void serve_close(struct serve *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < STREAMS_MAX; i++)
		if (s->streams[i])
			s->streams[i]->left = 0;
	pthread_mutex_unlock(&s->lock);
	serve_wake(s);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	else if (s->listener >= 0)
		close(s->listener);
	buf_fini(&s->cert);
	buf_fini(&s->key);
	buf_fini(&s->client_ca);
	buf_fini(&s->metrics);
	buf_fini(&s->hello);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
