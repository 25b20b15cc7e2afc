/* cmd_doctor: `brink doctor`: what will limit so many connections here, before anybody tries. It
 * reads, and opens a small ring for a moment; it sends nothing at all, not even to a resolver. */
#include "tools/commands.h"

#include "base/grouped.h"
#include "base/url.h"
#include "host/limits.h"
#include "io/ring.h"
#include "io/tuples.h"
#include "out/out_preflight.h"
#include "tools/options_text.h"

#include <stdlib.h>
#include <strings.h>

#define TEXT_MAX            ((size_t)1 << 20)
#define CONNECTIONS_USUAL   10000
#define EXIT_REFUSED        4
#define FEATURES_MAX        32
#define RING_SLOTS_TO_PROBE 8u

/* What was looked at, and what it means. */
struct visit {
	const char *target; /* as given, its secrets left out; NULL: none */
	const char *note;   /* on where the target is */
	struct preflight_demand demand;
	struct facts facts;
	struct preflight plan;
	struct err ring; /* why there is none */
	unsigned missing_count;
	struct ring_feature missing[FEATURES_MAX];
	char target_text[512];
};

/* ---- io_uring ---- */

static bool has_feature(const struct ring_feature *list, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return list[i].found && !list[i].disabled;
	return false;
}

static void examine_features(struct visit *v, const struct ring_feature *list, unsigned count,
			     bool sources)
{
	struct preflight_demand *d = &v->demand;
	d->own_ports = has_feature(list, count, "portrange");
	d->plain_descriptors = !has_feature(list, count, "direct") ||
			       (sources && !has_feature(list, count, "bind"));
	for (unsigned i = 0; i < count && v->missing_count < FEATURES_MAX; i++)
		if (!list[i].found || list[i].disabled)
			v->missing[v->missing_count++] = list[i];
}

static void examine_ring(struct visit *v, bool sources)
{
	const struct ring_config config = {.slots = RING_SLOTS_TO_PROBE};
	struct ring *ring;
	unsigned count;
	if (ring_open(&ring, &config, &v->ring)) {
		v->demand.ring = &v->ring;
		return;
	}
	const struct ring_feature *list = ring_features(ring, &count);
	examine_features(v, list, count, sources);
	ring_free(ring);
}

/* ---- where the target is ---- */

/* Whether an address is this host's: it can be bound to. */
static bool is_here(const struct addr *to)
{
	struct addr source = *to;
	struct tuples one = {.from = &source, .from_count = 1};
	struct err unused;
	((struct sockaddr_in *)&source.sa)->sin_port = 0; /* where sin6_port is, too */
	return addr_is_loopback(to) || tuples_check_sources(&one, &unused) == 0;
}

/* The URL's host as a list of one destination; false for a name, which a resolver would be
 * asked about. */
static bool destination_of(const struct url *url, struct tuples *t)
{
	char text[sizeof url->host + 16];
	struct err unused;
	const char *host = strcasecmp(url->host, "localhost") ? url->host : "127.0.0.1";
	snprintf(text, sizeof text, url->ipv6_literal ? "[%s]" : "%s", host);
	return tuples_parse_destinations(t, text, url->port, &unused) == 0;
}

static int examine_destinations(struct visit *v, const struct invocation *in, struct tuples *t,
				struct err *err)
{
	struct url url = {.port = 0};
	bool found = false;
	v->note = "no URL: the target is taken to be another host";
	if (in->operand_count) {
		if (url_parse(&url, in->operands[0], err))
			return -1;
		url_authority(&url, v->target_text, sizeof v->target_text);
		v->target = v->target_text;
		v->note = "a name is not looked up: taken to be another host, else give an address";
		found = destination_of(&url, t);
	}
	if (in->run.destinations) {
		if (tuples_parse_destinations(t, in->run.destinations, url.port, err))
			return -1;
		found = true;
	}
	if (!found)
		return 0;
	v->demand.target_local = is_here(&t->to[0]);
	v->demand.loopback = t->to[0].sa.ss_family == AF_INET && addr_is_loopback(&t->to[0]);
	v->note = v->demand.target_local ? "on this host: both ends count" : "on another host";
	return 0;
}

static int examine_sources(const struct invocation *in, struct tuples *t, struct err *err)
{
	if (!in->run.source)
		return 0;
	if (!t->to_count && !strcmp(in->run.source, "all")) {
		err_set(err, ERR_USAGE, "--source all: of which family depends on the target");
		return err_hint(err, "give a URL with an address, or --to");
	}
	if (tuples_parse_sources(t, in->run.source, err))
		return -1;
	return tuples_check_sources(t, err);
}

