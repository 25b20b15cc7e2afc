#include "tools/target/settings.h"

#include "base/mono.h"
#include "base/units.h"
#include "tools/target/queue.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>
#include <strings.h>

#define SLOTS_DEFAULT 65536u /* a thread; fewer where descriptors do not suffice */
#define SLOTS_SPARE   8192u  /* above --max-connections: to be turned away, and room to accept in */
#define UNEVEN_PART   10u    /* of several threads each takes a tenth more than its share */

struct row {
	const char *name, *value, *help;
	int (*set)(struct settings *s, const struct row *row, const char *text, struct err *err);
	size_t field;      /* of the uint64_t that set_* below fills */
	uint64_t min, max; /* what it may hold */
};

static uint64_t *field_of(struct settings *s, const struct row *row)
{
	return (uint64_t *)(void *)((char *)s + row->field);
}

/* --- setters ---------------------------------------------------------------------------- */

static int set_within(struct settings *s, const struct row *row, uint64_t value, const char *text,
		      struct err *err)
{
	if (value < row->min || value > row->max)
		return err_set(err, ERR_USAGE, "--%s: '%s' is out of bounds", row->name, text);
	*field_of(s, row) = value;
	return 0;
}

static int set_count(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	uint64_t value;
	if (!units_count(text, &value))
		return err_set(err, ERR_USAGE, "--%s: '%s' is not a number", row->name, text);
	if (set_within(s, row, value, text, err))
		return err_hint(err, "from %llu to %llu", (unsigned long long)row->min,
				(unsigned long long)row->max);
	return 0;
}

static int set_size(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	uint64_t value;
	if (!units_size(text, &value))
		return err_set(err, ERR_USAGE, "--%s: '%s' is not a size", row->name, text);
	return set_within(s, row, value, text, err);
}

static int set_duration(struct settings *s, const struct row *row, const char *text,
			struct err *err)
{
	uint64_t value;
	if (!units_duration_ns(text, &value))
		return err_set(err, ERR_USAGE, "--%s: '%s' is not a duration", row->name, text);
	return set_within(s, row, value, text, err);
}

/* Says which flag an error of somebody else's is about. */
static int blame(const struct row *row, struct err *err)
{
	char text[sizeof err->text];
	memcpy(text, err->text, sizeof text);
	snprintf(err->text, sizeof err->text, "--%s: %.400s", row->name, text);
	return -1;
}

static int set_listen(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	if (s->listen_count == SETTINGS_LISTEN_MAX)
		return err_set(err, ERR_USAGE, "--%s: '%s' is one too many, %u at most", row->name,
			       text, SETTINGS_LISTEN_MAX);
	if (addr_parse_listen(&s->listen[s->listen_count], text, err))
		return blame(row, err);
	s->listen_count++;
	return 0;
}

static int set_fault(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	if (s->fault_count == SETTINGS_FAULTS_MAX)
		return err_set(err, ERR_USAGE, "--%s: '%s' is one too many, %u at most", row->name,
			       text, SETTINGS_FAULTS_MAX);
	if (fault_share_parse(&s->faults[s->fault_count], text, err))
		return blame(row, err);
	s->fault_count++;
	return 0;
}

