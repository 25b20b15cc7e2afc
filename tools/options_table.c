/* Every flag of every subcommand but `target`, in the order of the help. */
#include "base/mono.h"
#include "load/plan.h"
#include "tools/options_set.h"

#include <stddef.h>

#define CONNECTIONS_MAX 4000000
#define THREADS_MAX     1024
#define RATE_MAX        1000000000
#define TIME_MAX        (366 * 24 * 3600 * NS_PER_S) /* sums stay far from 2^64 ns */
#define TIMEOUT_MAX     (3600 * NS_PER_S)            /* what a histogram can hold */

/* The field of struct invocation that a row's setter fills, and its bounds. */
#define INTO(f, min, max)                                                                          \
	{                                                                                          \
		offsetof(struct invocation, f), sizeof(((struct invocation *)0)->f), min, max      \
	}
#define ELSEWHERE                                                                                  \
	{                                                                                          \
		0, 0, 0, 0                                                                         \
	} /* the setter knows where */

#define RUN  OPTIONS_RUN
#define HOLD OPTIONS_HOLD
#define FIND OPTIONS_FIND
#define BOTH OPTIONS_LOADING
#define MANY (OPTIONS_LOADING | OPTIONS_REPEATED)
#define ALL  (OPTIONS_LOADING | OPTIONS_DOCTOR)

