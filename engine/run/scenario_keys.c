#include "run/agents.h"
#include "run/scenario_keys.h"

#include "base/mono.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(keys) (unsigned)(sizeof(keys) / sizeof *(keys))
#define OF(type, f) offsetof(struct type, f), sizeof(((struct type *)0)->f)
#define OWN(read)   YAML_OWN, 0, 0, 0, 0, read

/* --- choices ----------------------------------------------------------------------------- */

/* The number of a word among `words`; -1 with an err. */
static int choose(struct yaml_reader *r, yaml_node_t *node, const char *what,
		  const char *const *words, unsigned count)
{
	char known[200] = "";
	const char *text = yaml_text(r, node, "a word");
	if (!text)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		size_t len = strlen(known);
		if (!strcmp(words[i], text))
			return (int)i;
		snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", words[i]);
	}
	return yaml_fail(r, node, "%s: \"%.40s\" is none of %s", what, text, known);
}

static const char *const EXECUTORS[] = {
	[EXECUTOR_NONE] = "none",
	[EXECUTOR_CONSTANT_RATE] = "constant-arrival-rate",
	[EXECUTOR_RAMPING_RATE] = "ramping-arrival-rate",
	[EXECUTOR_CONSTANT_CONNECTIONS] = "constant-connections",
	[EXECUTOR_RAMPING_CONNECTIONS] = "ramping-connections",
};

enum scenario_executor scenario_executor_find(const char *name)
{
	for (unsigned i = 1; i < COUNT(EXECUTORS); i++)
		if (!strcmp(EXECUTORS[i], name))
			return (enum scenario_executor)i;
	return EXECUTOR_NONE;
}

static int read_executor(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct scenario *s = into;
	int found = choose(r, node, "executor", EXECUTORS + 1, COUNT(EXECUTORS) - 1);
	s->executor = (enum scenario_executor)(found + 1);
	return found < 0 ? -1 : 0;
}

static int read_version(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const char *const words[] = {"1"};
	(void)into;
	return choose(r, node, "version", words, 1) < 0 ? -1 : 0;
}

static int read_protocol(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const char *const words[] = {"h1", "h2", "grpc", "ws"};
	int found = choose(r, node, "protocol", words, COUNT(words));
	if (found == 2)
		return yaml_fail(r, node,
				 "protocol: grpc is not of scenarios: brink run URL --grpc "
				 "PKG.SVC/METHOD --data JSON calls one method");
	if (found < 0)
		return -1;
	((struct scenario *)into)->config->protocol = words[found];
	return 0;
}

static int add_agent(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct run_config *c = into;
	const char *text = yaml_text(r, node, "local, none, or a URL");
	if (!text)
		return -1;
	if (agents_check(text, r->err))
		return yaml_blame(r, node);
	c->agents[c->agent_count++] = text;
	return 0;
}

static int read_agents(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct run_config *c = ((struct scenario *)into)->config;
	return yaml_list(r, node, "agents", SUMMARY_AGENTS_MAX, add_agent, c);
}

/* --- tls --------------------------------------------------------------------------------- */

static int read_ktls(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const char *const words[] = {
		[KTLS_AUTO] = "auto", [KTLS_ON] = "on", [KTLS_OFF] = "off"};
	struct run_tls *tls = into;
	int found = choose(r, node, "ktls", words, COUNT(words));
	tls->ktls = (enum ktls_wish)found;
	return found < 0 ? -1 : 0;
}

static int read_tls_max(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct run_tls *tls = into;
	const char *text = yaml_text(r, node, "1.2 or 1.3");
	if (!text)
		return -1;
	return tls_version_read(&tls->max, text)
		       ? 0
		       : yaml_fail(r, node, "max: \"%.40s\" is neither 1.2 nor 1.3", text);
}

static int read_tls(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"cacert", YAML_FILE, OF(run_tls, cacert), 0, 0, NULL},
		{"cert", YAML_FILE, OF(run_tls, cert), 0, 0, NULL},
		{"key", YAML_FILE, OF(run_tls, key), 0, 0, NULL},
		{"cert_dir", YAML_FILE, OF(run_tls, cert_dir), 0, 0, NULL},
		{"ciphers", YAML_TEXT, OF(run_tls, ciphers), 0, 0, NULL},
		{"insecure", YAML_FLAG, OF(run_tls, insecure), 0, 0, NULL},
		{"resume", YAML_FLAG, OF(run_tls, resume), 0, 0, NULL},
		{"max", OWN(read_tls_max)},
		{"ktls", OWN(read_ktls)},
	};
	struct scenario *s = into;
	return yaml_map(r, node, "tls", keys, COUNT(keys), &s->config->tls);
}