static bool is_header(const char *text)
{
	static const char token[] = "!#$%&'*+-.^_`|~";
	size_t len = 0;
	while (isalnum((unsigned char)text[len]) || (text[len] && strchr(token, text[len])))
		len++;
	if (len == 0 || text[len] != ':')
		return false;
	for (const char *c = text + len; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\t')
			return false;
	return true;
}

/* Framing is the target's own; what breaks it is a fault with a name. */
static bool frames(const char *text)
{
	static const char *const names[] = {"content-length:", "transfer-encoding:", "connection:"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (strncasecmp(text, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int set_header(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	size_t room = sizeof s->headers - s->headers_len;
	if (!is_header(text))
		return err_set(err, ERR_USAGE, "--%s: '%s' is not 'Name: value'", row->name, text);
	if (frames(text))
		return err_set(err, ERR_USAGE, "--%s: '%s' would break the framing", row->name,
			       text);
	if (strlen(text) + 3 > room)
		return err_set(err, ERR_USAGE,
			       "--%s: '%.40s...': all headers together hold %u bytes", row->name,
			       text, SETTINGS_HEADERS_MAX);
	s->headers_len += (size_t)snprintf(s->headers + s->headers_len, room, "%s\r\n", text);
	return 0;
}

static int set_text(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	(void)err;
	*(const char **)(void *)((char *)s + row->field) = text;
	return 0;
}

static int set_tls_max(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	return tls_version_read(&s->tls_max, text)
		       ? 0
		       : err_set(err, ERR_USAGE, "--%s: '%s' is neither 1.2 nor 1.3", row->name,
				 text);
}

static int set_ktls(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	return ktls_wish_read(&s->ktls, text)
		       ? 0
		       : err_set(err, ERR_USAGE, "--%s: '%s' is not auto, on or off", row->name,
				 text);
}

static int set_lean(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	(void)row, (void)text, (void)err;
	s->lean = true;
	return 0;
}

static int set_list_faults(struct settings *s, const struct row *row, const char *text,
			   struct err *err)
{
	(void)row, (void)text, (void)err;
	s->list_faults = true;
	return 0;
}

static int set_help(struct settings *s, const struct row *row, const char *text, struct err *err)
{
	(void)row, (void)text, (void)err;
	s->help = true;
	return 0;
}

/* --- the table -------------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct settings, name)
#define LONGEST     (86400 * NS_PER_S)

static const struct row rows[] = {
	{"listen", "ADDR:PORT",
	 "where to listen; port 0: any free one; may be repeated [127.0.0.1:8080]", set_listen, 0,
	 0, 0},
	{"threads", "N", "threads, each with a listener of its own (SO_REUSEPORT) [1]", set_count,
	 FIELD(threads), 1, SETTINGS_THREADS_MAX},
	{"backlog", "N", "length of the accept queue [4096]", set_count, FIELD(backlog), 1,
	 1 << 30},
	{"body", "SIZE", "bytes of 'x' in the answer [2]", set_size, FIELD(body_bytes), 0,
	 1ull << 50},
	{"status", "CODE", "status of the answer [200]", set_count, FIELD(status), 200, 599},
	{"header", "'Name: value'", "a further header in every answer; may be repeated", set_header,
	 0, 0, 0},
	{"service-time", "T", "how long a request takes [0]", set_duration, FIELD(service_ns), 0,
	 LONGEST},
	{"servers", "N",
	 "how many requests are served at once: capacity is N / service time [0: any]", set_count,
	 FIELD(servers), 0, QUEUE_SERVERS_MAX},
	{"queue", "N", "how many more may wait; beyond them 503 at once [any number]", set_count,
	 FIELD(waiting), 0, QUEUE_WAITING_MAX},
	{"retry-after", "T", "Retry-After of these 503, in whole seconds [none]", set_duration,
	 FIELD(retry_after_ns), 0, LONGEST},
	{"freeze-after-load", "T", "answer nothing for T, two seconds after a load has gone [not]",
	 set_duration, FIELD(freeze_ns), 0, LONGEST},
	{"sulk", "T",
	 "once the queue was full, 503 to everything until the load is gone for T [not]",
	 set_duration, FIELD(sulk_ns), 0, LONGEST},
	{"max-connections", "N",
	 "connections at once; beyond them closed when accepted [any number]", set_count,
	 FIELD(connections_max), 0, 100000000},
	{"max-requests", "N", "requests on one connection, then Connection: close [any number]",
	 set_count, FIELD(requests_max), 0, UINT32_MAX},
	{"max-concurrent-streams", "N", "HTTP/2: streams at once on one connection [128]",
	 set_count, FIELD(streams_max), 1, INT32_MAX},
	{"h2-goaway-after", "N", "HTTP/2: requests on one connection, then GOAWAY [any number]",
	 set_count, FIELD(goaway_after), 0, UINT32_MAX},
	{"ws-max-message", "SIZE", "WebSocket: larger messages are closed on with 1009 [16MiB]",
	 set_size, FIELD(message_max), 1, 1u << 30},
	{"lean", NULL, "hold less kernel memory for each idle connection, at some cost a request",
	 set_lean, 0, 0, 0},
	{"tls-cert", "FILE", "speak TLS: its certificate, and those between it and the root (PEM)",
	 set_text, FIELD(tls_cert), 0, 0},
	{"tls-key", "FILE", "the certificate's key [in the same file]", set_text, FIELD(tls_key), 0,
	 0},
	{"client-ca", "FILE", "demand client certificates issued by these", set_text,
	 FIELD(client_ca), 0, 0},
	{"tls-max", "1.2|1.3", "the highest version [1.3]", set_tls_max, 0, 0, 0},
	{"ktls", "auto|on|off", "let the kernel seal and open records [auto: where it can]",
	 set_ktls, 0, 0, 0},
	{"fault", "NAME[:P%]", "misbehave for this share of the requests [100%]; may be repeated",
	 set_fault, 0, 0, 0},
	{"list-faults", NULL, "print every fault and what a correct client reports",
	 set_list_faults, 0, 0, 0},
	{"seed", "N", "seed of the shares [1]", set_count, FIELD(seed), 0, UINT64_MAX},
	{"duration", "T", "stop after this time [on SIGINT or SIGTERM]", set_duration,
	 FIELD(duration_ns), 0, 365 * LONGEST},
	{"help", NULL, "print this", set_help, 0, 0, 0},
};
#define ROWS (sizeof rows / sizeof *rows)

void settings_help(FILE *out)
{
	fputs("Usage: brink target [OPTION]...\n"
	      "The reference server: a known capacity, known faults. It speaks HTTP/1.1, HTTP/2,\n"
	      "gRPC and WebSocket on one port, as the client wishes: by ALPN, preface or upgrade.\n"
	      "Stops on SIGINT or SIGTERM and prints what it counted as one line of JSON.\n\n",
	      out);
	for (unsigned i = 0; i < ROWS; i++) {
		char flag[64];
		snprintf(flag, sizeof flag, "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
			 rows[i].value ? rows[i].value : "");
		fprintf(out, "  %-26s %s\n", flag, rows[i].help);
	}
	fputs("\nPaths: / and any other: the answer; /status/CODE  /body/SIZE  /delay/T\n"
	      "/fault/NAME  /stats (JSON; not counted).\n"
	      "gRPC: any method echoes: .../Unary*, .../ServerStream* ('brink-messages: N' "
	      "times),\n"
	      ".../ClientStream* (the last one); any other each message as it comes;\n"
	      "/brink.Status/CODE fails. WebSocket: any path echoes.\n",
	      out);
}

/* --- the command line ------------------------------------------------------------------- */

static void fill_longopts(struct option *out)
{
	for (unsigned i = 0; i < ROWS; i++)
		out[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].value ? required_argument : no_argument,
		};
	out[ROWS] = (struct option){0};
}

/* The one place that knows getopt: calls the row's setter for every flag. */
static int parse_flags(struct settings *s, int argc, char **argv, struct err *err)
{
	struct option longopts[ROWS + 1];
	fill_longopts(longopts);
	optind = 0; /* glibc: start afresh, whoever parsed before */
	opterr = 0;
	for (;;) {
		int at = -1;
		int found = getopt_long(argc, argv, "+:", longopts, &at);
		if (found == -1)
			break;
		if (found == ':')
			return err_set(err, ERR_USAGE, "%s: a value is missing", argv[optind - 1]);
		if (found != 0)
			return err_set(err, ERR_USAGE, "unknown flag '%s'", argv[optind - 1]);
		if (rows[at].set(s, &rows[at], optarg, err))
			return -1;
	}
	if (optind < argc)
		return err_set(err, ERR_USAGE, "unexpected '%s'", argv[optind]);
	return 0;
}

int settings_parse(struct settings *ret, int argc, char **argv, struct err *err)
{
	*ret = (struct settings){
		.body_bytes = 2,
		.status = 200,
		.waiting = QUEUE_UNBOUNDED,
		.threads = 1,
		.backlog = 4096,
		.seed = 1,
		.streams_max = 128,
		.message_max = 16u << 20,
	};
	if (parse_flags(ret, argc, argv, err))
		return err->hint[0] ? -1 : err_hint(err, "`brink target --help` lists the flags");
	if (!ret->tls_cert && (ret->tls_key || ret->client_ca)) {
		err_set(err, ERR_USAGE, "--%s needs --tls-cert",
			ret->tls_key ? "tls-key" : "client-ca");
		return err_hint(err, "--tls-cert FILE makes the target speak TLS");
	}
	if (ret->servers && !ret->service_ns)
		return err_set(err, ERR_USAGE, "--servers needs --service-time");
	if (ret->sulk_ns && ret->waiting == QUEUE_UNBOUNDED)
		return err_set(err, ERR_USAGE,
			       "--sulk needs --queue: what is never full, is never "
			       "overrun");
	if (ret->waiting != QUEUE_UNBOUNDED && !ret->servers)
		return err_set(err, ERR_USAGE, "--queue needs --servers");
	if (!ret->listen_count && addr_parse_listen(&ret->listen[0], "127.0.0.1:8080", err))
		return -1;
	ret->listen_count += !ret->listen_count;
	return 0;
}

/* The kernel spreads connections over the threads by a hash, hence unevenly. */
uint32_t settings_slots(const struct settings *s, uint64_t files)
{
	if (!s->connections_max)
		return (uint32_t)(files < SLOTS_DEFAULT ? files : SLOTS_DEFAULT);
	uint64_t share = (s->connections_max + s->threads - 1) / s->threads;
	uint64_t uneven = s->threads > 1 ? (share + UNEVEN_PART - 1) / UNEVEN_PART : 0;
	return (uint32_t)(share + uneven + SLOTS_SPARE);
}
