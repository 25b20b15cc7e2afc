/* The server's own word on its methods: grpc.reflection's ServerReflectionInfo. Each round asks for
 * the files that are still missing, all of them in one call. */
#include "run/grpc_descriptors.h"

#include "proto/grpc.h"
#include "proto/grpc_schema.h"
#include "proto/pb_wire.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MAX    ((size_t)16 << 20) /* bytes of a round's answers */
#define FILES_MAX     2000u
#define ROUNDS_MAX    64u
#define UNIMPLEMENTED 12
#define CALL_MS       10000L
#define TRIES_MAX     20u /* of a call whose stream is reset */

/* Fields of grpc.reflection.v1's messages. */
enum {
	REQUEST_FILE_BY_NAME = 3,
	REQUEST_FILE_OF_SYMBOL = 4,
	RESPONSE_FILES = 4,
	RESPONSE_ERROR = 7,
	FILES_FILE = 1,
	ERROR_WORDS = 2,
	FILE_NAME = 1, /* of a FileDescriptorProto */
	FILE_IMPORT = 3,
	SET_FILE = 1, /* of a FileDescriptorSet */
};

struct asked {
	char *name; /* of a file */
	bool known; /* it is in the set */
};

struct reflection {
	const struct run_config *config;
	const struct url *url;
	char target[600], connect_to[600];
	CURL *curl;
	struct buf answer; /* of a round */
	int status;        /* grpc-status; -1: none came */
	char words[160];   /* grpc-message, as it stands */
	struct asked *files;
	unsigned file_count;
	struct buf *set;
	struct err *err;
};

/* --- a call ------------------------------------------------------------------------------ */

static size_t keep(char *bytes, size_t size, size_t count, void *ctx)
{
	struct reflection *r = ctx;
	buf_append(&r->answer, bytes, size * count);
	return r->answer.cut ? 0 : size * count;
}

static size_t hear(char *bytes, size_t size, size_t count, void *ctx)
{
	struct reflection *r = ctx;
	size_t len = size * count;
	char line[256];
	snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1),
		 bytes);
	line[strcspn(line, "\r\n")] = '\0';
	if (!strncasecmp(line, "grpc-status:", 12))
		r->status = atoi(line + 12);
	if (!strncasecmp(line, "grpc-message:", 13))
		snprintf(r->words, sizeof r->words, "%.150s", line + 13 + (line[13] == ' '));
	return len;
}