/* --- data -------------------------------------------------------------------------------- */

static int read_order(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const char *const words[] = {"sequential", "shuffle", "unique"};
	struct scenario_data *d = into;
	int found = choose(r, node, "order", words, COUNT(words));
	d->order = (enum scenario_order)found;
	return found < 0 ? -1 : 0;
}

static int add_data(struct yaml_reader *r, yaml_node_t *key, yaml_node_t *value, void *into)
{
	static const struct yaml_key keys[] = {
		{"file", YAML_FILE, OF(scenario_data, file), 0, 0, NULL},
		{"order", OWN(read_order)},
	};
	struct scenario *s = into;
	struct scenario_data *d = &s->data[s->data_count++];
	d->name = (const char *)key->data.scalar.value;
	d->node = value;
	if (yaml_map(r, value, "data", keys, COUNT(keys), d))
		return -1;
	return d->file ? 0 : yaml_fail(r, value, "data %.40s needs file: NAME.csv", d->name);
}

static int read_data(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_pairs(r, node, "data", SCENARIO_DATA_MAX, add_data, into);
}

/* --- how much ---------------------------------------------------------------------------- */

static int read_target_load(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	const char *text = yaml_text(r, node, "a number");
	if (!text)
		return -1;
	double n;
	if (!units_real(text, &n) || n > RUN_RATE_MAX)
		return yaml_fail(r, node,
				 "target: \"%.40s\" is not a number from 0 on, like 1000 or 10k",
				 text);
	((struct run_stage *)into)->target = n;
	return 0;
}

static int add_stage(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"duration", YAML_DURATION, OF(run_stage, duration_ns), NS_PER_MS, RUN_TIME_MAX,
		 NULL},
		{"target", OWN(read_target_load)},
		{"watch", YAML_DURATION, OF(run_stage, watch_ns), 0, RUN_TIME_MAX, NULL},
	};
	struct scenario *s = into;
	struct run_stage *stage = &s->config->stages[s->config->stage_count++];
	*stage = (struct run_stage){.target = -1};
	if (yaml_map(r, node, "a stage", keys, COUNT(keys), stage))
		return -1;
	return stage->duration_ns && stage->target >= 0
		       ? 0
		       : yaml_fail(
				 r, node,
				 "a stage needs duration and target: {duration: 2m, target: 1000}");
}

static int read_stages(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct scenario *s = into;
	s->stages = node;
	return yaml_list(r, node, "stages", RUN_STAGES_MAX, add_stage, s);
}

static int read_connections(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {{"connections", YAML_COUNT,
						OF(run_config, connections), 1, RUN_CONNECTIONS_MAX,
						NULL}};
	struct scenario *s = into;
	s->connections = node;
	return yaml_scalar(r, node, keys, s->config);
}

static int read_rate(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"rate", YAML_REAL, OF(run_config, rate_rps), 1, RUN_RATE_MAX, NULL}};
	struct scenario *s = into;
	s->rate = node;
	return yaml_scalar(r, node, keys, s->config);
}

/* --- judgement --------------------------------------------------------------------------- */

struct limit {
	const char *text;
	bool abort;
	uint64_t delay_ns;
	const char *metric;
	struct run_config *config;
};

static int add_limit(struct yaml_reader *r, yaml_node_t *node, const struct limit *l)
{
	struct run_config *c = l->config;
	char text[THRESHOLD_TEXT];
	if (c->threshold_count == THRESHOLD_MAX || c->valve_count == VALVES_MAX)
		return yaml_fail(r, node, "more than %d thresholds", THRESHOLD_MAX);
	snprintf(text, sizeof text, "%s: %s", l->metric, l->text);
	struct threshold *t = &c->thresholds[c->threshold_count++];
	if (threshold_parse(t, text, r->err))
		return yaml_blame(r, node);
	if (l->abort)
		c->valves[c->valve_count++] = (struct valve){
			.kind = VALVE_ABORT, .condition = *t, .after_ns = l->delay_ns};
	return 0;
}

