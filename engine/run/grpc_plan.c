#include "run/grpc_plan.h"

#include "base/field.h"
#include "base/mono.h"
#include "proto/grpc.h"
#include "proto/grpc_json.h"
#include "proto/grpc_schema.h"
#include "run/grpc_descriptors.h"

#include <stdio.h>
#include <string.h>

#define CALL_MAX ((size_t)64 << 20) /* bytes of a call's messages */

/* --- the head ---------------------------------------------------------------------------- */

static void add_header(const struct run_config *c, struct grpc_head *head, struct proto_spec *spec,
		       const char *name, const char *line)
{
	if (!field_is_given(c->headers, c->header_count, name))
		head->headers[spec->header_count++] = line;
}

/* In the order that gRPC's own specification of HTTP/2 gives; metadata comes last. */
static void fill_headers(const struct run_config *c, struct grpc_head *head,
			 struct proto_spec *spec)
{
	char text[GRPC_TIMEOUT_TEXT];
	spec->header_count = 0;
	spec->headers = head->headers;
	add_header(c, head, spec, "te", "te: trailers");
	if (c->grpc.timeout_ns) {
		snprintf(head->timeout, sizeof head->timeout, "grpc-timeout: %s",
			 grpc_timeout_text(text, c->grpc.timeout_ns));
		add_header(c, head, spec, "grpc-timeout", head->timeout);
	}
	add_header(c, head, spec, "content-type", "content-type: application/grpc");
	if (c->grpc.gzip)
		add_header(c, head, spec, "grpc-encoding", "grpc-encoding: gzip");
	add_header(c, head, spec, "grpc-accept-encoding", "grpc-accept-encoding: identity,gzip");
	snprintf(head->user_agent, sizeof head->user_agent, "user-agent: grpc-brink/%s",
		 BRINK_VERSION);
	add_header(c, head, spec, "user-agent", head->user_agent);
	for (unsigned i = 0; i < c->header_count; i++)
		head->headers[spec->header_count++] = c->headers[i];
}

/* "/pkg.Service/Method", also of "pkg.Service.Method". */
static int fill_path(const struct run_config *c, struct grpc_head *head, struct err *err)
{
	const char *method = c->grpc.method + (c->grpc.method[0] == '/');
	const char *cut = strchr(method, '/');
	if (!cut)
		cut = strrchr(method, '.');
	if (!cut || cut == method || !cut[1] || strchr(cut + 1, '/') ||
	    strlen(method) + 2 > sizeof head->path) {
		err_set(err, ERR_USAGE, "--grpc \"%.200s\" is not a method", c->grpc.method);
		return err_hint(err, "a service with its package, and a method: "
				     "--grpc pkg.Service/Method");
	}
	snprintf(head->path, sizeof head->path, "/%.*s/%s", (int)(cut - method), method, cut + 1);
	return 0;
}

/* --- the messages ------------------------------------------------------------------------ */

struct filling {
	struct grpc_load *load;
	bool gzip;
};

static int take(void *ctx, struct span message, struct err *err)
{
	struct filling *f = ctx;
	return grpc_load_add(f->load, message, f->gzip, err);
}

/* Names the flag in front of what is wrong with its value. */
static int blame(const char *flag, struct err *err)
{
	char text[sizeof err->text];
	memcpy(text, err->text, sizeof text);
	snprintf(err->text, sizeof err->text, "%s: %.450s", flag, text);
	return -1;
}

static const char *kind_of(const struct schema_method *m)
{
	return m->client_streams   ? m->server_streams ? "bidirectional" : "client-streaming"
	       : m->server_streams ? "server-streaming"
				   : "unary";
}

