#include "tools/agent/settings.h"

#include "base/units.h"
#include "bpf/probe.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name, *value, *help;
	int (*set)(struct agent_settings *s, const struct row *row, const char *text,
		   struct err *err);
	size_t field; /* of the text that set_text fills */
};

/* --- setters ----------------------------------------------------------------------------- */

static int set_text(struct agent_settings *s, const struct row *row, const char *text,
		    struct err *err)
{
	(void)err;
	*(const char **)(void *)((char *)s + row->field) = text;
	return 0;
}

static int set_listen(struct agent_settings *s, const struct row *row, const char *text,
		      struct err *err)
{
	(void)row;
	return addr_parse_listen(&s->listen, text, err);
}

/* "8080,8443": calls `take` with each number. */
static int each_number(const struct row *row, const char *text, uint64_t max, struct err *err,
		       int (*take)(struct agent_settings *s, uint64_t number),
		       struct agent_settings *s)
{
	const char *whole = text;
	while (true) {
		char *end;
		uint64_t number = strtoull(text, &end, 10);
		if (end == text || (*end && *end != ',') || number < 1 || number > max)
			return err_set(err, ERR_USAGE,
				       "--%s: '%s' is not a list of numbers up to %llu", row->name,
				       whole, (unsigned long long)max);
		if (take(s, number))
			return err_set(err, ERR_USAGE, "--%s: '%s' is one too many", row->name,
				       whole);
		if (!*end)
			return 0;
		text = end + 1;
	}
}

static int take_port(struct agent_settings *s, uint64_t number)
{
	if (s->port_count == WATCH_PORTS)
		return -1;
	s->ports[s->port_count++] = (uint16_t)number;
	return 0;
}

static int take_pid(struct agent_settings *s, uint64_t number)
{
	if (s->pid_count == SAMPLER_PIDS)
		return -1;
	s->pids[s->pid_count++] = (pid_t)number;
	return 0;
}

static int set_ports(struct agent_settings *s, const struct row *row, const char *text,
		     struct err *err)
{
	return each_number(row, text, UINT16_MAX, err, take_port, s);
}

static int set_pids(struct agent_settings *s, const struct row *row, const char *text,
		    struct err *err)
{
	return each_number(row, text, 1 << 22, err, take_pid, s);
}

static int append(const char **list, unsigned *count, unsigned max, const struct row *row,
		  const char *text, struct err *err)
{
	if (*count == max)
		return err_set(err, ERR_USAGE, "--%s: '%s' is one too many, %u at most", row->name,
			       text, max);
	list[(*count)++] = text;
	return 0;
}

static int set_journal(struct agent_settings *s, const struct row *row, const char *text,
		       struct err *err)
{
	return append(s->journals, &s->journal_count, LOGS_MAX, row, text, err);
}

static int set_file(struct agent_settings *s, const struct row *row, const char *text,
		    struct err *err)
{
	return append(s->files, &s->file_count, LOGS_MAX, row, text, err);
}

static int set_pattern(struct agent_settings *s, const struct row *row, const char *text,
		       struct err *err)
{
	return append(s->patterns, &s->pattern_count, LOGS_PATTERNS, row, text, err);
}

static int set_no_kernel_log(struct agent_settings *s, const struct row *row, const char *text,
			     struct err *err)
{
	(void)row, (void)text, (void)err;
	s->kernel_log = false;
	return 0;
}

static int set_no_bpf(struct agent_settings *s, const struct row *row, const char *text,
		      struct err *err)
{
	(void)row, (void)text, (void)err;
	s->programs = 0;
	return 0;
}

/* The object of a name; PROBE_OBJECTS: there is none. */
static unsigned find_object(const char *name, size_t len)
{
	unsigned i = 0;
	while (i < PROBE_OBJECTS &&
	       (strlen(probe_object_name((enum probe_object)i)) != len ||
		strncmp(name, probe_object_name((enum probe_object)i), len) != 0))
		i++;
	return i;
}

static int set_programs(struct agent_settings *s, const struct row *row, const char *text,
			struct err *err)
{
	s->programs = 0;
	if (!strcmp(text, "all")) {
		s->programs = PROBE_ALL;
		return 0;
	}
	while (*text) {
		size_t len = strcspn(text, ",");
		unsigned object = find_object(text, len);
		if (object == PROBE_OBJECTS) {
			err_set(err, ERR_USAGE, "--%s: there is no '%.*s'", row->name, (int)len,
				text);
			return err_hint(err, "netwatch, sockiter, synq, cpu, sched; or all");
		}
		s->programs |= PROBE_BIT(object);
		text += len + (text[len] == ',');
	}
	return 0;
}

static int set_duration(struct agent_settings *s, const struct row *row, const char *text,
			struct err *err)
{
	if (!units_duration_ns(text, &s->duration_ns))
		return err_set(err, ERR_USAGE, "--%s: '%s' is not a duration", row->name, text);
	return 0;
}

static int set_list(struct agent_settings *s, const struct row *row, const char *text,
		    struct err *err)
{
	(void)row, (void)text, (void)err;
	s->list = true;
	s->programs = PROBE_ALL;
	return 0;
}

static int set_help(struct agent_settings *s, const struct row *row, const char *text,
		    struct err *err)
{
	(void)row, (void)text, (void)err;
	s->help = true;
	return 0;
}