static int add_threshold(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"threshold", YAML_TEXT, OF(limit, text), 0, 0, NULL},
		{"abortOnFail", YAML_FLAG, OF(limit, abort), 0, 0, NULL},
		{"delayAbortEval", YAML_DURATION, OF(limit, delay_ns), 0, RUN_TIME_MAX, NULL},
	};
	struct limit l = *(struct limit *)into;
	if (node->type == YAML_SCALAR_NODE)
		l.text = yaml_text(r, node, "text");
	else if (yaml_map(r, node, "a threshold", keys, COUNT(keys), &l))
		return -1;
	return l.text ? add_limit(r, node, &l)
		      : yaml_fail(r, node, "a threshold needs threshold: 'p(99)<500'");
}

static int add_metric(struct yaml_reader *r, yaml_node_t *key, yaml_node_t *value, void *into)
{
	struct scenario *s = into;
	struct limit l = {.metric = (const char *)key->data.scalar.value, .config = s->config};
	return yaml_list(r, value, "thresholds of a metric", THRESHOLD_MAX, add_threshold, &l);
}

static int read_thresholds(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_pairs(r, node, "thresholds", THRESHOLD_MAX, add_metric, into);
}

static int read_retries(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"max", YAML_COUNT, OF(scenario, retries), 0, 100, NULL},
		{"budget", YAML_SHARE, OF(scenario, retry_budget), 0, 1000, NULL},
		{"idempotency_key", YAML_FLAG, OF(scenario, idempotency_key), 0, 0, NULL},
	};
	return yaml_map(r, node, "retries", keys, COUNT(keys), into);
}

/* --- find -------------------------------------------------------------------------------- */

static int read_variable(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const char *const words[] = {"rate", "connections"};
	struct search_config *c = into;
	int found = choose(r, node, "variable", words, COUNT(words));
	c->variable = (enum search_variable)found;
	return found < 0 ? -1 : 0;
}

static int read_find(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"variable", OWN(read_variable)},
		{"from", YAML_REAL, OF(search_config, from), 1, RUN_RATE_MAX, NULL},
		{"to", YAML_REAL, OF(search_config, to), 1, RUN_RATE_MAX, NULL},
		{"factor", YAML_REAL, OF(search_config, factor), 1, 100, NULL},
		{"hold", YAML_SECONDS, OF(search_config, hold_s), 400 * NS_PER_MS, RUN_TIME_MAX,
		 NULL},
		{"resolution", YAML_SHARE, OF(search_config, resolution), 1, 100, NULL},
		{"confirm", YAML_COUNT, OF(search_config, confirm), 1, 10, NULL},
		{"break_errors", YAML_SHARE, OF(search_config, break_errors), 1, 100, NULL},
		{"break_throughput", YAML_SHARE, OF(search_config, throughput), 1, 100, NULL},
		{"queue_ratio", YAML_REAL, OF(search_config, queue_ratio), 1, 1000000, NULL},
		{"recover", YAML_SECONDS, OF(search_config, recover_s), NS_PER_S, RUN_TIME_MAX,
		 NULL},
		{"watch", YAML_SECONDS, OF(search_config, watch_s), 0, RUN_TIME_MAX, NULL},
	};
	struct scenario *s = into;
	return yaml_map(r, node, "find", keys, COUNT(keys), &s->config->search);
}

/* --- guards ------------------------------------------------------------------------------ */

static int add_allowed(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	struct run_config *c = into;
	const char *text = yaml_text(r, node, "a block of addresses, like 10.0.0.0/24");
	if (!text)
		return -1;
	return guard_allow(&c->guard, text, r->err) ? yaml_blame(r, node) : 0;
}

static int read_allow_targets(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_list(r, node, "allow_targets", GUARD_BLOCKS_MAX, add_allowed, into);
}

static int add_valve(struct yaml_reader *r, yaml_node_t *node, struct run_config *c,
		     enum valve_kind kind)
{
	const char *text = yaml_text(r, node, "a condition, like errors>50% for 10s");
	if (!text)
		return -1;
	if (c->valve_count == VALVES_MAX)
		return yaml_fail(r, node, "more than %d conditions", VALVES_MAX);
	if (valve_parse(&c->valves[c->valve_count], kind, text, r->err))
		return yaml_blame(r, node);
	c->valve_count++;
	return 0;
}