static int fill_messages(const struct run_config *c, const struct schema_method *m,
			 struct grpc_load *l, struct err *err)
{
	struct filling f = {l, c->grpc.gzip};
	struct span text = c->body.len ? c->body : span_of("{}");
	if (c->grpc.repeat > 1 && !m->client_streams) {
		err_set(err, ERR_USAGE, "--messages %u: %s/%s is %s, and takes one message",
			c->grpc.repeat, m->service, m->name, kind_of(m));
		return err_hint(err, "leave --messages out");
	}
	if (grpc_json_read(m->input, text, m->client_streams, take, &f, err))
		return blame(c->body.len ? "--data" : "no --data", err);
	if (!l->call.count && !m->client_streams) {
		err_set(err, ERR_USAGE, "--data holds no message of %s", m->input->name);
		return err_hint(err, "an object of its fields, like '{}'");
	}
	l->call.turns = m->client_streams && m->server_streams;
	if (c->grpc.repeat > 1 && grpc_load_repeat(l, l->call.count, c->grpc.repeat - 1, err))
		return blame("--messages", err);
	return 0;
}

static int fill_by_schema(const struct run_config *c, struct span set, const char *method,
			  struct grpc_load *l, struct err *err)
{
	struct grpc_schema *schema = NULL;
	const char *flag = c->grpc.proto      ? "--proto"
			   : c->grpc.protoset ? "--protoset"
					      : "--reflect";
	if (grpc_schema_new(&schema, set, err))
		return blame(flag, err);
	const struct schema_method *m = grpc_schema_method(schema, method, err);
	int result = m ? fill_messages(c, m, l, err) : blame("--grpc", err);
	grpc_schema_free(schema);
	return result;
}

/* --- the whole --------------------------------------------------------------------------- */

static int check(const struct run_config *c, const struct url *url, struct err *err)
{
	unsigned sources = (c->grpc.proto != NULL) + (c->grpc.protoset != NULL) + c->grpc.reflect;
	if (strcmp(url->path, "/") != 0) {
		err_set(err, ERR_USAGE, "--grpc with the path %.200s: the method is the path",
			url->path);
		return err_hint(err, "leave the path out of the URL");
	}
	if (c->method && strcmp(c->method, "POST") != 0)
		return err_set(err, ERR_USAGE, "--method %s with --grpc: a call is a POST",
			       c->method);
	if (sources == 1)
		return 0;
	err_set(err, ERR_USAGE,
		sources ? "more than one of --proto, --protoset and --reflect"
			: "--grpc %s: what its messages are is not known",
		c->grpc.method);
	return err_hint(err,
			"one of --proto FILE, --protoset FILE, or --reflect to ask the server");
}

int grpc_plan_fill(const struct run_config *c, const struct url *url, bool dry, struct plan *plan,
		   struct grpc_head *head, struct proto_spec *spec, struct err *err)
{
	struct buf set;
	if (check(c, url, err) || fill_path(c, head, err))
		return -1;
	plan->grpc = grpc_load_new(CALL_MAX);
	if (!plan->grpc)
		return err_set(err, ERR_RUNTIME, "no memory for a call");
	plan->grpc->call.message_max = c->grpc.message_max;
	buf_init(&set, GRPC_SCHEMA_MAX);
	int result = 0;
	bool asks = c->grpc.reflect;
	if (!asks)
		result = grpc_descriptors_read(c, &set, err);
	else if (!dry)
		result = grpc_descriptors_ask(c, url, plan, &set, err);
	if (!result && !(asks && dry))
		result = fill_by_schema(c, (struct span){set.ptr, set.len}, head->path + 1,
					plan->grpc, err);
	buf_fini(&set);
	fill_headers(c, head, spec);
	spec->method = "POST";
	spec->path = head->path;
	spec->body = plan->grpc->call.messages;
	spec->grpc = &plan->grpc->call;
	return result;
}

void grpc_plan_tell(const struct plan *plan, struct summary *s)
{
	if (!plan->grpc)
		return;
	for (unsigned i = 0; i < TALLY_GRPC; i++)
		snprintf(s->grpc_words[i], sizeof s->grpc_words[i], "%s",
			 grpc_words_of(&plan->grpc->words, i));
}

const char *summary_grpc_name(unsigned status)
{
	const char *name = grpc_status_name((int)status);
	return name ? name : "OTHER";
}
