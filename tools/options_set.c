#include "tools/options_set.h"

#include "base/units.h"
#include "run/agents.h"

static void *field(struct invocation *in, const struct option *o)
{
	return (char *)in + o->field.at;
}

/* --- plain values ------------------------------------------------------------------------- */

static void store(struct invocation *in, const struct option *o, uint64_t value)
{
	switch (o->field.size) {
	case sizeof(uint16_t):
		*(uint16_t *)field(in, o) = (uint16_t)value;
		break;
	case sizeof(uint32_t):
		*(uint32_t *)field(in, o) = (uint32_t)value;
		break;
	default:
		*(uint64_t *)field(in, o) = value;
	}
}

int set_count(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	uint64_t n;
	if (!units_count(value, &n)) {
		err_set(err, ERR_USAGE, "\"%s\" is not a count", value);
		return err_hint(err, "a whole number, like 64, 10k or 1M");
	}
	if (n < o->field.min || n > o->field.max)
		return err_set(err, ERR_USAGE, "%s is out of bounds: from %llu to %llu", value,
			       (unsigned long long)o->field.min, (unsigned long long)o->field.max);
	store(in, o, n);
	return 0;
}

int set_size(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	uint64_t n;
	if (!units_size(value, &n)) {
		err_set(err, ERR_USAGE, "\"%s\" is not a size", value);
		return err_hint(err, "a number of bytes, like 65535, 64KiB or 1MiB");
	}
	if (n < o->field.min || n > o->field.max)
		return err_set(err, ERR_USAGE, "%s is out of bounds: from %llu to %llu bytes",
			       value, (unsigned long long)o->field.min,
			       (unsigned long long)o->field.max);
	store(in, o, n);
	return 0;
}

int set_real(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	double n;
	if (!units_real(value, &n)) {
		err_set(err, ERR_USAGE, "\"%s\" is not a number", value);
		return err_hint(err, "like 500, 2.5k or 1M");
	}
	if (!(n > 0) || n > (double)o->field.max)
		return err_set(err, ERR_USAGE, "%s is out of bounds: above 0, at most %llu", value,
			       (unsigned long long)o->field.max);
	*(double *)field(in, o) = n;
	return 0;
}

static int read_duration(const struct option *o, const char *value, uint64_t *ret, struct err *err)
{
	char min[UNITS_TEXT], max[UNITS_TEXT];
	if (!units_duration_ns(value, ret)) {
		err_set(err, ERR_USAGE, "\"%s\" is not a duration", value);
		return err_hint(err,
				"a number with us, ms, s, m or h, like 500ms; seconds without");
	}
	if (*ret < o->field.min || *ret > o->field.max)
		return err_set(err, ERR_USAGE, "%s is out of bounds: from %s to %s", value,
			       units_text_us(min, (double)o->field.min / 1e3),
			       units_text_us(max, (double)o->field.max / 1e3));
	return 0;
}

int set_duration(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	return read_duration(o, value, field(in, o), err);
}

int set_seconds(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	uint64_t ns;
	if (read_duration(o, value, &ns, err))
		return -1;
	*(double *)field(in, o) = (double)ns / 1e9;
	return 0;
}

int set_percent(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	double share;
	if (!units_percent(value, &share)) {
		err_set(err, ERR_USAGE, "\"%s\" is not a percentage", value);
		return err_hint(err, "like 5%% or 0.5%%");
	}
	if (share * 100 > (double)o->field.max || !(share > 0))
		return err_set(err, ERR_USAGE, "%s is out of bounds: above 0%%, at most %llu%%",
			       value, (unsigned long long)o->field.max);
	*(double *)field(in, o) = share;
	return 0;
}

int set_text(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, ERR_USAGE, "the value is empty");
	*(const char **)field(in, o) = value;
	return 0;
}

int set_on(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	*(bool *)field(in, o) = true;
	return 0;
}