static int add_stop(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return add_valve(r, node, into, VALVE_STOP);
}

static int add_read_only(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return add_valve(r, node, into, VALVE_READ_ONLY);
}

static int read_stop_if(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_list(r, node, "stop_if", VALVES_MAX, add_stop, into);
}

static int read_read_only_if(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	return yaml_list(r, node, "read_only_if", VALVES_MAX, add_read_only, into);
}

static int read_guards(struct yaml_reader *r, yaml_node_t *node, void *into)
{
	static const struct yaml_key keys[] = {
		{"allow_targets", OWN(read_allow_targets)},
		{"max_rate", YAML_REAL, OF(run_config, guard.max_rate_rps), 1, RUN_RATE_MAX, NULL},
		{"max_connections", YAML_COUNT, OF(run_config, guard.max_connections), 1,
		 UINT64_MAX, NULL},
		{"stop_if", OWN(read_stop_if)},
		{"read_only_if", OWN(read_read_only_if)},
	};
	struct scenario *s = into;
	return yaml_map(r, node, "guards", keys, COUNT(keys), s->config);
}

/* --- the whole --------------------------------------------------------------------------- */

/* Keys that are a plain value of any load. */
#define PLAIN(name, f, kind, min, max)                                                             \
	static int read_##name(struct yaml_reader *r, yaml_node_t *node, void *into)               \
	{                                                                                          \
		static const struct yaml_key key[] = {                                             \
			{#name, kind, OF(run_config, f), min, max, NULL}};                         \
		return yaml_scalar(r, node, key, ((struct scenario *)into)->config);               \
	}
PLAIN(target, url, YAML_TEXT, 0, 0)
PLAIN(duration, duration_ns, YAML_DURATION, NS_PER_MS, RUN_TIME_MAX)
PLAIN(warmup, warmup_ns, YAML_DURATION, 0, RUN_TIME_MAX)
PLAIN(timeout, timeout_ns, YAML_DURATION, NS_PER_MS, RUN_TIMEOUT_MAX)
PLAIN(connect_timeout, connect_timeout_ns, YAML_DURATION, NS_PER_MS, RUN_TIMEOUT_MAX)
PLAIN(threads, threads, YAML_COUNT, 1, RUN_THREADS_MAX)
PLAIN(seed, seed, YAML_COUNT, 0, UINT64_MAX)
PLAIN(poisson, poisson, YAML_FLAG, 0, 0)
PLAIN(keepalive, keepalive, YAML_FLAG, 0, 0)
PLAIN(shed_ok, shed_ok, YAML_FLAG, 0, 0)
PLAIN(check, checks.share, YAML_SHARE, 1, 100)
PLAIN(start, stage_from, YAML_REAL, 1, RUN_RATE_MAX)

static const struct yaml_key top_keys[] = {
	{"version", OWN(read_version)},
	{"target", OWN(read_target)},
	{"protocol", OWN(read_protocol)},
	{"tls", OWN(read_tls)},
	{"data", OWN(read_data)},
	{"executor", OWN(read_executor)},
	{"stages", OWN(read_stages)},
	{"start", OWN(read_start)},
	{"rate", OWN(read_rate)},
	{"connections", OWN(read_connections)},
	{"duration", OWN(read_duration)},
	{"warmup", OWN(read_warmup)},
	{"requests", OWN(scenario_read_requests)},
	{"retries", OWN(read_retries)},
	{"thresholds", OWN(read_thresholds)},
	{"find", OWN(read_find)},
	{"guards", OWN(read_guards)},
	{"agents", OWN(read_agents)},
	{"timeout", OWN(read_timeout)},
	{"connect_timeout", OWN(read_connect_timeout)},
	{"threads", OWN(read_threads)},
	{"seed", OWN(read_seed)},
	{"poisson", OWN(read_poisson)},
	{"keepalive", OWN(read_keepalive)},
	{"shed_ok", OWN(read_shed_ok)},
	{"check", OWN(read_check)},
};

int scenario_read(struct scenario *s, yaml_node_t *top)
{
	return yaml_map(&s->reader, top, "a scenario", top_keys, COUNT(top_keys), s);
}