const struct option options[] = {
	{"Load", 'c', "connections", "N", "10; to find a rate: 256", "connections to open and keep",
	 ALL, set_count, INTO(run.connections, 1, CONNECTIONS_MAX)},
	{"Load", 't', "threads", "N", "one a core", "threads, each with a ring of its own", BOTH,
	 set_count, INTO(run.threads, 1, THREADS_MAX)},
	{"Load", 'd', "duration", "T", "10s; no end with -n; a hold: until a signal",
	 "how long to measure, after the warm-up; or to hold, once all are open", (RUN | HOLD),
	 set_duration, INTO(run.duration_ns, NS_PER_MS, TIME_MAX)},
	{"Load", 'n', "requests", "N", "no limit", "stop after so many requests", RUN, set_count,
	 INTO(run.requests, 1, UINT64_MAX)},
	{"Load", 'R', "rate", "N", "closed loop",
	 "open loop: N requests a second, due on schedule whatever the target's pace", RUN,
	 set_real, INTO(run.rate_rps, 0, RATE_MAX)},
	{"Load", 0, "stage", "T:N", "none",
	 "come to the load N within T, from where the stage before it ended",
	 (RUN | OPTIONS_REPEATED), set_stage, ELSEWHERE},
	{"Load", 0, "executor", "NAME", "ramping-arrival-rate",
	 "what the stages are of: ramping-arrival-rate or ramping-connections", RUN, set_executor,
	 ELSEWHERE},
	{"Load", 0, "time-scale", "X", "1", "make every stage so many times as long", RUN, set_real,
	 INTO(time_scale, 0, 1000000)},
	{"Load", 0, "poisson", NULL, "evenly spaced",
	 "at random instants, as from many independent callers", (RUN | FIND), set_on,
	 INTO(run.poisson, 0, 1)},
	{"Load", 0, "seed", "N", "1", "of all that is random", BOTH, set_count,
	 INTO(run.seed, 0, UINT64_MAX)},
	{"Load", 0, "warmup", "T", "0s", "load for so long before measuring", RUN, set_duration,
	 INTO(run.warmup_ns, 0, TIME_MAX)},
	{"Load", 0, "think", "T", "0s", "closed loop: pause between an answer and the next request",
	 RUN, set_duration, INTO(run.think_ns, 0, TIME_MAX)},

	{"Search", 0, "variable", "WHAT", "rate",
	 "what grows: rate, requests a second; or connections that each ask again once answered",
	 FIND, set_variable, ELSEWHERE},
	{"Search", 0, "from", "N", "100 requests/s, or 4 connections", "the first load", FIND,
	 set_real, INTO(run.search.from, 0, RATE_MAX)},
	{"Search", 0, "to", "N", "10M requests/s, or 10k connections", "the last one", FIND,
	 set_real, INTO(run.search.to, 0, RATE_MAX)},
	{"Search", 0, "factor", "N", "2", "each is so many times the one before, until one breaks",
	 FIND, set_real, INTO(run.search.factor, 0, 100)},
	{"Search", 0, "hold", "T", "2s", "how long each stands", FIND, set_seconds,
	 INTO(run.search.hold_s, 400 * NS_PER_MS, TIME_MAX)},
	{"Search", 0, "resolution", "P%", "5%", "how closely the breaking point is told", FIND,
	 set_percent, INTO(run.search.resolution, 0, 100)},
	{"Search", 0, "confirm", "N", "2", "how often a load must break to count", FIND, set_count,
	 INTO(run.search.confirm, 1, 10)},
	{"Search", 0, "break-errors", "P%", "5%", "broken: more requests fail", FIND, set_percent,
	 INTO(run.search.break_errors, 0, 100)},
	{"Search", 0, "break-throughput", "P%", "95%", "broken: less of the load is answered", FIND,
	 set_percent, INTO(run.search.throughput, 0, 100)},
	{"Search", 0, "queue-ratio", "N", "4", "queueing: P99 is over so many P50, and 1 ms more",
	 FIND, set_real, INTO(run.search.queue_ratio, 0, 1000000)},
	{"Search", 0, "recover", "T", "30s", "how long a recovery is awaited", FIND, set_seconds,
	 INTO(run.search.recover_s, NS_PER_S, TIME_MAX)},
	{"Search", 0, "watch", "T", "5s", "watch the target for so long after its recovery", FIND,
	 set_seconds, INTO(run.search.watch_s, 0, TIME_MAX)},

	{"Request", 'H', "header", "LINE", "none",
	 "\"Name: value\"; replaces the automatic one of that name", MANY, set_header, ELSEWHERE},
	{"Request", 'X', "method", "NAME", "GET, or POST with a body", "method of the request",
	 BOTH, set_text, INTO(run.method, 0, 0)},
	{"Request", 0, "data", "TEXT", "none", "body of the request", BOTH, set_data, ELSEWHERE},
	{"Request", 0, "data-file", "FILE", "none", "file whose content is the body", BOTH,
	 set_text, INTO(data_file, 0, 0)},

	{"Connections", 0, "no-keepalive", NULL, "kept alive", "a new connection for every request",
	 (RUN | FIND), set_off, INTO(run.keepalive, 0, 1)},
	{"Connections", 0, "pipeline", "N", "1", "requests in flight on a connection at most", RUN,
	 set_count, INTO(run.pipeline, 1, PLAN_PIPELINE_MAX)},
	{"Connections", 0, "connect-to", "HOST:PORT", "the URL's",
	 "connect there instead; A:P:B:Q as well, for a URL of host A and port P", BOTH, set_text,
	 INTO(connect_to, 0, 0)},
	{"Connections", 0, "to", "LIST", "the URL's",
	 "addresses to spread over instead: 127.0.0.1-127.0.0.4:8080-8083, 10.0.0.0/28",
	 (RUN | HOLD | OPTIONS_DOCTOR), set_text, INTO(run.destinations, 0, 0)},
	{"Connections", 0, "source", "LIST", "the kernel's choice",
	 "addresses to connect from: 127.0.0.1-127.0.0.40, 10.0.0.0/24, or all", ALL, set_text,
	 INTO(run.source, 0, 0)},
	{"Connections", 0, "connect-rate", "N", "no limit", "begin N connections a second", BOTH,
	 set_real, INTO(run.connect_rps, 0, RATE_MAX)},
	{"Connections", 0, "linger0", NULL, "off",
	 "end connections with an RST, which leaves no TIME_WAIT", BOTH, set_on,
	 INTO(run.linger0, 0, 1)},
	{"Connections", 0, "timeout", "T", "10s",
	 "a request without a whole answer by then has failed", BOTH, set_duration,
	 INTO(run.timeout_ns, NS_PER_MS, TIMEOUT_MAX)},
	{"Connections", 0, "connect-timeout", "T", "5s",
	 "a connection that does not stand by then has failed", BOTH, set_duration,
	 INTO(run.connect_timeout_ns, NS_PER_MS, TIMEOUT_MAX)},

	{"TLS", 0, "cacert", "FILE", "the system's", "certificates to trust (PEM)", BOTH, set_text,
	 INTO(run.tls.cacert, 0, 0)},
	{"TLS", 0, "cert", "FILE", "none", "our certificate, and those up to its root (PEM)", BOTH,
	 set_text, INTO(run.tls.cert, 0, 0)},
	{"TLS", 0, "key", "FILE", "in the file of --cert", "its key (PEM)", BOTH, set_text,
	 INTO(run.tls.key, 0, 0)},
	{"TLS", 0, "cert-dir", "DIR", "none",
	 "a certificate for each connection in turn: NAME.pem and NAME.key each", BOTH, set_text,
	 INTO(run.tls.cert_dir, 0, 0)},
	{"TLS", 'k', "insecure", NULL, "verified", "accept any certificate of the target", BOTH,
	 set_on, INTO(run.tls.insecure, 0, 1)},
	{"TLS", 0, "tls-max", "1.2|1.3", "1.3", "the highest version to offer", BOTH, set_tls_max,
	 ELSEWHERE},
	{"TLS", 0, "ciphers", "LIST", "aes128,aes256,chacha20",
	 "those to offer, the preferred one first", BOTH, set_text, INTO(run.tls.ciphers, 0, 0)},
	{"TLS", 0, "ktls", "auto|on|off", "auto",
	 "let the kernel seal and open records: where it can, or refuse (exit 4), or never", BOTH,
	 set_ktls, ELSEWHERE},
	{"TLS", 0, "resume", NULL, "full handshakes",
	 "new connections resume an earlier session, by its ticket", BOTH, set_on,
	 INTO(run.tls.resume, 0, 1)},
	{"TLS", 0, "handshakes-only", NULL, "off",
	 "a request is a new connection's handshake, nothing is sent on it", RUN, set_on,
	 INTO(run.handshakes_only, 0, 1)},

	{"Hold", 0, "ping", "T", "none", "ask each connection every T, evenly spread", HOLD,
	 set_duration, INTO(run.ping_ns, NS_PER_MS, TIME_MAX)},
	{"Hold", 'R', "request-rate", "N", "none", "send N requests a second, to each in turn",
	 HOLD, set_real, INTO(run.rate_rps, 0, RATE_MAX)},
	{"Hold", 0, "churn", "P%/s", "none", "close and open again so many a second", HOLD,
	 set_churn, INTO(run.churn_percent, 0, 100)},
	{"Hold", 0, "verify", NULL, "off", "at the end ask each connection once", HOLD, set_on,
	 INTO(run.verify, 0, 1)},
	{"Hold", 0, "lean", NULL, "off",
	 "least kernel memory: nothing is armed on an idle connection, all are looked at when "
	 "something came in",
	 (HOLD | OPTIONS_DOCTOR), set_on, INTO(run.lean, 0, 1)},
	{"Hold", 0, "no-warm", NULL, "memory is touched ahead, from 50,000 connections on",
	 "open into memory as it is", HOLD, set_on, INTO(run.cold, 0, 1)},
	{"Hold", 0, "close-rate", "N", "30k", "close N connections a second at the end", HOLD,
	 set_real, INTO(run.close_rps, 0, RATE_MAX)},

	{"Judgement", 0, "expect-status", "CODE", "200 to 399", "the one status that is ok", BOTH,
	 set_count, INTO(run.expect_status, 100, 599)},
	{"Judgement", 0, "threshold", "EXPR", "none",
	 "fail (exit 99) unless it holds: 'p(99)<250ms', 'errors<5%', 'rate>1000'", MANY,
	 set_threshold, ELSEWHERE},
	{"Judgement", 0, "shed-ok", NULL, "a failure",
	 "429, and 503 with Retry-After, are not errors", BOTH, set_on, INTO(run.shed_ok, 0, 1)},
	{"Judgement", 0, "accept-saturated", NULL, "exit 6",
	 "let a result stand although the generator was the limit", BOTH, set_on,
	 INTO(run.accept_saturated, 0, 1)},

	{"Generator", 0, "spin", "auto|off|busy|T", "auto",
	 "poll, not sleep, for so long before a due instant; busy: never sleep", RUN, set_spin,
	 INTO(run.spin_ns, NS_PER_US, NS_PER_S)},
	{"Generator", 0, "pin", "LIST", "the allowed ones in order",
	 "cpus of the threads, like 0,2-3", BOTH, set_text, INTO(run.pin, 0, 0)},

	{"Guards", 0, "allow-target", "CIDR", "loopback", "addresses that may be loaded besides",
	 MANY, set_allow_target, ELSEWHERE},
	{"Guards", 0, "max-rate", "N", "no cap", "refuse (exit 4) a rate above", BOTH, set_real,
	 INTO(run.guard.max_rate_rps, 0, RATE_MAX)},
	{"Guards", 0, "max-connections", "N", "no cap", "refuse (exit 4) more connections", BOTH,
	 set_count, INTO(run.guard.max_connections, 1, UINT64_MAX)},
	{"Guards", 0, "stop-if", "EXPR", "none",
	 "end the load (exit 5) once it has held for a time: 'errors>50% for 10s'", MANY,
	 set_stop_if, ELSEWHERE},
	{"Guards", 0, "read-only-if", "EXPR", "none",
	 "let only safe methods go on while it holds: 'p(99)>2s for 5s'", MANY, set_read_only_if,
	 ELSEWHERE},
	{"Guards", 0, "dry-run", NULL, "off", "print every value with its origin, send nothing",
	 BOTH, set_on, INTO(dry_run, 0, 1)},

	{"Output", 0, "format", "FORM", "text",
	 "of the report on standard output: text, json, csv, hdr, quiet", ALL, set_format,
	 ELSEWHERE},
	{"Output", 'q', "quiet", NULL, "progress shown", "no progress on standard error", BOTH,
	 set_on, INTO(quiet, 0, 1)},
	{"Output", 'v', "verbose", NULL, "every 5 s",
	 "progress every second even where standard error is no terminal", BOTH, set_on,
	 INTO(verbose, 0, 1)},

	{"Flags", 0, "features", NULL, "off", "what the kernel offers, and what is done without",
	 OPTIONS_VERSION, set_on, INTO(features, 0, 1)},
	{"Flags", 0, "man", NULL, "off", "as a manual page", OPTIONS_HELP, set_on, INTO(man, 0, 1)},
	{"Flags", 'h', "help", NULL, NULL, "this help", OPTIONS_EVERY, set_on, INTO(help, 0, 1)},
};

const unsigned option_count = sizeof options / sizeof *options;
