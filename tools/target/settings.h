/* settings: what the command line asks of the target. Strings stay argv's. */
#ifndef BRINK_TARGET_SETTINGS_H
#define BRINK_TARGET_SETTINGS_H

#include "base/err.h"
#include "io/addr.h"
#include "tls/context.h"
#include "tls/ktls.h"
#include "tools/target/fault.h"

#define SETTINGS_LISTEN_MAX  4u
#define SETTINGS_FAULTS_MAX  32u
#define SETTINGS_HEADERS_MAX (16u << 10) /* bytes of all --header lines together */
#define SETTINGS_THREADS_MAX 256u

struct settings {
	struct addr listen[SETTINGS_LISTEN_MAX];
	unsigned listen_count;
	struct fault_share faults[SETTINGS_FAULTS_MAX];
	unsigned fault_count;
	char headers[SETTINGS_HEADERS_MAX]; /* lines with their CRLF */
	size_t headers_len;

	uint64_t body_bytes, status;
	uint64_t service_ns;
	uint64_t servers; /* 0: no queue, the service time is a mere delay */
	uint64_t waiting; /* QUEUE_UNBOUNDED */
	uint64_t retry_after_ns;
	uint64_t freeze_ns, sulk_ns; /* see mood.h */
	uint64_t threads, backlog, seed;
	uint64_t connections_max;                   /* 0: as many as the descriptors allow */
	uint64_t requests_max;                      /* 0: any number on one connection */
	uint64_t streams_max;                       /* HTTP/2: at once on one connection */
	uint64_t goaway_after;                      /* HTTP/2: like requests_max; 0: not */
	uint64_t message_max;                       /* WebSocket: bytes */
	uint64_t duration_ns;                       /* 0: until a signal comes */
	const char *tls_cert, *tls_key, *client_ca; /* NULL: plain, within the certificate, none */
	enum tls_version tls_max;
	enum ktls_wish ktls;
	bool lean; /* nothing is received on an idle connection, it is watched */
	bool help, list_faults;
};

/* Returns 0, or -1 with a usage error that names the flag and the value. */
int settings_parse(struct settings *ret, int argc, char **argv, struct err *err);
void settings_help(FILE *out);

/* Slots of each thread, of which `files` descriptors are left for connections. Those asked for
 * may be more than that: a ring sees to it. */
uint32_t settings_slots(const struct settings *s, uint64_t files);

#endif