int set_off(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	*(bool *)field(in, o) = false;
	return 0;
}

/* --- values with a grammar of their own --------------------------------------------------- */

int set_header(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	struct run_config *run = &in->run;
	if (!strchr(value, ':')) {
		err_set(err, ERR_USAGE, "there is no colon in it"); /* and it may be a secret */
		return err_hint(err, "like -H 'Accept: text/html'");
	}
	if (run->header_count == RUN_HEADERS_MAX)
		return err_set(err, ERR_USAGE, "at most %d headers are taken", RUN_HEADERS_MAX);
	run->headers[run->header_count++] = value;
	return 0;
}

int set_data(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	if (value[0] == '@') {
		err_set(err, ERR_USAGE,
			"\"%s\" would be sent as it stands, not as a file's content", value);
		return err_hint(err, "--data-file %s sends the file",
				value[1] ? value + 1 : "FILE");
	}
	in->run.body = span_of(value);
	in->has_data = true;
	return 0;
}

int set_check(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	struct checks *checks = field(in, o);
	uint32_t bit;
	if (check_add(checks, (enum check_kind)o->field.min, value, &bit, err))
		return -1;
	checks->common |= bit;
	return 0;
}

int set_threshold(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	struct run_config *run = &in->run;
	if (run->threshold_count == THRESHOLD_MAX)
		return err_set(err, ERR_USAGE, "at most %d are taken", THRESHOLD_MAX);
	if (threshold_parse(&run->thresholds[run->threshold_count], value, err))
		return -1;
	run->threshold_count++;
	return 0;
}

int set_spin(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	static const struct {
		const char *name;
		enum run_spin spin;
	} names[] = {{"auto", RUN_SPIN_AUTO}, {"off", RUN_SPIN_OFF}, {"busy", RUN_SPIN_BUSY}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!strcmp(names[i].name, value)) {
			in->run.spin = names[i].spin;
			return 0;
		}
	}
	in->run.spin = RUN_SPIN_FIXED;
	if (!set_duration(in, o, value, err))
		return 0;
	return err_hint(err, "auto, off, busy, or a duration like 50us");
}

int set_allow_target(struct invocation *in, const struct option *o, const char *value,
		     struct err *err)
{
	(void)o;
	return guard_allow(&in->run.guard, value, err);
}

int set_format(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	const struct out_form *form = out_form_find(value);
	if (!form) {
		err_set(err, ERR_USAGE, "there is no form \"%s\"", value);
		return err_hint(err, "one of %s", out_form_names());
	}
	in->form = form;
	return 0;
}

/* "1%/s", "1%" and "1" are all one percent a second. */
int set_churn(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	char number[32] = "";
	size_t len = strcspn(value, "%");
	const char *rest = value + len;
	if (len < sizeof number && (!*rest || !strcmp(rest, "%") || !strcmp(rest, "%/s"))) {
		memcpy(number, value, len);
		if (!set_real(in, o, number, err))
			return 0;
	}
	err_set(err, ERR_USAGE, "\"%s\" is not a share of the connections a second", value);
	return err_hint(err, "above 0%% and at most %llu%%, like 1%%/s",
			(unsigned long long)o->field.max);
}

int set_tls_max(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	return tls_version_read(&in->run.tls.max, value)
		       ? 0
		       : err_set(err, ERR_USAGE, "\"%s\" is neither 1.2 nor 1.3", value);
}

/* "2m:1000"; the first one replaces those of a scenario. */
int set_stage(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	char text[64];
	struct run_stage stage = {0};
	const char *colon = strchr(value, ':');
	(void)o;
	snprintf(text, sizeof text, "%.*s", colon ? (int)(colon - value) : 0, value);
	if (!colon || !units_duration_ns(text, &stage.duration_ns) || !stage.duration_ns ||
	    !units_real(colon + 1, &stage.target)) {
		err_set(err, ERR_USAGE, "\"%s\" is not a stage", value);
		return err_hint(err, "a duration and the load at its end, like 2m:1000");
	}
	if (!in->own_stages)
		in->run.stage_count = 0;
	in->own_stages = true;
	if (in->run.stage_count == RUN_STAGES_MAX)
		return err_set(err, ERR_USAGE, "more than %d stages", RUN_STAGES_MAX);
	in->run.stages[in->run.stage_count++] = stage;
	return 0;
}