static int examine_tuples(struct visit *v, const struct invocation *in, struct err *err)
{
	struct tuples t = {0};
	int result = examine_destinations(v, in, &t, err);
	if (!result)
		result = examine_sources(in, &t, err);
	v->demand.sources = t.from_count ? t.from_count : 1;
	v->demand.pairs = (uint64_t)v->demand.sources * (t.to_count ? t.to_count : 1);
	tuples_fini(&t);
	return result;
}

/* ---- the visit ---- */

static unsigned threads_of(const struct invocation *in)
{
	struct limits limits;
	limits_read(&limits);
	return in->run.threads ? in->run.threads : limits.cpu_count;
}

static int examine(struct visit *v, const struct invocation *in, struct err *err)
{
	v->demand.connections =
		options_has(in, "connections") ? in->run.connections : CONNECTIONS_USUAL;
	v->demand.threads = threads_of(in);
	v->demand.lean = in->run.lean;
	if (examine_tuples(v, in, err))
		return -1;
	examine_ring(v, in->run.source != NULL);
	facts_read(&v->facts, "");
	preflight_judge(&v->demand, &v->facts, &v->plan);
	return 0;
}

static void text(const struct visit *v, const struct invocation *in, struct buf *out)
{
	if (!options_has(in, "connections"))
		buf_printf(out, "Asked about %s connections, the default; -c N asks about others\n",
			   grouped(v->demand.connections).text);
	buf_printf(out, "Target %s: %s\n\n", v->target ? v->target : "none", v->note);
	preflight_text(&v->plan, out);
	preflight_text_gaps(&v->facts, out);
	if (v->missing_count)
		buf_puts(out, "\nMissing of io_uring (nothing fails without)\n");
	for (unsigned i = 0; i < v->missing_count; i++) {
		const struct ring_feature *f = &v->missing[i];
		buf_printf(out, "  %-10s since %-5s %s: %s\n", f->name, f->since,
			   f->disabled ? "disabled" : "absent", f->without);
	}
}

static void json_uring(const struct visit *v, struct json *j)
{
	json_object(j, "io_uring");
	json_bool(j, "available", !v->demand.ring);
	json_text(j, "error", v->demand.ring ? v->ring.text : NULL);
	json_array(j, "missing");
	for (unsigned i = 0; i < v->missing_count; i++)
		json_text(j, NULL, v->missing[i].name);
	json_array_end(j);
	json_object_end(j);
}

static void json(const struct visit *v, int exit_code, struct buf *out)
{
	struct json j;
	json_init(&j, out);
	json_object(&j, NULL);
	json_text(&j, "schema", "brink.doctor/1");
	json_text(&j, "target", v->target);
	json_bool(&j, "target_local", v->demand.target_local);
	preflight_json(&v->plan, &j);
	json_uring(v, &j);
	preflight_json_facts(&v->facts, &j);
	json_u64(&j, "exit_code", (uint64_t)exit_code);
	json_object_end(&j);
	buf_puts(out, "\n");
}

static int check_usage(const struct invocation *in, struct err *err)
{
	if (in->operand_count > 1)
		return err_set(err, ERR_USAGE, "one URL at a time: \"%s\" is one too many",
			       in->operands[1]);
	if (in->form != out_form_find("text") && in->form != out_form_find("json"))
		return err_set(err, ERR_USAGE, "--format %s: doctor writes text or json",
			       in->form->name);
	return 0;
}

static int visit_and_report(const struct invocation *in, struct err *err)
{
	struct visit *v = calloc(1, sizeof *v);
	struct buf out;
	if (!v) {
		err_set(err, ERR_RUNTIME, "no memory for the findings");
		return command_fail(err);
	}
	if (examine(v, in, err)) {
		free(v);
		return command_fail(err);
	}
	int code = preflight_binds(&v->plan) ? EXIT_REFUSED : 0;
	buf_init(&out, TEXT_MAX);
	if (in->form == out_form_find("json"))
		json(v, code, &out);
	else
		text(v, in, &out);
	free(v);
	int failed = command_print(&out);
	return failed ? failed : code;
}

int cmd_doctor(int argc, char **argv)
{
	static struct invocation in;
	struct err err = {0};
	int code;
	if (options_parse(&in, OPTIONS_DOCTOR, argc, argv, &err)) {
		code = command_fail(&err);
	} else if (in.help) {
		code = options_show_help(argv[0]);
	} else if (check_usage(&in, &err)) {
		code = command_fail(&err);
	} else {
		code = visit_and_report(&in, &err);
	}
	options_fini(&in);
	return code;
}
