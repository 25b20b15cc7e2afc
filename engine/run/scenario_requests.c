/* The requests of a scenario. */
#include "run/scenario_keys.h"

#include "base/mono.h"
#include "load/capture.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELD(f)    offsetof(struct scenario_request, f), sizeof(((struct scenario_request *)0)->f)
#define COUNT(keys) (unsigned)(sizeof(keys) / sizeof *(keys))

static int add_header(struct yaml_reader *r, yaml_node_t *key, yaml_node_t *value, void *into)
{
	struct scenario_request *q = into;
	char *line;
	const char *text = yaml_text(r, value, "text");
	if (!text)
		return -1;
	if (asprintf(&line, "%s: %s", (const char *)key->data.scalar.value, text) < 0)
		return yaml_fail(r, key, "no memory");
	q->headers[q->header_count++] = line;
	return 0;
}

static int read_headers(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_pairs(r, node, "headers", SCENARIO_HEADERS_MAX, add_header, into);
}

/* A check, or several in a list. */
struct expecting {
	struct scenario_request *request;
	struct checks *checks;
	enum check_kind kind;
};

static int add_check(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	const struct expecting *e = into;
	uint32_t bit;
	const char *text = yaml_text(r, node, "text");
	if (!text)
		return -1;
	if (check_add(e->checks, e->kind, text, &bit, r->err))
		return yaml_blame(r, node);
	e->request->checks |= bit;
	return 0;
}

static int read_checks(struct yaml_reader *r, yaml_node_t *node, struct scenario_request *q,
		       enum check_kind kind)
{
	struct expecting e = {q, q->all_checks, kind};
	return node->type == YAML_SEQUENCE_NODE
		       ? yaml_list(r, node, "checks", CHECKS_MAX, add_check, &e)
		       : add_check(r, node, &e);
}

static int read_body_contains(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return read_checks(r, node, into, CHECK_BODY);
}

static int read_json(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return read_checks(r, node, into, CHECK_JSON);
}

static int read_header(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return read_checks(r, node, into, CHECK_HEADER);
}

static int read_expect(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"status", YAML_COUNT, FIELD(expect_status), 100, 599, NULL},
		{"body_contains", YAML_OWN, 0, 0, 0, 0, read_body_contains},
		{"json", YAML_OWN, 0, 0, 0, 0, read_json},
		{"header", YAML_OWN, 0, 0, 0, 0, read_header},
	};
	return yaml_map(r, node, "expect", keys, COUNT(keys), into);
}

static int add_capture(struct yaml_reader *r, yaml_node_t *key, yaml_node_t *value, void *into)
{
	struct scenario_request *q = into;
	const char *path = yaml_text(r, value, "a path into JSON, like $.id");
	if (!path)
		return -1;
	if (capture_check(path, r->err))
		return yaml_blame(r, value);
	q->captures[q->capture_count++] =
		(struct scenario_capture){(const char *)key->data.scalar.value, path, key};
	return 0;
}

static int read_capture(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_pairs(r, node, "capture", 4, add_capture, into);
}

static int read_idempotent(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct scenario_request *q = into;
	const char *text = yaml_text(r, node, "true or false");
	if (!text)
		return -1;
	if (strcmp(text, "true") && strcmp(text, "false"))
		return yaml_fail(r, node, "idempotent: \"%.40s\" is not true or false", text);
	q->says_idempotent = true;
	q->idempotent = text[0] == 't';
	return 0;
}

static const struct yaml_key request_keys[] = {
	{"method", YAML_TEXT, FIELD(method), 0, 0, NULL},
	{"path", YAML_TEXT, FIELD(path), 0, 0, NULL},
	{"headers", YAML_OWN, 0, 0, 0, 0, read_headers},
	{"body", YAML_TEXT, FIELD(body), 0, 0, NULL},
	{"body_file", YAML_FILE, FIELD(body_file), 0, 0, NULL},
	{"weight", YAML_COUNT, FIELD(weight), 1, 1000000, NULL},
	{"idempotent", YAML_OWN, 0, 0, 0, 0, read_idempotent},
	{"expect", YAML_OWN, 0, 0, 0, 0, read_expect},
	{"think", YAML_DURATION, FIELD(think_ns), 0, 3600 * NS_PER_S, NULL},
	{"capture", YAML_OWN, 0, 0, 0, 0, read_capture},
};

static bool is_one_of(const char *method, const char *list)
{
	const char *found = strstr(list, method);
	return found && (found == list || found[-1] == ' ') &&
	       (found[strlen(method)] == ' ' || !found[strlen(method)]);
}

static int add_request(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct scenario *s = into;
	struct scenario_request *q = &s->requests[s->request_count++];
	*q = (struct scenario_request){.weight = 1, .node = node, .all_checks = &s->config->checks};
	if (yaml_map(r, node, "a request", request_keys, COUNT(request_keys), q))
		return -1;
	if (q->body && q->body_file)
		return yaml_fail(r, node, "a request has body or body_file, not both");
	if (!q->method)
		q->method = q->body || q->body_file ? "POST" : "GET";
	if (!q->path)
		q->path = "/";
	if (q->path[0] != '/' && strncmp(q->path, "${", 2))
		return yaml_fail(r, node, "path: \"%.80s\" is to begin with a /", q->path);
	if (!q->says_idempotent) /* RFC 9110 9.2.2 */
		q->idempotent = is_one_of(q->method, "GET HEAD OPTIONS TRACE PUT DELETE");
	return 0;
}

int scenario_read_requests(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_list(r, node, "requests", MIX_REQUESTS_MAX, add_request, into);
}