int set_executor(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	enum scenario_executor executor = scenario_executor_find(value);
	if (executor != EXECUTOR_RAMPING_RATE && executor != EXECUTOR_RAMPING_CONNECTIONS) {
		err_set(err, ERR_USAGE,
			"\"%s\" is neither ramping-arrival-rate nor ramping-connections", value);
		return err_hint(err, "-R N asks for a rate that stays, -c N for connections alone");
	}
	in->run.stage_connections = executor == EXECUTOR_RAMPING_CONNECTIONS;
	return 0;
}

static int add_valve(struct invocation *in, enum valve_kind kind, const char *value,
		     struct err *err)
{
	if (in->run.valve_count == VALVES_MAX)
		return err_set(err, ERR_USAGE, "more than %d conditions", VALVES_MAX);
	if (valve_parse(&in->run.valves[in->run.valve_count], kind, value, err))
		return -1;
	in->run.valve_count++;
	return 0;
}

int set_stop_if(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	return add_valve(in, VALVE_STOP, value, err);
}

int set_read_only_if(struct invocation *in, const struct option *o, const char *value,
		     struct err *err)
{
	(void)o;
	return add_valve(in, VALVE_READ_ONLY, value, err);
}

int set_protocol(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)value, (void)err;
	in->run.protocol = !strcmp(o->name, "ws") ? "ws" : !strcmp(o->name, "http2") ? "h2" : "h1";
	return 0;
}

int set_grpc(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	in->run.protocol = "grpc";
	return set_text(in, o, value, err);
}

int set_grpc_compress(struct invocation *in, const struct option *o, const char *value,
		      struct err *err)
{
	(void)o;
	in->run.grpc.gzip = !strcmp(value, "gzip");
	if (in->run.grpc.gzip || !strcmp(value, "identity"))
		return 0;
	return err_set(err, ERR_USAGE, "\"%s\" is neither gzip nor identity", value);
}

int set_proto_path(struct invocation *in, const struct option *o, const char *value,
		   struct err *err)
{
	struct run_grpc *grpc = &in->run.grpc;
	(void)o;
	if (grpc->path_count == RUN_PROTO_PATHS_MAX)
		return err_set(err, ERR_USAGE, "more than %d folders", RUN_PROTO_PATHS_MAX);
	grpc->paths[grpc->path_count++] = value;
	return 0;
}

/* The first one replaces those of a scenario. */
int set_agent(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	struct run_config *run = &in->run;
	(void)o;
	if (agents_check(value, err))
		return -1;
	if (!in->own_agents)
		run->agent_count = 0;
	in->own_agents = true;
	if (run->agent_count == SUMMARY_AGENTS_MAX)
		return err_set(err, ERR_USAGE, "more than %d agents", SUMMARY_AGENTS_MAX);
	run->agents[run->agent_count++] = value;
	return 0;
}

int set_variable(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	bool connections = !strcmp(value, "connections");
	if (!connections && strcmp(value, "rate"))
		return err_set(err, ERR_USAGE, "\"%s\" is neither rate nor connections", value);
	in->run.search.variable = connections ? SEARCH_CONNECTIONS : SEARCH_RATE;
	return 0;
}

int set_ktls(struct invocation *in, const struct option *o, const char *value, struct err *err)
{
	(void)o;
	return ktls_wish_read(&in->run.tls.ktls, value)
		       ? 0
		       : err_set(err, ERR_USAGE, "\"%s\" is not auto, on or off", value);
}
