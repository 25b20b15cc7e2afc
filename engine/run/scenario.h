/* scenario: a load described in a file (YAML, of which JSON is a subset): where to, how much, which
 * requests, what is expected, when to stop. Keys that belong to any load fill a run_config; what
 * only a file can say is here.
 *
 * The scenario owns its strings and those that it put into the run_config: it outlives the run.
 * Set-up code, main thread. */
#ifndef BRINK_RUN_SCENARIO_H
#define BRINK_RUN_SCENARIO_H

#include "load/mix.h"
#include "run/run.h"
#include "run/yaml_read.h"

#define SCENARIO_HEADERS_MAX 32u
#define SCENARIO_DATA_MAX    8u

enum scenario_order { ORDER_SEQUENTIAL, ORDER_SHUFFLE, ORDER_UNIQUE };
enum scenario_executor {
	EXECUTOR_NONE,
	EXECUTOR_CONSTANT_RATE,
	EXECUTOR_RAMPING_RATE,
	EXECUTOR_CONSTANT_CONNECTIONS,
	EXECUTOR_RAMPING_CONNECTIONS,
};

struct scenario_capture {
	const char *name, *path;
	yaml_node_t *node;
};

struct scenario_request {
	const char *method, *path, *body, *body_file;
	const char *headers[SCENARIO_HEADERS_MAX]; /* "Name: value", of the heap */
	unsigned header_count;
	uint32_t weight;
	bool idempotent, says_idempotent;
	uint16_t expect_status;
	struct checks *all_checks; /* the run_config's, and which of them hold here, a bit each: */
	uint32_t checks;
	uint64_t think_ns;
	unsigned capture_count;
	struct scenario_capture captures[4];
	yaml_node_t *node; /* where it stands */
};

struct scenario_data {
	const char *name, *file;
	enum scenario_order order;
	yaml_node_t *node;
};

struct scenario {
	struct yaml_reader reader;
	struct run_config *config; /* being filled */
	enum scenario_executor executor;
	unsigned request_count;
	struct scenario_request requests[MIX_REQUESTS_MAX];
	unsigned data_count;
	struct scenario_data data[SCENARIO_DATA_MAX];
	uint32_t retries;
	double retry_budget;
	bool idempotency_key;
	yaml_node_t *stages, *connections, *rate; /* where they stand; NULL: nowhere */
};

/* Reads a file and fills *c, over what stands there. -1 with a usage error in one line. */
int scenario_load(struct scenario **ret, const char *path, struct run_config *c, struct err *err);

/* The same of a text; `files`: whether files that it names are looked at. */
int scenario_parse(struct scenario **ret, const char *name, struct span text, bool files,
		   struct run_config *c, struct err *err);
void scenario_free(struct scenario *s); /* NULL is fine */

/* Of WebSocket: what it has no meaning for is refused, where it stands. */
int scenario_check_ws(struct scenario *s, struct err *err);

/* Whether an operand is a file's name, not a URL. */
bool scenario_is_file(const char *operand);

/* "constant-arrival-rate" and so on; EXECUTOR_NONE: unknown. */
enum scenario_executor scenario_executor_find(const char *name);

#endif