static void set_up(struct reflection *r, struct curl_slist *headers, struct curl_slist *connect)
{
	const struct run_tls *tls = &r->config->tls;
	bool secure = !strcmp(r->url->scheme, "https");
	curl_easy_setopt(r->curl, CURLOPT_NOSIGNAL, 1L);
	/* libcurl 7.88 cannot use a connection with prior knowledge of HTTP/2 twice */
	curl_easy_setopt(r->curl, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(r->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(r->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(r->curl, CURLOPT_HTTP_VERSION,
			 secure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, CALL_MS);
	curl_easy_setopt(r->curl, CURLOPT_CONNECT_TO, connect);
	curl_easy_setopt(r->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(r->curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(r->curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(r->curl, CURLOPT_HEADERFUNCTION, hear);
	curl_easy_setopt(r->curl, CURLOPT_HEADERDATA, r);
	if (tls->cacert)
		curl_easy_setopt(r->curl, CURLOPT_CAINFO, tls->cacert);
	if (tls->cert)
		curl_easy_setopt(r->curl, CURLOPT_SSLCERT, tls->cert);
	if (tls->cert || tls->key)
		curl_easy_setopt(r->curl, CURLOPT_SSLKEY, tls->key ? tls->key : tls->cert);
	if (tls->insecure) {
		curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(r->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static int unreachable(struct reflection *r, CURLcode code)
{
	err_set(r->err, ERR_RUNTIME, "--reflect: %s: %s", r->target, curl_easy_strerror(code));
	return err_hint(r->err, "is it a gRPC server? --proto or --protoset do without it");
}

static int refused(struct reflection *r, long http)
{
	const char *name = grpc_status_name(r->status);
	if (r->status < 0)
		err_set(r->err, ERR_RUNTIME,
			"--reflect: answered with HTTP status %ld, no grpc-status", http);
	else
		err_set(r->err, ERR_RUNTIME, "--reflect: answered with status %s%s%s",
			name ? name : "OTHER", r->words[0] ? ": " : "", r->words);
	return err_hint(r->err, "not every server tells of its methods: --proto FILE or "
				"--protoset FILE");
}

static CURLcode try_call(struct reflection *r, struct span requests)
{
	r->status = -1;
	r->words[0] = '\0';
	r->answer.len = 0;
	curl_easy_setopt(r->curl, CURLOPT_POSTFIELDS, requests.ptr);
	curl_easy_setopt(r->curl, CURLOPT_POSTFIELDSIZE, (long)requests.len);
	return curl_easy_perform(r->curl);
}

/* Sends framed requests; their answers are in r->answer. A server that refuses a call resets its
 * stream right behind its answer, and libcurl loses the answer where both come at once. */
static int call(struct reflection *r, struct span requests)
{
	long http = 0;
	CURLcode code = try_call(r, requests);
	for (unsigned tries = 1; code == CURLE_HTTP2_STREAM && r->status < 0 && tries < TRIES_MAX;
	     tries++)
		code = try_call(r, requests);
	if (code != CURLE_OK && r->status < 0)
		return unreachable(r, code);
	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &http);
	return r->status ? refused(r, http) : 0;
}

/* --- files ------------------------------------------------------------------------------- */

static int ill(struct reflection *r)
{
	err_set(r->err, ERR_RUNTIME, "--reflect: the answer is not one of grpc.reflection");
	return err_hint(r->err, "--proto FILE or --protoset FILE do without it");
}

static struct asked *find_file(struct reflection *r, struct span name)
{
	for (unsigned i = 0; i < r->file_count; i++)
		if (strlen(r->files[i].name) == name.len &&
		    !memcmp(r->files[i].name, name.ptr, name.len))
			return &r->files[i];
	return NULL;
}

static struct asked *add_file(struct reflection *r, struct span name)
{
	struct asked *file = find_file(r, name);
	if (file || r->file_count == FILES_MAX || name.len > 1000)
		return file;
	char *copy = strndup(name.ptr, name.len);
	if (!copy)
		return NULL;
	r->files[r->file_count] = (struct asked){.name = copy};
	return &r->files[r->file_count++];
}

/* A FileDescriptorProto: into the set, and what it imports onto the list. */
static int take_file(struct reflection *r, struct span bytes)
{
	struct pb_field f;
	struct span rest = bytes, name = {0};
	enum pb_taken taken;
	while ((taken = pb_take(&rest, &f)) == PB_FIELD) {
		if (f.number == FILE_NAME)
			name = f.bytes;
		if (f.number == FILE_IMPORT && !add_file(r, f.bytes))
			return ill(r);
	}
	struct asked *file = name.len && taken == PB_END ? add_file(r, name) : NULL;
	if (!file)
		return ill(r);
	if (!file->known)
		pb_put_bytes(r->set, SET_FILE, bytes);
	file->known = true;
	return r->set->cut ? ill(r) : 0;
}

static int take_error(struct reflection *r, struct span bytes)
{
	struct pb_field f;
	struct span words = {0};
	while (pb_take(&bytes, &f) == PB_FIELD)
		if (f.number == ERROR_WORDS)
			words = f.bytes;
	err_set(r->err, ERR_USAGE, "--reflect: the server does not know of it: %.*s",
		(int)(words.len < 200 ? words.len : 200), words.len ? words.ptr : "");
	return err_hint(r->err, "is the service of --grpc spelt as it is there?");
}

static int take_answer(struct reflection *r, struct span bytes)
{
	struct pb_field f, file;
	enum pb_taken taken;
	while ((taken = pb_take(&bytes, &f)) == PB_FIELD) {
		if (f.number == RESPONSE_ERROR && f.wire == PB_LEN)
			return take_error(r, f.bytes);
		if (f.number != RESPONSE_FILES || f.wire != PB_LEN)
			continue;
		while ((taken = pb_take(&f.bytes, &file)) == PB_FIELD)
			if (file.number == FILES_FILE && file.wire == PB_LEN &&
			    take_file(r, file.bytes))
				return -1;
		if (taken == PB_BROKEN)
			break;
	}
	return taken == PB_BROKEN ? ill(r) : 0;
}

static int take_answers(struct reflection *r)
{
	struct span in = {r->answer.ptr, r->answer.len};
	while (in.len) {
		const unsigned char *p = (const unsigned char *)in.ptr;
		size_t len = in.len < GRPC_PREFIX ? SIZE_MAX
						  : (size_t)p[1] << 24 | (size_t)p[2] << 16 |
							    (size_t)p[3] << 8 | p[4];
		if (len > in.len - GRPC_PREFIX || p[0])
			return ill(r);
		if (take_answer(r, (struct span){in.ptr + GRPC_PREFIX, len}))
			return -1;
		span_skip(&in, GRPC_PREFIX + len);
	}
	return 0;
}

/* --- the story --------------------------------------------------------------------------- */

static void put_request(struct buf *out, uint32_t field, struct span text)
{
	struct buf message;
	buf_init(&message, 4096);
	pb_put_bytes(&message, field, text);
	grpc_frame(out, (struct span){message.ptr, message.len}, false);
	buf_fini(&message);
}

static int ask(struct reflection *r, const char *version, struct buf *requests)
{
	char url[720];
	snprintf(url, sizeof url, "%s/grpc.reflection.%s.ServerReflection/ServerReflectionInfo",
		 r->target, version);
	curl_easy_setopt(r->curl, CURLOPT_URL, url);
	return call(r, (struct span){requests->ptr, requests->len});
}

/* The file of the service, by the newest version that the server has. */
static int ask_first(struct reflection *r, struct buf *requests, const char **ret_version)
{
	char service[256];
	const char *method = r->config->grpc.method + (r->config->grpc.method[0] == '/');
	const char *cut = strchr(method, '/') ? strchr(method, '/') : strrchr(method, '.');
	snprintf(service, sizeof service, "%.*s", (int)(cut - method), method);
	put_request(requests, REQUEST_FILE_OF_SYMBOL, span_of(service));
	*ret_version = "v1";
	if (!ask(r, *ret_version, requests))
		return take_answers(r);
	if (r->status != UNIMPLEMENTED)
		return -1;
	*ret_version = "v1alpha";
	return ask(r, *ret_version, requests) ? -1 : take_answers(r);
}

static int collect(struct reflection *r, struct buf *requests)
{
	const char *version;
	if (ask_first(r, requests, &version))
		return -1;
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		requests->len = 0;
		for (unsigned i = 0; i < r->file_count; i++)
			if (!r->files[i].known)
				put_request(requests, REQUEST_FILE_BY_NAME,
					    span_of(r->files[i].name));
		if (!requests->len)
			return 0;
		if (ask(r, version, requests) || take_answers(r))
			return -1;
	}
	return ill(r);
}

/* Where the load goes, which was checked. */
static void choose_address(struct reflection *r, const struct plan *plan)
{
	char authority[272], address[ADDR_TEXT];
	url_authority(r->url, authority, sizeof authority);
	snprintf(r->target, sizeof r->target, "%s://%s", r->url->scheme, authority);
	snprintf(r->connect_to, sizeof r->connect_to, "::%s",
		 addr_text(address, &plan->tuples.to[0]));
}

int grpc_descriptors_ask(const struct run_config *c, const struct url *url, const struct plan *plan,
			 struct buf *ret, struct err *err)
{
	struct reflection r = {.config = c, .url = url, .set = ret, .err = err};
	struct buf requests;
	buf_init(&requests, ANSWER_MAX);
	buf_init(&r.answer, ANSWER_MAX);
	choose_address(&r, plan);
	r.curl = curl_easy_init();
	r.files = calloc(FILES_MAX, sizeof *r.files);
	struct curl_slist *connect = curl_slist_append(NULL, r.connect_to);
	struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/grpc");
	if (headers)
		curl_slist_append(headers, "te: trailers");
	int result = -1;
	if (r.curl && r.files && connect && headers) {
		set_up(&r, headers, connect);
		result = collect(&r, &requests);
	} else
		err_set(err, ERR_RUNTIME, "no memory to ask the server");
	for (unsigned i = 0; i < r.file_count; i++)
		free(r.files[i].name);
	free(r.files);
	curl_easy_cleanup(r.curl);
	curl_slist_free_all(connect);
	curl_slist_free_all(headers);
	buf_fini(&requests);
	buf_fini(&r.answer);
	return result;
}