#define FIELD(name) offsetof(struct agent_settings, name)

static const struct row ROWS[] = {
	{"listen", "ADDR:PORT", "where to answer (127.0.0.1:9464); beyond loopback only with TLS",
	 set_listen, 0},
	{"port", "LIST", "the target's listening ports (all)", set_ports, 0},
	{"pid", "LIST", "the target's processes: descriptors, CPU, waiting for it", set_pids, 0},
	{"unit", "NAME", "its systemd unit: the processes and the control group of that", set_text,
	 FIELD(unit)},
	{"cgroup", "DIR", "its control group: quota, memory, and only sockets made in it (v2)",
	 set_text, FIELD(cgroup)},
	{"netns", "NAME", "the target's network namespace (ip netns), or a path of one (ours)",
	 set_text, FIELD(netns)},
	{"journal", "UNIT", "follow the log of a systemd unit (repeatable)", set_journal, 0},
	{"log-file", "FILE", "follow a log (repeatable)", set_file, 0},
	{"log-pattern", "NAME=TEXT", "count lines with this text besides the usual (repeatable)",
	 set_pattern, 0},
	{"no-kernel-log", NULL, "do not follow /dev/kmsg", set_no_kernel_log, 0},
	{"bpf", "LIST", "programs to load (netwatch,sockiter); synq, cpu, sched cost more; or all",
	 set_programs, 0},
	{"no-bpf", NULL, "load none: what /proc and netlink tell; limits are named", set_no_bpf, 0},
	{"list-programs", NULL, "say which programs this kernel takes, and end", set_list, 0},
	{"user", "NAME", "the user to become once all is open (nobody)", set_text, FIELD(user)},
	{"tls-cert", "FILE", "our certificate (PEM)", set_text, FIELD(cert)},
	{"tls-key", "FILE", "its key (PEM)", set_text, FIELD(key)},
	{"client-ca", "FILE", "who may ask: certificates signed by these (PEM)", set_text,
	 FIELD(client_ca)},
	{"duration", "T", "end after so long (a signal)", set_duration, 0},
	{"help", NULL, "this help", set_help, 0},
};
#define ROW_COUNT (sizeof ROWS / sizeof *ROWS)

void agent_settings_help(FILE *to)
{
	fputs("Usage: brink agent [FLAG]...\n"
	      "Counts what the kernel of a target's host does, and answers with it:\n"
	      "  /metrics             for Prometheus\n"
	      "  /v1/samples?since=N  lines of JSON as they come, those after number N first\n"
	      "  /v1/clock            two instants of this host's clock\n\n",
	      to);
	for (size_t i = 0; i < ROW_COUNT; i++) {
		char flag[64];
		snprintf(flag, sizeof flag, "--%s%s%s", ROWS[i].name, ROWS[i].value ? " " : "",
			 ROWS[i].value ? ROWS[i].value : "");
		fprintf(to, "  %-24s %s\n", flag, ROWS[i].help);
	}
}

/* --- all of it --------------------------------------------------------------------------- */

static int settle(struct agent_settings *s, struct err *err)
{
	bool tls = s->cert && s->key && s->client_ca;
	if (!tls && (s->cert || s->key || s->client_ca)) {
		err_set(err, ERR_USAGE, "--tls-cert, --tls-key and --client-ca go together");
		return err_hint(err, "all three, or none on loopback");
	}
	if (!tls && !addr_is_loopback(&s->listen)) {
		char text[ADDR_TEXT];
		err_set(err, ERR_USAGE, "--listen: %s is not loopback, and there is no mutual TLS",
			addr_text(text, &s->listen));
		return err_hint(err, "--tls-cert, --tls-key and --client-ca; or 127.0.0.1:9464 "
				     "behind a tunnel");
	}
	return 0;
}

static void defaults(struct agent_settings *s)
{
	struct err ignored;
	*s = (struct agent_settings){.user = "nobody", .programs = PROBE_CORE, .kernel_log = true};
	addr_parse_listen(&s->listen, "127.0.0.1:9464", &ignored);
}

int agent_settings_parse(struct agent_settings *s, int argc, char **argv, struct err *err)
{
	struct option longs[ROW_COUNT + 1] = {0};
	for (size_t i = 0; i < ROW_COUNT; i++)
		longs[i] =
			(struct option){.name = ROWS[i].name,
					.has_arg = ROWS[i].value ? required_argument : no_argument,
					.val = (int)i + 1};
	defaults(s);
	optind = 0;
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1, found = getopt_long(argc, argv, "+:", longs, NULL);
		if (found == -1)
			break;
		if (found == ':' || found == '?') {
			err_set(err, ERR_USAGE, "%s %s", argv[at],
				found == ':' ? "needs a value" : "is no flag of brink agent");
			return err_hint(err, "brink agent --help lists them");
		}
		const struct row *row = &ROWS[found - 1];
		if (row->set(s, row, optarg, err))
			return -1;
	}
	if (optind < argc) {
		err_set(err, ERR_USAGE, "'%s' is not expected", argv[optind]);
		return err_hint(err, "brink agent --help lists the flags");
	}
	return s->help || s->list ? 0 : settle(s, err);
}
