#include "run/scenario.h"

#include "base/file.h"
#include "run/scenario_keys.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)1 << 20)

/* --- what fits together ------------------------------------------------------------------ */

static int check_executor(struct scenario *s)
{
	struct yaml_reader *r = &s->reader;
	struct run_config *c = s->config;
	yaml_node_t *top = yaml_top(r);
	bool ramping =
		s->executor == EXECUTOR_RAMPING_RATE || s->executor == EXECUTOR_RAMPING_CONNECTIONS;
	if (s->executor == EXECUTOR_NONE && c->stage_count)
		s->executor = EXECUTOR_RAMPING_RATE, ramping = true;
	if (ramping && !c->stage_count)
		return yaml_fail(r, top,
				 "a ramping executor needs stages: [{duration: 1m, target: 1000}]");
	if (!ramping && s->stages)
		return yaml_fail(r, s->stages,
				 "stages need an executor that ramps: "
				 "ramping-arrival-rate or ramping-connections");
	if (s->executor == EXECUTOR_CONSTANT_RATE && !s->rate)
		return yaml_fail(r, top, "constant-arrival-rate needs rate: N, requests a second");
	if (s->rate && (ramping || s->executor == EXECUTOR_CONSTANT_CONNECTIONS))
		return yaml_fail(r, s->rate, "rate is for the executor constant-arrival-rate");
	if (s->executor == EXECUTOR_RAMPING_CONNECTIONS && s->connections)
		return yaml_fail(r, s->connections, "the stages say how many connections");
	c->stage_connections = s->executor == EXECUTOR_RAMPING_CONNECTIONS;
	return 0;
}

/* Where a rate is asked for, it shall not be the connections that hold it back. */
static void choose_connections(const struct scenario *s)
{
	struct run_config *c = s->config;
	if (!s->connections && (s->rate || s->executor == EXECUTOR_RAMPING_RATE))
		c->connections = RUN_RATE_CONNECTIONS;
}

static int check_whole(struct scenario *s)
{
	struct yaml_reader *r = &s->reader;
	yaml_node_t *top = yaml_top(r);
	if (!s->config->url)
		return yaml_fail(r, top, "a scenario needs target: http://HOST:PORT");
	for (unsigned i = 0; i + 1 < s->config->stage_count; i++)
		if (s->config->stages[i].watch_ns)
			return yaml_fail(r, s->stages,
					 "watch is for the last stage: what comes "
					 "after it is the next stage");
	return check_executor(s);
}

/* --- reading ----------------------------------------------------------------------------- */

int scenario_parse(struct scenario **ret, const char *name, struct span text, bool files,
		   struct run_config *c, struct err *err)
{
	struct scenario *s = *ret = calloc(1, sizeof *s);
	if (!s)
		return err_set(err, ERR_RUNTIME, "no memory for %s", name);
	s->config = c;
	s->retry_budget = 0.1;
	if (yaml_open(&s->reader, name, text, err))
		return -1;
	s->reader.no_files = !files;
	yaml_node_t *top = yaml_top(&s->reader);
	if (!top)
		return err_set(err, ERR_USAGE,
			       "%s:1:1: the file is empty: a scenario needs "
			       "target: http://HOST:PORT",
			       name);
	if (scenario_read(s, top) || check_whole(s))
		return -1;
	choose_connections(s);
	c->scenario = s;
	return 0;
}

int scenario_load(struct scenario **ret, const char *path, struct run_config *c, struct err *err)
{
	struct buf text;
	*ret = NULL;
	int result = file_read(&text, path, FILE_MAX, err);
	if (result)
		err_hint(err, "a URL, like http://127.0.0.1:8080/, or the name of a scenario");
	else
		result = scenario_parse(ret, path, (struct span){text.ptr, text.len}, true, c, err);
	buf_fini(&text); /* the reader has copied what it keeps */
	return result;
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->request_count; i++)
		for (unsigned k = 0; k < s->requests[i].header_count; k++)
			free((void *)(uintptr_t)s->requests[i].headers[k]);
	yaml_close(&s->reader);
	free(s);
}

int scenario_check_ws(struct scenario *s, struct err *err)
{
	struct yaml_reader *r = &s->reader;
	r->err = err;
	if (s->request_count)
		return yaml_fail(r, s->requests[0].node,
				 "requests: a WebSocket carries one message, that of --data; "
				 "leave them out");
	if (s->data_count)
		return yaml_fail(r, s->data[0].node, "data: no message of a WebSocket uses it");
	if (s->retries)
		return yaml_fail(r, yaml_top(r), "retries: messages are not sent again");
	return 0;
}

bool scenario_is_file(const char *operand)
{
	return !strstr(operand, "://") &&
	       (strchr(operand, '/') || strstr(operand, ".y") || strstr(operand, ".json"));
}
