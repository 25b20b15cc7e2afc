/* run: from what the user asked to a summary: resolve, guard, compile, start the workers, merge
 * their windows, watch signals and the clock, judge.
 *
 * The config's strings stay the caller's and must outlive the run. Called on the main thread,
 * which must not have started others; it blocks SIGINT and SIGTERM and hears them itself. */
#ifndef BRINK_RUN_RUN_H
#define BRINK_RUN_RUN_H

#include "base/mono.h"
#include "base/span.h"
#include "load/check.h"
#include "run/guard.h"
#include "run/search.h"
#include "run/summary.h"
#include "run/valve.h"
#include "tls/context.h"
#include "tls/ktls.h"

enum run_spin { RUN_SPIN_AUTO, RUN_SPIN_OFF, RUN_SPIN_FIXED, RUN_SPIN_BUSY };

#define RUN_HEADERS_MAX      64
#define RUN_CONNECTIONS_MAX  4000000
#define RUN_THREADS_MAX      1024
#define RUN_RATE_MAX         1000000000
#define RUN_TIME_MAX         (366 * 24 * 3600 * NS_PER_S) /* sums stay far from 2^64 ns */
#define RUN_TIMEOUT_MAX      (3600 * NS_PER_S)            /* what a histogram can hold */
#define RUN_RATE_CONNECTIONS 256u /* where a rate moves, and nothing is said of them */

/* Of https:// targets. Names of files; NULL: none. See tls/context.h. */
struct run_tls {
	const char *cacert, *cert, *key, *cert_dir, *ciphers;
	bool insecure, resume;
	enum tls_version max; /* TLS_VERSION_NONE: the highest */
	enum ktls_wish ktls;
};

/* Of agents at https://. Names of files; NULL: none. */
struct run_agent_tls {
	const char *cacert, *cert, *key;
};

#define RUN_PROTO_PATHS_MAX 16

/* A call of gRPC: the body is its message, or messages, as JSON. NULL: none. */
struct run_grpc {
	const char *method;   /* "pkg.Service/Method"; NULL: not gRPC */
	const char *proto;    /* a .proto, compiled by protoc, */
	const char *protoset; /* or a descriptor set, */
	bool reflect;         /* or ask the server */
	unsigned path_count;  /* where protoc looks for what is imported */
	const char *paths[RUN_PROTO_PATHS_MAX];
	uint64_t timeout_ns;  /* told to the server; 0: none */
	bool gzip;            /* messages are sent compressed */
	uint32_t message_max; /* bytes of an answer's message */
	uint32_t repeat;      /* send the messages so often */
};

struct run_stage {
	uint64_t duration_ns;
	double target;     /* at its end */
	uint64_t watch_ns; /* the last one: how long the target is watched afterwards */
};

struct scenario;

struct run_config {
	const char *url;
	const char *protocol; /* "h1", "h2", "grpc", "ws"; NULL: by ALPN, or h1, see run/alpn.h */
	bool upgrade;         /* HTTP/2 begins as an upgrade of HTTP/1.1 */
	uint32_t streams;     /* 1: requests at once on a connection */
	uint32_t window;      /* bytes; 0: as usual */
	struct run_grpc grpc;
	struct {
		const char *subprotocol;
		bool binary, any_answer, deflate;
	} ws;               /* as in proto/proto.h */
	const char *method; /* NULL: GET, or POST with a body */
	const char *headers[RUN_HEADERS_MAX];
	unsigned header_count;
	struct span body;
	struct run_tls tls;
	bool handshakes_only;   /* a handshake is all of a request */
	const char *connect_to; /* "HOST:PORT" to connect to instead; NULL */

	uint32_t connections; /* default 10 */
	uint32_t threads;     /* 0: a core each, less when there are fewer connections */
	uint32_t pipeline;    /* 1 */
	double rate_rps;      /* 0: closed loop */
	bool poisson;
	uint64_t seed;
	uint64_t requests;    /* 0: no limit */
	uint64_t duration_ns; /* 0: 10 s, or no limit where requests are given */
	uint64_t warmup_ns, think_ns;
	uint64_t timeout_ns;         /* default 10 s */
	uint64_t connect_timeout_ns; /* default 5 s */
	bool keepalive;              /* default true */
	bool shed_ok;
	uint16_t expect_status; /* 0: 200-399 */
	struct checks checks;   /* what else answers must say */
	enum run_spin spin;
	uint64_t spin_ns;         /* RUN_SPIN_FIXED */
	const char *source;       /* addresses to connect from, see io/tuples.h; NULL: any */
	const char *destinations; /* addresses to connect to instead of the URL's; NULL */
	double connect_rps;       /* connections begun per second; 0: no limit */
	bool linger0;             /* connections end with an RST */

	bool hold;            /* connections are what is asked for; duration 0: until a signal */
	bool lean;            /* idle connections keep no receive armed */
	bool verify;          /* ask each once at the end */
	bool cold;            /* do not touch memory ahead */
	uint64_t ping_ns;     /* ask each so often; 0: see rate_rps */
	double churn_percent; /* of the connections, closed and opened again per second */
	double close_rps;     /* at the end; 0: at once */

	bool find; /* a load is sought: */
	struct search_config search;

	/* A load in stages, each from where the one before it ended. */
	unsigned stage_count;
	struct run_stage stages[RUN_STAGES_MAX];
	double stage_from;
	bool stage_connections; /* it is connections that move, not requests a second */

	struct scenario *scenario; /* which requests; NULL: the URL's, as above */

	unsigned valve_count;
	struct valve valves[VALVES_MAX];

	unsigned agent_count; /* 0: this host, where the target is */
	const char *agents[SUMMARY_AGENTS_MAX];
	struct run_agent_tls agent_tls;

	const char *pin; /* CPU list "0,2-3"; NULL: the allowed ones in order */

	struct guard guard;
	unsigned threshold_count;
	struct threshold thresholds[THRESHOLD_MAX];
	bool accept_saturated;
};

void run_defaults(struct run_config *c);

/* Told while it runs; any of them may be NULL. Called on the main thread. */
struct run_watch {
	void *ctx;
	void (*opening)(void *ctx, const struct summary *s); /* before the first packet */
	void (*step)(void *ctx, const struct summary *s);    /* found.steps has one more */
	void (*second)(void *ctx, const struct progress *p);
	void (*ended)(void *ctx);
};

/* Checks everything that can be checked without sending a packet beyond name resolution, and
 * fills what a summary knows before the start. Then, unless `dry`, runs. Returns 0 with
 * s->exit_code set, or -1 with an err. The summary is large: keep it on the heap. */
int run_execute(const struct run_config *c, bool dry, const struct run_watch *watch,
		struct summary *s, struct err *err);

#endif
